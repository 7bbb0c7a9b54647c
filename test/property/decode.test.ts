/** Generated and damaged messages: the fast path never says what the full parse would not, and nothing throws. */
import { deepStrictEqual, ok } from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OsloMessage, UndecodableReason } from '../../src/message.ts';
import { decode } from '../../src/oslo/decode.ts';
import { type Fields, toMessage } from '../../src/oslo/fields.ts';
import { parseBody } from '../../src/oslo/parse.ts';
import { scanBody } from '../../src/oslo/scan.ts';
import * as oslo from '../support/oslo-bodies.ts';
import { anyJson, Dict, dict, dumps, envelope, type Pairs, rangeOf, SEED } from '../support/oslo-bodies.ts';

function runs(numRuns: number) {
  return { seed: SEED, numRuns };
}

function messageOf(fields: Fields | null): OsloMessage | UndecodableReason {
  return fields === null ? 'not_json' : toMessage(fields, 'nova');
}

/** Both paths agree, where the fast one takes the body at all. Says whether it does. */
function agree(body: Buffer): boolean {
  const scanned = scanBody(body);
  if (scanned !== null) deepStrictEqual(messageOf(scanned), messageOf(parseBody(body)));
  return scanned !== null;
}

const BULK = { args: 'version', payload: 'timestamp', result: 'failure' };

/** Keys between the bulk and its anchor, where oslo.messaging writes none but namespace: the exception that scan.ts declares. */
function hidesKeys(inner: Pairs): boolean {
  const keys = inner.map(([name]) => name);
  const bulk = keys.findIndex((name) => name in BULK);
  if (bulk < 0) return false;
  const between = keys.slice(bulk + 1, Math.max(keys.lastIndexOf(BULK[keys[bulk] as keyof typeof BULK]), 0));
  return between.length > 1 || (between.length === 1 && between[0] !== 'namespace');
}

describe('the fast path and the full parse', () => {
  it('agree on every message in the order in which oslo.messaging writes it', () => {
    let fast = 0;
    const check = fc.property(oslo.message, (inner) => {
      if (agree(envelope(inner))) fast++;
    });
    fc.assert(check, runs(10000));
    expect(fast, 'messages that the fast path took').toBeGreaterThan(3000);
  });

  it('agree on arguments of 100 kB and more', () => {
    const big = fc.tuple(oslo.message, fc.array(anyJson, { minLength: 5, maxLength: 10 })).map(([inner, items]) => {
      const long = dict({ items: Array.from({ length: 100_000 / (dumps(items).length + 1) + 1 }, () => items) });
      return inner.map(([name, value]) => [name, name in BULK ? long : value] as const);
    });
    const check = fc.property(big, (inner) => {
      const body = envelope(inner);
      ok(body.length > 100_000);
      agree(body);
    });
    fc.assert(check, runs(100));
  });

  it('agree on other spacing and on text that is not ASCII', () => {
    const form = fc.record({
      comma: fc.constantFrom(',', ', ', ' ,\n'),
      colon: fc.constantFrom(':', ': '),
      isAscii: fc.boolean(),
    });
    const check = fc.property(oslo.message, form, (inner, form) => void agree(envelope(inner, form)));
    fc.assert(check, runs(3000));
  });

  it('agree where keys are missing, twice, unknown or of a wrong type', () => {
    const strange = fc.oneof(fc.constantFrom('unknown', '_context_', 'failure', 'ending'), fc.string());
    const damage = fc.record({
      drop: fc.nat(14),
      twice: fc.nat(14),
      retype: fc.nat(14),
      value: anyJson,
      extra: strange,
      at: fc.nat(14),
    });
    const check = fc.property(oslo.message, damage, (inner, { drop, twice, retype, value, extra, at }) => {
      const pairs = inner.map(([name, old], i) => [name, i === retype ? value : old] as const);
      const again = pairs[twice];
      if (again !== undefined) pairs.push([again[0], again[1]]);
      pairs.splice(at, 0, [extra, value]);
      pairs.splice(drop, 1);
      if (!hidesKeys(pairs)) agree(envelope(pairs));
    });
    fc.assert(check, runs(10000));
  });

  it('agree on every order of the keys in which none hides between bulk and anchor; ids agree even then', () => {
    let hidden = 0;
    const shuffled = oslo.message.chain((inner) =>
      fc.oneof(fc.shuffledSubarray([...inner], { minLength: inner.length }), almostOrderly(inner)),
    );
    const check = fc.property(shuffled, (inner) => {
      const body = envelope(inner);
      if (!hidesKeys(inner)) return void agree(body);
      const scanned = scanBody(body);
      const parsed = parseBody(body);
      if (scanned === null || parsed === null) return;
      hidden++;
      for (const id of ['uniqueId', 'msgId', 'requestId', 'globalRequestId'] as const) deepStrictEqual(scanned[id], parsed[id]);
      deepStrictEqual(scanned.replyQueue, parsed.replyQueue);
    });
    fc.assert(check, runs(10000));
    expect(hidden, 'messages of the declared exception').toBeGreaterThan(20);
  });

  /** One key moved to between the bulk and its anchor, an object behind it. */
  function almostOrderly(inner: Pairs): fc.Arbitrary<Pairs> {
    const bulk = inner.findIndex(([name]) => name in BULK);
    return fc.nat(inner.length - 1).map((moved) => {
      const pairs = inner.filter((_, i) => i !== moved || i === bulk);
      const at = pairs.findIndex(([name]) => name in BULK) + 1;
      return [...pairs.slice(0, at), inner[moved] as [string, null], ['other', dict({})], ...pairs.slice(at)];
    });
  }

  it('disagree on one flipped, inserted or deleted byte only where it lies in the skipped value, and then just in its object', () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:0n ')));
    const mutation = fc.record({ kind: fc.constantFrom('flip', 'insert', 'delete', 'truncate'), at: fc.nat(), byte });
    let damagedFast = 0;
    const check = fc.property(oslo.message, fc.array(mutation, { minLength: 20, maxLength: 20 }), (inner, mutations) => {
      const body = envelope(inner);
      const bulk = inner.find(([name]) => name in BULK)?.[0] as string;
      const [start, end] = rangeOf(inner, bulk);
      for (const { kind, at, byte } of mutations) {
        const place = at % body.length;
        const mutated = mutate(body, kind, place, byte);
        const scanned = scanBody(mutated);
        const parsed = parseBody(mutated);
        if (scanned === null) continue;
        if (parsed !== null) deepStrictEqual(messageOf(scanned), messageOf(parsed));
        else {
          damagedFast++;
          const isInside = body.subarray(0, start).equals(mutated.subarray(0, start)) && endsWith(mutated, body.subarray(end));
          ok(isInside, `the damage at ${place} lies outside ${start}–${end}`);
          deepStrictEqual(withoutObject(messageOf(scanned)), withoutObject(messageOf(parseBody(body))));
        }
      }
    });
    fc.assert(check, runs(5000));
    expect(damagedFast, 'damaged bodies that the fast path took').toBeGreaterThan(100);
  });

  function mutate(body: Buffer, kind: string, at: number, byte: number): Buffer {
    const before = body.subarray(0, at);
    if (kind === 'truncate') return before;
    const after = body.subarray(kind === 'insert' ? at : at + 1);
    return kind === 'delete' ? Buffer.concat([before, after]) : Buffer.concat([before, Buffer.from([byte]), after]);
  }

  function endsWith(body: Buffer, end: Buffer): boolean {
    return body.subarray(-end.length).equals(end);
  }

  function withoutObject(message: OsloMessage | UndecodableReason): unknown {
    return typeof message === 'object' && 'object' in message ? { ...message, object: null } : message;
  }
});

const EVENTS = ['publish', 'deliver', 'undecodable'];

describe('decode', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((json) => Buffer.from(json)),
    oslo.message.map((inner) => envelope(inner)),
    oslo.message.map((inner) => Buffer.from(dumps(new Dict(inner)))),
    fc.tuple(oslo.message, fc.nat(300)).map(([inner, cut]) => deflateSync(envelope(inner)).subarray(0, cut)),
    fc.uint8Array({ maxLength: 300 }).map((garbage) => Buffer.concat([Buffer.from('BZh91AY&SY'), garbage])),
  );
  const compression = fc.oneof(fc.constantFrom(undefined, '', 'application/x-gzip', 'application/x-bz2', 'x'), fc.anything());
  const headers = fc.oneof(
    fc.anything(),
    fc.record(
      {
        exchange_name: fc.oneof(fc.string(), fc.constant('nova_fanout')),
        connection: fc.string(),
        routing_keys: fc.anything(),
        routed_queues: fc.anything(),
        channel: fc.anything(),
        redelivered: fc.anything(),
        properties: fc.oneof(
          fc.anything(),
          fc.record({ expiration: fc.anything(), headers: fc.oneof(fc.record({ compression }), fc.anything()) }),
        ),
      },
      { requiredKeys: ['exchange_name', 'connection'] },
    ),
  );
  const routingKey = fc.oneof(fc.string(), fc.constantFrom('publish.', 'publish.nova', 'deliver.compute.cmp1', 'deliver.'));

  it('returns an event for whatever headers, routing key and bytes', () => {
    let decoded = 0;
    const check = fc.property(headers, routingKey, bytes, (headers, routingKey, body) => {
      const event = decode({ receivedNs: 1n, routingKey, headers, body });
      ok(EVENTS.includes(event.event));
      if (event.event !== 'undecodable') decoded++;
    });
    fc.assert(check, runs(15000));
    expect(decoded, 'messages understood').toBeGreaterThan(100);
  });
});
