/** The shape of /status. What is told only once a sidecar is set up is absent before. Times are RFC 3339, UTC. */
import type { Tier } from '../../collectors/firehose/firehose.ts';
import type { GapReason } from '../gap.ts';
import type { StatusStorms } from './storm-shape.ts';

export interface Status {
  readonly version: string;
  readonly phase: 'starting' | 'tapping' | 'stopping';
  readonly started_at: string;
  readonly uptime_seconds: number;
  /** The same as /readyz and /healthz say. */
  readonly is_ready: boolean;
  readonly not_ready_reason: string | null;
  readonly is_healthy: boolean;
  readonly not_healthy_reason: string | null;
  /** What the taps take, since when, and what the last step was for. */
  readonly tier?: { readonly level: Tier; readonly since: string; readonly reason: string };
  readonly taps?: readonly StatusTap[];
  /** Of all taps: events a second, mean of the last minute; the one that is furthest behind. */
  readonly rate_per_second?: number;
  readonly lag_seconds?: number;
  /** What the budget was told last; null where it cannot be asked. Shares are 0–1. */
  readonly broker?: {
    readonly alarm: string | null;
    readonly memory_share: number | null;
    readonly tap_queue_share: number | null;
  };
  readonly coverage?: {
    /** Events seen of those seen and lost, 0–1; null where nothing passed. */
    readonly last_minute: number | null;
    readonly last_hour: number | null;
    readonly open_gaps: readonly StatusGap[];
    /** The last first; at most 20. */
    readonly ended_gaps: readonly StatusGap[];
    /** Since the start, by reason. */
    readonly lost: Readonly<Record<string, { gaps: number; events_at_least: number; events_estimated: number }>>;
  };
  readonly events?: {
    /** Of the services; oslotap's own traffic is left out. */
    readonly total: number;
    /** Taken up from the journal at the start. */
    readonly recovered: number;
    readonly seen_twice: number;
    readonly late: number;
    /** By reason. */
    readonly undecodable: Readonly<Partial<Record<string, number>>>;
    readonly unmatched: Readonly<Partial<Record<string, number>>>;
  };
  readonly messages?: {
    /** Whose story may still go on. */
    readonly open: number;
    /** By why their story ended. */
    readonly closed: Readonly<Record<string, number>>;
    readonly calls_waiting: number;
    readonly longest_waiting_seconds: number | null;
  };
  /** What is remembered, and what was forgotten at a bound: `connections` are those of the processes known. */
  readonly tables?: Readonly<Record<string, { readonly entries: number; readonly forgotten: number }>>;
  /** True while it waits for its store or its disk: then nothing is taken from the taps. */
  readonly is_waiting?: boolean;
  /** Null: nothing is kept. */
  readonly journal?: {
    readonly bytes: number;
    readonly segments: number;
    /** Events of segments that are gone, whose messages are not stored yet. */
    readonly carried_bytes: number;
    readonly forgotten_events: number;
    readonly damaged_lines: number;
    readonly fold_trouble: string | null;
    readonly failures: number;
    /** 0 while all is well. */
    readonly failing_seconds: number;
  } | null;
  readonly store?: {
    readonly messages_written: number;
    readonly spans_written: number;
    /** Messages that were there already. */
    readonly messages_known: number;
    readonly last_write_seconds_ago: number | null;
    readonly failures: number;
    readonly failing_seconds: number;
  } | null;
  /** Absent where storms.enabled is no. */
  readonly storms?: StatusStorms;
  /** Beginnings and ends of storms that were to be told, by what became of it; absent where there is no webhook. */
  readonly storm_webhook?: {
    readonly delivered: number;
    readonly failed: number;
    readonly dropped: number;
    readonly waiting: number;
  };
  readonly process: {
    readonly rss_bytes: number;
    readonly heap_used_bytes: number;
    readonly heap_total_bytes: number;
    /** Null where the system does not tell. */
    readonly file_handles: number | null;
    /** Of the last whole minute; null before. */
    readonly event_loop_delay_seconds: { readonly p50: number; readonly p99: number; readonly max: number } | null;
  };
}

export interface StatusTap {
  readonly vhost: string;
  readonly queue: string;
  /** The host it is connected to, or was last. */
  readonly host: string | null;
  /** `connected`: too short to know whether it is the one that is given messages. */
  readonly state: 'disconnected' | 'connected' | 'active' | 'standby';
  readonly connected_since: string | null;
  readonly connections_lost: number;
  readonly lag_seconds: number;
  readonly rate_per_second: number;
  /** Firehose messages, since the start. */
  readonly received: number;
  readonly backlog_when_connected: number;
  /** What the broker says of an alarm. */
  readonly alarm: string | null;
}

export interface StatusGap {
  readonly reason: GapReason;
  readonly vhost: string;
  /** `''`: all that the tap sees. */
  readonly node: string;
  readonly since: string;
  /** Null while it lasts. */
  readonly until: string | null;
  /** How much of what passed was not seen, 0–1. */
  readonly share: number;
  /** Events. */
  readonly lost_at_least: number;
  readonly lost_estimated: number;
  readonly detail: string;
}
