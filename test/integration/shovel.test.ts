/**
 * The firehose through a shovel: two real brokers, one that the services use and one for analysis. Skipped, loudly, where
 * RabbitMQ is not installed.
 */
import { join } from 'node:path';
import { connect } from 'amqplib';
import { expect, onTestFinished, test } from 'vitest';
import { parseAmqpUrl } from '../../collectors/amqp/url.ts';
import type { ShovelApi, ShovelState } from '../../collectors/shovel/api.ts';
import { shovelPlan } from '../../collectors/shovel/plan.ts';
import { type Broker, describeWithBroker, startBroker } from '../support/broker.ts';
import { scratch } from '../support/cli.ts';
import { runLoad } from '../support/rpc-load.ts';
import { ask, differences, NO_DIFFERENCE, Sidecar, storedMessages, until } from '../support/sidecar.ts';

const PLUGINS = ['rabbitmq_management', 'rabbitmq_shovel', 'rabbitmq_shovel_management'];
/** Has what a URL cannot have as it is. */
const PASSWORD = 'swordfish/%:@';
const SHOVEL = '/api/parameters/shovel/%2F/oslotap';

// Both at once: a broker takes seconds to start.
const starting = startBroker({ plugins: PLUGINS });

await describeWithBroker('a shovelled firehose', {}, (source) => {
  const analysis = async () => (await starting) as Broker;

  test('every message once, also over a shovel that was gone for a while, and nothing is left behind', {
    timeout: 60_000,
  }, async () => {
    const target = await analysis();
    await addTapUser(source);
    const folder = scratch();
    const [store, truth] = [`chdb:${join(folder, 'data')}`, join(folder, 'truth.ndjson')];
    const sidecar = await Sidecar.start(['--tap', 'shovel', '--arm', '--store', store], urls(source, target));
    expect(await namesOf(source)).toEqual(['oslotap.shovel']);
    expect(await namesOf(target)).toEqual(['oslotap.firehose']);

    const load = runLoad({ amqp: source.amqp, rate: 100, seconds: 6, truth });
    await until(
      async () => JSON.stringify(await target.manage('GET', '/api/shovels')).includes('"running"'),
      () => 'the shovel does not run',
    );
    await target.manage('DELETE', SHOVEL);
    await sidecar.says(/nothing comes over: there is no shovel/);
    await sidecar.says(/the shovel runs again: the queue behind it kept what passed/);
    const { missing } = await load;
    expect(missing).toBe(0);
    await drained(source, target);
    expect(await sidecar.stop()).toBe(0);

    expect(await differences(store, truth)).toEqual(NO_DIFFERENCE);
    const ended = storedMessages(store).filter(({ kind }) => kind === 'call');
    expect(ended.every(({ status }) => status === 'ok' || status === 'failed')).toBe(true);
    const gaps = await ask<{ reason: string; share: number; lost: number; isOpen: boolean }>(
      store,
      "SELECT reason, share, lost_estimate AS lost, is_open AS isOpen FROM oslo_gaps FINAL WHERE reason <> 'not_armed'",
    );
    expect(gaps).toEqual([{ reason: 'disconnected', share: 0, lost: 0, isOpen: false }]);

    expect(await namesOf(source)).toEqual([]);
    expect(await namesOf(target)).toEqual([]);
    expect(await target.manage('GET', '/api/parameters/shovel')).toEqual([]);
    expect(await source.manage('GET', '/api/vhosts/%2F')).toMatchObject({ tracing: false });
    expect(sidecar.log).not.toContain(PASSWORD);
  });

  test('a source queue that expired meanwhile is made again, and what passed is known to be lost', async () => {
    const states: ShovelState[] = [];
    const api = {
      shovels: async () => states,
      putShovel: async () => {},
      removeShovel: async () => {},
      removeUnusedExchange: async () => {},
    };
    const plan = shovelPlan({
      target: parseAmqpUrl(source.amqp),
      source: parseAmqpUrl(source.amqp),
      api: api as unknown as ShovelApi,
      tls: {},
      bounds: { lengthMax: 1_000, bytesMax: 1_000_000, expiresMs: 60_000 },
      tier: 'full',
    });
    onTestFinished(() => plan.end?.());
    expect(await plan.check?.()).toEqual({ trouble: 'there is no shovel', isKept: false });
    expect(await namesOf(source)).toEqual(['oslotap.shovel']);
    expect(await source.ctl('list_bindings', '--quiet', 'source_name', 'routing_key')).toMatch(/amq.rabbitmq.trace\tdeliver.#\n/);
    states.push({ name: 'oslotap', state: 'terminated', exchange: null });
    expect(await plan.check?.()).toEqual({ trouble: "the shovel 'oslotap' is not running (terminated)", isKept: false });
    states[0] = { name: 'oslotap', state: 'running', exchange: 'oslotap.trace' };
    expect(await plan.check?.()).toEqual({ trouble: null, isKept: false });
    expect(await plan.check?.()).toEqual({ trouble: null, isKept: true });
    await plan.step?.('publish');
    expect(await source.ctl('list_bindings', '--quiet', 'source_name', 'routing_key')).not.toContain('deliver.#');
  });

  test('set up by hand: oslotap consumes, watches, and takes away nothing', async () => {
    const target = await analysis();
    const folder = scratch();
    const [store, truth] = [`chdb:${join(folder, 'data')}`, join(folder, 'truth.ndjson')];
    await source.ctl('trace_on');
    await byHand(source, target);
    const sidecar = await Sidecar.start(['--tap', 'shovel', '--store', store], {
      OSLOTAP_AMQP: target.amqp,
      OSLOTAP_API: withUser(target),
    });
    await until(
      async () => JSON.stringify(await target.manage('GET', '/api/shovels')).includes('"running"'),
      () => 'the shovel does not run',
    );
    expect(await runLoad({ amqp: source.amqp, rate: 100, count: 100, truth })).toMatchObject({ missing: 0 });
    await drained(source, target);
    expect(await sidecar.stop()).toBe(0);
    expect(await differences(store, truth)).toEqual(NO_DIFFERENCE);
    expect(await namesOf(source)).toEqual(['oslotap.shovel']);
    expect(await target.manage('GET', '/api/parameters/shovel')).toHaveLength(1);
    await target.manage('DELETE', SHOVEL);
  });
});

/** With the permissions that the README names, and no others. */
async function addTapUser(broker: Broker): Promise<void> {
  await broker.ctl('add_user', 'tap', PASSWORD);
  const own = '^oslotap\\.';
  await broker.ctl('set_permissions', 'tap', own, '^(oslotap\\..*|amq\\.default)$', '^(oslotap\\..*|amq\\.rabbitmq\\.trace)$');
}

/** What the README says. */
async function byHand(source: Broker, target: Broker): Promise<void> {
  const connection = await connect(source.amqp);
  const channel = await connection.createChannel();
  await channel.assertQueue('oslotap.shovel', {
    durable: true,
    arguments: { 'x-max-length': 10_000, 'x-overflow': 'drop-head' },
  });
  for (const key of ['publish.#', 'deliver.#']) await channel.bindQueue('oslotap.shovel', 'amq.rabbitmq.trace', key);
  await connection.close();
  const value = {
    'src-protocol': 'amqp091',
    'src-uri': `${source.amqp}%2F`,
    'src-queue': 'oslotap.shovel',
    'dest-protocol': 'amqp091',
    'dest-uri': 'amqp:///%2F',
    'dest-exchange': 'oslotap.trace',
    'ack-mode': 'on-confirm',
    'reconnect-delay': 1,
  };
  await target.ctl('set_parameter', 'shovel', 'oslotap', JSON.stringify(value));
}

function urls(source: Broker, target: Broker): Record<string, string> {
  return {
    OSLOTAP_AMQP: target.amqp,
    OSLOTAP_API: withUser(target),
    OSLOTAP_SOURCE_AMQP: source.amqp.replace(/\/\/.*@/, `//tap:${encodeURIComponent(PASSWORD)}@`),
    OSLOTAP_SOURCE_API: withUser(source),
  };
}

function withUser({ api, user, password }: Broker): string {
  return api.replace('://', `://${user}:${password}@`);
}

async function queuesOf(broker: Broker): Promise<Map<string, number>> {
  const lines = await broker.ctl('list_queues', '--quiet', '--no-table-headers', 'name', 'messages');
  const rows = lines.split('\n').filter((line) => line.startsWith('oslotap.'));
  return new Map(rows.map((row) => row.split('\t')).map(([name = '', messages]) => [name, Number(messages)]));
}

async function namesOf(broker: Broker): Promise<string[]> {
  return [...(await queuesOf(broker)).keys()];
}

async function drained(source: Broker, target: Broker): Promise<void> {
  await until(
    async () => (await queuesOf(source)).get('oslotap.shovel') === 0 && (await queuesOf(target)).get('oslotap.firehose') === 0,
    () => 'something waits in the queues',
  );
}
