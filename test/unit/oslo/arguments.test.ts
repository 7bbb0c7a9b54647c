import { describe, expect, it, test } from 'vitest';
import { argumentsOf, isRead, READ_BYTES } from '../../../src/oslo/arguments.ts';
import { decode } from '../../../src/oslo/decode.ts';
import { scanBody } from '../../../src/oslo/scan.ts';
import { CAPTURES, capturePath, tappedOf } from '../../support/captures.ts';
import { Dict, dict, envelope, type Json, type Pairs } from '../../support/oslo-bodies.ts';

const ID = '0123456789abcdef0123456789abcdef';
const REST: Pairs = [
  ['version', '1.0'],
  ['_msg_id', ID],
  ['_reply_q', 'reply_1'],
  ['_unique_id', ID],
  ['_context_user', null],
  ['_context_request_id', null],
  ['_context_global_request_id', null],
];
const headers = { exchange_name: 'nova', connection: 'c', properties: {} };

function body(args: Json): Buffer {
  return envelope([['method', 'echo'], ['args', args], ...REST]);
}

/** As the tap tells it, of a body that the fast path takes. */
function told(args: Json): string {
  const fields = scanBody(body(args));
  if (fields === null) throw new Error('the fast path did not take it');
  return argumentsOf(body(args), fields);
}

function published(bytes: Buffer): string {
  const event = decode({ receivedNs: 1n, routingKey: 'publish.nova', headers, body: bytes });
  if (event.event !== 'publish') throw new Error(event.event);
  return event.arguments;
}

describe('arguments', () => {
  it('are told by name and JSON type, names in order', () => {
    const args = dict({ s: 'x', n: 1.5, t: true, f: false, none: null, list: [1], map: dict({ a: 1 }), empty: dict({}) });
    expect(told(args)).toBe(
      '{"empty":"object","f":"boolean","list":"array","map":"object","n":"number","none":"null","s":"string","t":"boolean"}',
    );
  });

  it('that are versioned objects are told by their class', () => {
    const instance = dict({ 'nova_object.name': 'Instance', 'nova_object.data': dict({ uuid: 'x' }) });
    const port = dict({ 'versioned_object.name': 'Port', 'versioned_object.data': dict({}) });
    expect(told(dict({ instance, port }))).toBe('{"instance":"object<Instance>","port":"object<Port>"}');
  });

  it('are {} where there are none', () => {
    expect(told(dict({}))).toBe('{}');
  });

  it('keep nothing of a dictionary, neither its keys nor its values', () => {
    const secret = dict({ 'my password': 'hunter2', hunter3: [dict({ hunter4: 'hunter5' })] });
    expect(told(dict({ metadata: secret, 'hunter6 key': 1 }))).toBe('{"metadata":"object","…":"any"}');
  });

  it('have text in them that looks like JSON, quotes and all', () => {
    const text = '{"a": "}\\", \\"b\\": "]';
    expect(told(dict({ one: text, two: [text, dict({ k: text })], three: 1 }))).toBe(
      '{"one":"string","three":"number","two":"array"}',
    );
  });

  it('are 64 at most; the others are one …', () => {
    const many = new Dict(Array.from({ length: 70 }, (_, i) => [`a${String(i).padStart(2, '0')}`, i] as const));
    const names = Object.keys(JSON.parse(told(many)));
    expect(names).toHaveLength(65);
    expect(names.at(-2)).toBe('a63');
    expect(names.at(-1)).toBe('…');
  });

  it('are read where Python wrote what JSON does not know', () => {
    const nan = Buffer.from(
      body(dict({ load: 1, host: 'h' }))
        .toString()
        .replace('load\\": 1', 'load\\": NaN'),
    );
    expect(published(nan)).toBe('{"host":"string","load":"number"}');
  });

  it('are read of messages in another form, by the full parse', () => {
    const compact = envelope([['method', 'echo'], ['args', dict({ b: 'é', a: 1 })], ...REST], {
      comma: ',',
      colon: ':',
      isAscii: false,
    });
    expect(scanBody(compact)).toBeNull();
    expect(published(compact)).toBe('{"a":"number","b":"string"}');
  });

  it.each([
    ['a list', [1]],
    ['null', null],
    ['text', 'x'],
  ] as [string, Json][])('that are %s are none', (_, args) => {
    expect(published(body(args))).toBe('');
  });

  it('of notifications and replies are none', () => {
    const notification: Pairs = [['event_type', 'e'], ['publisher_id', 'p'], ['args', dict({ a: 1 })], ...REST];
    expect(published(envelope(notification))).toBe('');
    expect(published(envelope([['result', dict({ a: 1 })], ['failure', null], ['ending', true], ...REST]))).toBe('');
  });
});

/** A unique id that begins with this number. */
function idOf(number: number): string {
  return number.toString(16).padStart(8, '0').padEnd(32, '0');
}

describe('of large bodies', () => {
  it('one in sixteen is read, and always the same ones', () => {
    const ids = Array.from({ length: 4_000 }, (_, i) => idOf(Math.imul(i + 1, 2_654_435_761) >>> 0));
    const shareOf = (bytes: number) => ids.filter((id) => isRead(bytes, id)).length / ids.length;
    expect(shareOf(READ_BYTES)).toBe(1);
    expect(shareOf(READ_BYTES + 1)).toBeCloseTo(1 / 16, 2);
    expect(isRead(10 * READ_BYTES, idOf(0))).toBe(true);
    expect(isRead(10 * READ_BYTES, idOf(1))).toBe(false);
  });

  it('those that are not read tell nothing', () => {
    expect(published(body(dict({ text: 'x'.repeat(2 * READ_BYTES) })))).toBe('');
  });
});

test.each(CAPTURES)('%s: every method is told with the arguments that its messages have', async (name) => {
  for (const tapped of await tappedOf(capturePath(name))) {
    const event = decode(tapped);
    if (event.event !== 'publish' || event.message.kind === 'notification' || event.message.kind === 'reply') continue;
    if (event.arguments === '' && event.bytes > READ_BYTES) continue;
    expect(event.arguments, event.message.method).toMatch(
      /^\{("[a-z_0-9]+":"(string|number|boolean|null|array|object(<\w+>)?)",?)*\}$/,
    );
  }
});
