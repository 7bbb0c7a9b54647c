/** Storms in a simulated cloud: each is told once, within ten seconds, by its first names, and is over soon after its end. */
import { describe, expect, test } from 'vitest';
import type { Baseline } from '../../../src/storms/baseline.ts';
import { SimulatedCloud } from '../../support/simulated-cloud.ts';
import { type Expected, fanouts, noisyHost, ramp, resync, retries, type SimulatedStorm } from '../../support/simulated-storms.ts';
import { StormWatch, type ToldStorm, usualOf } from '../../support/storm-watch.ts';

/** So that the broker was asked for its connections before, and is asked again after. */
const FROM_S = 150;
/** The bounds on detection and end. Seconds. */
const DETECTED_S = 10;
const ENDED_S = 60;

interface Case {
  readonly name: string;
  readonly storm: SimulatedStorm;
  readonly hosts: number;
  readonly seconds: number;
  readonly rate: number;
  readonly trigger?: string;
}

const CASES: readonly Case[] = [
  { name: '200 agents that connect again', storm: resync, hosts: 200, seconds: 20, rate: 120, trigger: 'reconnects' },
  {
    name: '20 agents that connect again, for three seconds',
    storm: resync,
    hosts: 20,
    seconds: 3,
    rate: 80,
    trigger: 'reconnects',
  },
  { name: 'fanouts to 500 queues', storm: fanouts, hosts: 500, seconds: 20, rate: 3 },
  { name: 'fanouts to 20 queues', storm: fanouts, hosts: 20, seconds: 60, rate: 15 },
  { name: 'calls that time out and come again', storm: retries(true), hosts: 20, seconds: 30, rate: 30, trigger: 'retries' },
  { name: 'the same for five minutes', storm: retries(true), hosts: 20, seconds: 300, rate: 30, trigger: 'retries' },
  { name: 'requests of users that are tried again for two minutes', storm: retries(false), hosts: 20, seconds: 120, rate: 30 },
  { name: 'one host with ten times what all send', storm: noisyHost, hosts: 50, seconds: 30, rate: 25 },
  { name: 'one host with a hundred times what all send', storm: noisyHost, hosts: 20, seconds: 30, rate: 100 },
  { name: 'a ramp of ten minutes', storm: ramp(200 / 60), hosts: 200, seconds: 600, rate: 100 },
];

describe('told once, in time, with first method and senders', () => {
  test.each(CASES)('$name', async ({ storm, hosts, seconds, rate, trigger }) => {
    const cloud = new SimulatedCloud({ seed: hosts + seconds, hosts });
    const watch = new StormWatch(cloud, { baseline: await usualIn(hosts) });
    await watch.until(FROM_S - 1);
    const expected = storm(cloud, { from: FROM_S, seconds, rate });
    await watch.until(expected.end + ENDED_S + 1);
    expect(watch.storms.map((told) => namesOf(told, expected))).toEqual([planned(expected)]);
    const [told] = watch.storms as [ToldStorm];
    expect(told.detected - expected.tenfold).toBeLessThanOrEqual(DETECTED_S);
    expect((told.ended ?? Infinity) - expected.end).toBeLessThanOrEqual(ENDED_S);
    expect(Math.abs(told.to - expected.end)).toBeLessThanOrEqual(5);
    if (trigger !== undefined) expect(told.storm.trigger.kind).toBe(trigger);
  });
});

const usual = new Map<number, Promise<Baseline>>();

/** Learned once for each size, in another cloud of that size. */
function usualIn(hosts: number): Promise<Baseline> {
  const known = usual.get(hosts) ?? usualOf(new SimulatedCloud({ seed: 1_000 + hosts, hosts }));
  usual.set(hosts, known);
  return known;
}

function namesOf({ storm }: ToldStorm, { object, host }: Expected) {
  const [method, sender] = [storm.methods[0], storm.senders[0]];
  return { method: method?.method, object: object && method?.objects[0], service: sender?.service, host: host && sender?.host };
}

function planned({ method, object, service, host }: Expected) {
  return { method, object, service, host };
}
