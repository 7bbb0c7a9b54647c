/** Whatever the cloud, the kind of storm, its size and length: one event, in time, by its first names; and none without a storm. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SEED } from '../support/oslo-bodies.ts';
import { SimulatedCloud } from '../support/simulated-cloud.ts';
import { fanouts, noisyHost, resync, retries, type SimulatedStorm } from '../support/simulated-storms.ts';
import { StormWatch } from '../support/storm-watch.ts';

/** Once ten minutes were learned, which end with a minute. */
const FROM_S = 670;
const [DETECTED_S, ENDED_S] = [10, 60];
const SIZES = [10, 30, 60];

interface Kind {
  readonly storm: SimulatedStorm;
  /** What is usual of it, a second; and twice the least rate that can be a storm. */
  readonly usual: (hosts: number) => number;
  readonly least: (hosts: number) => number;
}

const KINDS: Readonly<Record<string, Kind>> = {
  resync: { storm: resync, usual: (hosts) => hosts / 30, least: () => 20 },
  fanouts: { storm: fanouts, usual: () => 0, least: (hosts) => 200 / hosts },
  noisyHost: { storm: noisyHost, usual: (hosts) => hosts / 60, least: () => 20 },
  'retries as new work': { storm: retries(true), usual: () => 0, least: () => 20 },
};

const plan = fc.record({
  kind: fc.constantFrom(...Object.keys(KINDS)),
  hosts: fc.constantFrom(...SIZES),
  factor: fc.constantFrom(10, 30, 100),
  seconds: fc.integer({ min: 5, max: 120 }),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
});

test('a storm of any kind, size and length is one event, in time, by its first names', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ kind, hosts, factor, seconds, seed }) => {
      const { storm, usual, least } = KINDS[kind] as Kind;
      const cloud = new SimulatedCloud({ seed, hosts });
      const watch = new StormWatch(cloud);
      await watch.until(FROM_S - 1);
      const rate = Math.max(least(hosts), factor * usual(hosts));
      const { method, object, service, host, tenfold, end } = storm(cloud, { from: FROM_S, seconds, rate });
      await watch.until(end + ENDED_S + 1);
      const told = watch.storms.map(({ storm: { methods, senders }, detected, ended }) => ({
        method: methods[0]?.method,
        object: object && methods[0]?.objects[0],
        service: senders[0]?.service,
        host: host && senders[0]?.host,
        isInTime: detected - tenfold <= DETECTED_S,
        hasEnded: ended !== null && ended - end <= ENDED_S,
      }));
      expect(told).toEqual([{ method, object, service, host, isInTime: true, hasEnded: true }]);
    }),
    { numRuns: 8, seed: SEED },
  );
});

test('a calm cloud has none, whoever boots what', async () => {
  const calm = fc.record({
    hosts: fc.constantFrom(...SIZES),
    bootsPerMinute: fc.integer({ min: 0, max: 6 }),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  });
  await fc.assert(
    fc.asyncProperty(calm, async (options) => {
      const cloud = new SimulatedCloud(options);
      const watch = new StormWatch(cloud);
      await watch.until(1_200);
      expect(watch.detector.silentReason).toBeNull();
      expect(watch.storms.map(({ storm }) => storm.methods[0])).toEqual([]);
    }),
    { numRuns: 6, seed: SEED },
  );
});
