/** What is done to the sidecar and to its broker in a soak, one at a time, and until when each is over. */
import { randomBytes } from 'node:crypto';
import { connect } from 'amqplib';
import type { Trouble } from './live-disk.ts';
import { OtherTraffic } from './live-other-traffic.ts';
import { type Stage, TAP_QUEUE } from './live-stage.ts';
import { pause, until } from './live-wait.ts';
import type { Lives } from './soak-lives.ts';
import type { SoakLoad } from './soak-load.ts';
import type { Kind } from './soak-plan.ts';

export interface Scene {
  readonly stage: Stage;
  readonly lives: Lives;
  readonly load: SoakLoad;
  readonly disk: Trouble;
  /** Calls a second. */
  readonly rate: number;
  /** When calls that stay open are answered. Epoch milliseconds. */
  readonly answerMs: number;
  /** What is still to come. */
  ahead: readonly Kind[];
  /** What of it has to be counted in the end. */
  readonly sent: { undecodable: number; openCalls: OtherTraffic | null; openTruth: string };
}

/** What was done, and when all was well again. */
export interface Act {
  readonly kind: Kind;
  /** Epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Why all was not well again; null: it was. */
  readonly failure: string | null;
}

const BURST_TIMES = 10;
const BURST_SECONDS = 8;
const AWAY_SECONDS = 12;
const DOWN_SECONDS = 3;
const UNDECODABLE = 200;
const OPEN_CALLS = 150;
const OPEN_SENDING_SECONDS = 5;
const PATIENCE_MS = 120_000;
/** A gap is in the store a second after it was noted: a kill before that forgets it, as the README's limits say. */
const SETTLE_SECONDS = 3;
/** The tap has caught up when less waits. Messages. */
const BACKLOG_MAX = 500;
/** RabbitMQ's own: of the memory of the machine. */
const WATERMARK = '0.4';
const WATERMARK_IN_ALARM = '0.0001';

const ACTS: Readonly<Record<Kind, (scene: Scene) => Promise<void>>> = {
  'kill -9, start again': (scene) => restart(scene, 'kill'),
  'SIGTERM, start again': (scene) => restart(scene, 'stop'),
  'SIGTERM with --keep-queue, start again': (scene) => restart(scene, 'stop'),
  'the broker restarts': ({ stage, lives }) => comesBack(lives, () => stage.broker.restart()),
  'the broker closes the connection': ({ stage, lives }) => comesBack(lives, () => closeTapConnections(stage)),
  'the tap queue is deleted': ({ stage, lives }) =>
    comesBack(lives, () => stage.broker.manage('DELETE', `/api/queues/%2F/${TAP_QUEUE}`).then(() => {})),
  'the firehose goes off': async ({ stage }) => {
    await stage.trace(false);
    await pause(1);
  },
  'the broker is in alarm': alarm,
  "the store's disk is full": fullDisk,
  'a burst': ({ load, rate }) => load.burst(rate * BURST_TIMES, BURST_SECONDS),
  'undecodable messages': sendUndecodable,
  'calls that stay open': openCalls,
};

/** Does it, and waits until all is well again. */
export async function act(kind: Kind, scene: Scene): Promise<Act> {
  const fromMs = Date.now();
  const failure = await ACTS[kind](scene)
    .then(() => isWell(scene))
    .then(() => pause(SETTLE_SECONDS))
    .then(
      () => null,
      (error: Error) => error.message,
    );
  return { kind, fromMs, toMs: Date.now(), failure };
}

/** The firehose is on, all of it is taken, and nothing waits for long. */
async function isWell({ stage, lives }: Scene): Promise<void> {
  let still = '';
  const holds = async () => {
    const { sidecar } = lives.current;
    if (sidecar.hasEnded) throw new Error(`the sidecar has ended: ${sidecar.lastWords}`);
    const backlog = await stage.backlog().catch(() => Number.POSITIVE_INFINITY);
    if (!(await stage.isTracing())) still = 'the firehose is off';
    else if (sidecar.tier !== 'full') still = `the tier is ${sidecar.tier}`;
    else if (backlog > BACKLOG_MAX) still = `${backlog} messages wait`;
    else still = '';
    return still === '';
  };
  await until(holds, { otherwise: () => `after ${PATIENCE_MS / 1_000} s ${still}`, patienceMs: PATIENCE_MS, periodMs: 500 });
}

async function restart({ lives, ahead }: Scene, how: 'kill' | 'stop'): Promise<void> {
  const { sidecar } = lives.current;
  await lives.end(how);
  if (how === 'stop' && sidecar.summary === null) throw new Error(`it did not end in order: ${sidecar.lastWords}`);
  await pause(DOWN_SECONDS);
  await lives.begin(lifeArgs(ahead));
}

/** @param ahead what comes after its beginning. */
export function lifeArgs(ahead: readonly Kind[]): readonly string[] {
  const end = ahead.find((kind) => kind.endsWith('start again'));
  return end === 'SIGTERM with --keep-queue, start again' ? ['--keep-queue'] : [];
}

async function comesBack(lives: Lives, trouble: () => Promise<void>): Promise<void> {
  const { sidecar } = lives.current;
  const connections = sidecar.events.filter(({ name }) => name === 'tap_connected').length;
  await trouble();
  const otherwise = () => `the sidecar did not come back: ${sidecar.lastWords}`;
  await until(() => sidecar.times('tap_connected') > connections, { otherwise });
}

/** Those that consume from the tap's queue, and only those: services keep theirs. */
async function closeTapConnections({ broker }: Stage): Promise<void> {
  type Queue = { readonly consumer_details?: readonly { readonly channel_details: { readonly connection_name: string } }[] };
  let names: string[] = [];
  const otherwise = () => 'the management API never named the tap’s connection';
  await until(
    async () => {
      const queue = (await broker.manage('GET', `/api/queues/%2F/${TAP_QUEUE}`)) as Queue;
      names = (queue.consumer_details ?? []).map(({ channel_details }) => channel_details.connection_name);
      return names.length > 0;
    },
    { otherwise },
  );
  for (const name of names) await broker.manage('DELETE', `/api/connections/${encodeURIComponent(name)}`);
}

async function alarm({ stage, lives }: Scene): Promise<void> {
  const { sidecar } = lives.current;
  const steps = sidecar.times('tier_changed');
  await stage.broker.ctl('set_vm_memory_high_watermark', WATERMARK_IN_ALARM);
  try {
    await pause(AWAY_SECONDS);
    await until(() => sidecar.times('tier_changed') > steps, { otherwise: () => 'the tap took as much as before in an alarm' });
  } finally {
    await stage.broker.ctl('set_vm_memory_high_watermark', WATERMARK);
  }
}

async function fullDisk({ lives, disk }: Scene): Promise<void> {
  const { sidecar } = lives.current;
  // An engine that is in the middle of something says nothing itself.
  const hurt = () => sidecar.times('store_away') + sidecar.times('store_slow');
  const [away, back] = [hurt(), sidecar.times('store_back')];
  disk.begin(sidecar.pid);
  try {
    await until(() => hurt() > away, {
      otherwise: () => 'for a minute the sidecar said nothing of a full disk',
    });
    await pause(AWAY_SECONDS);
  } finally {
    disk.end(sidecar.pid);
  }
  await until(() => sidecar.times('store_back') > back, { otherwise: () => 'the sidecar did not find its store again' });
}

async function sendUndecodable({ stage, sent }: Scene): Promise<void> {
  const connection = await connect(stage.broker.amqp);
  const channel = await connection.createConfirmChannel();
  for (let nth = 0; nth < UNDECODABLE; nth++) channel.publish('amq.topic', 'conductor', randomBytes(nth + 1));
  await channel.waitForConfirms();
  await connection.close();
  sent.undecodable += UNDECODABLE;
}

async function openCalls({ stage, answerMs, sent }: Scene): Promise<void> {
  const replyDelayMs = Math.max(0, answerMs - Date.now());
  const rate = OPEN_CALLS / OPEN_SENDING_SECONDS;
  const traffic = await OtherTraffic.start({ amqp: stage.broker.amqp, rate, replyDelayMs, truth: sent.openTruth });
  sent.openCalls = traffic;
  await pause(OPEN_SENDING_SECONDS);
  await traffic.stopSending();
}
