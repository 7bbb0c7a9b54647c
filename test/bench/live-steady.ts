/** A steady load beside the sidecar, undisturbed, or with the sidecar killed again and again: every RPC once, all the same. */
import { compare, count, onceEach } from './live-check.ts';
import { Samples, slopeAfterFirstThird } from './live-process.ts';
import type { RunningSidecar } from './live-sidecar.ts';
import { Stage } from './live-stage.ts';
import { pause } from './live-wait.ts';
import { megabytes, number, type Report, type Verdict } from './report.ts';

/** What a sidecar may take, ClickHouse in the same process included. */
export const RSS_BYTES_MAX = 1_000e6;
/** A queue that holds two minutes of it, and no budget: what is asked here is whether all of it comes. */
const ALL_OF_IT = ['--queue-length', '2000000', '--queue-bytes', '8000000000', '--queue-max', '100', '--lag-step', '86400'];
const MEGABYTE = 2 ** 20;

export interface SteadyOptions {
  /** Calls a second; other messages come on top. */
  readonly rate: number;
  readonly seconds: number;
  /** kill -9 so often; null: never. */
  readonly killEverySeconds: number | null;
}

export function steady(options: SteadyOptions): Promise<Report> {
  return Stage.play((stage) => run(stage, options));
}

async function run(stage: Stage, { rate, seconds, killEverySeconds }: SteadyOptions): Promise<Report> {
  const [data, truth] = [stage.path('data'), stage.path('truth.ndjson')];
  const generations = [await stage.armedSidecar(['--store', `chdb:${data}`, ...ALL_OF_IT])];
  const newest = () => generations.at(-1) as RunningSidecar;
  const cpuBefore = newest().cpuSeconds ?? 0;
  const beganMs = performance.now();
  const memory = new Samples(() => newest().rssBytes);
  const load = stage.load({ rate, seconds, truth });
  let killedCpu = 0;
  while (killEverySeconds !== null && !load.hasEnded) {
    await Promise.race([pause(killEverySeconds), load.ended]);
    if (load.hasEnded) break;
    killedCpu += newest().cpuSeconds ?? 0;
    await newest().kill();
    generations.push(await stage.armedSidecar(['--store', `chdb:${data}`, ...ALL_OF_IT]));
  }
  const result = await load.result;
  const points = memory.end();
  const cpu = killedCpu + (newest().cpuSeconds ?? 0) - cpuBefore;
  const wallSeconds = (performance.now() - beganMs) / 1_000;
  const backlog = await stage.backlog();
  const drainSeconds = await stage.drained();
  const peakBytes = Math.max(memory.max, newest().peakRssBytes ?? 0);
  const code = await newest().stop();
  const found = await compare(data, [truth]);
  const lagMaxMs = Math.max(...generations.map((generation) => generation.lagMaxMs));
  const kills = generations.length - 1;
  const calls = result.publishes.call;
  const isKilled = killEverySeconds !== null;
  return {
    title: `${isKilled ? `A load, kill -9 of the sidecar every ${killEverySeconds} s` : 'A steady load'}: ${rate} RPC/s wanted for ${seconds} s`,
    rows: [
      ['calls a second, sent', count(result.calls_per_second)],
      ['messages sent', count(found.sent)],
      ['events shown by the firehose', count(result.events)],
      ['client latency p50 / p95', `${number(result.latency_ms.p50)} / ${number(result.latency_ms.p95)} ms`],
      ...(isKilled ? [['kills', count(kills)]] : []),
      ['coverage', String(found.coverage)],
      ['sidecar RSS, peak', megabytes(peakBytes)],
      ['sidecar RSS, growth after the first third', `${number((slopeAfterFirstThird(points) * 60) / MEGABYTE)} MB a minute`],
      ['sidecar CPU', `${number((cpu / wallSeconds) * 100)} % of a core`],
      ['sidecar CPU a call', `${number((cpu / Math.max(1, calls)) * 1e6)} µs`],
      ['lag, most of its status lines (one a minute)', `${count(lagMaxMs)} ms`],
      ['backlog of the tap queue at the end of the load', `${count(backlog)} messages`],
      ['until it was empty', `${number(drainSeconds)} s`],
      ['at its end it said', newest().summary?.text ?? '(nothing)'],
    ],
    verdicts: [
      ...onceEach(found),
      { claim: `the rows stand for all events of the firehose: ${count(found.events)}`, holds: found.events === result.events },
      { claim: `coverage 1: ${found.coverage}`, holds: found.coverage === 1 },
      { claim: `the load got all its answers; missing: ${result.missing}`, holds: result.missing === 0 },
      { claim: `the sidecar ended in order: ${code}`, holds: code === 0 },
      {
        claim: `RSS below ${RSS_BYTES_MAX / 1e6} million bytes: ${Math.round(peakBytes / 1e6)}`,
        holds: peakBytes < RSS_BYTES_MAX,
      },
      ...(isKilled
        ? [{ claim: `it was killed: ${kills} times`, holds: kills > 0 }]
        : keptUp(rate, result.calls_per_second, backlog)),
    ],
    figures: {
      calls_per_second: result.calls_per_second,
      rss_peak_bytes: peakBytes,
      cpu_us_per_call: (cpu / Math.max(1, calls)) * 1e6,
      lag_max_ms: lagMaxMs,
      backlog,
    },
  };
}

/** What is a second behind is on its way. */
function keptUp(rate: number, sent: number, backlog: number): Verdict[] {
  const most = rate * 5;
  return [
    { claim: `the load kept its pace: ${count(sent)} of ${count(rate)} calls a second`, holds: sent >= rate * 0.95 },
    { claim: `the tap kept up: at most a second's events wait at the end: ${count(backlog)}`, holds: backlog <= most },
  ];
}
