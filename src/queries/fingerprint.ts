/** What a fingerprint of an operation is made of: its requests in a time, and their messages, counted by what tells one RPC from another. */
import { readFileSync } from 'node:fs';
import type { Store } from '../store/store.ts';
import { ALL_OF_TIME, type TimeRange, timesOf } from './trace-times.ts';
import { summariesOf, type TraceSummary } from './traces.ts';

/** What is the same of one request, a row. */
export interface FingerprintRow {
  readonly trace_id: string;
  readonly kind: 'call' | 'cast' | 'fanout' | 'notification';
  /** Hosts are left out: `compute.{host}`. */
  readonly exchange: string;
  readonly topic: string;
  readonly namespace: string | null;
  /** Method, or a notification's event type. */
  readonly method: string;
  readonly object: string | null;
  readonly version: string;
  /** Canonical JSON of the arguments' names and types; '' where they were not read. */
  readonly arguments: string;
  readonly from_service: string;
  /** Its receivers' services, a line each, sorted. */
  readonly to_services: string;
  /** Audit notifications alone, else ''. */
  readonly http_action: string;
  readonly http_path: string;
  /** It tells of the answer, not of the request. */
  readonly is_http_answer: boolean;
  readonly messages: number;
  readonly deliveries: number;
  /** Of each answered call, publish to answer. */
  readonly took_ms_each: readonly number[];
}

/** Requests of one operation that are read at most: the newest. */
export const REQUESTS_MAX = 10_000;
/** A request lasts no longer, as in all sums of the store. */
const REQUEST_NS_MAX = 7_200_000_000_000n;
/** Requests whose messages are asked for at once: 500 boots are 60,000 messages. */
const CHUNK = 500;

const SQL = { requests: read('requests'), operations: read('operations'), messages: read('messages') };

/** The operations of which requests began in a time. */
export async function operationsIn(store: Store, range: TimeRange): Promise<string[]> {
  const rows = await store.query<{ operation: string }>(SQL.operations, timesParams(range));
  return rows.map(({ operation }) => operation);
}

/** Requests of an operation that began in a time, oldest first; the newest 10,000 of them. */
export async function requestsOf(store: Store, operation: string, range: TimeRange): Promise<TraceSummary[]> {
  const params = { ...timesParams(range), operation, limit: String(REQUESTS_MAX) };
  const rows = await store.query<{ trace_id: string }>(SQL.requests, params);
  const ids = rows.map(({ trace_id }) => trace_id);
  const summaries: TraceSummary[] = [];
  for (const chunk of chunksOf(ids)) summaries.push(...(await summariesOf(store, chunk)));
  return summaries.reverse();
}

/** Their messages, a row for what is the same of one request. */
export async function* messagesOfRequests(store: Store, traceIds: readonly string[]): AsyncGenerator<FingerprintRow> {
  for (const chunk of chunksOf(traceIds)) {
    const times = await timesOf(store, chunk);
    yield* store.stream<FingerprintRow>(SQL.messages, { ...times, traces: chunk });
  }
}

/** Messages are looked for in a wider time than that in which their requests began. */
function timesParams({ from, to }: TimeRange) {
  const [earliest, latest] = [BigInt(ALL_OF_TIME.from), BigInt(ALL_OF_TIME.to)];
  const early = BigInt(from) - REQUEST_NS_MAX;
  const late = BigInt(to) + REQUEST_NS_MAX;
  return {
    from: String(early < earliest ? earliest : early),
    to: String(late > latest ? latest : late),
    began_from: from,
    began_to: to,
  };
}

function* chunksOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += CHUNK) yield items.slice(at, at + CHUNK);
}

function read(name: string): string {
  return readFileSync(new URL(`fingerprint-${name}.sql`, import.meta.url), 'utf8');
}
