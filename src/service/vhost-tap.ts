/** A tap of one vhost, with what is known of it. */
import type { QueueTap } from '../../collectors/amqp/queue-tap.ts';
import type { Rate } from './rate.ts';
import type { VhostPlan } from './set-up.ts';

export interface VhostTap {
  readonly vhost: string;
  readonly plan: VhostPlan;
  readonly tap: QueueTap;
  /** Of what it receives. Frozen while nothing can come. */
  readonly rate: Rate;
  /** Events a second when the run before this one ended; 0 where that is not known. */
  readonly rateBefore: number;
  /** Events a second that pass, seen or not: what was known when it last saw them; 0 where that is not known. */
  passing: number;
  /** Since when it is connected, nanoseconds; null while it is not. */
  connectedNs: bigint | null;
  /** Whether its queue was made anew when it connected last: what passed before is not in it. */
  isNewQueue: boolean;
  /** Since when nothing comes over to its queue, nanoseconds; null while all is well. */
  cutOffNs: bigint | null;
  /** True where there was no time to take in all that was in its queue. */
  isLeft: boolean;
  /** True while another sidecar consumes its queue: that one binds it. */
  isStandby: boolean;
  /** The host it is connected to, or was last; null before the first connection. */
  host: string | null;
  /** Messages that waited in its queue when it connected last. */
  backlogCount: number;
  /** Connections that were lost. */
  lostCount: number;
  /** What the broker says of an alarm. */
  alarm: string | null;
  /** Overflows that were noticed, and not yet counted exactly; `rate` is what passed then. */
  overflow: { readonly fromNs: bigint; toNs: bigint; lostMin: number; readonly rate: number } | null;
}
