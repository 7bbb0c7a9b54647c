/**
 * How one queue of oslotap's taps one vhost. Each kind of tap makes its own plan (collectors/KIND/plan.ts); whoever runs the
 * taps goes through plans, and knows no kinds.
 */
import type { TapOptions } from './amqp/queue-tap.ts';
import type { Binding } from './amqp/session.ts';
import type { Broker } from './amqp/url.ts';
import type { Tier } from './firehose/firehose.ts';

export interface TapPlan extends Pick<TapOptions, 'queue' | 'possibleBindings' | 'prepare' | 'origin' | 'toReceived'> {
  /** Where the queue is. */
  readonly broker: Broker;
  /** The vhost whose messages come: the broker's own, but for a shovel. */
  readonly vhost: string;
  /** True where copies of the firehose come: then it matters whether that is on. */
  readonly isFirehose: boolean;
  /** True where that firehose shows the tap's own markers: then they tell whether it is on. */
  readonly areMarkersTraced: boolean;
  /** What such a tap can never see, null for a firehose's. */
  readonly blind: Blind | null;
  bindings(tier: Tier): readonly Binding[];
  /** Called before the first connection. @throws Misuse @throws BrokerFailure where it cannot work. */
  begin?(): Promise<void>;
  /** Looks what there is to bind to; `bindings` knows it from then on. Called before the first connection, and now and then. */
  look?(): Promise<void>;
  /** Called at a change of the tier, where more than the tap's own bindings is to change. */
  step?(tier: Tier): Promise<void>;
  /** Does what brings the messages to the queue still work? Mends what it can. */
  check?(): Promise<Supply>;
  /** Takes away what was made for the queue. Called after a tap's end, unless the queue is to be kept. */
  end?(): Promise<void>;
}

export interface Blind {
  /** Of all that passes, 0–1. */
  readonly share: number;
  /** Events unseen for each one seen, about. */
  readonly unseenPerSeen: number;
  readonly detail: string;
}

/** What brings messages to the tap's queue. */
export interface Supply {
  /** What is wrong, in words, or null. */
  readonly trouble: string | null;
  /** True where what passes meanwhile is kept, as far as is known: nothing is lost. */
  readonly isKept: boolean;
}
