/** Topics and exchanges in a fingerprint: with their versions, without their hosts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { scratch } from '../../support/cli.ts';

const SQL = readFileSync(new URL('../../../src/queries/fingerprint-messages.sql', import.meta.url), 'utf8');

interface Sent {
  readonly kind: 'call' | 'cast' | 'fanout' | 'notification';
  readonly exchange: string;
  readonly routingKey: string;
  readonly host: string;
}

/** What the query makes of messages, each of a trace of its own: exchange and topic. */
async function named(sent: readonly Sent[]): Promise<string[]> {
  const store = await openChdb({ directory: join(scratch(), 'data'), command: 'test', isWriter: true });
  try {
    await migrate(store);
    const rows = sent.map(({ kind, exchange, routingKey, host }, at) =>
      JSON.stringify([at, at, kind, exchange, routingKey, [host]].map(toCell)),
    );
    await store.insert('oslo_messages', ['trace_id', 'unique_id', 'kind', 'exchange', 'routing_key', 'to_host'], rows);
    const traces = sent.map((_, at) => idOf(at));
    const found = await store.query<{ trace_id: string; exchange: string; topic: string }>(SQL, {
      from: '0',
      to: '9223372036854775807',
      traces,
    });
    return found.toSorted((a, b) => (a.trace_id < b.trace_id ? -1 : 1)).map(({ exchange, topic }) => `${exchange} ${topic}`);
  } finally {
    await store.close();
  }
}

const idOf = (at: number): string => String(at + 1).padStart(32, '0');
const toCell = (cell: unknown): unknown => (typeof cell === 'number' ? idOf(cell) : cell);

test('hosts are left out of them, whatever they are called, and versions are not', async () => {
  const cases: readonly (readonly [Sent, string])[] = [
    [{ kind: 'cast', exchange: 'nova', routingKey: 'compute.cmp1', host: 'cmp1' }, 'nova compute.{host}'],
    [{ kind: 'cast', exchange: 'nova', routingKey: 'compute.10.0.0.1', host: '' }, 'nova compute.{host}'],
    [{ kind: 'cast', exchange: 'nova', routingKey: 'compute.1st-rack-1.10', host: '' }, 'nova compute.{host}'],
    [{ kind: 'call', exchange: 'nova', routingKey: 'conductor', host: 'ctl' }, 'nova conductor'],
    [
      { kind: 'cast', exchange: 'ironic', routingKey: 'ironic.conductor_manager.c1', host: 'c1' },
      'ironic ironic.conductor_manager.{host}',
    ],
    [
      { kind: 'cast', exchange: 'openstack', routingKey: 'cinder-volume.ctl@lvm#pool', host: 'ctl' },
      'openstack cinder-volume.{host}',
    ],
    [
      { kind: 'fanout', exchange: 'neutron-vo-Port-1.10_fanout', routingKey: '', host: 'cmp1' },
      'neutron-vo-Port-1.10_fanout neutron-vo-Port-1.10',
    ],
    [
      { kind: 'fanout', exchange: 'cinder-volume.7th@lvm_fanout', routingKey: '', host: '' },
      'cinder-volume.{host}_fanout cinder-volume.{host}',
    ],
    [{ kind: 'call', exchange: 'neutron', routingKey: 'neutron-vo-Port-1.10', host: 'ctl' }, 'neutron neutron-vo-Port-1.10'],
    [{ kind: 'notification', exchange: 'nova', routingKey: 'notifications.info', host: '' }, 'nova notifications.info'],
  ];
  expect(await named(cases.map(([sent]) => sent))).toEqual(cases.map(([, wanted]) => wanted));
});
