/**
 * A stretch of time in which the tap did not see everything. Every figure's coverage knows of it. This file imports nothing.
 */

/** Why the tap was blind, or half blind: the closed list. */
export type GapReason =
  /** No connection to the broker, and the queue did not survive to keep what passed. */
  | 'disconnected'
  /** oslotap did not run, and the queue had expired or was gone. */
  | 'stopped'
  /** The firehose was off on a node. */
  | 'not_armed'
  /** The tap's queue was full: the oldest messages were dropped. */
  | 'overflow'
  /** The budget had stepped the tap down, or it was told to see less. */
  | 'tier';

export interface Gap {
  /** 16 hex digits; the same gap written again, longer, has the same. */
  readonly id: string;
  readonly reason: GapReason;
  readonly vhost: string;
  /** The node concerned, or `''` for all that the tap sees. */
  readonly node: string;
  readonly fromNs: bigint;
  /** Its end; as far as it has come where it is still open. */
  readonly toNs: bigint;
  readonly isOpen: boolean;
  /** How much of what passed was not seen, 0–1. */
  readonly share: number;
  /** Events lost: known at least, and estimated from the rate before the gap. */
  readonly lostMin: number;
  readonly lostEstimate: number;
  /** In words, for people: what broke. */
  readonly detail: string;
}
