import { expect, test } from 'vitest';
import { type Minute, Usual } from '../../../src/storms/usual.ts';

const QUIET = { hosts: 10, rateMin: 3, isCut: false };
const RELIED_ON = { ...QUIET, isCut: true };

function minute(rate: number, seconds = 60): Minute {
  const count = rate * seconds;
  return {
    seconds,
    count,
    messages: count,
    peaks: Float64Array.from([2 * rate, 10 * rate, count]),
    senderPeak: rate,
    tracePeak: 0,
    senders: 10,
  };
}

function learned(rate: number, minutes = 10): Usual {
  const usual = new Usual(0);
  for (let at = 0; at < minutes; at++) usual.learn(minute(rate), QUIET);
  return usual;
}

test('while it warms up the mean is that of all seconds, and peaks are the largest', () => {
  const usual = new Usual(0);
  usual.learn(minute(10), QUIET);
  usual.learn(minute(30, 20), QUIET);
  expect(usual.meanAt(10)).toBeCloseTo(15);
  expect(usual.peakAt(0, 10)).toBeCloseTo(60);
});

test('a storm of five minutes teaches little: not even twice of what was usual', () => {
  const usual = learned(10);
  for (let at = 0; at < 5; at++) usual.learn(minute(1_000), RELIED_ON);
  expect(usual.meanAt(10)).toBeLessThan(13);
  expect(usual.peakAt(1, 10)).toBeLessThan(150);
});

test('a ramp of ten minutes to twenty times is ten times what is known before it ends', () => {
  const usual = learned(10);
  let factor = 0;
  for (let at = 1; at <= 10; at++) {
    usual.learn(minute(20 * at), RELIED_ON);
    factor = Math.max(factor, (20 * at) / usual.meanAt(10));
  }
  expect(factor).toBeGreaterThan(10);
});

test('a new normal is learned within two hours', () => {
  const usual = learned(10);
  for (let at = 0; at < 120; at++) usual.learn(minute(40), RELIED_ON);
  expect(usual.meanAt(10)).toBeGreaterThan(30);
});

test('what was never seen can be learned although there is nothing to be twice of', () => {
  const usual = new Usual(600);
  for (let at = 0; at < 60; at++) usual.learn(minute(2), RELIED_ON);
  expect(usual.meanAt(10)).toBeGreaterThan(1);
});

test('with twice the hosts twice the mean is expected, and above it by the square root', () => {
  const usual = new Usual(0);
  usual.learn({ ...minute(10), peaks: Float64Array.from([30, 150, 700]) }, QUIET);
  expect(usual.meanAt(20)).toBeCloseTo(20);
  expect(usual.peakAt(0, 20)).toBeCloseTo(40 + 10 * Math.SQRT2);
});

test('with fewer hosts as much is expected as before: the others may send for them', () => {
  expect(learned(10).meanAt(5)).toBeCloseTo(10);
});

test('it comes back from a file as it was', () => {
  const usual = learned(10);
  expect(Usual.of(usual.facts).facts).toEqual(usual.facts);
});
