/** What the command line and the reports read from the store: the shapes of the command-line contract. */
import { readFileSync } from 'node:fs';
import type { MessageKind } from '../message.ts';
import type { QueryParams, Store } from '../store/store.ts';
import type { Confidence, EvidenceKind } from '../trace/evidence.ts';
import { requestIdOfTrace } from '../trace/ids.ts';
import type { Status } from '../trace/traced-message.ts';
import type { Verdict, VerdictName } from '../trace/verdicts.ts';
import { argumentTypesOf } from './arguments.ts';
import { ALL_OF_TIME, timesOf } from './trace-times.ts';

export interface Counts {
  readonly calls: number;
  readonly casts: number;
  readonly fanouts: number;
  /** Replies published, heartbeats of call monitoring included. */
  readonly replies: number;
  readonly notifications: number;
  /** calls + casts + fanouts + replies + notifications. */
  readonly publishes: number;
  readonly deliveries: number;
  /** Replies with an exception, expected ones included. */
  readonly failures: number;
  /** Calls without a reply within their `expiration`. */
  readonly timeouts: number;
  readonly bytes_published: number;
  readonly bytes_delivered: number;
}

/** One trace: an API request, a round of a periodic task, or what nothing ties to either. */
export interface TraceSummary {
  readonly trace_id: string;
  /** Null where no user asked for it. */
  readonly request_id: string | null;
  readonly operation: string;
  /** RFC 3339 with nanoseconds. */
  readonly start: string;
  readonly duration_ms: number;
  readonly counts: Counts;
  /** Events seen / (seen + known missing). */
  readonly coverage: number;
  /** `running`: calls of it wait for their answer, as of the last thing in the store. */
  readonly state: 'running' | 'done';
  readonly open_calls: readonly OpenCall[];
}

export interface OpenCall {
  readonly unique_id: string;
  /** What it asks for: `Instance.save`. */
  readonly method: string;
  /** `service@host`; the routing key where nobody was given it yet. */
  readonly to: string;
  /** From its publish to the last thing in the store. */
  readonly waiting_ms: number;
}

export interface Recipient {
  readonly service: string;
  readonly host: string;
  readonly queue: string;
  readonly delivered_at: string;
  readonly queue_wait_ms: number;
  readonly redelivered: boolean;
  readonly reread: boolean;
}

export interface Message {
  readonly trace_id: string;
  readonly unique_id: string;
  readonly parent_unique_id: string | null;
  readonly kind: Exclude<MessageKind, 'reply'>;
  /** Method, or a notification's event type. */
  readonly method: string;
  /** What an object call really does: `Instance.save`. */
  readonly object: string | null;
  readonly namespace: string | null;
  readonly version: string | null;
  /** Names of its arguments and their JSON types; null where they were not read (large bodies), and of notifications. */
  readonly arguments: Readonly<Record<string, string>> | null;
  readonly exchange: string;
  readonly routing_key: string;
  readonly request_id: string | null;
  readonly global_request_id: string | null;
  readonly join: 'handled' | 'request_id' | 'resource' | 'rest' | 'none';
  readonly confidence: Confidence;
  readonly from: { readonly service: string; readonly host: string; readonly process: string };
  readonly to: readonly Recipient[];
  readonly published_at: string;
  readonly replied_at: string | null;
  readonly duration_ms: number | null;
  readonly status: Status;
  /** Class of the exception that came back. */
  readonly failure: string | null;
  /** Why a call failed; null for what did not fail, and where the tap cannot know: docs/verdicts.md. */
  readonly verdict: VerdictName | null;
  /** Who is to blame for it, and what says so; null without a verdict. */
  readonly culprit: Verdict['culprit'] | null;
  readonly verdict_evidence: string | null;
  readonly bytes: number;
}

/** A message with what the tree and the bill need beyond the contract. */
export interface MessageDetail extends Message {
  readonly seen_for_ms: number;
  readonly replies: number;
  readonly reply_queue: string;
  readonly reply_bytes: number;
  readonly reply_deliveries: number;
  readonly routed_queues: readonly string[];
  readonly evidence: EvidenceKind | '';
  /** The uuid that decided, where one did. */
  readonly evidence_resource: string | null;
  /** How many works its sender might have sent it for. */
  readonly candidates: number;
  /** Audit notifications alone, else `''`: CADF's action, and the path as a template. */
  readonly http_action: string;
  readonly http_path: string;
  /** Of the answer; 0 in what tells of the request. */
  readonly http_status: number;
}

interface MessageRow extends Omit<MessageDetail, 'arguments' | 'from' | 'to' | 'culprit' | 'verdict_evidence'> {
  readonly shape: string;
  readonly from_service: string;
  readonly from_host: string;
  readonly from_process: string;
  readonly verdict_evidence: string;
  readonly culprit_service: string;
  readonly culprit_host: string;
  readonly culprit_queue: string;
  readonly to_service: readonly string[];
  readonly to_host: readonly string[];
  readonly to_queue: readonly string[];
  readonly to_redelivered: readonly boolean[];
  readonly to_reread: readonly boolean[];
  readonly delivered_at: readonly string[];
  readonly queue_wait_ms: readonly number[];
}

interface TraceRow extends Counts {
  readonly trace_id: string;
  readonly is_request: boolean;
  readonly operation: string;
  readonly start: string;
  readonly duration_ms: number;
  readonly missing: number;
  readonly blind: number;
}

interface OpenCallRow extends Omit<OpenCall, 'to'> {
  readonly trace_id: string;
  readonly service: string;
  readonly host: string;
  readonly routing_key: string;
}

/** Longer than any service waits for an answer: nova's long_rpc_timeout is 1,800 s. Milliseconds. */
const OPEN_MS_MAX = 3_600_000;

const SQL = {
  messages: read('messages.sql'),
  requests: read('requests.sql'),
  find: read('find.sql'),
  findExact: read('find-exact.sql'),
  newest: read('newest-requests.sql'),
  near: read('near.sql'),
  openCalls: read('open-calls.sql'),
};

/** As many as there are. */
const NO_LIMIT = '18446744073709551615';

export interface ListOptions {
  /** Background and unattributed traces too. */
  readonly all: boolean;
  /** 0: no limit. */
  readonly limit: number;
}

/** Traces, newest first. */
export async function listTraces(store: Store, { all, limit }: ListOptions): Promise<TraceSummary[]> {
  const began_since = all || limit === 0 ? '0' : await newestSince(store, limit);
  const params = { all, limit: limit === 0 ? NO_LIMIT : String(limit), traces: [], began_since };
  const rows = await store.query<TraceRow>(SQL.requests, { ...params, ...ALL_OF_TIME, from: began_since });
  const open = await openCallsOf(store, []);
  return rows.map((row) => toSummary(row, open));
}

/** So many requests, or more, began since; '0' where there are fewer. What is not summed up yet is newer, or makes it earlier than need be. */
async function newestSince(store: Store, limit: number): Promise<string> {
  const [row] = await store.query<{ from: string; requests: number }>(SQL.newest, { limit: String(limit) });
  return row === undefined || row.requests < limit ? '0' : row.from;
}

/** One trace by its whole id, or null. */
export async function findTrace(store: Store, traceId: string): Promise<TraceSummary | null> {
  const [summary] = await summariesOf(store, [traceId]);
  return summary ?? null;
}

/** Traces by their whole ids, newest first. */
export async function summariesOf(store: Store, traceIds: readonly string[]): Promise<TraceSummary[]> {
  if (traceIds.length === 0) return [];
  const times = await timesOf(store, traceIds);
  const rows = await store.query<TraceRow>(SQL.requests, {
    all: true,
    limit: NO_LIMIT,
    traces: traceIds,
    began_since: '0',
    ...times,
  });
  const open = await openCallsOf(store, traceIds);
  return rows.map((row) => toSummary(row, open));
}

/** @param traceIds none: of all. */
async function openCallsOf(store: Store, traceIds: readonly string[]): Promise<Map<string, OpenCall[]>> {
  const rows = await store.query<OpenCallRow>(SQL.openCalls, { traces: traceIds, max_ms: OPEN_MS_MAX });
  const calls = rows.map(({ trace_id, unique_id, method, service, host, routing_key, waiting_ms }) => {
    const to = host === '' ? routing_key : service === '' ? host : `${service}@${host}`;
    return { trace_id, call: { unique_id, method, to, waiting_ms } };
  });
  const byTrace = Map.groupBy(calls, ({ trace_id }) => trace_id);
  return new Map([...byTrace].map(([traceId, list]) => [traceId, list.map(({ call }) => call)]));
}

/** The messages of one trace, oldest first. */
export async function messagesOf(store: Store, traceId: string): Promise<MessageDetail[]> {
  const times = await timesOf(store, [traceId]);
  return (await store.query<MessageRow>(SQL.messages, { trace: traceId, ...times })).map(toDetail);
}

/** Every message of the store, oldest first. */
export async function* allMessages(store: Store): AsyncGenerator<MessageDetail> {
  for await (const row of store.stream<MessageRow>(SQL.messages, { trace: '', ...ALL_OF_TIME })) yield toDetail(row);
}

/** The traces that an id means, oldest first: a trace id, a request id that one of its messages carries, a resource's uuid, or the beginning of one. */
export async function resolveId(store: Store, id: string): Promise<string[]> {
  const lower = id.toLowerCase();
  const isRequestId = lower.startsWith('req-');
  const hex = (isRequestId ? lower.slice('req-'.length) : lower).replaceAll('-', '');
  if (!/^[0-9a-f]{1,32}$/.test(hex)) return [];
  const request = isRequestId ? lower : lower.includes('-') || lower.length < 32 ? `req-${lower}` : requestIdOfTrace(lower);
  const uuid = !isRequestId && hex.length === 32 ? hex : '';
  const params: QueryParams = { hex, request, uuid };
  const whole = hex.length === 32 ? await store.query<{ trace_id: string }>(SQL.findExact, params) : [];
  const rows = whole.length > 0 ? whole : await store.query<{ trace_id: string }>(SQL.find, params);
  const exact = rows.find(({ trace_id }) => trace_id === hex);
  return exact === undefined ? rows.map(({ trace_id }) => trace_id) : [exact.trace_id];
}

/** Request ids that look like one that was not found. */
export async function nearIds(store: Store, id: string): Promise<string[]> {
  const rows = await store.query<{ request_id: string }>(SQL.near, { id });
  return rows.map(({ request_id }) => request_id);
}

/** The message as the contract has it. */
export function toMessage(detail: MessageDetail): Message {
  const { seen_for_ms, replies, reply_queue, reply_bytes, reply_deliveries, routed_queues, ...told } = detail;
  const { evidence, evidence_resource, candidates, http_action, http_path, http_status, ...message } = told;
  return message;
}

function toSummary(row: TraceRow, open: ReadonlyMap<string, readonly OpenCall[]>): TraceSummary {
  const calls = open.get(row.trace_id) ?? [];
  const seen = row.publishes + row.deliveries;
  return {
    trace_id: row.trace_id,
    request_id: row.is_request ? requestIdOfTrace(row.trace_id) : null,
    operation: row.operation,
    start: row.start,
    duration_ms: row.duration_ms,
    counts: {
      calls: row.calls,
      casts: row.casts,
      fanouts: row.fanouts,
      replies: row.replies,
      notifications: row.notifications,
      publishes: row.publishes,
      deliveries: row.deliveries,
      failures: row.failures,
      timeouts: row.timeouts,
      bytes_published: row.bytes_published,
      bytes_delivered: row.bytes_delivered,
    },
    coverage: (seen / (seen + row.missing)) * (1 - row.blind),
    state: calls.length > 0 ? 'running' : 'done',
    open_calls: calls,
  };
}

function toDetail(row: MessageRow): MessageDetail {
  const {
    shape,
    from_service,
    from_host,
    from_process,
    to_service,
    to_host,
    to_queue,
    to_redelivered,
    to_reread,
    delivered_at,
    queue_wait_ms,
    verdict,
    verdict_evidence: evidence,
    culprit_service: service,
    culprit_host: host,
    culprit_queue: queue,
    ...rest
  } = row;
  const to = delivered_at.map((at, i) => ({
    service: to_service[i] ?? '',
    host: to_host[i] ?? '',
    queue: to_queue[i] ?? '',
    delivered_at: at,
    queue_wait_ms: queue_wait_ms[i] ?? 0,
    redelivered: to_redelivered[i] ?? false,
    reread: to_reread[i] ?? false,
  }));
  const from = { service: from_service, host: from_host, process: from_process };
  const culprit = verdict === null ? null : { service, host, queue };
  return {
    ...rest,
    arguments: argumentTypesOf(shape),
    from,
    to,
    verdict,
    culprit,
    verdict_evidence: verdict === null ? null : evidence,
  };
}

function read(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}
