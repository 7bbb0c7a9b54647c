/**
 * Floods against the bounds: a million of each thing that memory is kept of, through the sidecar's own loop. The program
 * stays below a stated size, and what follows the flood finds its parents as before. The work is flood-child.ts's.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../support/executable.ts';
import type { FloodResult, Progress } from './flood-child.ts';
import { FLOODS, type FloodName } from './flood-events.ts';
import { megabytes, number, type Report } from './report.ts';

const CHILD = fileURLToPath(new URL('./flood-child.ts', import.meta.url));
const RSS_BYTES_MAX = 700e6;
/** A flood that takes longer costs more the longer it lasts. */
const CHILD_MS_MAX = 300_000;

export interface FloodOptions {
  /** Which floods; none: all of them. */
  readonly names: readonly string[];
  /** Of their messages: less is quicker, and shows less. */
  readonly share: number;
}

export async function benchFlood({ names, share }: FloodOptions): Promise<Report[]> {
  const unknown = names.find((name) => !(name in FLOODS));
  if (unknown !== undefined) throw new Error(`there is no flood '${unknown}': ${Object.keys(FLOODS).join(', ')}`);
  const chosen = (names.length === 0 ? Object.keys(FLOODS) : ['none', ...names]) as FloodName[];
  const outcomes: Outcome[] = [];
  for (const name of new Set(chosen)) outcomes.push(await outcomeOf(name, share));
  return [report(outcomes)];
}

interface Outcome {
  readonly name: FloodName;
  readonly progress: Progress;
  /** Null where it did not come to its end. */
  readonly result: FloodResult | null;
  readonly ended: string;
}

async function outcomeOf(name: FloodName, share: number): Promise<Outcome> {
  const program = [...NODE_FLAGS, '--expose-gc', CHILD, name, '--share', String(share)];
  const child = spawn(process.execPath, program, {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: CHILD_MS_MAX,
    env: { ...process.env, ...NODE_ENVIRONMENT },
  });
  const exit = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? `exit ${code}`));
  });
  let progress: Progress | FloodResult = { events: 0, peakBytes: 0 };
  for await (const line of createInterface({ input: child.stdout })) progress = JSON.parse(line) as Progress | FloodResult;
  const ended = await exit;
  return { name, progress, result: 'forgotten' in progress ? progress : null, ended };
}

function report(outcomes: readonly Outcome[]): Report {
  const calm = outcomes.find(({ name }) => name === 'none')?.result;
  if (calm == null) throw new Error('the boot alone did not come to its end');
  return {
    title: 'Floods through the sidecar, and a recorded boot behind each',
    rows: [
      ['', 'events', 'peak RSS', 'heap after', 'µs an event', 'open', 'evicted', 'parents right', 'wrong', 'forgotten'],
      ...outcomes.map(toRow),
    ],
    verdicts: outcomes.flatMap((outcome) => verdictsOf(outcome, calm)),
    figures: Object.fromEntries(outcomes.map(({ name, progress }) => [`flood_${name}_peak_rss_bytes`, progress.peakBytes])),
  };
}

function toRow({ name, progress, result, ended }: Outcome): string[] {
  const { title } = FLOODS[name];
  const count = (value: number) => value.toLocaleString('en-US');
  const head = [`${name}: ${title}`, count(progress.events), megabytes(progress.peakBytes)];
  if (result === null) return [...head, ended];
  const { heapBytes, cpuUsAnEvent, open, evicted, right, wrong, forgotten } = result;
  const lost = Object.entries(forgotten).map(([who, entries]) => `${who} ${count(entries)}`);
  const cost = result.events === 0 ? '' : number(cpuUsAnEvent);
  return [...head, megabytes(heapBytes), cost, ...[open, evicted, right, wrong].map(count), lost.join(', ')];
}

function verdictsOf({ name, progress: { peakBytes }, result, ended }: Outcome, calm: FloodResult): Report['verdicts'] {
  if (result === null) return [{ claim: `${name}: comes to its end: ${ended}`, holds: false }];
  const { right, wrong } = result;
  return [
    {
      claim: `${name}: peak RSS below ${RSS_BYTES_MAX / 1e6} million bytes: ${Math.round(peakBytes / 1e6)}`,
      holds: peakBytes < RSS_BYTES_MAX,
    },
    {
      claim: `${name}: parents behind it as without it: ${right} right and ${wrong} wrong, were ${calm.right} and ${calm.wrong}`,
      holds: right >= calm.right && wrong <= calm.wrong,
    },
  ];
}
