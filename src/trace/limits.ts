/** How long what is open is waited for, and how much of it there may be. */
import type { HandlerLimits } from './handlers.ts';

export interface Limits extends HandlerLimits {
  /** How long a finished story waits for what may still change its trace. Milliseconds of event time. */
  readonly attributionHoldMs: number;
  /** How long after a call's time-out its late reply is waited for. Milliseconds. */
  readonly lateReplyMs: number;
  /** A call without `expiration` is given this. Milliseconds. */
  readonly defaultTimeoutMs: number;
  /** How long a reply that was published waits for its delivery. Milliseconds. */
  readonly replyDeliveryMs: number;
  /** How long a notification's consumer may take, where it has one. Milliseconds. */
  readonly notificationHoldMs: number;
  /** How long a stream's message may be read again: oslo.messaging's default `x-max-age`. Milliseconds. */
  readonly streamHoldMs: number;
  /** A request that did not touch a resource for so long is not at work on it any more. Milliseconds. */
  readonly workedOnMs: number;
  /** Stories open at once; at the bound the oldest is closed as `evicted`, a call last. */
  readonly openMax: number;
}

export const DEFAULT_LIMITS: Limits = {
  replyGraceMs: 300,
  handlerIdleMs: 600_000,
  roundGapMs: 5_000,
  wakeMs: 2_000,
  servingIdleMs: 2_000,
  workedOnMs: 60_000,
  attributionHoldMs: 5_000,
  lateReplyMs: 300_000,
  defaultTimeoutMs: 60_000,
  replyDeliveryMs: 30_000,
  notificationHoldMs: 600_000,
  streamHoldMs: 1_800_000,
  openMax: 20_000,
};
