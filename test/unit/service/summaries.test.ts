/** What a running tap stores of requests that have ended: by the clock of events, in bounded steps, never at the tap's cost. */
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { Log } from '../../../src/log.ts';
import { LiveSummaries } from '../../../src/service/summaries.ts';
import { ClickHouseWriter } from '../../../src/sinks/clickhouse/writer.ts';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import type { Store } from '../../../src/store/store.ts';
import { capturePath, run, snapshotOf, tappedOf } from '../../support/captures.ts';
import { scratch } from '../../support/cli.ts';

const MINUTE_MS = 60_001;
const BOOT = "toUUID('707e4331827d4eb799331ef7a3949adb')";

afterEach(() => void vi.useRealTimers());

/** A store with one boot, and its last message moved so many seconds behind the others. */
async function bootStore(quietS: number): Promise<Store> {
  const path = capturePath('boot-1');
  const { messages } = await run(await tappedOf(path), snapshotOf(path));
  const store = await openChdb({ directory: join(scratch(), 'data'), command: 'test', isWriter: true });
  await migrate(store);
  const writer = await ClickHouseWriter.open(store);
  await writer.write({ messages, unmatched: [], gaps: [], storms: [] });
  await store.command(
    `INSERT INTO oslo_messages (published_at, ended_at, unique_id, kind, status, closed)
     SELECT max(published_at) + INTERVAL ${quietS} SECOND AS at, at, generateUUIDv4(), 'cast', 'sent', 'settled' FROM oslo_messages`,
  );
  return store;
}

async function pathsIn(store: Store, where = '1'): Promise<number> {
  const [row] = await store.query<{ traces: number }>(
    `SELECT uniqExact(trace_id) AS traces FROM oslo_critical_path WHERE ${where}`,
  );
  return row?.traces ?? -1;
}

test('a request is summarized a minute of events after its last message, and what belongs to no request any more goes', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  for (const [quietS, wanted] of [
    [10, 0],
    [70, 1],
  ] as const) {
    const store = await bootStore(quietS);
    const summaries = new LiveSummaries(
      store,
      logTo((text) => expect.unreachable(text)),
    );
    await store.command(
      'INSERT INTO oslo_critical_path (started_at, trace_id, seq, revision) SELECT max(published_at), generateUUIDv4(), 0, 1 FROM oslo_messages',
    );
    await summaries.step();
    expect(await pathsIn(store)).toBe(1); // a minute has not passed
    vi.advanceTimersByTime(MINUTE_MS);
    await summaries.step();
    expect(await pathsIn(store, `trace_id = ${BOOT}`)).toBe(wanted);
    expect(await pathsIn(store, `trace_id NOT IN (SELECT trace_id FROM oslo_messages)`)).toBe(0);
    await store.close();
  }
});

test('a store that fails is told of once, and tried again', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  let asked = 0;
  const fail = async () => {
    asked++;
    throw new Error('disk full');
  };
  const store = { query: fail, command: fail, insert: fail } as unknown as Store;
  const told: string[] = [];
  const summaries = new LiveSummaries(
    store,
    logTo((text) => told.push(text)),
  );
  for (let minute = 0; minute < 3; minute++) {
    vi.advanceTimersByTime(MINUTE_MS);
    await summaries.step();
  }
  expect(asked).toBe(3);
  expect(told).toEqual(['critical paths are not stored: disk full; trying again each minute']);
});

function logTo(tell: (text: string) => void): Log {
  const line = (_event: string, text: string) => tell(text);
  return { info: line, warn: line, error: line };
}
