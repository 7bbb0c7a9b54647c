/**
 * An RPC storm: a stretch of time in which services sent, or the broker copied, many times what they usually do. This file imports nothing.
 *
 * docs/storms.md says how one is told from load.
 */

/** What gave it away: the closed list. */
export type StormSignal =
  /** A method came many times as often as usual. */
  | 'rate'
  /** One sender sent many times what its like send. */
  | 'host_rate'
  /** Fanouts were copied to many times as many queues as usual. */
  | 'fanout'
  /** Requests of users sent the same again and again. */
  | 'retries'
  /** One request caused many times the messages that its like cause. */
  | 'per_request'
  /** Most calls of a method failed. */
  | 'failures'
  /** Messages waited in their queue for long. */
  | 'queue_wait';

/** What was seen to start it: the closed list. */
export type StormTriggerKind =
  /** Processes that had just been started: reply queues and connections that were not there before. */
  | 'restarts'
  /** Processes that had just connected again. */
  | 'reconnects'
  /** One fanout, whose receivers sent the messages. */
  | 'fanout'
  /** One request of a user, or many of one kind. */
  | 'request'
  /** Calls that failed or timed out, and were sent again. */
  | 'retries'
  /** Something that happened to the broker: an alarm, a node or a connection that was lost. */
  | 'broker'
  /** Nothing of all this was seen. */
  | 'unknown';

export interface StormTrigger {
  readonly kind: StormTriggerKind;
  /** In words, for people: `9 processes of nova-compute on 3 hosts were started`. No ids, no free text of others. */
  readonly detail: string;
  /** The trace of the fanout or request; null for all else. 32 hex digits. */
  readonly traceId: string | null;
  /** Processes, requests or messages of that kind. */
  readonly count: number;
}

export interface StormMethod {
  /** As on the wire: `object_class_action_versions`. */
  readonly method: string;
  /** For the object calls of oslo.versionedobjects, those that came most: `Service.get_by_host_and_binary`; at most 5. */
  readonly objects: readonly string[];
  readonly kind: 'call' | 'cast' | 'fanout';
  readonly exchange: string;
  readonly topic: string;
  /** Messages while the storm lasted. */
  readonly messages: number;
  /** Of all messages of the storm, 0–1. */
  readonly share: number;
  /** Messages a second: as usual, and in the worst ten seconds (of what is younger: since it began). */
  readonly usualPerSecond: number;
  readonly peakPerSecond: number;
}

export interface StormPlace {
  readonly service: string;
  /** An address where no name is known. */
  readonly host: string;
  readonly messages: number;
  /** 0–1. */
  readonly share: number;
}

/** A figure as usual and in the storm; null where it is not known. */
export interface BeforeAndDuring {
  readonly usual: number | null;
  readonly during: number | null;
}

export interface Storm {
  /** 16 hex digits; the same storm written again, longer, has the same. */
  readonly id: string;
  readonly vhost: string;
  /** Nanoseconds since the epoch, in event time. */
  readonly fromNs: bigint;
  /** When it was known to be one. */
  readonly detectedNs: bigint;
  /** When it was last above its bounds; as far as it has come while it is open. */
  readonly toNs: bigint;
  readonly isOpen: boolean;
  /** In the order of their coming; at least one. */
  readonly signals: readonly StormSignal[];
  /** What grew, the most first; at least one, at most 10. */
  readonly methods: readonly StormMethod[];
  /** Who sent it, the most first; at most 20. */
  readonly senders: readonly StormPlace[];
  /** All of them. */
  readonly sendersCount: number;
  /** Whom it was for, the most first; services, their `host` is '' where it is any of them; at most 10. */
  readonly receivers: readonly StormPlace[];
  readonly trigger: StormTrigger;
  /** RPC messages of the methods that grew: published, and copied to queues. */
  readonly messages: number;
  readonly copies: number;
  /** Bytes of them: published, and copied to queues. */
  readonly bytes: number;
  readonly bytesCopied: number;
  /** Messages a second of all that grew: as usual, and in the worst ten seconds. */
  readonly usualPerSecond: number;
  readonly peakPerSecond: number;
  /** Copies a message. */
  readonly amplification: BeforeAndDuring;
  /** Messages a request of a user. */
  readonly perRequest: BeforeAndDuring;
  /** Of the calls that ended, 0–1. */
  readonly failedShare: BeforeAndDuring;
  /** Mean time from publish to delivery. Milliseconds. */
  readonly queueWaitMs: BeforeAndDuring;
}
