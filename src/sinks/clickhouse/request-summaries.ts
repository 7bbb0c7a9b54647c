/**
 * What is stored of a request once it has ended: its critical path, and, where no audit told of its HTTP request, a root span
 * that is told from what it caused and marked so (`oslotap.synthesized`).
 *
 * The span is written first, the path last: a path of the request's revision says that all of it is in. What is in
 * already of an earlier revision is removed first, so that each is there once, also after a kill.
 */
import { ATTRIBUTE } from '../../semconv.ts';
import type { Store } from '../../store/store.ts';
import type { Segment } from '../../trace/critical-path.ts';
import { httpSpanId, requestIdOfTrace } from '../../trace/ids.ts';
import type { Place } from '../../trace/request-works.ts';
import type { Span } from '../spans/span.ts';
import { ns } from './message-rows.ts';
import { SPAN_COLUMNS, toRow } from './span-row.ts';

export interface RequestSummary {
  /** A user's request: its request id without dashes. */
  readonly traceId: string;
  readonly operation: string;
  /** Who sent its first message. */
  readonly place: Place;
  /** Nanoseconds since the epoch. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** The sum of its messages' revisions, in decimal. */
  readonly revision: string;
  /** A path of another revision is stored. */
  readonly isStored: boolean;
  readonly path: readonly Segment[];
}

export const PATH_COLUMNS = [
  'started_at',
  'trace_id',
  'seq',
  'operation',
  'what',
  'unique_id',
  'name',
  'service',
  'host',
  'stage_unique_id',
  'stage',
  'stage_service',
  'stage_host',
  'from_at',
  'to_at',
  'revision',
] as const;

/**
 * @returns the root spans that were written, new or anew.
 * @throws Failed where the store fails; the same can then be written again.
 */
export async function writeSummaries(store: Store, summaries: readonly RequestSummary[]): Promise<Span[]> {
  if (summaries.length === 0) return [];
  const roots = await writeRoots(store, summaries);
  const outdated = summaries.filter(({ isStored }) => isStored).map(({ traceId }) => traceId);
  await removePaths(store, outdated, rangeOf(summaries));
  await store.insert('oslo_critical_path', PATH_COLUMNS, summaries.flatMap(pathRows));
  return roots;
}

/** Removes what was stored of requests that turned out to be part of others. */
export async function removeSummaries(store: Store, traceIds: readonly string[]): Promise<void> {
  if (traceIds.length === 0) return;
  await store.command(`DELETE FROM otel_traces WHERE SpanId IN {ids:Array(String)} AND ${IS_SYNTHESIZED}`, {
    ids: traceIds.map(rootSpanId),
  });
  await removePaths(store, traceIds);
}

const IS_SYNTHESIZED = `SpanAttributes['${ATTRIBUTE.synthesized}'] = 'true'`;

interface KnownRoot {
  readonly id: string;
  readonly start_ns: string;
  readonly duration_ns: string;
  readonly name: string;
  readonly is_synthesized: boolean;
}

async function writeRoots(store: Store, summaries: readonly RequestSummary[]): Promise<Span[]> {
  const range = rangeOf(summaries);
  const known = await store.query<KnownRoot>(
    `SELECT SpanId AS id, toString(toUnixTimestamp64Nano(Timestamp)) AS start_ns, toString(Duration) AS duration_ns,
            SpanName AS name, ${IS_SYNTHESIZED} AS is_synthesized
     FROM otel_traces WHERE ${WITHIN} AND SpanId IN {ids:Array(String)}`,
    { ...range, ids: summaries.map(({ traceId }) => rootSpanId(traceId)) },
  );
  const byId = Map.groupBy(known, ({ id }) => id);
  const fresh: RequestSummary[] = [];
  const outdated: string[] = [];
  for (const summary of summaries) {
    const id = rootSpanId(summary.traceId);
    const roots = byId.get(id) ?? [];
    const own = roots.filter(({ is_synthesized }) => is_synthesized);
    const isAudited = roots.length > own.length;
    const isRight = isAudited ? own.length === 0 : own.length === 1 && isSameRoot(own[0] as KnownRoot, summary);
    if (isRight) continue;
    if (own.length > 0) outdated.push(id);
    if (!isAudited) fresh.push(summary);
  }
  if (outdated.length > 0) {
    await store.command(`DELETE FROM otel_traces WHERE ${WITHIN} AND SpanId IN {ids:Array(String)} AND ${IS_SYNTHESIZED}`, {
      ...range,
      ids: outdated,
    });
  }
  const spans = fresh.map(rootSpan);
  await store.insert(
    'otel_traces',
    SPAN_COLUMNS,
    spans.map((span) => toRow(span).json),
  );
  return spans;
}

const WITHIN = `Timestamp BETWEEN fromUnixTimestamp64Nano({from:Int64}, 'UTC') AND fromUnixTimestamp64Nano({to:Int64}, 'UTC')`;

function isSameRoot({ start_ns, duration_ns, name }: KnownRoot, { startNs, endNs, operation }: RequestSummary): boolean {
  return start_ns === String(startNs) && duration_ns === String(endNs - startNs) && name === operation;
}

function rootSpanId(traceId: string): string {
  return httpSpanId(requestIdOfTrace(traceId));
}

function rootSpan({ traceId, operation, place, startNs, endNs }: RequestSummary): Span {
  const { service, host, process } = place;
  return {
    traceId,
    spanId: rootSpanId(traceId),
    parentSpanId: '',
    name: operation,
    kind: 'Server',
    process: { service, host, id: process },
    startNs,
    endNs,
    attributes: {
      [ATTRIBUTE.synthesized]: 'true',
      [ATTRIBUTE.operation]: operation,
      [ATTRIBUTE.requestId]: requestIdOfTrace(traceId),
    },
    isError: false,
    statusMessage: '',
    events: [],
    links: [],
  };
}

/** From the first one's beginning to the last one's end. */
function rangeOf(summaries: readonly RequestSummary[]): { from: string; to: string } {
  const from = summaries.reduce((first, { startNs }) => (startNs < first ? startNs : first), summaries[0]?.startNs ?? 0n);
  const to = summaries.reduce((last, { endNs }) => (endNs > last ? endNs : last), 0n);
  return { from: String(from), to: String(to) };
}

/** @param range when they began, as far as that is known. An earlier state of a request may have begun up to a day before or after. */
async function removePaths(store: Store, ids: readonly string[], range?: { from: string; to: string }): Promise<void> {
  if (ids.length === 0) return;
  const condition = 'trace_id IN (SELECT toUUID(arrayJoin({ids:Array(String)})))';
  const within =
    "started_at BETWEEN fromUnixTimestamp64Nano({from:Int64}, 'UTC') - INTERVAL 1 DAY AND fromUnixTimestamp64Nano({to:Int64}, 'UTC') + INTERVAL 1 DAY";
  const where = range === undefined ? condition : `${within} AND ${condition}`;
  await store.command(`DELETE FROM oslo_critical_path WHERE ${where}`, { ids, ...range });
}

function pathRows({ traceId, operation, startNs, path, revision }: RequestSummary): string[] {
  return path.map(({ what, uniqueId, name, service, host, stage, fromNs, toNs }, seq) => {
    const by = [stage.uniqueId, stage.name, stage.place.service, stage.place.host];
    return JSON.stringify([
      ns(startNs),
      traceId,
      seq,
      operation,
      what,
      uniqueId,
      name,
      service,
      host,
      ...by,
      ns(fromNs),
      ns(toNs),
      revision,
    ]);
  });
}
