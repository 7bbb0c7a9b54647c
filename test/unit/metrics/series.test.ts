import { expect, test } from 'vitest';
import { BoundedSeries } from '../../../src/metrics/series.ts';

const newCounts = (max: number) => new BoundedSeries(['service', 'method'], max, () => ({ count: 0 }));

function tellOf(series: BoundedSeries<{ count: number }>): Record<string, number> {
  return Object.fromEntries([...series.values()].map(({ labels, sums }) => [`${labels.service} ${labels.method}`, sums.count]));
}

test('half of the room is for what comes first, the other half for what comes often', () => {
  const series = newCounts(4);
  for (const method of ['a', 'b', 'rare']) series.of('nova', method).count++;
  for (let times = 0; times < 20; times++) series.of('nova', 'often').count++;
  expect(tellOf(series)).toEqual({ 'nova a': 1, 'nova b': 1, 'nova often': 5, 'other other': 16 });
});

test('a series that is there stays, and no sum goes down, whatever comes', () => {
  const series = newCounts(10);
  let before: Record<string, number> = {};
  for (let nth = 0; nth < 5_000; nth++) {
    series.of('nova', `m${(nth * nth) % 97}`).count++;
    const now = tellOf(series);
    for (const [labels, count] of Object.entries(before)) expect(now[labels]).toBeGreaterThanOrEqual(count);
    before = now;
  }
  expect(Object.keys(before)).toHaveLength(11);
  expect(Object.values(before).reduce((sum, count) => sum + count, 0)).toBe(5_000);
});

test('names that would look the same on the page are one series, and none is long', () => {
  const series = newCounts(10);
  for (const method of ['a\u0000b', 'a\nb', 'a\ud800b', 'a\ud801b']) series.of('nova', method).count++;
  series.of('x'.repeat(1_000), 'm').count++;
  const [first, second] = [...series.values()];
  expect(first).toEqual({ labels: { service: 'nova', method: 'a?b' }, sums: { count: 4 } });
  expect(second?.labels.service).toHaveLength(80);
});

test('a sender that calls itself other is counted there', () => {
  const series = newCounts(10);
  series.of('other', 'other').count++;
  expect([...series.values()].map(({ labels }) => labels)).toEqual([{ service: 'other', method: 'other' }]);
});
