/**
 * One message's whole story: who published it, to whom it was delivered, who answered, what caused it.
 * Open while more of it may come; then handed to the sinks once, with the reason why it ended.
 */
import type { Call, Cast, Delivery, Fanout, Notification, Publish } from '../message.ts';
import type { Confidence, Evidence, Join } from './evidence.ts';
import type { Process } from './processes.ts';
import type { Trace } from './traces.ts';

/** Every kind but the reply, which is part of its call's story. */
export type Initiating = Call | Cast | Fanout | Notification;

/** Why a story ended: the closed list. */
export type ClosedReason =
  /** A call: its reply was delivered. */
  | 'answered'
  /** A call: its time-out passed, and the time in which a late reply is waited for. */
  | 'timed_out'
  /** A cast, fanout or notification: nothing more was seen of it for the stated time. */
  | 'settled'
  /** The input ended. */
  | 'end_of_input'
  /** The bound on open messages was reached: the oldest had to go. */
  | 'evicted';

export type Status = 'ok' | 'failed' | 'timeout' | 'open' | 'sent';

export interface TracedDelivery {
  readonly event: Delivery;
  /** How many deliveries like it came before: 0, but for what is read again on the same channel. */
  readonly nth: number;
  /** A stream's message that this reader had before, or that is older than its connection. */
  readonly isReread: boolean;
  /** The last thing its handler was seen to do, and how many such things there were. */
  lastActivityNs: bigint;
  activities: number;
  /** Notifications that its handler sent: events of its span. */
  readonly notifications: { readonly timeNs: bigint; readonly eventType: string }[];
}

export interface TracedReply {
  readonly uniqueId: string;
  readonly publishedNs: bigint;
  readonly bytes: number;
  readonly failure: string | null;
}

export interface Link {
  readonly trace: Trace;
  /** The id of the resource that both are about. */
  readonly resource: string;
}

/** What sent a message: the delivery of its parent that was being handled. */
export interface Cause {
  readonly uniqueId: string;
  readonly delivery: TracedDelivery;
}

export interface TracedMessage {
  readonly uniqueId: string;
  readonly message: Initiating;
  /** Null while only a delivery was seen. Closed without one, the story has no row: it is counted as unmatched. */
  publish: Publish | null;
  trace: Trace | null;
  join: Join;
  confidence: Confidence;
  evidence: Evidence;
  cause: Cause | null;
  /**
   * Of a notification that tells of an end (`.end`, `.error`, the response of an audited HTTP request): when what it ends
   * began, where that was seen.
   */
  beganNs: bigint | null;
  /** Without a cause: the HTTP request that it was sent for, where the audit filter told of that. */
  servedRequestId: string | null;
  /** Of the notification that an HTTP request came: it was answered while this was open, and that says it all. */
  isAnswered: boolean;
  /** Traces that it concerns besides its own, and the resource that says so. */
  links: readonly Link[];
  readonly deliveries: TracedDelivery[];
  /** The reply that ended the call; the first one, should there be several. */
  reply: TracedReply | null;
  /** Every reply to it, heartbeats included. */
  replyCount: number;
  failureCount: number;
  replyBytes: number;
  /** Deliveries of its replies, heartbeats included. */
  replyDeliveries: number;
  replyBytesDelivered: number;
  /** When the caller was given the final reply. */
  answeredNs: bigint | null;
  /** True where the tap was behind at one of its events: its times are late, and say nothing of how long it took. */
  isLagging: boolean;
  lastEventNs: bigint;
  /**
   * Whether the tap takes deliveries: false where none of any message was seen since this one was published, as with a tap
   * of publishes alone. Absent: it does.
   */
  takesDeliveries?: boolean;
  /**
   * What the handler that made the call did once it was given an exception: true where it was seen to go on with its work
   * (isGoingOn of verdicts.ts) or to answer without one, false where it answered with one itself. Absent: nobody knows.
   */
  callerWentOn?: boolean;
  /** Whether the caller's process published anything after the reply was published. Absent: nobody knows. */
  isCallerAlive?: boolean;
}

/** A story that ended. */
export interface ClosedMessage {
  readonly traced: TracedMessage & { readonly publish: Publish; readonly trace: Trace };
  readonly reason: ClosedReason;
  /** True where it was handed on before, while it was open. */
  readonly wasShown: boolean;
  readonly status: Status;
  readonly from: Process;
  /** The receiver of each delivery, in the deliveries' order. */
  readonly to: readonly Process[];
}

/**
 * What became of a message, seen from the event time `nowNs`. A reply that came after the call's `expiration`, or never
 * reached its caller, is a time-out all the same: its caller had given up.
 */
export function statusOf(traced: TracedMessage, nowNs: bigint): Status {
  // A tap that is no firehose sees no reply: nobody knows what became of the call.
  if (traced.message.kind !== 'call' || traced.publish?.connection === '') return 'sent';
  if (traced.isLagging && traced.reply !== null) return traced.reply.failure === null ? 'ok' : 'failed';
  const { publish, reply, deliveries, answeredNs } = traced;
  const expirationMs = publish?.expirationMs ?? null;
  const deadlineNs = expirationMs === null || publish === null ? null : publish.timeNs + BigInt(expirationMs) * 1_000_000n;
  // What counts is when the caller got it: a queue that is gone, or nobody at it, can hold a reply back. Where the tap
  // takes no deliveries nobody knows.
  const isLost = reply !== null && answeredNs === null && deliveries.length > 0;
  const repliedNs = isLost ? null : (answeredNs ?? reply?.publishedNs ?? null);
  if (deadlineNs !== null && (repliedNs ?? nowNs) > deadlineNs) return 'timeout';
  if (isLost) return 'open';
  if (reply === null) return 'open';
  return reply.failure === null ? 'ok' : 'failed';
}
