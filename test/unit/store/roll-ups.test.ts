/** The sums of minutes are those of the messages, whatever became of a message since, and whoever computes them. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RollUps } from '../../../src/sinks/clickhouse/roll-ups.ts';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import type { Store } from '../../../src/store/store.ts';
import { scratch } from '../../support/cli.ts';
import { rollUpRows } from '../../support/figures.ts';

const MINUTE_NS = 60_000_000_000n;
const FIRST_NS = 1_795_000_020_000_000_000n;

interface Message {
  readonly id: number;
  readonly trace: number;
  readonly minute: number;
  readonly operation?: string;
  readonly rank?: number;
  readonly method?: string;
}

async function emptyStore(): Promise<Store> {
  const store = await openChdb({ directory: join(scratch(), 'data'), command: 'test', isWriter: true });
  onTestFinished(() => store.close());
  await migrate(store);
  return store;
}

function timeOf({ minute, id }: Message): bigint {
  return FIRST_NS + BigInt(minute) * MINUTE_NS + BigInt(id) * 1_000_000n;
}

async function write(store: Store, rollUps: RollUps, messages: readonly Message[]): Promise<void> {
  await rollUps.touch(messages.map(timeOf));
  const rows = messages.map((message) => {
    const { id, trace, operation = '', rank = 0, method = 'select_destinations' } = message;
    const at = String(timeOf(message)).replace(/(\d{9})$/, '.$1');
    return JSON.stringify([at, uuid(id), uuid(trace), true, operation, rank, 'call', method, 'nova-api', 'ok', 100, 1]);
  });
  const columns = ['published_at', 'unique_id', 'trace_id', 'is_request', 'operation', 'operation_rank', 'kind', 'method'];
  await store.insert('oslo_messages', [...columns, 'from_service', 'status', 'bytes', 'revision'], rows);
}

function uuid(id: number): string {
  return `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`;
}

async function byOperation(store: Store): Promise<Record<string, number>> {
  const rows = await store.query<{ operation: string; sum: number }>(
    'SELECT operation, sum(messages) AS sum FROM oslo_methods_1m FINAL GROUP BY operation ORDER BY operation',
  );
  return Object.fromEntries(rows.map(({ operation, sum }) => [operation, sum]));
}

test('a request whose operation shows in a later minute is that operation in its first one, too', async () => {
  const store = await emptyStore();
  const rollUps = new RollUps(store);
  await write(store, rollUps, [
    { id: 1, trace: 1, minute: 0, operation: 'server.show', rank: 1 },
    { id: 2, trace: 2, minute: 0, operation: 'server.list', rank: 1 },
  ]);
  await rollUps.compute();
  expect(await byOperation(store)).toEqual({ 'server.list': 1, 'server.show': 1 });

  await write(store, rollUps, [{ id: 3, trace: 1, minute: 1, operation: 'server.create', rank: 9 }]);
  await rollUps.compute();
  expect(await byOperation(store)).toEqual({ 'server.create': 2, 'server.list': 1 });
  expect(rollUps.dueCount).toBe(0);
});

test('what is no more is in no sum', async () => {
  const store = await emptyStore();
  const rollUps = new RollUps(store);
  const messages = [1, 2, 3].map((id): Message => ({ id, trace: id, minute: 0, operation: 'server.create', rank: 9 }));
  await write(store, rollUps, messages);
  await rollUps.compute();

  // Two traces turned out to be one, and one message to be of another method.
  await store.command('DELETE FROM oslo_messages WHERE trace_id = {trace:UUID}', { trace: uuid(2) });
  await write(store, rollUps, [{ id: 2, trace: 1, minute: 0, method: 'build_instances' }]);
  await rollUps.compute();
  const requests = await store.query('SELECT trace_id, calls FROM oslo_requests_1m FINAL ORDER BY trace_id');
  expect(requests).toEqual([
    { trace_id: uuid(1), calls: 2 },
    { trace_id: uuid(3), calls: 1 },
  ]);
  expect(await byOperation(store)).toEqual({ 'server.create': 3 });
});

test('what a run before this one touched and did not compute is computed', async () => {
  const store = await emptyStore();
  await write(store, new RollUps(store), [{ id: 1, trace: 1, minute: 0, operation: 'server.create', rank: 9 }]);
  expect(await byOperation(store)).toEqual({});
  await new RollUps(store).compute();
  expect(await byOperation(store)).toEqual({ 'server.create': 1 });
});

test('several who compute the same minutes at once, over what each of them writes, come to the same sums', async () => {
  const store = await emptyStore();
  const sidecars = [0, 1, 2].map(() => new RollUps(store));
  const rounds = sidecars.map(async (rollUps, sidecar) => {
    for (let round = 0; round < 6; round++) {
      const messages = Array.from({ length: 5 }, (_, nth): Message => {
        const id = 1_000 * sidecar + 10 * round + nth;
        const isNamed = nth % 3 === round % 3;
        return { id, trace: id % 7, minute: (round + nth) % 4, ...(isNamed && { operation: `o.${round}`, rank: round + 1 }) };
      });
      await write(store, rollUps, messages);
      await rollUps.compute();
    }
  });
  await Promise.all(rounds);
  while (sidecars.some(({ dueCount }) => dueCount > 0)) for (const rollUps of sidecars) await rollUps.compute();

  const rows = await rollUpRows(store);
  expect(rows.length).toBeGreaterThan(40);
  // From nothing, by one alone.
  for (const table of new Set(rows.map((row) => row.split(' ', 1)[0]))) await store.command(`TRUNCATE TABLE ${table}`);
  const alone = new RollUps(store);
  await alone.touch([0, 1, 2, 3].map((minute) => timeOf({ id: 0, trace: 0, minute })));
  await alone.compute();
  expect(rows).toEqual(await rollUpRows(store));
});

test('who ends last, over less than another had seen who began later, computes again', async () => {
  const store = await emptyStore();
  const other = new RollUps(store);
  const late = new RollUps(
    inTheMiddle(store, 'INSERT INTO oslo_methods_1m', async () => {
      await write(store, other, [{ id: 2, trace: 1, minute: 0, operation: 'server.create', rank: 9 }]);
      await other.compute();
    }),
  );
  await write(store, late, [{ id: 1, trace: 1, minute: 0, operation: 'server.show', rank: 1 }]);
  await late.compute();
  expect(await byOperation(store)).toEqual({ 'server.create': 2, 'server.show': 1 });
  expect(late.dueCount).toBe(1);
  await late.compute();
  expect(await byOperation(store)).toEqual({ 'server.create': 2 });
  expect(late.dueCount).toBe(0);
});

/** Once, while a statement is at work: what it reads is as of before, what it writes comes after. */
function inTheMiddle(store: Store, statement: string, act: () => Promise<void>): Store {
  let isDone = false;
  return {
    isExclusive: store.isExclusive,
    query: (sql, params) => store.query(sql, params),
    stream: (sql, params) => store.stream(sql, params),
    insert: (table, columns, rows) => store.insert(table, columns, rows),
    close: () => store.close(),
    command: async (sql, params) => {
      if (isDone || !sql.includes(statement)) return await store.command(sql, params);
      isDone = true;
      for (const table of ['oslo_messages', 'oslo_requests_1m']) {
        await store.command(`CREATE TABLE before_${table} AS ${table}`);
        await store.command(`INSERT INTO before_${table} SELECT * FROM ${table}`);
      }
      await act();
      await store.command(sql.replace(/FROM (oslo_messages|oslo_requests_1m)\b/g, 'FROM before_$1'), params);
    },
  };
}
