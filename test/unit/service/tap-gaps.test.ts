/** How much is said to be lost while a tap is cut off, or sees less. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { QueueTap } from '../../../collectors/amqp/queue-tap.ts';
import { parseAmqpUrl } from '../../../collectors/amqp/url.ts';
import { firehosePlan } from '../../../collectors/firehose/plan.ts';
import type { Gap } from '../../../src/gap.ts';
import { Gaps } from '../../../src/service/gaps.ts';
import { Rate } from '../../../src/service/rate.ts';
import { TapGaps } from '../../../src/service/tap-gaps.ts';
import type { VhostTap } from '../../../src/service/vhost-tap.ts';

const NO_LOG = { info: () => {}, warn: () => {}, error: () => {} };
const START_MS = 1_000_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'], now: START_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A tap of the firehose, whose time goes by as told. */
function setUp(known: Partial<VhostTap> = {}, aliveNs: bigint | null = null) {
  const written = new Map<string, Gap>();
  const gaps = new Gaps((gap) => written.set(gap.id, gap));
  const nowNs = () => BigInt(Date.now()) * 1_000_000n;
  const tapGaps = new TapGaps({ gaps, nowNs, aliveNs, lengthMax: 1_000, log: NO_LOG });
  const of: VhostTap = {
    vhost: '/',
    plan: { ...firehosePlan(parseAmqpUrl('amqp://h')), isMain: true },
    tap: { receivedNs: null } as QueueTap,
    rate: new Rate(),
    rateBefore: 0,
    passing: 0,
    connectedNs: nowNs(),
    cutOffNs: null,
    isLeft: false,
    isStandby: false,
    isNewQueue: true,
    host: null,
    backlogCount: 0,
    lostCount: 0,
    alarm: null,
    overflow: null,
    ...known,
  };
  const pass = (seconds: number, perSecond: number) => {
    for (let second = 0; second < seconds; second++) {
      of.rate.add(perSecond, performance.now());
      vi.advanceTimersByTime(1_000);
    }
  };
  const losses = () => [...written.values()].map(({ reason, lostEstimate }) => [reason, lostEstimate]);
  return { of, tapGaps, gaps, nowNs, pass, losses };
}

const NEW_QUEUE = { isNewQueue: true, backlogCount: 0 };

test.each([10, 60, 600])('a broker that was away for %d s at 100 events a second', (seconds) => {
  const { of, tapGaps, nowNs, pass, losses } = setUp();
  pass(60, 100);
  const sinceNs = nowNs();
  vi.advanceTimersByTime(500);
  tapGaps.freeze(of, sinceNs);
  pass(seconds - 1, 0); // measured all the time
  vi.advanceTimersByTime(500);
  tapGaps.noteAbsence(of, { reason: 'gone', sinceNs }, NEW_QUEUE);
  expect(losses()).toEqual([['disconnected', 100 * seconds]]);
});

test('a loss that only heartbeats tell, 30 s later, is estimated by the minute before it', () => {
  const { of, tapGaps, nowNs, pass, losses } = setUp();
  pass(60, 100);
  const sinceNs = nowNs();
  pass(30, 0);
  tapGaps.freeze(of, sinceNs);
  tapGaps.noteAbsence(of, { reason: 'gone', sinceNs }, NEW_QUEUE);
  expect(losses()).toEqual([['disconnected', 3_000]]);
});

test('what was missed while no oslotap ran is what its vhost had before', () => {
  const { of, tapGaps, nowNs, losses } = setUp({ rateBefore: 20, connectedNs: null }, BigInt(START_MS) * 1_000_000n);
  vi.advanceTimersByTime(100_000);
  tapGaps.noteAbsence(of, null, NEW_QUEUE);
  of.connectedNs = nowNs();
  expect(losses()).toEqual([['stopped', 2_000]]);
});

test('full → publish → off: what is missed is told by what was seen at full', () => {
  const { of, tapGaps, gaps, nowNs, pass, losses } = setUp();
  pass(60, 100);
  tapGaps.endTier(of, 'full');
  tapGaps.beginTier(of, 'publish', 'a test');
  pass(60, 50);
  tapGaps.endTier(of, 'publish');
  tapGaps.beginTier(of, 'off', 'a test');
  pass(60, 0);
  gaps.endAll(nowNs());
  expect(losses()).toEqual([
    ['tier', 3_000],
    ['tier', 6_000],
  ]);
});

test('a connection lost and found at tier off leaves its gap as it is', () => {
  const { of, tapGaps, gaps, nowNs, pass, losses } = setUp();
  pass(60, 100);
  tapGaps.endTier(of, 'full');
  tapGaps.beginTier(of, 'off', 'a test');
  pass(60, 0);
  const sinceNs = nowNs();
  tapGaps.freeze(of, sinceNs);
  pass(60, 0);
  tapGaps.noteAbsence(of, { reason: 'gone', sinceNs }, NEW_QUEUE);
  tapGaps.beginTier(of, 'off', 'as told');
  pass(60, 0);
  gaps.endAll(nowNs());
  expect(losses().toSorted()).toEqual([
    ['disconnected', 0], // what passed then is in the gap of the tier
    ['tier', 18_000],
  ]);
});

test('at tier publish from the start, there is a delivery for each publish', () => {
  const { of, tapGaps, gaps, nowNs, pass, losses } = setUp();
  tapGaps.beginTier(of, 'publish', 'as told');
  pass(60, 50);
  tapGaps.measure(of, 'publish');
  gaps.endAll(nowNs());
  expect(losses()).toEqual([['tier', 3_000]]);
});
