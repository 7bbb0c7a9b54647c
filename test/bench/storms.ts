/** What the detector of storms costs: the pipeline with it and without it, side by side; alone, and with the store. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TappedMessage } from '../../src/message.ts';
import { decode } from '../../src/oslo/decode.ts';
import type { Baseline } from '../../src/storms/baseline.ts';
import { StormDetector } from '../../src/storms/detector.ts';
import { DEFAULT_THRESHOLDS } from '../../src/storms/thresholds.ts';
import type { BrokerSnapshot } from '../../src/trace/broker-snapshot.ts';
import { Correlator, type CorrelatorOutput } from '../../src/trace/correlator.ts';
import { Processes } from '../../src/trace/processes.ts';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../support/executable.ts';
import { loadCaptures, wholeSnapshot } from './captures.ts';
import { Copies } from './copies.ts';
import { race, type Spread } from './measure.ts';
import { profile } from './profile.ts';
import { number, type Report, us } from './report.ts';

const CHILD = fileURLToPath(new URL('./storms-child.ts', import.meta.url));
const EVENTS = 60_000;
/** Of each run into a store of its own. */
const STORED_EVENTS = 60_000;
const RACE = { rounds: 5, warmups: 1 };
const STORED_ROUNDS = 3;
/** Copies of the captures at the same time: a cloud with about six events a second, and one with about six hundred. */
const CLOUDS = [1, 100];
const SHARE_MAX = 0.05;
const PROFILED_ROUNDS = 3;
const DETECTOR = '/src/storms/detector.ts';
const STEPS = [
  { name: 'what is published', function: 'published', file: DETECTOR },
  { name: 'what has ended', function: 'closed', file: DETECTOR },
];
const UNHEARD = { ...DEFAULT_THRESHOLDS, warmUpSeconds: Infinity };
const KNOWN = { ...DEFAULT_THRESHOLDS, warmUpSeconds: 0 };

export async function benchStorms(): Promise<Report[]> {
  const captures = await loadCaptures();
  const snapshot = wholeSnapshot(captures);
  const reports: Report[] = [];
  for (const together of CLOUDS) {
    const messages = await Array.fromAsync(new Copies(captures).messages({ events: EVENTS, together }));
    reports.push(await alone(messages, snapshot, together));
  }
  return [...reports, await stored()];
}

/** From bytes to stories, nothing kept. */
async function alone(messages: readonly TappedMessage[], snapshot: BrokerSnapshot, together: number): Promise<Report> {
  const baseline = learn(messages, snapshot);
  const knowing = (processes: Processes) => new StormDetector({ processes, baseline, thresholds: KNOWN });
  const contenders = [
    { name: 'without', run: () => cpuMs(() => feed(messages, new Processes(snapshot), null)) },
    { name: 'with', run: () => cpuMs(() => feedBeside(messages, snapshot, knowing)) },
  ];
  const [without, beside] = (await race(contenders, { units: messages.length, ...RACE })) as [Spread, Spread];
  const shares = await profile(STEPS, () => {
    for (let round = 0; round < PROFILED_ROUNDS; round++) feedBeside(messages, snapshot, knowing);
  });
  const share = shares.reduce((sum, one) => sum + one, 0);
  const perSecond = messages.length / secondsOf(messages);
  const claim = `at ${number(perSecond)} events/s the detector takes at most ${SHARE_MAX * 100} % of the CPU: ${percent(share)}`;
  return {
    title: `Storms: decode and correlate, ${number(perSecond)} events/s of event time; median (least–most) of ${RACE.rounds} rounds; share by V8's profiler`,
    rows: [
      ['', 'µs an event'],
      ['without', us(without)],
      ['with the detector', us(beside)],
      ["the detector's share", percent(share)],
      ['the same, µs a second of event time', number(share * beside.median * perSecond)],
    ],
    // Where next to nothing happens, what is done once a second counts for much of next to nothing.
    verdicts: together === 1 ? [] : [{ claim, holds: share <= SHARE_MAX }],
    figures: { [`storms_${together}_us_an_event`]: beside.median, [`storms_${together}_share`]: share },
  };
}

/** The same into a fresh embedded store, each time by a program of its own. */
async function stored(): Promise<Report> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < STORED_ROUNDS; round++) {
    for (const [at, flag] of [[], ['--storms']].entries()) {
      const program = [...NODE_FLAGS, CHILD, '--events', String(STORED_EVENTS), ...flag];
      const { stdout } = await promisify(execFile)(process.execPath, program, { env: { ...process.env, ...NODE_ENVIRONMENT } });
      times[at]?.push((JSON.parse(stdout) as { readonly cpuUs: number }).cpuUs / STORED_EVENTS);
    }
  }
  const [without, beside] = times.map(spreadOf) as [Spread, Spread];
  return {
    title: `Storms: with the embedded store, CPU of all threads, ${STORED_EVENTS.toLocaleString('en-US')} events; median (least–most) of ${STORED_ROUNDS} rounds`,
    rows: [
      ['', 'µs an event'],
      ['without', us(without)],
      ['with the detector', us(beside)],
    ],
    verdicts: [],
    figures: { storms_stored_us_an_event: beside.median, storms_stored_without_us_an_event: without.median },
  };
}

function learn(messages: readonly TappedMessage[], snapshot: BrokerSnapshot): Baseline {
  let learned: StormDetector | undefined;
  feedBeside(messages, snapshot, (processes) => {
    learned = new StormDetector({ processes, thresholds: UNHEARD });
    return learned;
  });
  return (learned as StormDetector).baseline;
}

function feedBeside(
  messages: readonly TappedMessage[],
  snapshot: BrokerSnapshot,
  detectorOf: (processes: Processes) => StormDetector,
): void {
  const processes = new Processes(snapshot);
  feed(messages, processes, detectorOf(processes));
}

/** As pipeline.ts does it. */
function feed(messages: readonly TappedMessage[], processes: Processes, storms: StormDetector | null): void {
  const output: CorrelatorOutput = {
    published: (story) => storms?.published(story),
    streamed: (story) => storms?.streamed(story),
    closed: (message) => storms?.closed(message),
    unmatched: () => {},
    repeated: () => {},
  };
  const correlator = new Correlator(processes, output);
  for (const message of messages) {
    const event = decode(message);
    if (event.event !== 'undecodable') correlator.add(event);
  }
  correlator.finish();
  storms?.finish();
}

function cpuMs(work: () => void): number {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function secondsOf(messages: readonly TappedMessage[]): number {
  const [first, last] = [messages[0], messages.at(-1)];
  return first === undefined || last === undefined ? 1 : Number(last.receivedNs - first.receivedNs) / 1e9;
}

function spreadOf(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] ?? 0, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}
