/** How one trace is linked to others: what its messages concern, and whose messages concern it. */
import { readFileSync } from 'node:fs';
import type { Store } from '../store/store.ts';
import { summariesOf } from './traces.ts';

export interface TraceLink {
  /** `concerns`: messages of this trace are about what the other works on; `concerned_by`: the other way round. */
  readonly direction: 'concerns' | 'concerned_by';
  readonly trace_id: string;
  /** Null where no user asked for it. */
  readonly request_id: string | null;
  readonly operation: string;
  /** When the other began: RFC 3339 with nanoseconds. */
  readonly start: string;
  /** Uuids that both are about; at most ten. */
  readonly resources: readonly string[];
  /** Messages that say so. */
  readonly messages: number;
}

type LinkRow = Pick<TraceLink, 'direction' | 'trace_id' | 'resources' | 'messages'>;

const SQL = readFileSync(new URL('links.sql', import.meta.url), 'utf8');

/** Those of most messages first. */
export async function linksOf(store: Store, traceId: string): Promise<TraceLink[]> {
  const rows = await store.query<LinkRow>(SQL, { trace: traceId });
  const others = await summariesOf(
    store,
    rows.map(({ trace_id }) => trace_id),
  );
  const byId = new Map(others.map((summary) => [summary.trace_id, summary]));
  return rows.flatMap(({ direction, trace_id, resources, messages }) => {
    const other = byId.get(trace_id);
    if (other === undefined) return [];
    const { request_id, operation, start } = other;
    return [{ direction, trace_id, request_id, operation, start, resources, messages }];
  });
}
