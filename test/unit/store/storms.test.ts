/** Storms in the store: what is written is what is read, and the last state of each counts. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listStorms, type StoredStorm } from '../../../src/queries/storms.ts';
import { ClickHouseWriter } from '../../../src/sinks/clickhouse/writer.ts';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Storm } from '../../../src/storm.ts';
import { scratch } from '../../support/cli.ts';
import { hostileStorm, STORED_STORM, STORM_START_NS, stormOf } from '../../support/storms.ts';

const SECOND_NS = 1_000_000_000n;
const TRACE = '707e4331827d4eb799331ef7a3949adb';

/** One at a time: close it. */
async function openStore(): Promise<Store> {
  const store = await openChdb({ directory: join(scratch(), 'data'), command: 'test', isWriter: true });
  await migrate(store);
  return store;
}

async function emptyStore(): Promise<Store> {
  const store = await openStore();
  onTestFinished(() => store.close());
  return store;
}

async function write(store: Store, ...storms: readonly Storm[]): Promise<void> {
  const writer = await ClickHouseWriter.open(store);
  await writer.write({ messages: [], unmatched: [], gaps: [], storms });
}

/** State after state, as a detector tells them; what is in the store then. */
async function writtenOneByOne(...storms: readonly Storm[]): Promise<readonly StoredStorm[]> {
  const store = await openStore();
  try {
    for (const storm of storms) await write(store, storm);
    return await listStorms(store);
  } finally {
    await store.close();
  }
}

test('every field of a storm comes back', async () => {
  const store = await emptyStore();
  await write(store, stormOf({ trigger: { kind: 'fanout', detail: 'a fanout', traceId: TRACE, count: 1 } }));
  const [stored, ...others] = await listStorms(store);
  expect(others).toEqual([]);
  expect(stored).toEqual({ ...STORED_STORM, trigger: { kind: 'fanout', detail: 'a fanout', trace_id: TRACE, count: 1 } });
});

test('what people filter by is of the method that grew most', async () => {
  const store = await emptyStore();
  await write(store, stormOf());
  expect(await store.query('SELECT method, exchange, topic FROM oslo_storms FINAL')).toEqual([
    { method: 'object_class_action_versions', exchange: 'nova', topic: 'conductor' },
  ]);
});

test('a storm without a trigger, and without anything that is known of before, comes back as that', async () => {
  const nothing = { usual: null, during: null };
  const pairs = { amplification: nothing, perRequest: nothing, failedShare: nothing, queueWaitMs: nothing };
  const trigger = { kind: 'unknown', detail: '', traceId: null, count: 0 } as const;
  const [stored] = await writtenOneByOne(stormOf({ ...pairs, trigger, receivers: [], usualPerSecond: 0 }));
  expect(stored).toMatchObject({
    trigger: { kind: 'unknown', detail: '', trace_id: null, count: 0 },
    receivers: [],
    factor: null,
    amplification: nothing,
    failed_share: nothing,
    queue_wait_ms: nothing,
  });
});

test('the end replaces what was open, also where that had been written beyond the last moment', async () => {
  const open = stormOf({ isOpen: true, toNs: STORM_START_NS + 10n * SECOND_NS, messages: 100 });
  const longer = { ...open, toNs: STORM_START_NS + 120n * SECOND_NS, messages: 11_000 };
  const over = stormOf();
  expect(await writtenOneByOne(open, longer)).toMatchObject([{ is_open: true, duration_ms: 120_000, messages: 11_000 }]);
  expect(await writtenOneByOne(open, longer, over)).toMatchObject([{ is_open: false, duration_ms: 90_000, messages: 10_000 }]);
  // In whatever order a retry brings them.
  expect(await writtenOneByOne(over, longer, open)).toMatchObject([{ is_open: false, duration_ms: 90_000, messages: 10_000 }]);
});

test('of two states of one length the one that was written last counts', async () => {
  const open = stormOf({ isOpen: true });
  const known = { ...open, trigger: { kind: 'restarts', detail: 'seen later', traceId: null, count: 9 } } as const;
  expect(await writtenOneByOne(open, known)).toMatchObject([{ is_open: true, trigger: { detail: 'seen later' } }]);
});

test('what a killed run left open is over as far as it had come; another run that sees it go on opens it again', async () => {
  const store = await emptyStore();
  const open = stormOf({ isOpen: true });
  await write(store, open, stormOf({ id: '00000000000000ff', fromNs: STORM_START_NS - 600n * SECOND_NS }));
  await (await ClickHouseWriter.open(store)).endStorms();
  expect(await listStorms(store)).toMatchObject([
    { id: open.id, is_open: false, duration_ms: 90_000, methods: [{ factor: 41 }, {}], failed_share: { during: 0.125 } },
    { id: '00000000000000ff', is_open: false },
  ]);
  await write(store, { ...open, toNs: open.toNs + SECOND_NS });
  expect(await listStorms(store, { limit: 1 })).toMatchObject([{ is_open: true, duration_ms: 91_000 }]);
  await write(store, { ...open, isOpen: false });
  expect(await listStorms(store, { limit: 1 })).toMatchObject([{ is_open: false, duration_ms: 90_000 }]);
});

test('the newest come first; they are found by the beginning of an id, and by how long ago they lasted', async () => {
  const ids = ['aa00000000000000', 'ab00000000000000', 'bb00000000000000'];
  const store = await emptyStore();
  await write(store, ...ids.map((id, i) => stormOf({ id, fromNs: STORM_START_NS + BigInt(i) * 3_600n * SECOND_NS })));
  const idsOf = async (list: Parameters<typeof listStorms>[1]) => (await listStorms(store, list)).map(({ id }) => id);
  expect(await idsOf({})).toEqual(ids.toReversed());
  expect(await idsOf({ limit: 2 })).toEqual(['bb00000000000000', 'ab00000000000000']);
  expect(await idsOf({ id: 'a' })).toEqual(['ab00000000000000', 'aa00000000000000']);
  expect(await idsOf({ id: 'ab00000000000000' })).toEqual(['ab00000000000000']);
  expect(await idsOf({ id: "a'" })).toEqual([]);
  const end = STORM_START_NS + 3_690n * SECOND_NS;
  expect(await idsOf({ sinceNs: end })).toEqual(['bb00000000000000', 'ab00000000000000']);
  expect(await idsOf({ sinceNs: end + 1n })).toEqual(['bb00000000000000']);
});

test('names of any characters come back as they were', async () => {
  const hostile = hostileStorm();
  const [stored] = await writtenOneByOne(hostile);
  const [grown] = hostile.methods;
  const [sender] = hostile.senders;
  expect(stored).toMatchObject({
    vhost: hostile.vhost,
    methods: [{ method: grown?.method, objects: grown?.objects, exchange: grown?.exchange, topic: grown?.topic }],
    senders: [sender],
    receivers: [sender],
    trigger: { detail: hostile.trigger.detail },
  });
});
