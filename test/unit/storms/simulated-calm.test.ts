/** What is no storm: load that comes and goes, a cloud that grows, a host that is started again, a tap that sees nothing or lags. */
import { describe, expect, test } from 'vitest';
import type { BrokerEvent } from '../../../src/message.ts';
import type { Storm } from '../../../src/storm.ts';
import { StormDetector, type StormDetectorOptions } from '../../../src/storms/detector.ts';
import { DEFAULT_THRESHOLDS } from '../../../src/storms/thresholds.ts';
import { Processes } from '../../../src/trace/processes.ts';
import { capturePath, run, snapshotOf, tappedOf } from '../../support/captures.ts';
import { BEGIN_NS } from '../../support/events.ts';
import { type CloudOptions, SimulatedCloud } from '../../support/simulated-cloud.ts';
import { noisyHost, resync } from '../../support/simulated-storms.ts';
import { StormWatch, usualOf, type WatchOptions } from '../../support/storm-watch.ts';

const WARM_UP_S = 600;
const HOUR_S = 3_600;

describe('nothing is told', () => {
  /** A whole day in an hour, from quiet to `most` times as much and back. */
  test.each([2, 4])('of a day in one hour, with up to %i times the load', async (most) => {
    const loadAt = (second: number) =>
      1 + ((most - 1) / 2) * (1 - Math.cos((2 * Math.PI * Math.max(0, second - WARM_UP_S)) / HOUR_S));
    const cloud = new SimulatedCloud({ seed: most, hosts: 30, bootsPerMinute: 4, loadAt });
    expect(await toldOf(cloud, WARM_UP_S + HOUR_S)).toEqual([]);
  });

  test.each([20, 100])('of %i hosts that become 100 more, by one in twenty a minute', async (hosts) => {
    const cloud = new SimulatedCloud({ seed: hosts, hosts, bootsPerMinute: 2 });
    const end = addHosts(cloud, 100);
    expect(await toldOf(cloud, end)).toEqual([]);
    expect(cloud.hosts).toHaveLength(hosts + 100);
  });

  test('of a host that is started again now and then', async () => {
    const cloud = new SimulatedCloud({ seed: 3, hosts: 50, bootsPerMinute: 2 });
    for (let second = WARM_UP_S + 50; second < 1_800; second += 97)
      cloud.at(second, () => cloud.restart(cloud.hosts[second % 50] as SimulatedCloud['hosts'][number]));
    expect(await toldOf(cloud, 1_860)).toEqual([]);
  });

  test('of the first servers that are booted in a large cloud', async () => {
    const cloud = new SimulatedCloud({ seed: 4, hosts: 200 });
    for (const second of [650, 700, 701, 702]) cloud.at(second, () => void cloud.boot());
    expect(await toldOf(cloud, 780)).toEqual([]);
  });

  test('while it warms up', async () => {
    const cloud = new SimulatedCloud({ seed: 5, hosts: 20 });
    noisyHost(cloud, { from: 300, seconds: 60, rate: 100 });
    expect(await toldOf(cloud, 420)).toEqual([]);
  });
});

describe('a tap that does not see', () => {
  test('lags, and takes in all that waited at once: it is silent', async () => {
    const cloud = await calmCloud();
    // Nothing was taken for a minute; then all of it comes within two seconds.
    const lagging = (event: BrokerEvent) => within(event, 60, 120, (second) => 120 + (second - 60) / 30);
    const watch = await watchOf(cloud, { tap: lagging });
    await watch.until(180);
    expect(watch.storms).toEqual([]);
  });

  test('sees nothing for a while: it is silent, and finds no storm when all comes back', async () => {
    const cloud = await calmCloud();
    const watch = await watchOf(cloud, { tap: (event) => (isWithin(event, 60, 150) ? null : event) });
    await watch.until(60);
    watch.pipeline.addGap(gapOf({ isOpen: true, from: 60, to: 70 }));
    expect(watch.detector.silentReason).toMatch(/nothing is seen/);
    await watch.until(150);
    watch.pipeline.addGap(gapOf({ isOpen: false, from: 60, to: 150 }));
    await watch.until(240);
    expect(watch.detector.silentReason).toBeNull();
    expect(watch.storms).toEqual([]);
  });

  test('a storm that is there when the tap is back is told once', async () => {
    const cloud = await calmCloud();
    const expected = resync(cloud, { from: 60, seconds: 120, rate: 50 });
    const watch = await watchOf(cloud, { tap: (event) => (isWithin(event, 80, 100) ? null : event) });
    await watch.until(80);
    watch.pipeline.addGap(gapOf({ isOpen: true, from: 80, to: 81 }));
    await watch.until(100);
    watch.pipeline.addGap(gapOf({ isOpen: false, from: 80, to: 100 }));
    await watch.until(260);
    expect(watch.storms.map(({ storm }) => storm.methods[0]?.method)).toEqual([expected.method]);
  });
});

describe('recordings of a real cloud, by what an idle one has', () => {
  test.each(['idle-180s', 'boot-1', 'boot-5-multi', 'boot-10-parallel', 'live-migrate'])('%s: no storm', async (name) => {
    expect(await recordedStorms(name)).toEqual([]);
  });

  test('all agents and computes killed and started at the same moment: one', async () => {
    const [storm, ...others] = await recordedStorms('storm');
    expect(others).toEqual([]);
    expect(storm).toMatchObject({
      trigger: { kind: 'restarts' },
      methods: [{ method: 'object_class_action_versions', topic: 'conductor' }],
    });
    expect(storm?.senders[0]?.service).toBe('nova-compute');
  });
});

async function recordedStorms(name: string): Promise<readonly Storm[]> {
  const idle = await replayed('idle-180s', { thresholds: { ...DEFAULT_THRESHOLDS, warmUpSeconds: Infinity } });
  const thresholds = { ...DEFAULT_THRESHOLDS, warmUpSeconds: 0 };
  return (await replayed(name, { thresholds, baseline: idle.detector.baseline })).storms;
}

async function replayed(name: string, options: Omit<StormDetectorOptions, 'processes'>) {
  const processes = new Processes(snapshotOf(capturePath(name)));
  const detector = new StormDetector({ processes, ...options });
  const told = new Map<string, Storm>();
  const onStorm = (storm: Storm) => void told.set(storm.id, storm);
  await run(await tappedOf(capturePath(name)), null, { processes, storms: detector, onStorm });
  return { detector, storms: [...told.values()] };
}

const CLOUD: CloudOptions = { seed: 6, hosts: 50, bootsPerMinute: 2 };
const usual = usualOf(new SimulatedCloud({ ...CLOUD, seed: 60 }));

async function calmCloud(): Promise<SimulatedCloud> {
  return new SimulatedCloud(CLOUD);
}

async function watchOf(cloud: SimulatedCloud, options: WatchOptions): Promise<StormWatch> {
  return new StormWatch(cloud, { baseline: await usual, ...options });
}

async function toldOf(cloud: SimulatedCloud, untilSecond: number) {
  const watch = new StormWatch(cloud);
  await watch.until(untilSecond);
  expect(watch.pipeline.tally.events).toBeGreaterThan(1_000);
  return watch.storms.map(({ detected, storm }) => ({ detected, signals: storm.signals, method: storm.methods[0] }));
}

/** @returns when it is over. */
function addHosts(cloud: SimulatedCloud, count: number): number {
  let [minute, hosts, added] = [0, cloud.hosts.length, 0];
  for (; added < count; minute++) {
    const step = Math.min(count - added, Math.max(1, Math.floor(hosts / 20)));
    for (let nth = 0; nth < step; nth++) cloud.at(WARM_UP_S + 60 * (minute + 1 + nth / step), () => void cloud.addHost());
    hosts += step;
    added += step;
  }
  return WARM_UP_S + 60 * (minute + 3);
}

function isWithin({ timeNs }: BrokerEvent, from: number, to: number): boolean {
  const second = Number(timeNs - BEGIN_NS) / 1e9;
  return second >= from && second < to;
}

/** The same, received late where it is of that time. */
function within(event: BrokerEvent, from: number, to: number, receivedAt: (second: number) => number): BrokerEvent {
  if (!isWithin(event, from, to)) return event;
  const second = Number(event.timeNs - BEGIN_NS) / 1e9;
  return { ...event, isLagging: true, timeNs: BEGIN_NS + BigInt(Math.round(receivedAt(second) * 1e9)) };
}

function gapOf({ isOpen, from, to }: { isOpen: boolean; from: number; to: number }) {
  const [fromNs, toNs] = [from, to].map((second) => BEGIN_NS + BigInt(second) * 1_000_000_000n) as [bigint, bigint];
  const about = { id: '0123456789abcdef', reason: 'not_armed', vhost: '/', node: '', detail: 'the firehose was off' } as const;
  return { ...about, fromNs, toNs, isOpen, share: 1, lostMin: 0, lostEstimate: 0 };
}
