import { describe, expect, it } from 'vitest';
import type { BrokerEvent, TappedMessage, Undecodable } from '../../../src/message.ts';
import { decode } from '../../../src/oslo/decode.ts';
import { tappedOf } from '../../support/captures.ts';
import { Dict, dict, dumps, envelope, type Json, type Pairs } from '../../support/oslo-bodies.ts';

const KINDS = new URL('../../fixtures/oslo-kinds.ndjson.gz', import.meta.url).pathname;
const ID = '0123456789abcdef0123456789abcdef';
const REQUEST = 'req-01234567-89ab-4cde-8f01-23456789abcd';

const headers = {
  exchange_name: 'nova',
  routing_keys: ['conductor'],
  node: 'rabbit@ctl',
  vhost: '/',
  connection: '10.0.0.1:5 -> 10.0.0.2:5672',
  channel: 3,
  routed_queues: ['conductor', 'tap'],
  properties: { expiration: '60000', headers: {} },
};

function tapped(
  change: Partial<TappedMessage>,
  inner: Pairs = [
    ['method', 'echo'],
    ['_unique_id', ID],
  ],
): TappedMessage {
  return { receivedNs: 7n, routingKey: 'publish.nova', headers, body: envelope(inner), ...change };
}

function messageOf(inner: Pairs, exchange = 'nova'): unknown {
  const event = decode(tapped({ headers: { ...headers, exchange_name: exchange } }, inner));
  return event.event === 'undecodable' ? event.reason : event.message;
}

describe('a recording of every kind', () => {
  it('is decoded: kinds, failures, heartbeats, compressed and bare bodies', async () => {
    const events = (await tappedOf(KINDS)).map(decode);
    const count = new Map<string, number>();
    for (const event of events) count.set(nameOf(event), (count.get(nameOf(event)) ?? 0) + 1);
    expect(Object.fromEntries(count)).toEqual({
      'deliver call': 39,
      'deliver cast': 12,
      'deliver fanout': 8,
      'deliver heartbeat': 2,
      'deliver notification': 18,
      'deliver reply': 6,
      'deliver reply builtins.KeyError': 1,
      'deliver reply builtins.RuntimeError': 2,
      'deliver reply builtins.ValueError': 2,
      'deliver reply nova.exception.InstanceInvalidState': 2,
      'deliver reply nova.exception.InstanceNotFound': 2,
      'deliver reply oslo_messaging.rpc.dispatcher.NoSuchMethod': 2,
      'deliver reply oslo_messaging.rpc.dispatcher.UnsupportedVersion': 2,
      'publish call': 39,
      'publish cast': 12,
      'publish fanout': 8,
      'publish heartbeat': 2,
      'publish notification': 19,
      'publish reply': 6,
      'publish reply builtins.KeyError': 1,
      'publish reply builtins.RuntimeError': 2,
      'publish reply builtins.ValueError': 2,
      'publish reply nova.exception.InstanceInvalidState': 2,
      'publish reply nova.exception.InstanceNotFound': 2,
      'publish reply oslo_messaging.rpc.dispatcher.NoSuchMethod': 2,
      'publish reply oslo_messaging.rpc.dispatcher.UnsupportedVersion': 2,
    });
  });

  function nameOf(event: BrokerEvent | Undecodable): string {
    if (event.event === 'undecodable') return event.reason;
    const { message } = event;
    if (message.kind !== 'reply') return `${event.event} ${message.kind}`;
    return `${event.event} ${message.ending ? 'reply' : 'heartbeat'} ${message.failure ?? ''}`.trim();
  }
});

describe('a publish', () => {
  it('has what the headers tell', () => {
    const uuid = '6f1d2e3c-0000-4000-8000-123456789abc';
    const body = envelope([
      ['method', 'echo'],
      ['args', dict({ id: uuid })],
      ['_msg_id', ID],
      ['_unique_id', ID],
    ]);
    expect(decode(tapped({ body }))).toEqual({
      event: 'publish',
      timeNs: 7n,
      vhost: '/',
      exchange: 'nova',
      routingKey: 'conductor',
      connection: '10.0.0.1:5 -> 10.0.0.2:5672',
      channel: 3,
      bytes: body.length,
      isLagging: false,
      message: expect.objectContaining({ kind: 'call', replyQueue: '' }),
      routedQueues: ['conductor', 'tap'],
      expirationMs: 60_000,
      resources: [{ type: 'unknown', id: uuid }],
      arguments: '{"id":"string"}',
    });
  });
});

describe('a delivery', () => {
  it('has its queue, dots and all, and what streams and quorum queues add', () => {
    const inner = { 'x-delivery-count': 2, 'x-stream-offset': 40 };
    const event = decode(
      tapped({ routingKey: 'deliver.compute.cmp1', headers: { ...headers, redelivered: 1, properties: { headers: inner } } }),
    );
    expect(event).toMatchObject({
      event: 'deliver',
      queue: 'compute.cmp1',
      redelivered: true,
      deliveryCount: 2,
      streamOffset: 40,
    });
  });

  it('was not redelivered where redelivered is 0', () => {
    const event = decode(tapped({ routingKey: 'deliver.q', headers: { ...headers, redelivered: 0 } }));
    expect(event).toMatchObject({ redelivered: false, deliveryCount: 0, streamOffset: null });
  });
});

describe('a message', () => {
  it('is a fanout by its exchange, and a cast on any other', () => {
    const inner: Pairs = [
      ['method', 'echo'],
      ['_unique_id', ID],
    ];
    expect(messageOf(inner, 'conductor_fanout')).toMatchObject({ kind: 'fanout' });
    expect(messageOf(inner)).toMatchObject({ kind: 'cast' });
  });

  it('keeps ids in their own form only', () => {
    const token = 'gAAAAABl-token';
    const context: Pairs = [
      ['_context_request_id', token],
      ['_context_global_request_id', REQUEST],
      ['_context_user', token],
    ];
    const message = messageOf([['method', 'echo'], ['version', token], ['_unique_id', ID], ...context]);
    expect(message).toMatchObject({ version: null, requestId: null, globalRequestId: REQUEST, hasUser: true });
  });

  it.each<[string, Json, string | null]>([
    ['null', null, null],
    ['the JSON of oslo.messaging', dumps(dict({ class: 'NotFound', module: 'nova.exception' })), 'nova.exception.NotFound'],
    ['a class without module', dumps(dict({ class: 'KeyError' })), 'KeyError'],
    ['no class', dumps(dict({ module: 'builtins' })), 'unknown'],
    ['a class that is null', dict({ class: null }), 'unknown'],
    ['a class that JavaScript cannot make text of', dict({ class: dict({ toString: 1, valueOf: 1 }) }), 'unknown'],
    ['a class with words', dumps(dict({ class: 'it failed', module: '' })), 'unknown'],
    ['text', 'it failed', 'unknown'],
    ['a number', 5, 'unknown'],
  ])('failed with %s', (_, failure, expected) => {
    const message = messageOf([
      ['result', null],
      ['failure', failure],
      ['ending', true],
      ['_msg_id', ID],
      ['_unique_id', ID],
    ]);
    expect(message).toMatchObject({ kind: 'reply', failure: expected });
  });

  it('of the v1 notification driver has no envelope', () => {
    const inner: Pairs = [
      ['event_type', 'port.create.end'],
      ['publisher_id', 'network.ctl'],
      ['_unique_id', ID],
    ];
    const event = decode(tapped({ body: Buffer.from(dumps(new Dict(inner))) }));
    expect(event).toMatchObject({ message: { kind: 'notification', eventType: 'port.create.end', publisherId: 'network.ctl' } });
  });
});

describe('what cannot be decoded', () => {
  const properties = (compression: unknown) => ({ headers: { ...headers, properties: { headers: { compression } } } });
  it.each<[string, Partial<TappedMessage>]>([
    ['bad_headers', { headers: null }],
    ['bad_headers', { routingKey: 'nova' }],
    ['bad_headers', { headers: { ...headers, connection: 5 } }],
    ['unknown_compression', properties('application/zstd')],
    ['unknown_compression', properties({ toString: 1 })],
    ['corrupt_compression', properties('application/x-gzip')],
    ['not_json', { body: Buffer.from('{"oslo.version": "2.0", "oslo.message": "{"}') }],
    ['not_json', { body: Buffer.from('[1]') }],
    ['not_json', { body: new Uint8Array() }],
    ['not_oslo', { body: Buffer.from('{}') }],
    [
      'not_oslo',
      {
        body: envelope([
          ['method', 'no name'],
          ['_unique_id', ID],
        ]),
      },
    ],
    [
      'not_oslo',
      {
        body: envelope([
          ['event_type', 5],
          ['_unique_id', ID],
        ]),
      },
    ],
    [
      'not_oslo',
      {
        body: envelope([
          ['result', 1],
          ['_unique_id', ID],
        ]),
      },
    ],
    [
      'no_unique_id',
      {
        body: envelope([
          ['method', 'echo'],
          ['_unique_id', ID.slice(1)],
        ]),
      },
    ],
  ])('is undecodable with the reason %s: %j', (reason, change) => {
    expect(decode(tapped(change))).toMatchObject({ event: 'undecodable', reason, timeNs: 7n });
  });

  it('is counted with what the headers tell, and not with its bytes', () => {
    const body = Buffer.from('s3cr3t');
    expect(decode(tapped({ routingKey: 'deliver.compute.cmp1', body }))).toEqual({
      event: 'undecodable',
      reason: 'not_json',
      timeNs: 7n,
      direction: 'deliver',
      exchange: 'nova',
      queue: 'compute.cmp1',
      connection: headers.connection,
      bytes: 6,
    });
  });
});
