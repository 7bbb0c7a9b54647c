/** Every event that the types allow, for fast-check; and plain ones that can be told apart by a number. */
import fc from 'fast-check';
import type { AuditedRequest, BrokerEvent, Cast, OsloMessage, Resource, Undecodable } from '../../../src/message.ts';

/** As a decoder makes them: with the prototype of any object. */
function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(fields, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme-ascii' }),
  fc.constantFrom('', '"', '\\', '","', '\n', '\u2028', '\ud800', '["ok","a"]\n', 'é😀'),
);
const id = fc.oneof({ weight: 3, arbitrary: fc.stringMatching(/^[0-9a-f]{32}$/) }, { weight: 1, arbitrary: text });
const maybe = fc.option(text);
const size = fc.nat();
const timeNs = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n });

const context = { requestId: maybe, globalRequestId: maybe, hasUser: fc.boolean() };
const request = { uniqueId: id, method: text, object: maybe, namespace: maybe, version: maybe, ...context };
const audit = fc.option(
  record<AuditedRequest>({
    isResponse: fc.boolean(),
    requestId: maybe,
    globalRequestId: maybe,
    action: text,
    path: text,
    status: fc.option(fc.nat()),
  }),
);
const message: fc.Arbitrary<OsloMessage> = fc.oneof(
  record({ kind: fc.constant('call' as const), ...request, msgId: id, replyQueue: text }),
  record({ kind: fc.constantFrom('cast' as const, 'fanout' as const), ...request }),
  record({ kind: fc.constant('reply' as const), uniqueId: id, msgId: id, ending: fc.boolean(), failure: maybe }),
  record({ kind: fc.constant('notification' as const), uniqueId: id, eventType: text, publisherId: maybe, audit, ...context }),
);
const hop = {
  timeNs,
  vhost: text,
  exchange: text,
  routingKey: text,
  connection: text,
  channel: size,
  bytes: size,
  isLagging: fc.boolean(),
  message,
};

export const anyEvent: fc.Arbitrary<BrokerEvent | Undecodable> = fc.oneof(
  record({
    event: fc.constant('publish' as const),
    ...hop,
    routedQueues: fc.array(text),
    expirationMs: fc.option(size),
    resources: fc.array(record<Resource>({ type: fc.constantFrom('instance', 'port', 'unknown'), id: text })),
    arguments: text,
  }),
  record({
    event: fc.constant('deliver' as const),
    ...hop,
    queue: text,
    redelivered: fc.boolean(),
    deliveryCount: size,
    streamOffset: fc.option(fc.maxSafeNat()),
  }),
  record({
    event: fc.constant('undecodable' as const),
    reason: fc.constantFrom('bad_headers' as const, 'not_json' as const, 'too_large' as const),
    timeNs,
    direction: fc.constantFrom('publish' as const, 'deliver' as const, 'unknown' as const),
    exchange: text,
    queue: text,
    connection: text,
    bytes: size,
  }),
);

const BEGIN_NS = 1_800_000_000_000_000_000n;

/** A cast's publish that says which it is: `bytes` is its number, `story` its key. */
export function numbered(n: number, story: number): BrokerEvent {
  return {
    event: 'publish',
    timeNs: BEGIN_NS + BigInt(n),
    vhost: '/',
    exchange: 'nova',
    routingKey: 'compute.cmp1',
    connection: '10.77.0.11:46936 -> 10.77.0.1:5672',
    channel: 1,
    bytes: n,
    isLagging: false,
    message: castOf(story),
    routedQueues: ['compute.cmp1'],
    expirationMs: null,
    resources: [],
    arguments: '',
  };
}

/** The key of a story of `numbered`. */
export function keyOf(story: number): string {
  return story.toString(16).padStart(32, '0');
}

function castOf(story: number): Cast {
  const context = { requestId: 'req-707e4331-827d-4eb7-9933-1ef7a3949adb', globalRequestId: null, hasUser: true };
  return { kind: 'cast', uniqueId: keyOf(story), method: 'do_it', object: null, namespace: null, version: '1.0', ...context };
}
