/** A notification that two taps saw is one message, whichever came first. */
import type { ConsumeMessage } from 'amqplib';
import { describe, expect, test } from 'vitest';
import { parseAmqpUrl } from '../../../collectors/amqp/url.ts';
import type { ManagementApi } from '../../../collectors/management/api.ts';
import { asPublish, notificationsPlan, requestsPlan } from '../../../collectors/notifications/plan.ts';
import type { TappedMessage } from '../../../src/message.ts';
import { decode } from '../../../src/oslo/decode.ts';
import { type Batch, runPipeline } from '../../../src/pipeline.ts';

const NOTIFICATION = {
  message_id: 'a',
  publisher_id: 'compute.cmp1',
  event_type: 'compute.instance.create.start',
  priority: 'INFO',
  payload: { instance_id: '5bf8f4c3-1a4f-4d0c-8d61-5e0d3c7e0a11' },
  timestamp: '2026-11-21 19:55:43.800',
  _unique_id: '0123456789abcdef0123456789abcdef',
  _context_request_id: 'req-707e4331-827d-4eb7-9933-1ef7a3949adb',
  _context_user_id: 'u',
};
const ENVELOPED = { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(NOTIFICATION) };
const common = { broker: parseAmqpUrl('amqp://u:p@h/cloud'), tls: {}, exchanges: null };

function original(body: unknown, properties: object = {}): ConsumeMessage {
  const fields = { exchange: 'nova', routingKey: 'notifications.info', redelivered: false, deliveryTag: 1, consumerTag: 'c' };
  return { fields, properties, content: Buffer.from(JSON.stringify(body)) } as unknown as ConsumeMessage;
}

function seenByNotifications(receivedNs: bigint): TappedMessage {
  return { receivedNs, ...(asPublish(original(ENVELOPED), '/') as NonNullable<ReturnType<typeof asPublish>>) };
}

function seenByFirehose(receivedNs: bigint): TappedMessage {
  const headers = {
    exchange_name: 'nova',
    routing_keys: ['notifications.info'],
    properties: { headers: {} },
    vhost: '/',
    connection: '10.0.0.1:4 -> 10.0.0.2:5672',
    channel: 3,
    routed_queues: ['notifications.info', 'oslotap.notifications'],
  };
  return { receivedNs, routingKey: 'publish.nova', headers, body: Buffer.from(JSON.stringify(ENVELOPED)) };
}

async function run(...tapped: readonly TappedMessage[]) {
  const batches: Batch[] = [];
  const sink = { write: async (batch: Batch) => void batches.push(batch), close: async () => {} };
  const tally = await runPipeline(
    (async function* () {
      yield* tapped;
    })(),
    sink,
  );
  return { tally, messages: batches.flatMap(({ messages }) => messages) };
}

test.each([
  ['the firehose first', seenByFirehose(1_000_000n), seenByNotifications(2_000_000n)],
  ['the notifications’ tap first', seenByNotifications(1_000_000n), seenByFirehose(2_000_000n)],
])('%s: one message, with what the firehose knows', async (_, first, second) => {
  const { messages, tally } = await run(first, second);
  const [connection, timeNs, routedQueues] = ['10.0.0.1:4 -> 10.0.0.2:5672', 1_000_000n, ['notifications.info']];
  expect(messages).toMatchObject([{ traced: { publish: { connection, timeNs, routedQueues } } }]);
  expect(tally).toMatchObject({ events: 2, duplicates: 1 });
});

test('seen without the firehose: the sender is who it says it is', async () => {
  const { messages } = await run(seenByNotifications(1_000_000n));
  expect(messages[0]).toMatchObject({ status: 'sent', to: [], from: { service: 'nova-compute', host: 'cmp1' } });
});

describe('an original message', () => {
  test.each([
    ['in its envelope', ENVELOPED],
    ['bare, as the messaging (v1) driver sends it', NOTIFICATION],
  ])('%s is decoded as a publish', (_, body) => {
    const received = asPublish(original(body), 'cloud') as NonNullable<ReturnType<typeof asPublish>>;
    expect(decode({ receivedNs: 1n, ...received })).toMatchObject({
      event: 'publish',
      vhost: 'cloud',
      exchange: 'nova',
      routingKey: 'notifications.info',
      connection: '',
      routedQueues: [],
      message: { kind: 'notification', eventType: 'compute.instance.create.start' },
    });
  });

  test('keeps what a call needs: its expiration', () => {
    expect(asPublish(original({}, { expiration: '60000', headers: { compression: 'application/x-gzip' } }), '/')).toMatchObject({
      headers: { properties: { expiration: '60000', headers: { compression: 'application/x-gzip' } } },
    });
  });
});

test('bindings: every priority of the topics given, and nothing when off', () => {
  const plan = notificationsPlan({ ...common, exchanges: ['nova'] }, ['notifications', 'billing']);
  expect(plan.bindings('publish')).toEqual([
    { exchange: 'nova', key: 'notifications.*', isOptional: true },
    { exchange: 'nova', key: 'billing.*', isOptional: true },
  ]);
  expect(plan.bindings('off')).toEqual([]);
});

test('requests: fanout exchanges are bound as they come', async () => {
  const exchanges = [
    { name: 'compute_fanout', type: 'fanout' },
    { name: 'amq.fanout', type: 'fanout' },
    { name: 'odd_fanout', type: 'topic' },
  ];
  const api = { exchanges: async () => exchanges } as unknown as ManagementApi;
  const plan = requestsPlan({ ...common, exchanges: ['nova'] }, api);
  const names = () => plan.bindings('publish').map(({ exchange, key }) => `${exchange} ${key}`);
  expect(names()).toEqual(['nova #']);
  await plan.look?.();
  expect(names()).toEqual(['nova #', 'compute_fanout ']);
  exchanges.push({ name: 'scheduler_fanout', type: 'fanout' });
  await plan.look?.();
  expect(names()).toEqual(['nova #', 'compute_fanout ', 'scheduler_fanout ']);
});
