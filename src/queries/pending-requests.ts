/** Users' requests whose critical path and root span are not stored as of what is known of them now. */
import { readFileSync } from 'node:fs';
import type { Store } from '../store/store.ts';
import type { Place } from '../trace/request-works.ts';

export interface PendingRequest {
  readonly traceId: string;
  readonly operation: string;
  /** Who sent its first message. */
  readonly place: Place;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly lastPublishNs: bigint;
  /** The sum of its messages' revisions, in decimal. */
  readonly revision: string;
  /** A path of an earlier state is stored. */
  readonly isStored: boolean;
}

export interface Pending {
  /** Oldest first. */
  readonly requests: readonly PendingRequest[];
  /** Traces with a stored path whose messages turned out to be of another. */
  readonly gone: readonly string[];
}

export interface PendingRange {
  /** Requests that began before are left out. Nanoseconds since the epoch. */
  readonly sinceNs: bigint;
  /** Requests that something was seen of after this are left out. */
  readonly endedBeforeNs: bigint;
  readonly limit: number;
}

interface Row {
  readonly trace_id: string;
  readonly operation: string;
  readonly service: string;
  readonly host: string;
  readonly process: string;
  readonly start_ns: string;
  readonly end_ns: string;
  readonly last_publish_ns: string;
  readonly revision: string;
  readonly is_stored: boolean;
  readonly is_gone: boolean;
}

const SQL = readFileSync(new URL('pending-requests.sql', import.meta.url), 'utf8');
/** A request of more messages has no path stored: it takes the square of their number. */
const MESSAGES_MAX = 5_000;

export async function pendingRequests(store: Store, { sinceNs, endedBeforeNs, limit }: PendingRange): Promise<Pending> {
  const newestNs = sinceNs === 0n ? 0n : await newestPublishNs(store);
  // What began before `sinceNs` is known by its messages of as long a time before.
  const before = sinceNs === 0n ? 0n : sinceNs - (newestNs - sinceNs);
  const rows = await store.query<Row>(SQL, {
    since: String(sinceNs),
    before: String(before > 0n ? before : 0n),
    ended_before: String(endedBeforeNs),
    messages_max: MESSAGES_MAX,
    limit,
  });
  const requests = rows.filter(({ is_gone }) => !is_gone).map(toPending);
  return { requests, gone: rows.filter(({ is_gone }) => is_gone).map(({ trace_id }) => trace_id) };
}

/** When the newest message was published, by the store: the clock of events. 0 where there is none. */
export async function newestPublishNs(store: Store): Promise<bigint> {
  const [row] = await store.query<{ newest: string }>(
    'SELECT toString(toUnixTimestamp64Nano(max(published_at))) AS newest FROM oslo_messages',
  );
  return BigInt(row?.newest ?? '0');
}

function toPending(row: Row): PendingRequest {
  return {
    traceId: row.trace_id,
    operation: row.operation,
    place: { service: row.service, host: row.host, process: row.process },
    startNs: BigInt(row.start_ns),
    endNs: BigInt(row.end_ns),
    lastPublishNs: BigInt(row.last_publish_ns),
    revision: row.revision,
    isStored: row.is_stored,
  };
}
