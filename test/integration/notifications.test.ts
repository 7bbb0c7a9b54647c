/**
 * Taps without the firehose, on a real broker: what they see, that they take nothing from anybody, and that a message seen
 * by two taps is one message. Skipped, loudly, where RabbitMQ is not installed.
 */
import { join } from 'node:path';
import { connect } from 'amqplib';
import { expect, test } from 'vitest';
import { type Broker, describeWithBroker } from '../support/broker.ts';
import { oslotap, scratch } from '../support/cli.ts';
import { runLoad } from '../support/rpc-load.ts';
import { readStencils } from '../support/rpc-load-messages.ts';
import { Sidecar, storedMessages, truthOf, until } from '../support/sidecar.ts';

const LOAD = { rate: 100, count: 150, notifications: 1 };

await describeWithBroker('taps without the firehose', {}, (broker) => {
  test('notifications alone: each once, and nobody misses one', async () => {
    await declareExchanges(broker);
    const folder = scratch();
    const [store, truth] = [`chdb:${join(folder, 'data')}`, join(folder, 'truth.ndjson')];
    const sidecar = await Sidecar.start(['--amqp', broker.amqp, '--tap', 'notifications', '--store', store], {});
    const result = await runLoad({ amqp: broker.amqp, ...LOAD, truth });
    await drained(broker, 'oslotap.notifications');
    expect(await sidecar.stop()).toBe(0);

    // The services' own consumers were given all that was for them.
    expect(result).toMatchObject({ missing: 0, publishes: { notification: 150 } });
    const sent = truthOf(truth).filter(({ kind }) => kind === 'notification');
    const messages = storedMessages(store);
    expect(messages.map(({ unique_id }) => unique_id).toSorted()).toEqual(sent.map(({ unique_id }) => unique_id).toSorted());
    expect(new Set(messages.map(({ kind }) => kind))).toEqual(new Set(['notification']));
    expect(messages.every(({ to }) => to.length === 0)).toBe(true);
    expect(messages.every(({ from }) => from.service !== '')).toBe(true);
    expect((await queuesOf(broker)).map(({ name }) => name)).not.toContain('oslotap.notifications');
  });

  test('beside the firehose: one message, and it is the firehose’s', async () => {
    await declareExchanges(broker);
    await broker.ctl('trace_on');
    const folder = scratch();
    const [store, truth] = [`chdb:${join(folder, 'data')}`, join(folder, 'truth.ndjson')];
    const sidecar = await Sidecar.start(['--amqp', broker.amqp, '--tap', 'firehose', 'notifications', '--store', store], {});
    await sidecar.says(/oslotap.notifications: connected to/);
    const result = await runLoad({ amqp: broker.amqp, ...LOAD, truth });
    await drained(broker, 'oslotap.notifications', 'oslotap.firehose');
    expect(await sidecar.stop()).toBe(0);
    await broker.ctl('trace_off');

    expect(sidecar.log).toContain(`${result.publishes.notification} seen twice and counted once`);
    const messages = storedMessages(store);
    expect(idsOf(messages)).toEqual(idsOf(truthOf(truth)));
    // Known by its connection, and with the deliveries that only the firehose shows.
    expect(messages.every(({ from }) => from.process !== '')).toBe(true);
    const deliveries = messages.filter(({ kind }) => kind === 'notification').flatMap(({ to }) => to);
    expect(deliveries).toHaveLength(result.deliveries.notification);
    expect(deliveries.every(({ queue }) => !queue.startsWith('oslotap.'))).toBe(true);
  });

  test('requests: calls are sent, and nobody knows more', async () => {
    await declareExchanges(broker);
    const folder = scratch();
    const [store, truth] = [`chdb:${join(folder, 'data')}`, join(folder, 'truth.ndjson')];
    const args = ['--amqp', broker.amqp, '--api', apiOf(broker), '--tier', 'requests', '--store', store];
    const sidecar = await Sidecar.start(args, {});
    expect(sidecar.log).toMatch(/look routed to their senders, and auto-delete exchanges stay/);
    await runLoad({ amqp: broker.amqp, ...LOAD, fanouts: 0.1, truth });
    await drained(broker, 'oslotap.requests');
    expect(await sidecar.stop()).toBe(0);

    const messages = storedMessages(store);
    expect(idsOf(messages)).toEqual(idsOf(truthOf(truth)));
    expect(new Set(messages.map(({ status }) => status))).toEqual(new Set(['sent']));
  });

  test('an exchange that is named and not there is one line, and exit code 2', () => {
    const args = ['run', '--amqp', broker.amqp, '--tap', 'notifications', '--exchanges', 'nosuch', '--store', 'none'];
    expect(oslotap(args, { OSLOTAP_AMQP: '' })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/\noslotap: --exchanges: there is no exchange 'nosuch' in vhost '\/'\n$/),
    });
  });
});

function idsOf(messages: readonly { readonly unique_id: string }[]): string[] {
  return messages.map(({ unique_id }) => unique_id).toSorted();
}

/** As the services declare them; fanout exchanges go with their last queue. */
async function declareExchanges({ amqp }: Broker): Promise<void> {
  const { calls, casts, fanouts, notifications } = await readStencils();
  const connection = await connect(amqp);
  const channel = await connection.createChannel();
  for (const name of new Set([...calls, ...casts, ...notifications].map(({ exchange }) => exchange))) {
    await channel.assertExchange(name, 'topic', { durable: false });
  }
  for (const name of new Set(fanouts.map(({ exchange }) => exchange))) {
    await channel.assertExchange(name, 'fanout', { durable: false, autoDelete: true });
  }
  await connection.close();
}

async function queuesOf(broker: Broker): Promise<{ name: string; messages: number }[]> {
  const lines = await broker.ctl('list_queues', '--quiet', '--no-table-headers', 'name', 'messages');
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
    .map(([name = '', messages]) => ({ name, messages: Number(messages) }));
}

/** Everything taken in, and acknowledged. */
async function drained(broker: Broker, ...names: readonly string[]): Promise<void> {
  await until(
    async () => {
      const queues = await queuesOf(broker);
      return names.every((name) => queues.some((queue) => queue.name === name && queue.messages === 0));
    },
    () => `not empty: ${names}`,
  );
}

function apiOf({ api, user, password }: Broker): string {
  return api.replace('://', `://${user}:${password}@`);
}
