import { expect, test } from 'vitest';
import type { Gap } from '../../../src/gap.ts';
import { Attempts } from '../../../src/service/attempts.ts';
import { coverageOf } from '../../../src/service/coverage.ts';
import { notHealthy, notReady, STUCK_MS } from '../../../src/service/health.ts';
import { NotedGaps } from '../../../src/service/noted-gaps.ts';
import { Seen } from '../../../src/service/seen.ts';
import type { Observed } from '../../../src/service/status.ts';

const SECOND_NS = 1_000_000_000n;

function gap(told: Partial<Gap>): Gap {
  const times = { fromNs: 0n, toNs: 10n * SECOND_NS, isOpen: true };
  return {
    id: 'a',
    reason: 'overflow',
    vhost: '/',
    node: '',
    ...times,
    share: 1,
    lostMin: 0,
    lostEstimate: 0,
    detail: '',
    ...told,
  };
}

test('a gap that is written again counts once, and what is lost never goes down', () => {
  const gaps = new NotedGaps();
  gaps.note(gap({ lostEstimate: 10, lostMin: 2 }));
  gaps.note(gap({ lostEstimate: 30, lostMin: 2 }));
  gaps.note(gap({ lostEstimate: 20, lostMin: 3, isOpen: false }));
  gaps.note(gap({ id: 'b', lostEstimate: 5 }));
  expect(gaps.sums.get('overflow')).toEqual({ count: 2, lostMin: 3, lostEstimate: 35 });
  expect(gaps.open.map(({ id }) => id)).toEqual(['b']);
  expect(gaps.ended.map(({ id }) => id)).toEqual(['a']);
});

test('ended gaps are bounded, the last stay', () => {
  const gaps = new NotedGaps();
  for (let nth = 0; nth < 3_000; nth++) gaps.note(gap({ id: String(nth), isOpen: false }));
  expect(gaps.ended).toHaveLength(100);
  expect(gaps.ended[0]?.id).toBe('2999');
  expect(gaps.sums.get('overflow')?.count).toBe(3_000);
});

test('coverage of a window has its share of a gap that began before it', () => {
  const gaps = new NotedGaps();
  gaps.note(gap({ toNs: 100n * SECOND_NS, lostEstimate: 1_000, isOpen: false }));
  const window = { events: 400, lengthMs: 60_000 };
  expect(coverageOf(gaps, window, 100n * SECOND_NS)).toBeCloseTo(0.4, 6);
  expect(coverageOf(gaps, window, 300n * SECOND_NS)).toBe(1);
  expect(coverageOf(new NotedGaps(), { events: 0, lengthMs: 60_000 }, 0n)).toBe(null);
});

test('the last minute and the last hour are told apart', () => {
  const seen = new Seen();
  for (let second = 0; second <= 7_200; second++) seen.note(second * 10, second * 1_000);
  const [total, nowMs] = [72_000, 7_200_000];
  expect(seen.minute(total, nowMs).lengthMs).toBeLessThanOrEqual(60_000);
  expect(seen.minute(total, nowMs).events / (seen.minute(total, nowMs).lengthMs / 1_000)).toBeCloseTo(10, 6);
  expect(seen.hour(total, nowMs).lengthMs).toBeGreaterThan(3_500_000);
  expect(seen.hour(total, nowMs).lengthMs).toBeLessThanOrEqual(3_600_000);
});

test('attempts: since when they fail, and that they work again', async () => {
  let nowMs = 0;
  const attempts = new Attempts([1, 10], () => nowMs);
  const fails = () => {
    nowMs += 2_000;
    return Promise.reject(new Error('away'));
  };
  await expect(attempts.time(fails)).rejects.toThrow('away');
  await expect(attempts.time(fails)).rejects.toThrow('away');
  expect([attempts.failures, attempts.failingSeconds]).toEqual([2, 4]);
  await attempts.time(async () => {
    nowMs += 5_000;
  });
  expect([attempts.failures, attempts.failingSeconds, attempts.doneMs]).toEqual([2, 0, 9_000]);
  expect(attempts.seconds.counts).toEqual([0, 1, 0]);
});

const busy = (busyMs: number) => ({ sidecar: { busyMs } }) as unknown as Observed;

test('what hangs is unhealthy; a store that is away, and says so again and again, is not', async () => {
  let nowMs = 0;
  const store = new Attempts([1], () => nowMs);
  expect(notHealthy(null, [store], nowMs)).toBe(null);
  expect(notHealthy(busy(STUCK_MS - 1), [store], nowMs)).toBe(null);
  expect(notHealthy(busy(STUCK_MS), [store], nowMs)).toMatch(/^the loop has been stuck for 300 s: /);
  await store.time(() => Promise.reject(new Error('away'))).catch(() => {});
  nowMs = STUCK_MS - 1;
  expect(notHealthy(busy(10 * STUCK_MS), [store], nowMs)).toBe(null);
  nowMs = STUCK_MS;
  expect(notHealthy(busy(10 * STUCK_MS), [store], nowMs)).not.toBe(null);
});

test('ready is who has a tap that is connected, also one that stands by', () => {
  const taps = (...connected: boolean[]) =>
    ({ tapping: { taps: connected.map((isConnected) => ({ tap: { isConnected } })) } }) as unknown as Observed;
  expect(notReady('starting', null)).toMatch(/^starting/);
  expect(notReady('tapping', taps(false, true))).toBe(null);
  expect(notReady('tapping', taps(false, false))).toMatch(/^no tap is connected/);
  expect(notReady('stopping', taps(true))).toBe('stopping');
});
