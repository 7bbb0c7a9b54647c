/** The states of a broker that are compared: no tracing, tracing, a sidecar at work, one that died, and what is left of it. */
import { disarm } from './live-cli.ts';
import type { RunningSidecar } from './live-sidecar.ts';
import { type Stage, TAP_QUEUE } from './live-stage.ts';
import { until } from './live-wait.ts';

export interface Mode {
  readonly name: string;
  /** Brings the broker into this state, from no tracing and no tap queue. @returns the sidecar, where one is at work. */
  enter(stage: Stage): Promise<RunningSidecar | null>;
}

/** A dead sidecar's queue is full soon: what it costs when full is what counts. Messages. */
const DEAD_QUEUE_LENGTH = 5_000;
const SOON_SECONDS = 2;
const NEVER_SECONDS = 86_400;

/** In each, the lag may become what it will: a budget that steps down would change the mode. */
const KEEP_TIER = ['--lag-step', '86400', '--queue-max', '100', '--queue-length', '10000000', '--queue-bytes', '100000000000'];

export const MODES: readonly Mode[] = [
  { name: 'no tracing', enter: async () => null },
  { name: 'tracing, nothing bound', enter: (stage) => stage.trace(true).then(() => null) },
  { name: 'tier publish', enter: (stage) => atWork(stage, ['--tier', 'publish']) },
  { name: 'tier full, acks', enter: (stage) => atWork(stage, []) },
  { name: 'tier full, no acks', enter: (stage) => atWork(stage, ['--prefetch', '0']) },
  { name: 'tier full, sidecar dead, queue full', enter: (stage) => killed(stage, NEVER_SECONDS).then(() => null) },
  { name: "the dead sidecar's queue expired", enter: expired },
  { name: 'after tap disarm', enter: disarmed },
];

/** Back to no tracing and no tap queue. */
export async function leave(stage: Stage, sidecar: RunningSidecar | null): Promise<void> {
  await sidecar?.stop();
  if (await stage.isTracing()) await stage.trace(false);
  if ((await stage.queue()) !== null) await stage.broker.manage('DELETE', `/api/queues/%2F/${TAP_QUEUE}`);
}

function atWork(stage: Stage, args: readonly string[]): Promise<RunningSidecar> {
  return stage.armedSidecar(['--store', `chdb:${stage.newFolder()}`, ...KEEP_TIER, ...args]);
}

/** @returns its data directory. */
async function killed(stage: Stage, expiresSeconds: number): Promise<string> {
  const data = stage.newFolder();
  const bounds = ['--queue-length', String(DEAD_QUEUE_LENGTH), '--queue-expires', String(expiresSeconds)];
  const sidecar = await stage.armedSidecar(['--store', `chdb:${data}`, ...bounds]);
  await sidecar.kill();
  return data;
}

async function expired(stage: Stage): Promise<null> {
  await killed(stage, SOON_SECONDS);
  await untilExpired(stage);
  return null;
}

async function disarmed(stage: Stage): Promise<null> {
  const data = await killed(stage, SOON_SECONDS);
  await untilExpired(stage);
  disarm(data, stage.env);
  if (await stage.isTracing()) throw new Error('tap disarm left the firehose on');
  return null;
}

async function untilExpired(stage: Stage): Promise<void> {
  await until(async () => (await stage.queue()) === null, { otherwise: () => 'the tap queue did not expire' });
}
