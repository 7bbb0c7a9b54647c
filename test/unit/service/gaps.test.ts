import { expect, test } from 'vitest';
import type { Gap } from '../../../src/gap.ts';
import { Gaps } from '../../../src/service/gaps.ts';
import { Rate } from '../../../src/service/rate.ts';

const SECOND = 1_000_000_000n;
const OFF = { reason: 'not_armed', vhost: '/', node: 'rabbit@a' } as const;

test('a gap is written at its beginning, as it grows and at its end, under one id; the loss is the rate before it', () => {
  const written: Gap[] = [];
  const gaps = new Gaps((gap) => written.push(gap));
  gaps.begin(OFF, 100n * SECOND, { rate: 20, share: 0.5 }, 'the firehose was off');
  gaps.begin(OFF, 105n * SECOND, { rate: 99, share: 1 }, 'again'); // it is open already
  gaps.refresh(110n * SECOND);
  gaps.end(OFF, 130n * SECOND);
  gaps.end(OFF, 140n * SECOND); // it is over
  expect(new Set(written.map(({ id }) => id)).size).toBe(1);
  expect(written.map(({ fromNs, toNs, isOpen, lostEstimate, share }) => [fromNs, toNs, isOpen, lostEstimate, share])).toEqual([
    [100n * SECOND, 100n * SECOND, true, 0, 0.5],
    [100n * SECOND, 110n * SECOND, true, 200, 0.5],
    [100n * SECOND, 130n * SECOND, false, 600, 0.5],
  ]);
  expect(gaps.openCount).toBe(0);
});

test('gaps of other nodes, vhosts and reasons are open beside each other', () => {
  const gaps = new Gaps(() => {});
  gaps.begin(OFF, 0n, { rate: 0, share: 1 }, 'one');
  gaps.begin({ ...OFF, node: 'rabbit@b' }, 0n, { rate: 0, share: 1 }, 'two');
  gaps.begin({ ...OFF, reason: 'tier' }, 0n, { rate: 0, share: 1 }, 'three');
  expect(gaps.openDetails).toEqual(['one', 'two', 'three']);
});

test('whoever stops ends what is open', () => {
  const written: Gap[] = [];
  const gaps = new Gaps((gap) => written.push(gap));
  gaps.begin(OFF, 0n, { rate: 1, share: 1 }, 'one');
  gaps.begin({ ...OFF, node: 'rabbit@b' }, 0n, { rate: 1, share: 1 }, 'two');
  gaps.endAll(SECOND);
  expect(gaps.openCount).toBe(0);
  expect(written.slice(-2).map(({ isOpen, toNs }) => [isOpen, toNs])).toEqual([
    [false, SECOND],
    [false, SECOND],
  ]);
});

test('nothing begins after the end: a check that was under way would leave it open for ever', () => {
  const written: Gap[] = [];
  const gaps = new Gaps((gap) => written.push(gap));
  gaps.endAll(0n);
  gaps.begin(OFF, SECOND, { rate: 1, share: 1 }, 'late');
  expect(written).toEqual([]);
});

test('what is known to be lost counts where the estimate is less', () => {
  const written: Gap[] = [];
  const span = { fromNs: 0n, toNs: SECOND };
  new Gaps((gap) => written.push(gap)).add(OFF, span, { rate: 2, share: 1, atLeast: 7 }, 'lost');
  expect(written[0]).toMatchObject({ lostMin: 7, lostEstimate: 7, isOpen: false });
});

test('a rate is the mean of the last minute', () => {
  const rate = new Rate();
  for (let second = 0; second < 120; second++) rate.add(second < 60 ? 1_000 : 10, 1_000_000 + second * 1_000);
  expect(rate.perSecond(1_000_000 + 120_000)).toBe(10);
  expect(rate.perSecond(1_000_000 + 150_000)).toBe(5);
  expect(rate.perSecond(1_000_000 + 500_000)).toBe(0);
});

test('a rate is known after the first second, and an estimate before', () => {
  const rate = new Rate();
  rate.add(30, 5_000);
  expect(rate.perSecond(5_500)).toBe(30);
  rate.add(10, 6_100);
  expect(rate.perSecond(7_000)).toBe(20);
});

test('while nobody looks a rate stays what it was, and goes on from there', () => {
  const rate = new Rate();
  for (let second = 0; second < 60; second++) rate.add(100, 1_000_000 + second * 1_000);
  rate.freeze(1_060_000, 500);
  rate.add(7, 1_061_000);
  expect(rate.perSecond(1_060_000 + 3_600_000)).toBe(100);
  rate.resume(5_000_000);
  rate.add(40, 5_000_000);
  expect(rate.perSecond(5_001_000)).toBe(99); // 59 seconds of 100, one of 40
});

test('a loss that is noticed late is no minute without events', () => {
  const rate = new Rate();
  for (let second = 0; second < 60; second++) rate.add(100, 1_000_000 + second * 1_000);
  rate.freeze(1_090_000, 30_500);
  expect(rate.perSecond(1_090_000)).toBe(100);
});
