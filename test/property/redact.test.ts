/** Planted secrets: none is in what decode keeps, none in what redact writes; and what redact writes decodes the same. */
import { deepStrictEqual, ok } from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TappedMessage } from '../../src/message.ts';
import { decode } from '../../src/oslo/decode.ts';
import { redactBody } from '../../src/oslo/redact.ts';
import { redactMessage } from '../../src/oslo/redact-message.ts';
import { anyDict, Dict, dict, dumps, envelope, type Json, message, type Pairs, requestId, SEED } from '../support/oslo-bodies.ts';

const runs = { seed: SEED, numRuns: 3000 };

/** Every secret has this in it, in either case. */
const MARK = /s3cr3t/i;

/** Not in the form of an identifier: may stand nowhere. */
const freeSecret = fc.constantFrom(
  's3cr3t pass phrase',
  'https://alice:s3cr3t@swift.example.org/v1/AUTH_1?sig=s3cr3t',
  '-----BEGIN PRIVATE KEY-----\nMIIs3cr3t+/==\n-----END PRIVATE KEY-----',
  'czNjcjN0+S3CR3T/==',
  '/srv/s3cr3t/disk.img',
  '"s3cr3t"',
  'ünïcode s3cr3t é',
  `s3cr3t ${'x'.repeat(300)}`,
);
/** In the form of an identifier: may stand nowhere but where the protocol has its own names. */
const nameSecret = fc.constantFrom('hunter2s3cr3t', 'alice.s3cr3t@example.org', 's3cr3t', 'gAAAAABls3cr3t-_token', 'S3CR3T_KEY');
const secret = fc.oneof(freeSecret, nameSecret);
const longName = nameSecret.map((name) => name + '_0123456789'.repeat(6));

/** Arguments with a secret in every place where one may be. */
const planted: fc.Arbitrary<Dict> = fc
  .tuple(secret, secret, nameSecret, fc.oneof(freeSecret, longName))
  .map(([value, word, name, key]) =>
    dict({
      note: value,
      admin_pass: value,
      password_number: 5,
      passwords: dict({ [name]: value, list: [word] }),
      metadata: dict({ [word]: value, status: word, nested: dict({ [name]: [word] }) }),
      image_meta: dict({ [name]: value }),
      scheduler_hints: dict({ [word]: [value] }),
      requestPath: `/v2.1/servers/${encodeURIComponent(word)}/metadata/${name}?name=${name}&${name}`,
      url: `http://${name}.example.org/`,
      typeURI: `http://example.org/${name}`,
      failure: dumps(dict({ class: 'x', method: word })),
      version: `${name}`,
      method: word,
      'oslo.message': dumps(dict({ method: name, namespace: name })),
      [key]: 1,
      deep: [[dict({ list: [value, [word]] })]],
    }),
  );

/** A message of any kind with secrets planted; top-level names of the protocol get those that are no identifiers. */
const plantedMessage: fc.Arbitrary<Pairs> = fc
  .record({ inner: message, bulk: planted, free: freeSecret, any: secret, name: nameSecret, at: fc.nat(20) })
  .map(({ inner, bulk, free, any, name, at }) => {
    const failure = dumps(dict({ class: free, module: free, message: any, tb: [any, free], kwargs: bulk }));
    const values: Record<string, Json> = { args: bulk, payload: bulk, result: bulk, failure, _context_auth_token: any };
    const pairs = inner.map(([key, value]) => [key, key in values ? (values[key] as Json) : value] as [string, Json]);
    // One of the protocol's own values is a secret; an identifier only where no identifier belongs.
    const victim = pairs[at % pairs.length] as [string, Json];
    const isName = ['method', 'event_type', 'publisher_id', 'namespace', '_reply_q', 'priority'].includes(victim[0]);
    if (!(victim[0] in values)) victim[1] = isName ? free : any;
    return [...pairs, ['_context_user_name', any], ['unknown', name], [free, 1]];
  });

function tappedOf(body: Uint8Array, compression?: string): TappedMessage {
  const properties = {
    user_id: 's3cr3t',
    message_id: 's3cr3t',
    expiration: '60000',
    headers: { ...(compression === undefined ? {} : { compression }), 'x-s3cr3t': 's3cr3t' },
  };
  const headers = { exchange_name: 'nova', routing_keys: ['conductor'], connection: 'a:1 -> b:2', user: 's3cr3t', properties };
  return { receivedNs: 1n, routingKey: 'publish.nova', headers, body };
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, it) => (typeof it === 'bigint' ? String(it) : it));
}

describe('planted secrets', () => {
  it('are not in the decoded event', () => {
    const check = fc.property(plantedMessage, (inner) => {
      const event = textOf(decode(tappedOf(envelope(inner))));
      ok(!MARK.test(event), event);
    });
    fc.assert(check, runs);
  });

  it('are not in the redacted message, be it plain, compressed or bare', () => {
    const check = fc.property(plantedMessage, fc.constantFrom('plain', 'compressed', 'bare'), (inner, form) => {
      const plain = form === 'bare' ? Buffer.from(dumps(new Dict(inner))) : envelope(inner);
      const isCompressed = form === 'compressed';
      const tapped = tappedOf(isCompressed ? deflateSync(plain) : plain, isCompressed ? 'application/x-gzip' : undefined);
      const { body, headers } = redactMessage(tapped);
      ok(!MARK.test(JSON.stringify(headers)));
      const text = String(isCompressed ? redactBody(plain) : body);
      ok(!MARK.test(text), text);
    });
    fc.assert(check, runs);
  });

  it('are not in a redacted body that is JSON, but not of oslo.messaging', () => {
    const check = fc.property(planted, (args) => ok(!MARK.test(String(redactBody(Buffer.from(dumps(dict({ unknown: args }))))))));
    fc.assert(check, { ...runs, numRuns: 500 });
  });
});

/** Arguments that name resources in every place where their uuids are found. */
const withResources = fc.tuple(fc.uuid(), fc.uuid(), fc.uuid(), requestId, anyDict).map(([a, b, c, request, any]) =>
  dict({
    id: a,
    text: `Instance ${b} of é ${request}: "${c}" not found`,
    requestPath: `/v2.1/servers/${b}/action?id=${c}&x=${c}y`,
    metadata: dict({ [c]: `${a} ${b}` }),
    notUuid: `f${a} ${b}0`,
    any,
  }),
);

describe('a redacted message', () => {
  it('decodes to the same event as the original: kind, ids, names, resources and size', () => {
    const check = fc.property(message, withResources, (inner, args) => {
      const pairs = inner.map(([key, value]) => [key, key === 'args' || key === 'payload' ? args : value] as const);
      for (const tapped of [tappedOf(envelope(inner)), tappedOf(envelope(pairs))]) {
        deepStrictEqual(decode(redactMessage(tapped)), decode(tapped));
      }
    });
    fc.assert(check, runs);
  });

  it('has the shape of the original, and its length', () => {
    const check = fc.property(message, (inner) => {
      const body = envelope(inner);
      const redacted = redactBody(body);
      ok(redacted !== null);
      expect(redacted.length).toBe(body.length);
      deepStrictEqual(shapeOf(redacted.toString()), shapeOf(body.toString()));
    });
    fc.assert(check, runs);
  });

  it('is redacted already', () => {
    const check = fc.property(message, (inner) => {
      const redacted = redactBody(envelope(inner)) as Buffer;
      expect(String(redactBody(redacted)).replaceAll('*', 'x')).toBe(redacted.toString().replaceAll('*', 'x'));
    });
    fc.assert(check, runs);
  });

  /** The inner message's braces, commas and colons; its strings and numbers without what is in them. */
  function shapeOf(text: string): string {
    const inner = (JSON.parse(text) as { 'oslo.message': string })['oslo.message'];
    return inner.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\d+/g, '0');
  }
});
