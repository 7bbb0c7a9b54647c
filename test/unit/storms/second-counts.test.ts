import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SecondCounts } from '../../../src/storms/second-counts.ts';
import { WINDOWS_S } from '../../../src/storms/thresholds.ts';

test('sums are those of the last whole seconds, whatever came when', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 400 }), fc.nat(1_000_000), (perSecond, begin) => {
      const counts = new SecondCounts(begin);
      for (const count of perSecond) {
        counts.add(count);
        counts.turn();
      }
      const naive = WINDOWS_S.map((window) => perSecond.slice(-window).reduce((sum, count) => sum + count, 0));
      expect([...counts.sums]).toEqual(naive);
      const end = begin + perSecond.length;
      expect(counts.at(end - 1)).toBe(perSecond.at(-1));
      expect(counts.isIdle).toBe(perSecond.slice(-60).every((count) => count === 0));
    }),
  );
});

test('of what is over for more than a minute, and of what has not come, it knows nothing', () => {
  const counts = new SecondCounts(0);
  counts.add(5);
  for (let second = 0; second < 62; second++) counts.turn();
  expect(counts.at(0)).toBe(0);
  expect(counts.at(1_000)).toBe(0);
});

test('it can begin anew at another second', () => {
  const counts = new SecondCounts(0);
  counts.add(5);
  counts.turn();
  counts.goOnAt(1_000);
  expect([...counts.sums]).toEqual([0, 0, 0]);
  counts.add(1);
  counts.turn();
  expect([...counts.sums]).toEqual([1, 1, 1]);
});
