import { describe, expect, it } from 'vitest';
import type { TappedMessage } from '../../../src/message.ts';
import { decompress } from '../../../src/oslo/compression.ts';
import { toMessage } from '../../../src/oslo/fields.ts';
import { parseBody } from '../../../src/oslo/parse.ts';
import { scanBody } from '../../../src/oslo/scan.ts';
import { CAPTURES, capturePath, tappedOf } from '../../support/captures.ts';
import { dict, envelope, type Pairs } from '../../support/oslo-bodies.ts';

const KINDS = new URL('../../fixtures/oslo-kinds.ndjson.gz', import.meta.url).pathname;
const ID = '0123456789abcdef0123456789abcdef';

function plainBody({ headers, body }: TappedMessage): Buffer {
  const { properties } = headers as { properties?: { headers?: { compression?: string } } };
  const plain = decompress(Buffer.from(body), properties?.headers?.compression);
  if (typeof plain === 'string') throw new Error(plain);
  return plain;
}

describe('the fast path', () => {
  it.each([...CAPTURES.map(capturePath), KINDS])('reads the same as the full parse from %s', async (path) => {
    for (const tapped of await tappedOf(path)) {
      const body = plainBody(tapped);
      const parsed = parseBody(body);
      const scanned = scanBody(body);
      if (parsed === null) throw new Error(`not JSON: ${body}`);
      const exchange = (tapped.headers as { exchange_name: string }).exchange_name;
      expect(toMessage(parsed, exchange)).toBeTypeOf('object');
      if (scanned !== null) expect(toMessage(scanned, exchange)).toEqual(toMessage(parsed, exchange));
    }
  });

  const zed = CAPTURES.filter((name) => !name.startsWith('2025.1'));
  it.each(zed)('takes 95 % of the messages of %s and more', async (name) => {
    const tapped = await tappedOf(capturePath(name));
    const fast = tapped.filter((message) => scanBody(plainBody(message)) !== null);
    expect(fast.length / tapped.length).toBeGreaterThanOrEqual(0.95);
  });
});

const context: Pairs = [
  ['_context_user', null],
  ['_context_request_id', 'req-01234567-89ab-4cde-8f01-23456789abcd'],
  ['_context_global_request_id', null],
];
const ids: Pairs = [
  ['_msg_id', ID],
  ['_reply_q', 'reply_1'],
  ['_unique_id', ID],
];
const version: Pairs = [['version', '1.0']];

/** What the fast path makes of a message; null where it leaves it to the full parse. */
function scan(...inner: Pairs): unknown {
  const fields = scanBody(envelope(inner));
  return fields === null ? null : toMessage(fields, 'nova');
}

describe('a body', () => {
  it('in the form of oslo.messaging is read without parsing its arguments', () => {
    const message = scan(['method', 'echo'], ['args', dict({ version: '9', _msg_id: 'x' })], ...version, ...ids, ...context);
    expect(message).toMatchObject({ kind: 'call', method: 'echo', version: '1.0', msgId: ID });
  });

  it('whose first keys only look like args, payload or result by length and letter is left to the full parse', () => {
    expect(scan(['method', 'echo'], ['aegs', dict({})], ...version, ...ids, ...context)).toBeNull();
    expect(
      scan(['event_type', 'e'], ['publisher_id', 'p'], ['project', dict({})], ['timestamp', '1'], ...ids, ...context),
    ).toBeNull();
    expect(scan(['reason', 1], ['failure', null], ['ending', true], ...ids)).toBeNull();
  });

  it('that lacks in its tail what may be hidden in its middle is left to the full parse', () => {
    const head: Pairs = [
      ['method', 'echo'],
      ['args', dict({})],
    ];
    const without = (name: string): Pairs => [...ids, ...context].filter(([key]) => key !== name);
    for (const name of ['_reply_q', '_unique_id', '_context_request_id', '_context_global_request_id', '_context_user']) {
      expect(scan(...head, ...version, ...without(name)), name).toBeNull();
    }
    expect(scan(...head, ['_msg_id', ID], ['other', dict({})], ...version, ...without('_msg_id')), 'a hidden _msg_id').toBeNull();
  });

  it('of an object call tells class and method of the object', () => {
    const objinst = dict({ 'nova_object.name': 'Instance', 'nova_object.data': dict({ objmethod: 'x' }) });
    const args = dict({ objinst, objmethod: 'save', args: [], kwargs: dict({ objmethod: 'y' }) });
    expect(scan(['method', 'object_action'], ['args', args], ...version, ...ids, ...context)).toMatchObject({
      object: 'Instance.save',
    });
  });

  it('of an object call tells them by the method: an instance for object_action, else a class', () => {
    const both = dict({ objname: 'Service', objinst: dict({ 'nova_object.name': 'Instance' }), objmethod: 'get' });
    const body = (method: string) => envelope([['method', method], ['args', both], ...version, ...ids, ...context]);
    const objects = ['object_action', 'object_class_action_versions'].map((method) => {
      const fields = parseBody(body(method));
      return `${fields?.objectName}.${fields?.objectMethod}`;
    });
    expect(objects).toEqual(['Instance.get', 'Service.get']);
    expect(scanBody(body('object_action'))).toBeNull();
    expect(scanBody(body('object_class_action_versions'))).toMatchObject({ objectName: 'Service' });
  });
});
