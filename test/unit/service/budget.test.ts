import { expect, test } from 'vitest';
import { Budget, DEFAULT_BUDGET, type Load } from '../../../src/service/budget.ts';

const CALM: Load = { alarm: null, memoryShare: 0.2, queueShare: 0, lagMs: 10, isSinkWaiting: false, rate: 1_000 };
const LAGGING: Load = { ...CALM, lagMs: 61_000 };

/** Samples every 5 s, as the sidecar takes them: the levels after each. */
function levels(budget: Budget, loads: readonly Load[], fromMs = 0): string[] {
  return loads.map((load, nth) => {
    budget.sample(load, fromMs + nth * 5_000);
    return budget.level;
  });
}

const repeat = (load: Load, count: number) => Array.from({ length: count }, () => load);

test('one bad sample is no step, two are', () => {
  expect(levels(new Budget('full', DEFAULT_BUDGET), [CALM, LAGGING, CALM, LAGGING, LAGGING])).toEqual([
    'full',
    'full',
    'full',
    'full',
    'publish',
  ]);
});

test('an alarm is a step at once, and a second one only after its effect was waited for', () => {
  const alarm = { ...CALM, alarm: 'memory' };
  expect(levels(new Budget('full', DEFAULT_BUDGET), repeat(alarm, 4))).toEqual(['publish', 'publish', 'off', 'off']);
});

test('each limit is looked at, and named', () => {
  const bad: [Partial<Load>, RegExp][] = [
    [{ memoryShare: 0.95 }, /95 % of the memory/],
    [{ queueShare: 0.81 }, /queue is 81 % full/],
    [{ lagMs: 90_000 }, /lags by 90 s/],
    [{ rate: 5_001 }, /5001 events a second/],
    [{ alarm: 'disk' }, /alarm: disk/],
  ];
  for (const [load, reason] of bad) {
    const budget = new Budget('full', { ...DEFAULT_BUDGET, rateMax: 5_000 });
    const steps = [0, 5_000].map((atMs) => budget.sample({ ...CALM, ...load }, atMs)).filter((step) => step !== null);
    expect(steps).toEqual([{ level: 'publish', reason: expect.stringMatching(reason) }]);
  }
});

test('up again after a calm minute, one level at a time', () => {
  const budget = new Budget('full', DEFAULT_BUDGET);
  levels(budget, repeat({ ...CALM, alarm: 'memory' }, 3));
  expect(budget.level).toBe('off');
  const after = levels(budget, repeat(CALM, 26), 15_000);
  expect(after.indexOf('publish')).toBe(12); // 60 s
  expect(after.indexOf('full')).toBe(24); // and 60 s more
});

test('between calm and bad nothing changes: there is no flapping around a limit', () => {
  const budget = new Budget('full', DEFAULT_BUDGET);
  levels(budget, [LAGGING, LAGGING]);
  expect(new Set(levels(budget, repeat({ ...CALM, lagMs: 50_000 }, 100), 10_000))).toEqual(new Set(['publish']));
});

test('a step up that was too early makes the next one wait twice as long', () => {
  const budget = new Budget('full', DEFAULT_BUDGET);
  const waits: number[] = [];
  const isFull = () => budget.level === 'full';
  let nowMs = 0;
  const sample = (load: Load) => {
    nowMs += 5_000;
    return budget.sample(load, nowMs);
  };
  for (let round = 0; round < 4; round++) {
    while (isFull()) sample(LAGGING);
    const downMs = nowMs;
    while (!isFull()) sample(CALM);
    waits.push(nowMs - downMs);
  }
  expect(waits).toEqual([65_000, 125_000, 245_000, 485_000]);
});

test('a lag that is of our own store is no reason to step down: how full the queue is counts', () => {
  const waiting = { ...LAGGING, isSinkWaiting: true };
  expect(new Set(levels(new Budget('full', DEFAULT_BUDGET), repeat(waiting, 20)))).toEqual(new Set(['full']));
  const full = levels(new Budget('full', DEFAULT_BUDGET), repeat({ ...waiting, queueShare: 0.9 }, 2));
  expect(full).toEqual(['full', 'publish']);
});

test('it never goes above the level that was asked for', () => {
  const budget = new Budget('publish', DEFAULT_BUDGET);
  expect(new Set(levels(budget, repeat(CALM, 100)))).toEqual(new Set(['publish']));
});

test('a lag that shrinks is a backlog that is being taken in, as after a start: no step; one that stays is', () => {
  const shrinking = [120, 110, 100, 90, 80, 70].map((seconds) => ({ ...CALM, lagMs: seconds * 1_000 }));
  expect(new Set(levels(new Budget('full', DEFAULT_BUDGET), shrinking))).toEqual(new Set(['full']));
  expect(levels(new Budget('full', DEFAULT_BUDGET), [...shrinking, LAGGING, LAGGING, LAGGING]).at(-1)).toBe('publish');
});
