/** What the catalogue reads from the store: what no capture has. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readCatalog } from '../../../src/queries/catalog.ts';
import { ALL_OF_TIME } from '../../../src/queries/trace-times.ts';
import { ClickHouseWriter } from '../../../src/sinks/clickhouse/writer.ts';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import type { Store } from '../../../src/store/store.ts';
import { scratch } from '../../support/cli.ts';
import { closedStory, type Story } from '../../support/stories.ts';

async function storeWith(stories: readonly Omit<Story, 'id'>[]): Promise<Store> {
  const store = await openChdb({ directory: join(scratch(), 'data'), command: 'test', isWriter: true });
  onTestFinished(() => store.close());
  await migrate(store);
  const writer = await ClickHouseWriter.open(store);
  const messages = stories.map((story, i) => closedStory({ ...story, id: i.toString(16).padStart(32, '1') }));
  await writer.write({ messages, unmatched: [], gaps: [], storms: [] });
  return store;
}

test('hosts are left out of topics and exchanges: one entry for all servers of a topic, and how often one was meant', async () => {
  const cast = { kind: 'cast', method: 'm' } as const;
  const store = await storeWith([
    { ...cast, routingKey: 'compute.cmp1' },
    { ...cast, routingKey: 'compute.cmp2.example.org' },
    { ...cast, routingKey: 'compute' },
    { ...cast, routingKey: 'ironic.conductor_manager.node7' },
    { ...cast, exchange: 'cinder-volume.host1@lvm', routingKey: 'cinder-volume.host1@lvm' },
    { ...cast, kind: 'fanout', exchange: 'neutron-vo-Port-1.10_fanout', routingKey: '' },
  ]);
  const { methods } = await readCatalog(store, ALL_OF_TIME);
  expect(methods.map(({ exchange, topic, messages, to_one_server }) => [exchange, topic, messages, to_one_server])).toEqual([
    ['cinder-volume.{host}', 'cinder-volume', 1, 1],
    ['nova', 'compute', 3, 2],
    ['nova', 'ironic.conductor_manager', 1, 1],
    ['neutron-vo-Port-1.10_fanout', 'neutron-vo-Port-1.10', 1, 0],
  ]);
});

test('versions, namespaces, objects and kinds of a method have entries of their own', async () => {
  const store = await storeWith([
    { version: '1.0' },
    { version: '1.1' },
    { namespace: 'baseapi' },
    { object: 'Instance.save' },
    { kind: 'cast' },
    { kind: 'notification' },
  ]);
  expect((await readCatalog(store, ALL_OF_TIME)).methods.length).toBe(5);
});

test('senders, servers and exceptions are told with the most first; replies with their sizes; late times not at all', async () => {
  const failure = 'nova.exception.InstanceNotFound';
  const store = await storeWith([
    { from: ['nova-compute', 'cmp1'], tookMs: 10, arguments: '{"a":"string"}' },
    { from: ['nova-compute', 'cmp2'], tookMs: 20, arguments: '{"a":"null","b":"number"}', failure },
    { from: ['nova-api', 'ctl1'], tookMs: 30, arguments: '{"a":"string"}', failure },
    { from: ['nova-compute', 'cmp2'], tookMs: 9_000, isLagging: true, failure: 'builtins.KeyError' },
    { from: ['nova-compute', 'cmp3'], tookMs: null, status: 'timeout', to: [] },
  ]);
  const [method, ...others] = (await readCatalog(store, ALL_OF_TIME)).methods;
  expect(others).toEqual([]);
  expect(method).toMatchObject({
    callers: [
      { service: 'nova-compute', hosts: 3, messages: 4 },
      { service: 'nova-api', hosts: 1, messages: 1 },
    ],
    servers: [{ service: 'nova-conductor', hosts: 1, deliveries: 4 }],
    arguments: {
      read: 3,
      names: [
        { name: 'a', types: ['string', 'null'], messages: 3, share: 1 },
        { name: 'b', types: ['number'], messages: 1, share: 1 / 3 },
      ],
    },
    reply_bytes: { p50: 50, p95: 50, max: 50 },
    answered_ms: { p50: 20, p95: 30 },
    wait_ms: { p50: 1, p95: 1 },
    ...{ failed: 3, timeouts: 1, open: 0 },
    failures: [
      { failure, messages: 2 },
      { failure: 'builtins.KeyError', messages: 1 },
    ],
    operations: [],
    background: 5,
  });
});

test('beyond the limit the methods with the fewest messages are left out, and counted', async () => {
  const store = await storeWith([
    { method: 'rare' },
    { method: 'often' },
    { method: 'often' },
    { method: 'seldom' },
    { method: 'often' },
  ]);
  const { methods, left_out } = await readCatalog(store, ALL_OF_TIME, 1);
  expect([methods.map(({ method }) => method), left_out]).toEqual([['often'], 2]);
});
