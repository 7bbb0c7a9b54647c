/** Everything that the store says, to compare two stores: row counts as they stand, and every row without its order. */
import { openChdb } from '../../src/store/chdb.ts';
import type { Store } from '../../src/store/store.ts';

const TABLES = ['oslo_messages', 'otel_traces', 'oslo_unmatched'];

export interface Figures {
  readonly counts: Readonly<Record<string, number>>;
  readonly rows: readonly string[];
}

export async function figuresOf(directory: string): Promise<Figures> {
  const store = await openChdb({ directory, command: 'test', isWriter: true });
  try {
    const counts: Record<string, number> = {};
    const rows: string[] = [];
    for (const table of TABLES) {
      const found = await store.query<object>(`SELECT * FROM ${table}`);
      counts[table] = found.length;
      rows.push(...found.map((row) => `${table} ${JSON.stringify(row)}`));
    }
    for (const trace of await store.query<object>(
      'SELECT TraceId, min(Start), max(End) FROM otel_traces_trace_id_ts GROUP BY TraceId',
    )) {
      rows.push(JSON.stringify(trace));
    }
    for (const request of await store.query<object>('SELECT * FROM oslo_requests')) rows.push(JSON.stringify(request));
    rows.push(...(await rollUpRows(store)));
    return { counts, rows: rows.sort() };
  } finally {
    await store.close();
  }
}

/** Every sum of every minute; not when it was computed. */
export async function rollUpRows(store: Store): Promise<string[]> {
  const columns = await store.query<{ table: string; name: string; isState: boolean }>(
    `SELECT table, name, startsWith(type, 'AggregateFunction') AS isState FROM system.columns
     WHERE database = currentDatabase() AND endsWith(table, '_1m') AND name NOT IN ('version', 'is_deleted') ORDER BY table, position`,
  );
  const rows: string[] = [];
  for (const [table, ofTable] of Map.groupBy(columns, (column) => column.table)) {
    const selected = ofTable.map(({ name, isState }) => (isState ? `finalizeAggregation(${name}) AS ${name}` : name));
    const found = await store.query<object>(`SELECT ${selected.join(', ')} FROM ${table} FINAL`);
    rows.push(...found.map((row) => `${table} ${JSON.stringify(row)}`));
  }
  return rows.sort();
}

/** Opens a store for reading. */
export async function withStore<T>(directory: string, ask: (store: Store) => Promise<T>): Promise<T> {
  const store = await openChdb({ directory, command: 'test', isWriter: false });
  try {
    return await ask(store);
  } finally {
    await store.close();
  }
}

/** Where the minutes' sums say something else than the messages; none, if all is well. */
export async function rollUpDifferences(store: Store): Promise<string[]> {
  const base = await sumsOf(store, BASE);
  const different: string[] = [];
  for (const [name, sql] of Object.entries(ROLLED_UP)) {
    for (const [column, sum] of Object.entries(await sumsOf(store, sql))) {
      if (sum !== base[column]) different.push(`${name}: ${column} ${sum}, of the messages ${base[column]}`);
    }
  }
  return different;
}

async function sumsOf(store: Store, sql: string): Promise<Record<string, number>> {
  const [row] = await store.query<Record<string, number>>(sql);
  return row ?? {};
}

const BASE = `SELECT
    count() AS messages, countIf(kind = 'call') AS calls, countIf(kind = 'fanout') AS fanouts, sum(replies) AS all_replies,
    countIf(is_request) AS of_requests, sumIf(replies, is_request) AS replies_of_requests,
    sum(length(delivered_at)) AS own_deliveries, sumIf(length(delivered_at), kind = 'fanout') AS fanout_deliveries,
    own_deliveries + sum(reply_deliveries) AS all_deliveries, sum(failures) AS all_failures,
    countIf(status = 'timeout') AS timeouts, countIf(status = 'open') AS open_calls, countIf(verdict != '') AS verdicts,
    sum(bytes) + sum(reply_bytes) AS published, sum(bytes * length(delivered_at)) + sum(reply_bytes_delivered) AS delivered,
    messages + all_replies + all_deliveries + (SELECT count() FROM oslo_unmatched FINAL) AS seen
  FROM oslo_messages FINAL`;

const ROLLED_UP = {
  oslo_requests_1m: `SELECT sum(r.calls + r.casts + r.fanouts + r.notifications) AS of_requests, sum(r.replies) AS replies_of_requests
    FROM oslo_requests_1m AS r FINAL`,
  oslo_methods_1m: `SELECT sum(m.messages) AS messages, sumIf(m.messages, m.kind = 'call') AS calls,
    sumIf(m.messages, m.is_request) AS of_requests, sum(m.replies) AS all_replies, sum(m.deliveries) AS all_deliveries,
    sum(m.failures) AS all_failures, sum(m.timeouts) AS timeouts, sum(m.open) AS open_calls, sum(m.bytes_published) AS published,
    sum(m.bytes_delivered) AS delivered FROM oslo_methods_1m AS m FINAL`,
  oslo_edges_1m: 'SELECT sum(e.deliveries) AS own_deliveries FROM oslo_edges_1m AS e FINAL',
  oslo_queues_1m: 'SELECT sum(q.deliveries) AS own_deliveries FROM oslo_queues_1m AS q FINAL',
  oslo_reply_queues_1m: `SELECT sum(r.calls) AS calls, sum(r.replies) AS all_replies, sum(r.open) AS open_calls
    FROM oslo_reply_queues_1m AS r FINAL`,
  oslo_fanouts_1m: `SELECT sum(f.messages) AS fanouts, sum(f.deliveries) AS fanout_deliveries FROM oslo_fanouts_1m AS f FINAL`,
  oslo_verdicts_1m: 'SELECT sum(v.calls) AS verdicts FROM oslo_verdicts_1m AS v FINAL',
  oslo_senders_1m: `SELECT sum(s.messages) AS messages, sum(s.deliveries) AS all_deliveries, sum(s.bytes_published) AS published,
    sum(s.bytes_delivered) AS delivered FROM oslo_senders_1m AS s FINAL`,
  oslo_coverage_1m: 'SELECT sum(c.seen) AS seen FROM oslo_coverage_1m AS c FINAL',
};
