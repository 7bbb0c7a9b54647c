import { expect, test } from 'vitest';
import { StampedTime, stampOf } from '../../../collectors/amqp/clock.ts';

const MS = 1_000_000n;
const SECOND = 1_000n * MS;
const T = 1_790_000_000n * SECOND;
/** Stamps in a row from which on they are believed. */
const TRUSTED = 10n;
const stampMs = (ns: bigint) => Number(ns / MS);

test('the stamp is the original message’s, not that of a broker on the way', () => {
  const properties = { headers: { timestamp_in_ms: 1_790_000_000_123 } };
  expect(stampOf({ properties, timestamp_in_ms: 1_790_000_009_999 })).toBe(1_790_000_000_123);
  expect(stampOf({ properties: { headers: {} }, timestamp_in_ms: 1_790_000_009_999 })).toBeNull();
});

test.each([undefined, null, {}, { properties: null }, { properties: { headers: { timestamp_in_ms: '5' } } }])(
  '%j has no stamp',
  (headers) => expect(stampOf(headers ?? undefined)).toBeNull(),
);

test('a minute behind a shovel: events have the time at which their broker took them, in the order in which they came', () => {
  const time = new StampedTime();
  expect(time.at(T)).toBeNull();
  expect(time.behindMs).toBeNull();
  const lateNs = 60n * SECOND;
  const told: bigint[] = [];
  for (let nth = 0n; nth < 1_000n; nth++) {
    const trueNs = T + nth * 300_000n;
    time.learn(trueNs + lateNs, stampMs(trueNs));
    if (nth >= TRUSTED) told.push((time.at(trueNs + lateNs) as bigint) - trueNs);
  }
  expect(told).toHaveLength(990);
  expect(told.every((offNs) => offNs > -MS && offNs < MS)).toBe(true);
  expect(Math.abs((time.behindMs as number) - 60_000)).toBeLessThan(1);
});

test('a backlog that is caught up with: the times stay the broker’s while the lag goes', () => {
  const time = new StampedTime();
  for (let nth = 0n; nth <= 100n; nth++) {
    const trueNs = T + nth * 10n * MS;
    const receivedNs = trueNs + (100n - nth) * 5n * MS;
    time.learn(receivedNs, stampMs(trueNs));
    if (nth < TRUSTED) continue;
    const offNs = (time.at(receivedNs) as bigint) - trueNs;
    expect(offNs > -MS && offNs <= MS).toBe(true);
  }
  expect(time.behindMs).toBeLessThan(2);
});

test('where the broker does not stamp, a client that writes the header is not believed', () => {
  const time = new StampedTime();
  for (let nth = 0n; nth < 1_000n; nth++) {
    time.learn(T + nth * MS, nth % 10n === 0n ? null : stampMs(T) - 3_600_000);
    expect(time.at(T + nth * MS)).toBeNull();
  }
});

test.each([0, 1, 8_640_000_000_000, stampMs(T) - 90_000_000, stampMs(T) + 60_000])(
  '%i is no stamp of now, however often it comes',
  (stamp) => {
    const time = new StampedTime();
    for (let nth = 0; nth < 100; nth++) time.learn(T, stamp);
    expect(time.behindMs).toBeNull();
  },
);

test('one stamp that is far off moves nothing; a backlog, where all are, does', () => {
  const time = new StampedTime();
  for (let nth = 0n; nth < 20n; nth++) time.learn(T + nth * MS, stampMs(T + nth * MS));
  time.learn(T + 20n * MS, stampMs(T) - 60_000);
  expect(time.behindMs).toBeLessThan(2);
  for (let nth = 21n; nth < 40n; nth++) time.learn(T + nth * MS, stampMs(T + nth * MS) - 60_000);
  expect(time.behindMs).toBeGreaterThan(59_990);
});
