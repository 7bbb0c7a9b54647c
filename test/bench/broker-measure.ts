/** What one state of the broker costs: a load as fast as it goes, and one at a fixed rate, of which a part is looked at closely. */
import type { LoadResult } from '../support/rpc-load.ts';
import { ONLY_CALLS, type RunningLoad } from './live-load.ts';
import { cpuSeconds, rssBytes, Samples } from './live-process.ts';
import type { RunningSidecar } from './live-sidecar.ts';
import type { Stage } from './live-stage.ts';
import { pause, until } from './live-wait.ts';

export interface Pace {
  /** RPCs a second of the load with a fixed rate. */
  readonly rate: number;
  readonly saturatedSeconds: number;
  /** How long CPU time is counted at the fixed rate. */
  readonly windowSeconds: number;
}

export interface Cost {
  /** RPCs a second, as many as it takes. */
  readonly saturatedRate: number;
  /** Of the broker; what it uses when idle is taken off. Microseconds. */
  readonly brokerCpuUs: number;
  /** Of the sidecar; 0 where there is none. Microseconds. */
  readonly sidecarCpuUs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Of the broker, the most while saturated. */
  readonly rssBytes: number;
  /** Part of the fixed rate that the load could keep, 0–1. */
  readonly keptRate: number;
}

/** The broker is quiet when it uses so little more of a core than when idle; it is not waited for for ever. */
const QUIET_SHARE = 0.05;
const QUIET_SECONDS = 0.5;
const QUIET_WITHIN_MS = 10_000;
/** The load at a fixed rate goes on until it has been looked at, or for so long. */
const SECONDS_MAX = 600;

export async function measure(stage: Stage, sidecar: RunningSidecar | null, idle: number, pace: Pace): Promise<Cost> {
  const { pid } = stage.broker;
  const memory = new Samples(() => rssBytes(pid), 200);
  const saturated = await stage.load({ ...ONLY_CALLS, rate: 0, seconds: pace.saturatedSeconds }).result;
  memory.end();
  // What waits in the tap's queue would be worked on in the window.
  if (sidecar !== null) await stage.drained();
  await untilQuiet(stage, idle);
  const load = stage.load({ ...ONLY_CALLS, rate: pace.rate, seconds: SECONDS_MAX });
  const window = await watch(stage, load, sidecar, pace.windowSeconds);
  load.stop();
  const paced = await load.result;
  const calls = Math.max(1, paced.calls_per_second * window.seconds);
  return {
    saturatedRate: saturated.calls_per_second,
    brokerCpuUs: ((window.brokerCpu - idle * window.seconds) / calls) * 1e6,
    sidecarCpuUs: (window.sidecarCpu / calls) * 1e6,
    p50Ms: paced.latency_ms.p50,
    p95Ms: paced.latency_ms.p95,
    rssBytes: memory.max,
    keptRate: keptRate(paced, pace.rate),
  };
}

/** What the load before left to be cleaned up is cleaned up. */
async function untilQuiet(stage: Stage, idle: number): Promise<void> {
  const giveUpMs = performance.now() + QUIET_WITHIN_MS;
  while (performance.now() < giveUpMs && (await idleShare(stage, QUIET_SECONDS)) > idle + QUIET_SHARE);
}

/** CPU time that the broker uses when nothing happens: seconds a second. */
export async function idleShare(stage: Stage, seconds: number): Promise<number> {
  const before = brokerCpu(stage);
  const beganMs = performance.now();
  await pause(seconds);
  return ((brokerCpu(stage) - before) * 1_000) / (performance.now() - beganMs);
}

/** The load tells nobody when it begins to send: the broker does. */
async function watch(stage: Stage, load: RunningLoad, sidecar: RunningSidecar | null, seconds: number) {
  const before = await published(stage);
  await until(async () => (await published(stage)) > before + PUBLISHED_MIN || load.hasEnded, {
    otherwise: () => 'the load sends nothing',
  });
  const atOf = () => ({ ms: performance.now(), broker: brokerCpu(stage), sidecar: sidecar?.cpuSeconds ?? 0 });
  const from = atOf();
  await pause(seconds);
  const to = atOf();
  if (load.hasEnded) throw new Error('the load ended while it was looked at');
  return { seconds: (to.ms - from.ms) / 1_000, brokerCpu: to.broker - from.broker, sidecarCpu: to.sidecar - from.sidecar };
}

/** More than what the tap's markers make. */
const PUBLISHED_MIN = 20;

async function published(stage: Stage): Promise<number> {
  const overview = (await stage.broker.manage('GET', '/api/overview?columns=message_stats.publish')) as {
    message_stats?: { publish?: number };
  };
  return overview.message_stats?.publish ?? 0;
}

function brokerCpu({ broker }: Stage): number {
  return cpuSeconds(broker.pid) ?? 0;
}

function keptRate({ calls_per_second }: LoadResult, rate: number): number {
  return calls_per_second / rate;
}
