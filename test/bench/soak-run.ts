/** A soak from its beginning to its end, on a broker of its own: the load, one act after the other, quiet, and the end. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskTrouble } from './live-disk.ts';
import { type Asked, Endpoints } from './live-endpoints.ts';
import { pidsWith } from './live-process.ts';
import { Stage } from './live-stage.ts';
import { pause } from './live-wait.ts';
import { type Act, act, lifeArgs, type Scene } from './soak-acts.ts';
import { check, type Found } from './soak-check.ts';
import { type Life, Lives } from './soak-lives.ts';
import { type Part, SoakLoad } from './soak-load.ts';
import { planOf } from './soak-plan.ts';

export interface SoakOptions {
  readonly seconds: number;
  /** Calls a second. */
  readonly rate: number;
  readonly seed: number;
  /** A directory for the logs of the sidecar's lives, or null. */
  readonly logs: string | null;
  /** Called now and then, with what goes on. */
  readonly progress: (text: string) => void;
}

export interface Soaked {
  readonly options: SoakOptions;
  readonly seconds: number;
  readonly acts: readonly Act[];
  readonly lives: readonly Life[];
  readonly parts: readonly Part[];
  readonly undecodableSent: number;
  /** Null: they could not be sent, or were cut off. */
  readonly openCalls: { readonly sent: number; readonly missing: number | null };
  readonly asked: readonly Asked[];
  readonly found: Found;
  readonly left: Left;
  /** Why the tap's queue was not empty in the end; null: it was. */
  readonly drainFailure: string | null;
}

/** What is there after the end, and should not be. */
export interface Left {
  readonly queues: readonly string[];
  readonly isTracing: boolean;
  readonly processes: number;
}

/** Without trouble for so long it takes more again: a soak has no minute to wait each time. Seconds. */
const CALM = ['--calm', '5'];
const PROGRESS_MS = 5_000;
const OWN_QUEUE = /^oslotap/;

export function soak(options: SoakOptions): Promise<Soaked> {
  return Stage.play((stage) => run(stage, options));
}

async function run(stage: Stage, options: SoakOptions): Promise<Soaked> {
  const { seconds, rate, seed } = options;
  const directory = stage.path('data');
  const disk = diskTrouble(stage, `${directory}/chdb`);
  const plan = planOf(seconds, seed);
  const lives = new Lives(stage, ['--store', `chdb:${directory}`, ...CALM]);
  await lives.begin(lifeArgs(plan.acts.map(({ kind }) => kind)));
  const load = new SoakLoad(stage, rate);
  const beganMs = Date.now();
  const sent = { undecodable: 0, openCalls: null, openTruth: stage.path('truth-open.ndjson') };
  const scene: Scene = { stage, lives, load, disk, rate, answerMs: beganMs + plan.answerSeconds * 1_000, ahead: [], sent };
  const endpoints = new Endpoints(() => lives.current.sidecar);
  const acts: Act[] = [];
  const telling = setInterval(() => {
    lives.heapBytes = endpoints.heapBytes;
    options.progress(progressOf(lives, acts, (Date.now() - beganMs) / 1_000, seconds));
  }, PROGRESS_MS);
  try {
    for (const [nth, { kind, atSeconds }] of plan.acts.entries()) {
      await pause(Math.max(0, atSeconds - (Date.now() - beganMs) / 1_000));
      scene.ahead = plan.acts.slice(nth + 1).map((planned) => planned.kind);
      acts.push(await act(kind, scene));
      if (lives.current.sidecar.hasEnded) throw new Error(`the sidecar did not survive it: ${kind}: ${acts.at(-1)?.failure}`);
    }
    await pause(Math.max(0, seconds - (Date.now() - beganMs) / 1_000));
    return await end({ stage, scene, endpoints, acts, options, beganMs, directory });
  } finally {
    clearInterval(telling);
    if (options.logs !== null) writeLogs(options.logs, lives.all);
    lives.stopSampling();
    await endpoints.stop();
  }
}

interface Running {
  readonly stage: Stage;
  readonly scene: Scene;
  readonly endpoints: Endpoints;
  readonly acts: readonly Act[];
  readonly options: SoakOptions;
  readonly beganMs: number;
  readonly directory: string;
}

async function end({ stage, scene, endpoints, acts, options, beganMs, directory }: Running): Promise<Soaked> {
  const { lives, load, sent } = scene;
  const missing = (await sent.openCalls?.stop().catch(() => null)) ?? null;
  await load.stop();
  const drainFailure = await stage.drained().then(
    () => null,
    (error: Error) => error.message,
  );
  await endpoints.stop();
  await lives.end('stop');
  const seconds = (Date.now() - beganMs) / 1_000;
  const left = await leftOf(stage, directory);
  const openPart: Part[] =
    sent.openCalls === null ? [] : [{ truth: sent.openTruth, fromMs: beganMs, toMs: Date.now(), failure: null, missing }];
  const found = await check({ directory, parts: [...load.parts, ...openPart], acts, endMs: lives.current.toMs });
  return {
    options,
    seconds,
    acts,
    lives: lives.all,
    parts: load.parts,
    undecodableSent: sent.undecodable,
    openCalls: { sent: sent.openCalls?.calls ?? 0, missing },
    asked: [...endpoints.asked.values()],
    found,
    left,
    drainFailure,
  };
}

function writeLogs(directory: string, lives: readonly Life[]): void {
  mkdirSync(directory, { recursive: true });
  for (const [nth, { sidecar, samples }] of lives.entries()) {
    writeFileSync(join(directory, `life-${nth + 1}.log`), `${sidecar.lines.join('\n')}\n`);
    writeFileSync(join(directory, `life-${nth + 1}.samples.json`), JSON.stringify(samples));
  }
}

async function leftOf(stage: Stage, directory: string): Promise<Left> {
  const queues = (await stage.broker.ctl('list_queues', '--silent', 'name')).split('\n').filter((name) => OWN_QUEUE.test(name));
  const processes = pidsWith(directory).filter((pid) => pid !== process.pid);
  return { queues, isTracing: await stage.isTracing(), processes: processes.length };
}

function progressOf(lives: Lives, acts: readonly Act[], atSeconds: number, seconds: number): string {
  const { sidecar, samples } = lives.current;
  const { rssBytes = 0, handles = 0 } = samples.at(-1) ?? {};
  const last = acts.at(-1);
  const told = last === undefined ? '' : `, last: ${last.kind}${last.failure === null ? '' : ` (NOT WELL: ${last.failure})`}`;
  const machine = `${Math.round(rssBytes / 2 ** 20)} MB, ${handles} handles`;
  return `${Math.round(atSeconds)} of ${seconds} s, life ${lives.all.length}, tier ${sidecar.tier}, ${machine}, ${acts.length} acts${told}`;
}
