/** How long rows are kept, in the real engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Ttl } from '../../../src/store/ttl.ts';

const DAY = 86_400;
const EACH: Ttl = {
  messages: 30 * DAY,
  spans: 30 * DAY,
  requests: 30 * DAY,
  minutes: 30 * DAY,
  gaps: 30 * DAY,
  storms: 30 * DAY,
};
const directory = mkdtempSync(join(tmpdir(), 'oslotap-'));
let store: Store;

beforeAll(async () => {
  store = await openChdb({ directory, command: 'test', isWriter: true });
  await migrate(store);
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Of each table a row of so many days ago. */
const ROWS: Readonly<Record<string, (days: number) => string>> = {
  oslo_messages: (days) =>
    `INSERT INTO oslo_messages (published_at, unique_id, is_request) SELECT ${ago(days)}, generateUUIDv4(), 1`,
  oslo_unmatched: (days) => `INSERT INTO oslo_unmatched (received_at, event_id) SELECT ${ago(days)}, '${days}'`,
  oslo_links: (days) => `INSERT INTO oslo_links (published_at, unique_id) SELECT ${ago(days)}, generateUUIDv4()`,
  otel_traces: (days) => `INSERT INTO otel_traces (Timestamp, TraceId, SpanId) SELECT ${ago(days)}, 't${days}', 's'`,
  oslo_critical_path: (days) => `INSERT INTO oslo_critical_path (started_at, trace_id) SELECT ${ago(days)}, generateUUIDv4()`,
  oslo_minutes: (days) => `INSERT INTO oslo_minutes (minute, touched_at) SELECT toStartOfMinute(${ago(days)}), 1`,
  oslo_coverage_1m: (days) => `INSERT INTO oslo_coverage_1m (minute, seen) SELECT toStartOfMinute(${ago(days)}), 1`,
  oslo_gaps: (days) => `INSERT INTO oslo_gaps (started_at, id, ended_at) SELECT ${ago(days + 1)}, '${days}', ${ago(days)}`,
  oslo_storms: (days) => `INSERT INTO oslo_storms (started_at, id, ended_at) SELECT ${ago(days + 1)}, '${days}', ${ago(days)}`,
};

function ago(days: number): string {
  return `now() - INTERVAL ${days} DAY`;
}

async function countOf(table: string, condition = '1'): Promise<number> {
  await store.command(`OPTIMIZE TABLE ${table} FINAL`);
  const [row] = await store.query<{ n: number }>(`SELECT count() AS n FROM ${table} WHERE ${condition}`);
  return Number(row?.n);
}

test('what is older is gone, what is younger stays', async () => {
  for (const insert of Object.values(ROWS)) for (const days of [1, 40]) await store.command(insert(days));
  const tables = [...Object.keys(ROWS), 'otel_traces_trace_id_ts'];
  for (const table of tables) expect([table, await countOf(table)]).toEqual([table, 2]);
  const changed = await migrate(store, { ttl: EACH });
  for (const table of tables) {
    expect(changed).toContain(`TTL of ${table}`);
    expect([table, await countOf(table)]).toEqual([table, 1]);
  }
});

test('what is as it should be is not touched, and what nobody gives stays', async () => {
  await migrate(store, { ttl: EACH });
  expect(await migrate(store, { ttl: EACH })).toEqual([]);
  expect(await migrate(store, {})).toEqual([]);
  expect(await migrate(store, { ttl: { spans: EACH.spans } })).toEqual([]);
  expect(await migrate(store, { ttl: { spans: 31 * DAY } })).toEqual(['TTL of otel_traces', 'TTL of otel_traces_trace_id_ts']);
});

test('background messages may go before those of requests', async () => {
  await migrate(store, { ttl: { messages: null } });
  await store.command('TRUNCATE TABLE oslo_messages');
  const insert = (days: number, isRequest: 0 | 1) =>
    store.command(
      `INSERT INTO oslo_messages (published_at, unique_id, is_request) SELECT ${ago(days)}, generateUUIDv4(), ${isRequest}`,
    );
  for (const days of [1, 10, 40]) for (const isRequest of [0, 1] as const) await insert(days, isRequest);
  await migrate(store, { ttl: { background: 7 * DAY } });
  expect([await countOf('oslo_messages', 'is_request'), await countOf('oslo_messages', 'NOT is_request')]).toEqual([3, 1]);
  await migrate(store, { ttl: { messages: 30 * DAY, background: 7 * DAY } });
  expect([await countOf('oslo_messages', 'is_request'), await countOf('oslo_messages', 'NOT is_request')]).toEqual([2, 1]);
});

test('for ever again', async () => {
  await migrate(store, { ttl: { gaps: DAY } });
  expect(await migrate(store, { ttl: { gaps: null } })).toEqual(['TTL of oslo_gaps']);
  await store.command('TRUNCATE TABLE oslo_gaps');
  await store.command(ROWS.oslo_gaps?.(400) ?? '');
  expect(await countOf('oslo_gaps')).toBe(1);
});
