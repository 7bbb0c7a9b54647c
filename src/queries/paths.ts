/** The messages of requests as their critical paths are told from them. */
import { readFileSync } from 'node:fs';
import type { Store } from '../store/store.ts';
import { criticalPath, type Segment } from '../trace/critical-path.ts';
import type { PathMessage } from '../trace/request-works.ts';

import { type TimeRange, timesOf } from './trace-times.ts';

export type { Segment, SegmentKind, Subject } from '../trace/critical-path.ts';
export { httpName } from '../trace/request-works.ts';

interface Row {
  readonly trace_id: string;
  readonly unique_id: string;
  readonly parent_unique_id: string | null;
  readonly kind: PathMessage['kind'];
  readonly name: string;
  readonly request_id: string;
  readonly join: PathMessage['join'];
  readonly from_service: string;
  readonly from_host: string;
  readonly from_process: string;
  readonly to_service: readonly string[];
  readonly to_host: readonly string[];
  readonly to_process: readonly string[];
  readonly published_ns: string;
  readonly delivered_ns: readonly string[];
  readonly reply_published_ns: string;
  readonly replied_ns: string;
  readonly ended_ns: string;
  readonly http_action: string;
  readonly http_path: string;
  readonly http_status: number;
}

const SQL = readFileSync(new URL('path-messages.sql', import.meta.url), 'utf8');

/** By trace id; each trace's messages oldest first. @param times all of them were published in it. */
export async function pathMessagesOf(
  store: Store,
  traceIds: readonly string[],
  times: TimeRange,
): Promise<Map<string, PathMessage[]>> {
  const rows = await store.query<Row>(SQL, { traces: traceIds, ...times });
  const byTrace = new Map<string, PathMessage[]>();
  for (const row of rows) {
    const messages = byTrace.get(row.trace_id);
    if (messages === undefined) byTrace.set(row.trace_id, [toPathMessage(row)]);
    else messages.push(toPathMessage(row));
  }
  return byTrace;
}

/** The critical path of one trace, as of what the store has of it. */
export async function criticalPathOf(store: Store, traceId: string): Promise<Segment[]> {
  const messages = await pathMessagesOf(store, [traceId], await timesOf(store, [traceId]));
  return criticalPath(messages.get(traceId) ?? []);
}

function toPathMessage(row: Row): PathMessage {
  return {
    uniqueId: row.unique_id,
    parentUniqueId: row.parent_unique_id,
    kind: row.kind,
    name: row.name,
    requestId: row.request_id,
    join: row.join,
    from: { service: row.from_service, host: row.from_host, process: row.from_process },
    publishedNs: BigInt(row.published_ns),
    deliveries: row.delivered_ns.map((at, i) => ({
      atNs: BigInt(at),
      to: { service: row.to_service[i] ?? '', host: row.to_host[i] ?? '', process: row.to_process[i] ?? '' },
    })),
    replyPublishedNs: timeOrNull(row.reply_published_ns),
    repliedNs: timeOrNull(row.replied_ns),
    endedNs: BigInt(row.ended_ns),
    http: row.http_path === '' ? null : { action: row.http_action, path: row.http_path, isResponse: row.http_status > 0 },
  };
}

function timeOrNull(ns: string): bigint | null {
  return ns === '0' ? null : BigInt(ns);
}
