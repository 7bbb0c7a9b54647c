/** Mann and Whitney's rank test and Holm's correction. */
import { describe, expect, test } from 'vitest';
import { holm, rankTest, SAMPLES_MIN } from '../../../src/report/diff-significance.ts';

/** The exact two-sided p value: of all ways to part the values, the share whose U is as far from its mean. */
function exactP(first: readonly number[], second: readonly number[]): number {
  const all = [...first, ...second];
  const uOf = (chosen: readonly number[], others: readonly number[]) =>
    chosen.reduce((sum, x) => sum + others.reduce((count, y) => count + (y < x ? 1 : y === x ? 0.5 : 0), 0), 0);
  const half = (first.length * second.length) / 2;
  const observed = Math.abs(uOf(second, first) - half);
  let [extreme, ways] = [0, 0];
  const choose = (at: number, chosen: number[], others: number[]): void => {
    if (chosen.length > second.length || others.length > first.length) return;
    if (at === all.length) {
      ways++;
      if (Math.abs(uOf(chosen, others) - half) >= observed - 1e-9) extreme++;
      return;
    }
    const value = all[at] ?? 0;
    choose(at + 1, [...chosen, value], others);
    choose(at + 1, chosen, [...others, value]);
  };
  choose(0, [], []);
  return extreme / ways;
}

describe('the rank test', () => {
  test.each([
    ['far apart', [1, 2, 3, 4, 5, 6, 7, 8], [9, 10, 11, 12, 13, 14, 15, 16]],
    ['overlapping', [1, 2, 3, 4, 5, 6, 7, 12], [8, 9, 10, 11, 13, 14, 15, 16]],
    ['mixed', [1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]],
    ['with ties', [1, 1, 2, 2, 3, 3, 4, 4], [2, 3, 3, 4, 4, 5, 5, 6]],
    ['mostly ties', [0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 1, 1, 1]],
  ])('agrees with the count of all partings where the samples are %s', (_, first, second) => {
    const p = rankTest(first, second)?.p ?? -1;
    const exact = exactP(first, second);
    expect(Math.abs(p - exact)).toBeLessThan(0.02);
    expect(p <= 0.05).toBe(exact <= 0.05);
  });

  // scipy 1.17.1: mannwhitneyu(second, first, method='asymptotic', use_continuity=True)
  test.each([
    [[1, 2, 3, 4, 5, 6, 7, 12], [8, 9, 10, 11, 13, 14, 15, 16], 0.00387604144899475, 0.9375],
    [[1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16], 0.713191261016072, 0.5625],
    [
      [12.1, 14.3, 9.8, 11.2, 10.4, 13.3, 12.8, 11.9, 10.1],
      [15.2, 16.8, 12.1, 14.4, 18.9, 17.7, 13.0, 16.1, 15.5, 14.9, 12.8],
      0.0018253610099931035,
      0.9191919191919192,
    ],
  ])('agrees with scipy on %j and %j', (first, second, p, superiority) => {
    const test = rankTest(first, second);
    expect(test?.p).toBeCloseTo(p, 6);
    expect(test?.superiority).toBeCloseTo(superiority, 12);
  });

  test('an RPC that is in four of eight requests, and was in none of eight, may be chance', () => {
    const none = new Array<number>(8).fill(0);
    const p = rankTest(none, [0, 0, 0, 0, 1, 1, 1, 1])?.p ?? 0;
    expect(p).toBeGreaterThan(0.05);
    expect(rankTest(none, [0, 1, 1, 1, 1, 1, 1, 1])?.p).toBeLessThan(0.01);
  });

  test('says nothing with fewer than eight values on a side', () => {
    const many = Array.from({ length: 50 }, (_, i) => i);
    const few = many.slice(0, SAMPLES_MIN - 1).map((value) => value + 1_000);
    expect(rankTest(many, few)).toBeNull();
    expect(rankTest(few, many)).toBeNull();
    expect(rankTest(many, [...few, 2_000])?.p).toBeLessThan(0.001);
  });

  test('finds no difference between a sample and itself, nor between constants', () => {
    const values = [5, 1, 4, 2, 3, 9, 8, 7, 6];
    expect(rankTest(values, values)).toEqual({ p: 1, superiority: 0.5 });
    expect(rankTest(new Array(20).fill(3), new Array(9).fill(3))).toEqual({ p: 1, superiority: 0.5 });
  });

  test('cries wolf in one of twenty cases at most', () => {
    const random = seeded(7);
    let alarms = 0;
    for (let round = 0; round < 2_000; round++) {
      const draw = (n: number) => Array.from({ length: n }, () => Math.exp(3 * random()));
      if ((rankTest(draw(10), draw(15))?.p ?? 1) <= 0.05) alarms++;
    }
    expect(alarms / 2_000).toBeLessThan(0.06);
    expect(alarms).toBeGreaterThan(40);
  });
});

describe("Holm's correction", () => {
  test('multiplies the least p value by their number, the next by one less, and never falls', () => {
    const adjusted = holm([0.04, 0.005, 0.02, 0.02]).map((p) => Number(p.toFixed(6)));
    expect(adjusted).toEqual([0.06, 0.02, 0.06, 0.06]);
  });

  test('leaves one alone, and goes no higher than 1', () => {
    expect(holm([0.03])).toEqual([0.03]);
    expect(holm([0.6, 0.7])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});

/** Numbers from 0 to 1, the same each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
