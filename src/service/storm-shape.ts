/** Storms as others get them: in /status, and in what is told to the webhook. Times are RFC 3339, UTC; seconds, bytes, shares 0–1. */
import type { StormMethod, StormSignal, StormTriggerKind } from '../storm.ts';

/** `storms` in /status. */
export interface StatusStorms {
  /** A storm would be told now. */
  readonly is_ready: boolean;
  /** Why not; null where it would. */
  readonly silent_reason: string | null;
  /** Those that last; at most 20. */
  readonly open: readonly StatusStorm[];
  /** Since the start, by what gave them away first. */
  readonly begun: Readonly<Partial<Record<StormSignal, number>>>;
}

export interface StatusStorm {
  readonly id: string;
  readonly vhost: string;
  readonly since: string;
  /** Of the method that grew most. */
  readonly method: string;
  readonly exchange: string;
  readonly topic: string;
  /** The most first; in /status at most 5, else at most 20. */
  readonly senders: readonly StormShare[];
  /** All of them. */
  readonly senders_count: number;
  /** Of all methods that grew: messages a second, in the worst ten seconds and as usual. */
  readonly peak_per_second: number;
  readonly usual_per_second: number;
  readonly trigger: {
    readonly kind: StormTriggerKind;
    readonly detail: string;
    readonly trace_id: string | null;
    readonly count: number;
  };
}

/** A service on a host. */
export interface StormShare {
  readonly service: string;
  /** An address where no name is known; `''`: any of them. */
  readonly host: string;
  readonly messages: number;
  readonly share: number;
}

/** What is told to the webhook. */
export interface StormNotice {
  readonly event: StormTurn;
  readonly storm: NoticeStorm;
  /** Who tells it. */
  readonly oslotap: { readonly version: string; readonly host: string };
}

export type StormTurn = 'begin' | 'end';

export interface NoticeStorm extends StatusStorm {
  /** Null in a `begin`. */
  readonly until: string | null;
  readonly detected_at: string;
  readonly signals: readonly StormSignal[];
  /** What grew, the most first; at most 10. */
  readonly methods: readonly NoticeMethod[];
  /** Whom it was for, the most first; at most 10. */
  readonly receivers: readonly StormShare[];
  /** Until now. */
  readonly messages: number;
  readonly copies: number;
  readonly bytes: number;
  readonly bytes_copied: number;
  readonly copies_per_message: NoticeFigure;
  readonly messages_per_request: NoticeFigure;
  readonly failed_share: NoticeFigure;
  readonly queue_wait_seconds: NoticeFigure;
}

export interface NoticeMethod {
  readonly method: string;
  /** Of object calls: what they really do; at most 5. */
  readonly objects: readonly string[];
  readonly kind: StormMethod['kind'];
  readonly exchange: string;
  readonly topic: string;
  readonly messages: number;
  readonly share: number;
  readonly peak_per_second: number;
  readonly usual_per_second: number;
}

/** Null where it is not known. */
export interface NoticeFigure {
  readonly usual: number | null;
  readonly during: number | null;
}
