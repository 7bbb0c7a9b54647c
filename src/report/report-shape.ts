/** The report's JSON: a part of the command-line contract. Every other format shows figures of it, and no others. */
import type { GapReason } from '../gap.ts';
import type { Counts, Message } from '../queries/traces.ts';

/** Over the requests of one operation. */
export interface Spread {
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  readonly mean: number;
}

export const COUNT_NAMES = [
  'calls',
  'casts',
  'fanouts',
  'replies',
  'notifications',
  'publishes',
  'deliveries',
  'failures',
  'timeouts',
  'bytes_published',
  'bytes_delivered',
] as const;

export type CountName = (typeof COUNT_NAMES)[number];

export interface MethodCost {
  readonly kind: string;
  readonly method: string;
  readonly object: string | null;
  readonly messages: number;
  /** Messages a request. */
  readonly mean: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'call' | 'cast' | 'fanout';
  readonly deliveries: number;
  /** Deliveries a request. */
  readonly mean: number;
  /** Null where the tap lagged all the time. */
  readonly queue_wait_p95_ms: number | null;
  /** Publish to answer; null where the kind has no answer. */
  readonly duration_p95_ms: number | null;
}

export interface QueueUse {
  readonly queue: string;
  readonly messages: number;
  /** Messages a request. */
  readonly mean: number;
}

/** One row of a request's waterfall: a message, or several in a row that differ in their times alone. */
export interface SampleRow {
  /** Of the first of them. */
  readonly unique_id: string;
  /** Below how many others it stands. */
  readonly depth: number;
  /** `http`: an HTTP request that two notifications of an API's audit filter tell of. */
  readonly kind: Message['kind'] | 'http';
  readonly name: string;
  readonly times: number;
  readonly from: { readonly service: string; readonly host: string };
  /** Who was given it, each once. */
  readonly to: readonly { readonly service: string; readonly host: string }[];
  /** After the request's beginning. */
  readonly at_ms: number;
  /** From the first publish to its last delivery; null where nobody was given it. */
  readonly wait_ms: number | null;
  /** From the first publish: to the answer of the last (call, http), or to the last thing that a handler was seen to do. */
  readonly took_ms: number;
  readonly status: Message['status'];
  readonly verdict: Message['verdict'];
}

/** One request of an operation, whole. */
export interface Sample {
  readonly trace_id: string;
  readonly request_id: string | null;
  readonly start: string;
  readonly duration_ms: number;
  readonly counts: Counts;
  readonly coverage: number;
  readonly rows: readonly SampleRow[];
  /** Messages in none of the rows: notifications that tell of no HTTP request, and what is beyond the bound. */
  readonly notifications_left_out: number;
  readonly rows_left_out: number;
}

export interface OperationReport {
  readonly operation: string;
  readonly requests: number;
  readonly duration_ms: Spread;
  readonly counts: Readonly<Record<CountName, Spread>>;
  readonly methods: readonly MethodCost[];
  readonly edges: readonly Edge[];
  readonly queues: readonly QueueUse[];
  /** The request that took as long as the p50, and the one that took longest; null beyond the 25 operations with the requests of most messages. */
  readonly typical: Sample | null;
  readonly slowest: Sample | null;
}

export interface BackgroundMethod {
  readonly kind: string;
  readonly method: string;
  readonly object: string | null;
  readonly service: string;
  readonly hosts: number;
  readonly messages: number;
  readonly bytes: number;
  readonly per_second: number;
  readonly per_second_and_host: number;
}

/** What one service on one host sends without a user's request; its answers to others are in their bytes. */
export interface BackgroundHost {
  readonly service: string;
  readonly host: string;
  readonly methods: number;
  readonly messages: number;
  readonly bytes: number;
  readonly per_second: number;
  readonly bytes_per_second: number;
}

/** What goes through queues of one name, users' requests and background together. Ids and hosts are left out of names. */
export interface QueueContents {
  readonly queue: string;
  /** Copies: a message that two such queues took counts twice. */
  readonly messages: number;
  readonly bytes: number;
  readonly contents: readonly QueueContent[];
}

export interface QueueContent {
  readonly kind: Message['kind'] | 'reply';
  /** Of a reply: what it answers. */
  readonly method: string;
  readonly object: string | null;
  readonly messages: number;
  readonly bytes: number;
  /** Of one message's body. Of replies to one call their mean. */
  readonly bytes_p50: number;
  readonly bytes_p95: number;
  readonly bytes_max: number;
  /** Names of arguments, and their types; never values. Empty where none were read. */
  readonly arguments: Readonly<Record<string, readonly string[]>>;
}

export interface FanoutReport {
  readonly exchange: string;
  readonly method: string;
  readonly service: string;
  readonly messages: number;
  readonly deliveries: number;
  /** Deliveries a message. */
  readonly amplification: number;
  readonly deliveries_max: number;
  readonly bytes_published: number;
  readonly bytes_delivered: number;
}

/** Calls that failed or timed out, and went the same way. */
export interface FailureReport {
  /** Why; null where an exception is an answer that callers expect, and where the tap cannot know. */
  readonly verdict: Message['verdict'];
  readonly status: Message['status'];
  /** Null in the background. */
  readonly operation: string | null;
  readonly method: string;
  readonly object: string | null;
  /** Class of the exception that came back. */
  readonly failure: string | null;
  readonly culprit: { readonly service: string; readonly host: string; readonly queue: string } | null;
  readonly calls: number;
}

export interface GapReport {
  readonly start: string;
  readonly end: string;
  readonly duration_s: number;
  readonly reason: GapReason;
  readonly vhost: string;
  readonly node: string;
  readonly is_open: boolean;
  readonly lost_min: number;
  readonly lost_estimate: number;
  readonly detail: string;
}

export interface Report {
  readonly made_by: { readonly oslotap: string; readonly clickhouse: string };
  /** Hosts, addresses and ids are pseudonyms. */
  readonly is_anonymised: boolean;
  readonly window: {
    readonly from: string | null;
    readonly to: string | null;
    /** Seconds in which something was seen; pauses of more than a minute are left out. */
    readonly observed_s: number;
    readonly messages: number;
    /** Publishes and deliveries, replies' too, and what could not be matched. */
    readonly events: number;
    readonly hosts: number;
  };
  /** Events seen / (seen + known missing + estimated loss of the gaps): a bound. */
  readonly coverage: number;
  /** Deliveries without a publish, replies without a call. */
  readonly orphan_deliveries: number;
  readonly undecodable: number;
  /** Messages whose times are late because the tap lagged: no latency is told from them. */
  readonly lagging: number;
  /** When the tap did not see everything, and how many events it lost by that. */
  readonly gaps: readonly GapReport[];
  readonly operations: readonly OperationReport[];
  readonly background: readonly BackgroundMethod[];
  readonly background_hosts: readonly BackgroundHost[];
  readonly queues: readonly QueueContents[];
  readonly fanouts: readonly FanoutReport[];
  readonly failures: readonly FailureReport[];
}
