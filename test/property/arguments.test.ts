/** Names and types of arguments: read off the bytes they are what a full parse says, and no bytes make it throw. */
import { deepStrictEqual, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ARGUMENTS_CHARS_MAX, argumentsOf, ofParsed, UNNAMED } from '../../src/oslo/arguments.ts';
import { walkArguments } from '../../src/oslo/arguments-walk.ts';
import { decode } from '../../src/oslo/decode.ts';
import { parseBody, parseInner } from '../../src/oslo/parse.ts';
import { scanBody } from '../../src/oslo/scan.ts';
import * as oslo from '../support/oslo-bodies.ts';
import { anyJson, Dict, envelope, type Json, SEED } from '../support/oslo-bodies.ts';

const identifier = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,12}$/);
const name = fc.oneof(
  { weight: 6, arbitrary: identifier },
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom(
    '',
    '7',
    'a b',
    'a.b',
    '"',
    '\\',
    '<script>',
    '`|`',
    'é',
    '\u001b[31m',
    '__proto__',
    'x'.repeat(64),
    'x'.repeat(65),
  ),
);
const versioned = fc
  .tuple(fc.constantFrom('nova_object.name', 'versioned_object.name', 'name'), fc.oneof(identifier, name), anyJson)
  .map(
    ([key, of, data]): Json =>
      new Dict([
        [key, of],
        ['nova_object.version', '1.0'],
        ['nova_object.data', data],
      ]),
  );
const argument = fc.tuple(name, fc.oneof(anyJson, versioned));
const args = fc.array(argument, { maxLength: 12 }).map((pairs) => new Dict(pairs));

/** A request of any kind, given these. */
function given(inner: oslo.Pairs, args: Json): oslo.Pairs {
  return inner.map(([key, value]) => [key, key === 'args' ? args : value] as const);
}

function fromBytes(body: Buffer): string | null {
  const fields = scanBody(body);
  return fields === null ? null : argumentsOf(body, fields);
}

test('names and types read off the bytes are those of the full parse', () => {
  let walked = 0;
  const check = fc.property(oslo.request, args, (inner, args) => {
    const body = envelope(given(inner, args));
    const parsed = parseInner(body);
    const read = fromBytes(body);
    if (read === null) return;
    const fields = scanBody(body);
    if (fields !== null && walkArguments(body, fields.argsFrom, fields.argsEnd, 64) !== null) walked++;
    deepStrictEqual(read, ofParsed(parsed?.args));
    deepStrictEqual(argumentsOf(body, parseBody(body) as never), read);
  });
  fc.assert(check, { seed: SEED, numRuns: 10_000 });
  expect(walked, 'bodies that were read without a parse').toBeGreaterThan(500);
});

test('what is told is plain names and types of the closed list, within its bounds, whatever the arguments are', () => {
  const many = fc.array(argument, { maxLength: 200 }).map((pairs) => new Dict(pairs));
  const TYPE = /^(string|number|boolean|null|array|object(<[A-Za-z_][A-Za-z0-9_]{0,63}>)?)$/;
  const check = fc.property(many, (args) => {
    const text = ofParsed(JSON.parse(oslo.dumps(args)));
    ok(text.length <= ARGUMENTS_CHARS_MAX + 12);
    const told = Object.entries(JSON.parse(text) as Record<string, unknown>);
    ok(told.length <= 65);
    for (const [key, type] of told) {
      if (key === UNNAMED) deepStrictEqual(type, 'any');
      else ok(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(key) && TYPE.test(String(type)), `${key}: ${String(type)}`);
    }
  });
  fc.assert(check, { seed: SEED, numRuns: 2_000 });
});

test('one flipped, lost or added byte inside the arguments never makes it throw', () => {
  let read = 0;
  const damage = fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:0n '))), fc.nat(2));
  const headers = { exchange_name: 'nova', connection: 'c', properties: {} };
  const check = fc.property(oslo.request, args, fc.array(damage, { minLength: 10, maxLength: 10 }), (inner, args, damages) => {
    const pairs = given(inner, args);
    const body = envelope(pairs);
    const [from, to] = oslo.rangeOf(pairs, 'args');
    for (const [at, byte, kept] of damages) {
      const place = from + (at % (to - from));
      const mutated = Buffer.concat([
        body.subarray(0, place),
        Buffer.from([byte]).subarray(kept === 0 ? 1 : 0),
        body.subarray(place + (kept === 2 ? 0 : 1)),
      ]);
      const event = decode({ receivedNs: 1n, routingKey: 'publish.nova', headers, body: mutated });
      if (event.event === 'publish' && event.arguments !== '') read++;
    }
  });
  fc.assert(check, { seed: SEED, numRuns: 1_000 });
  expect(read).toBeGreaterThan(100);
});
