/** What an audit notification tells of an HTTP request, however it is written; and what it never tells. */
import { describe, expect, test } from 'vitest';
import { auditOf } from '../../../src/oslo/audit.ts';
import { decode } from '../../../src/oslo/decode.ts';
import { Dict, dict, dumps, envelope, type Form, type Json, type Pairs, PYTHON } from '../../support/oslo-bodies.ts';

const OWN = 'req-11111111-1111-4111-8111-111111111111';
const GLOBAL = 'req-22222222-2222-4222-8222-222222222222';
const HOSTILE = 'req-eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee';
const SERVER = '6f1d2e3c-0000-4000-8000-123456789abc';
const RESPONSE = 'audit.http.response';
const OTHER: Form = { comma: ',', colon: ':', isAscii: false };

interface Told {
  readonly action?: Json;
  readonly initiator?: Json;
  readonly agent?: string;
  readonly path?: Json;
  readonly reason?: Json;
}

const ANSWERED = dict({ reasonType: 'HTTP', reasonCode: '202' });

/** A CADF event as pycadf writes it, its keys in their order. */
function inner({
  action = 'update/reboot',
  path = `/v2.1/servers/${SERVER}/action`,
  reason = ANSWERED,
  ...told
}: Told = {}): Pairs {
  const initiator = dict({
    id: '936e7371adf045d28c7fc4b1d38a1f68',
    typeURI: 'service/security/account/user',
    name: 'hunter2',
    credential: dict({ token: 'hunter2', identity_status: 'Confirmed' }),
    host: dict({ address: '10.77.0.1', agent: told.agent ?? 'python-novaclient' }),
    project_id: '688cf228ccd1409795ab0ccc737997db',
    request_id: OWN,
    global_request_id: GLOBAL,
  });
  const payload = dict({
    typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
    action,
    observer: dict({ id: 'target' }),
    ...(told.initiator === undefined ? { initiator } : told.initiator === null ? {} : { initiator: told.initiator }),
    target: dict({ id: 'nova', name: 'hunter2', addresses: [dict({ url: 'http://hunter2', name: 'admin' })] }),
    requestPath: path,
    ...(reason === null ? {} : { reason }),
    reporterchain: [dict({ role: 'modifier' })],
  });
  return [
    ['message_id', SERVER],
    ['publisher_id', 'nova-api'],
    ['event_type', RESPONSE],
    ['payload', payload],
    ['_unique_id', '0123456789abcdef0123456789abcdef'],
    ['_context_request_id', HOSTILE],
    ['_context_global_request_id', HOSTILE],
  ];
}

const auditIn = (told: Told, form: Form = PYTHON) => auditOf(envelope(inner(told), form), RESPONSE);

const PLAIN = {
  isResponse: true,
  requestId: OWN,
  globalRequestId: GLOBAL,
  action: 'update/reboot',
  path: '/v2.1/servers/{id}/action',
  status: 202,
};

describe('an audit notification', () => {
  test.each<[string, Buffer]>([
    ['in its plain form', envelope(inner())],
    ['in other spacing', envelope(inner(), OTHER)],
    ['without an envelope, as the v1 driver sends it', Buffer.from(dumps(new Dict(inner())))],
    ['with a status that is a number', envelope(inner({ reason: dict({ reasonCode: 202 }) }))],
  ])('tells the request %s', (_, body) => {
    expect(auditOf(body, RESPONSE)).toEqual({ request: PLAIN, resources: [{ type: 'instance', id: SERVER }] });
  });

  test('decodes to a notification with its own ids, and the audit beside them', () => {
    const headers = { exchange_name: 'nova', connection: 'a:1 -> b:2', routing_keys: ['notifications.info'] };
    const event = decode({ receivedNs: 1n, routingKey: 'publish.nova', headers, body: envelope(inner()) });
    expect(event).toMatchObject({
      message: { kind: 'notification', requestId: HOSTILE, audit: PLAIN },
      resources: [{ type: 'instance', id: SERVER }],
    });
  });

  test('of a request has no status yet', () => {
    expect(auditOf(envelope(inner({ reason: null })), 'audit.http.request')?.request).toEqual({
      ...PLAIN,
      isResponse: false,
      status: null,
    });
  });

  test('without an initiator has no ids', () => {
    expect(auditIn({ initiator: null })?.request).toEqual({ ...PLAIN, requestId: null, globalRequestId: null });
  });

  test('whose caller passed no id on has none', () => {
    expect(auditIn({ initiator: dict({ request_id: OWN }) })?.request).toEqual({ ...PLAIN, globalRequestId: null });
  });

  test.each(['é', '"', '\\', '\u0000', '😀', '/'])('with %j in a name of its path is read all the same', (odd) => {
    expect(auditIn({ path: `/v2.1/flavors/hunter2${odd}` })?.request.path).toMatch(/^\/v2\.1\/flavors(\/\{name\})+\/?$/);
  });

  test('of another event type is none', () => {
    expect(auditOf(envelope(inner()), 'port.create.end')).toBeNull();
  });
});

describe('a caller that writes into its headers', () => {
  test.each([
    ['an id', `"request_id": "${HOSTILE}", "global_request_id": "${HOSTILE}"`],
    ['an id, escaped', `\\"request_id\\": \\"${HOSTILE}\\"`],
    ['the end of the initiator', `"}}, "initiator": {"request_id": "${HOSTILE}"}, "target": `],
    ['another path', `"requestPath": "/v2.1/hunter2", "reasonCode": "500"`],
    ['a backslash at the end', 'curl\\'],
    ['not ASCII', `é "request_id": "${HOSTILE}"`],
  ])('%s, is not believed', (_, agent) => {
    for (const form of [PYTHON, OTHER]) expect(auditIn({ agent }, form)?.request).toEqual(PLAIN);
  });
});

describe('what cannot be understood', () => {
  test.each<[string, Told]>([
    ['no path', { path: null }],
    ['a path that is a table', { path: dict({ a: 1 }) }],
    ['a path of 10 KB', { path: `/v2.1/${'a'.repeat(10_000)}` }],
    ['a path of 10 KB that is not ASCII', { path: `/v2.1/${'é'.repeat(10_000)}` }],
  ])('is no audit: %s', (_, told) => {
    expect(auditIn(told)).toBeNull();
  });

  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"oslo.message": "{"}',
    '{"payload": []}',
    '{"payload": {"initiator": []}}',
    '{"payload": 1}',
  ])('is no audit: the body %j', (body) => {
    expect(auditOf(Buffer.from(body), RESPONSE)).toBeNull();
  });

  test.each<[string, Json]>([
    ['a table that cannot be a number', dict({ reasonCode: dict({ toString: 1, valueOf: 1 }) })],
    ['a list', dict({ reasonCode: [200] })],
    ['no status of HTTP', dict({ reasonCode: '99' })],
    ['a fraction', dict({ reasonCode: '200.5' })],
    ['a text', dict({ reasonCode: 'hunter2' })],
    ['empty', dict({ reasonCode: '' })],
    ['no table', 'hunter2'],
  ])('is no status: %s', (_, reason) => {
    for (const form of [PYTHON, OTHER]) expect(auditIn({ reason }, form)?.request).toEqual({ ...PLAIN, status: null });
  });

  test.each<[string, Json]>([
    ['a list', ['update']],
    ['words', 'my secret action'],
    ['markup', 'update/<b>'],
    ['too long a name', `update/${'a'.repeat(65)}`],
  ])('is an unknown action: %s', (_, action) => {
    expect(auditIn({ action })?.request).toEqual({ ...PLAIN, action: 'unknown' });
  });

  test('is no id: what has not its form', () => {
    const initiator = dict({ request_id: `${OWN} hunter2`, global_request_id: 'hunter2' });
    expect(auditIn({ initiator })?.request).toEqual({ ...PLAIN, requestId: null, globalRequestId: null });
  });
});

test('no name, token or address of the event comes out', () => {
  const path = `/v2.1/os-keypairs/hunter2?name=hunter2&device_id=${SERVER}`;
  for (const form of [PYTHON, OTHER]) {
    expect(JSON.stringify(auditIn({ path, agent: 'hunter2' }, form))).not.toMatch(/hunter2|10\.77/);
  }
});
