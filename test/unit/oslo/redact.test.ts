import { deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decode } from '../../../src/oslo/decode.ts';
import { redactBody } from '../../../src/oslo/redact.ts';
import { redactMessage } from '../../../src/oslo/redact-message.ts';
import { type Dict, dict, dumps, envelope, type Json } from '../../support/oslo-bodies.ts';

const A = '6f1d2e3c-0000-4000-8000-123456789abc';
const HEX = '0123456789abcdef0123456789abcdef';

/** What is left of a call's argument. */
function argument(key: string, value: Json): unknown {
  const body = envelope([
    ['method', 'echo'],
    ['args', dict({ [key]: value })],
    ['_unique_id', HEX],
  ]);
  const redacted = redactBody(body);
  if (redacted === null) return null;
  expect(redacted).toHaveLength(body.length);
  const inner = JSON.parse((JSON.parse(String(redacted)) as { 'oslo.message': string })['oslo.message']) as { args: object };
  return Object.values(inner.args)[0];
}

describe('a value', () => {
  it.each<[string, string, Json, unknown]>([
    ['an id', 'a', A, A],
    ['an id without dashes', 'project_id', HEX, HEX],
    ['a version', 'a', '1.23', '1.23'],
    ['a time', 'a', '2026-11-21T19:55:43.882690+0000', '2026-11-21T19:55:43.882690+0000'],
    ['a number', 'a', -1.5, -1.5],
    ['a host', 'host', 'cmp1@lvm', 'cmp1@lvm'],
    ["CADF's type", 'typeURI', 'service/compute/servers/server', 'service/compute/servers/server'],
    ["CADF's event", 'typeURI', 'http://schemas.dmtf.org/cloud/audit/1.0/event', 'http://schemas.dmtf.org/cloud/audit/1.0/event'],
    ["CADF's action", 'action', 'read/list', 'read/list'],
  ])('stays: %s', (_, key, value, expected) => {
    expect(argument(key, value)).toEqual(expected);
  });

  it.each<[string, string, Json, unknown]>([
    ['a text', 'a', 'two words', 'xxxxxxxxx'],
    ['a text around an id, which stays', 'a', `on ${A}!`, `xxx${A}x`],
    ['a name under an unknown key', 'a', 'hunter2', 'xxxxxxx'],
    ['an email', 'a', 'a@b.org', 'xxxxxxx'],
    ['a URL under a kept key', 'host', 'http://a/b', '**********'],
    ['a path where a type should be', 'typeURI', 'http://a.org/b', 'x'.repeat(14)],
    ['an id under a secret key', 'auth_token', HEX, 'x'.repeat(32)],
    ['a number under a secret key', 'admin_pass', 4711.5, 1111.1],
    ['what is below a secret key', 'tokens', dict({ alice: [A] }), { xxxxx: ['x'.repeat(36)] }],
    ['what is below the user’s dictionary', 'metadata', dict({ status: HEX, pin: 12 }), { xxxxxx: 'x'.repeat(32), xxx: 11 }],
    ['a key that is no name', 'a', dict({ 'two words': true }), { '*********': true }],
    ['a key too long for a name', 'a', dict({ ['k'.repeat(65)]: null }), { ['*'.repeat(65)]: null }],
    ["one of the protocol's names among the arguments", 'method', 'hunter2', 'xxxxxxx'],
  ])('goes: %s', (_, key, value, expected) => {
    expect(argument(key, value)).toEqual(expected);
  });

  it.each([
    ['/v2.1/servers/detail?limit=10', '/v2.1/servers/detail?limit=xx'],
    [`/v2.1/servers/${A}/action`, `/v2.1/servers/${A}/action`],
    ['/v2.1/servers/my-secret-name', '/v2.1/servers/xxxxxxxxxxxxxx'],
    ['/v2.1/servers?name=secret', '/v2.1/servers?name=xxxxxx'],
    [`/v2.0/ports?device_id=${A}&fields=servers`, `/v2.0/ports?device_id=${A}&fields=xxxxxxx`],
    ['/v2.1/os-keypairs/my_key', '/v2.1/os-keypairs/xxxxxx'],
    ['/v1/AUTH_1/alices/bobs_file', '/v1/xxxxxx/xxxxxx/xxxxxxxxx'],
    ['/v2.1/os-my-secret', '/v2.1/xxxxxxxxxxxx'],
  ])('of requestPath keeps words of the API and ids: %s is %s', (path, expected) => {
    expect(argument('requestPath', path)).toBe(expected);
  });

  it('of failure keeps class and module', () => {
    const failure = dumps(dict({ class: 'NotFound', module: 'nova.exception', message: `no "${A}"`, tb: ['File "é"'] }));
    const body = envelope([
      ['result', null],
      ['failure', failure],
      ['ending', true],
    ]);
    const redacted = String(redactBody(body));
    expect(redacted).toHaveLength(body.length);
    const inner = JSON.parse(JSON.parse(redacted)['oslo.message']);
    expect(JSON.parse(inner.failure)).toMatchObject({ class: 'NotFound', module: 'nova.exception' });
    expect(redacted).toContain(A);
    expect(redacted).not.toContain('File');
  });
});

describe('a body', () => {
  it('nested too deep, or not JSON, has nothing that could be kept', () => {
    const deep = (depth: number): Json => (depth === 0 ? ['hunter2'] : [deep(depth - 1)]);
    expect(String(redactBody(Buffer.from(dumps(dict({ a: deep(150) })))))).toContain('xxxxxxx');
    expect(redactBody(Buffer.from(dumps(dict({ a: deep(250) }))))).toBeNull();
    expect(String(redactBody(envelope([['a', deep(250)]])))).toMatch(/"oslo.message": "x+"}$/);
    expect(redactBody(Buffer.from('{'))).toBeNull();
    expect(redactBody(Buffer.from('{"oslo.message": "{"}'))).toBeNull();
  });

  it('may have a string of 20 MB', () => {
    const text = 'a\n'.repeat(10_000_000);
    expect(redactBody(Buffer.from(JSON.stringify({ text, password: text })))).not.toBeNull();
  });

  it('keeps other spacing, and a key’s place in the envelope', () => {
    const body = '{ "oslo.message":"{\\"method\\":\\"echo\\"}", "more": ["s3cr3t", 1], "oslo.version":"2.0"}\n';
    expect(String(redactBody(Buffer.from(body)))).toBe(body.replace('s3cr3t', 'xxxxxx'));
  });

  it('with keys in escapes is redacted as if there were none', () => {
    const redacted = String(redactBody(Buffer.from('{"p\\u0061ssword": 5, "\\u006dethod": "echo"}')));
    expect(JSON.parse(redacted)).toEqual({ password: 1, method: 'echo' });
  });
});

describe('a message', () => {
  const bodyOf = (args: Dict) =>
    envelope([
      ['method', 'echo'],
      ['args', args],
      ['_unique_id', HEX],
    ]);
  const body = bodyOf(dict({ note: 'two words' }));

  function tapped(body: Buffer, compression: string | undefined) {
    const properties = {
      expiration: '5',
      user_id: 'alice',
      headers: { compression, 'x-note': 'two words', 'x-delivery-count': 1 },
    };
    const headers = { exchange_name: 'nova', connection: 'a -> b', user: 'alice', redelivered: 0, properties };
    return { receivedNs: 1n, routingKey: 'deliver.q', headers, body };
  }

  it('keeps the headers that the broker wrote, and none that names somebody', () => {
    expect(redactMessage(tapped(body, undefined)).headers).toEqual({
      exchange_name: 'nova',
      connection: 'a -> b',
      redelivered: 0,
      properties: { expiration: '5', headers: { compression: undefined, 'x-delivery-count': 1 } },
    });
  });

  it('stays compressed, with zlib', () => {
    const redacted = redactMessage(tapped(deflateSync(body), 'application/x-gzip'));
    expect(inflateSync(redacted.body)).toEqual(redactBody(body));
  });

  it('whose compression is the empty string stays plain', () => {
    const original = tapped(body, '');
    expect(decode(redactMessage(original))).toEqual(decode(original));
  });

  it.each(['application/x-gzip', 'application/zstd', undefined])('that cannot be read becomes zeros: %s', (compression) => {
    const original = tapped(Buffer.from('s3cr3t'), compression);
    expect(redactMessage(original).body).toEqual(Buffer.alloc(6));
    expect(decode(redactMessage(original))).toEqual(decode(original));
  });
});
