/** Killed at any moment: what was committed and not settled is recovered once, in order, and nothing else is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Journal } from '../../../src/journal/journal.ts';
import { scratch } from '../../support/cli.ts';
import { keyOf } from './arbitrary.ts';
import { OPTIONS, type Step, steps } from './steps.ts';

const CHILD = fileURLToPath(new URL('killed-child.ts', import.meta.url));
const RUNS = 10;

/** Runs the child and kills it. @returns how many steps it said were durable. */
async function killedRun(directory: string, run: number, afterMs: number): Promise<number> {
  const child = spawn(process.execPath, [CHILD, directory, String(run)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  await sleep(afterMs);
  child.kill('SIGKILL');
  if (child.signalCode === null || !child.stdout.closed) await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  return Number(said.trimEnd().split('\n').at(-1));
}

/** The steps that are durable for certain, and those that may be: of the commit that did not get to say so, and the next. */
function stepsOf(run: number, durable: number): { certain: Step[]; possible: Step[] } {
  const [certain, possible]: [Step[], Step[]] = [[], []];
  let commits = 0;
  for (const step of steps(run)) {
    if (certain.length < durable) certain.push(step);
    else possible.push(step);
    if (certain.length === durable && step.do === 'commit' && ++commits > 2) break;
  }
  return { certain, possible };
}

interface Kept {
  readonly n: number;
  readonly story: number;
  readonly isSettled: boolean;
}

async function recovered(directory: string): Promise<Kept[]> {
  const journal = await Journal.open(directory, OPTIONS);
  const kept: Kept[] = [];
  for await (const { event, isSettled } of journal.recover()) {
    if (event.event !== 'publish') throw new Error(`a ${event.event} was invented`);
    kept.push({ n: event.bytes, story: Number.parseInt(event.message.uniqueId, 16), isSettled });
  }
  expect(journal.damagedLines).toBe(0);
  await journal.close();
  return kept;
}

/** Where each story was last settled in these steps. */
function lastSettled(all: readonly Step[]): Map<number, number> {
  return new Map(all.flatMap((step, i) => (step.do === 'settle' ? step.stories.map((story) => [story, i] as const) : [])));
}

/** Where the last event of each story is. */
function lastAppended(all: readonly Step[]): Map<number, number> {
  return new Map(all.flatMap((step, i) => (step.do === 'append' ? [[step.story, i] as const] : [])));
}

function check(kept: readonly Kept[], certain: readonly Step[], possible: readonly Step[]): void {
  const all = [...certain, ...possible];
  const placeOf = new Map(all.flatMap((step, i) => (step.do === 'append' ? [[step.n, i] as const] : [])));
  const places = kept.map(({ n }) => placeOf.get(n) ?? -1);
  expect(places.includes(-1), 'an event that nobody appended').toBe(false);
  expect(
    places.every((place, i) => i === 0 || place > (places[i - 1] as number)),
    'in order, each once',
  ).toBe(true);

  const [settledAt, surelySettledAt, appendedAt] = [lastSettled(all), lastSettled(certain), lastAppended(all)];
  const have = new Map(kept.map((event) => [event.n, event]));
  const needed = certain.filter((step, i) => step.do === 'append' && (settledAt.get(step.story) ?? -1) < i);
  const lost = needed.filter((step) => step.do === 'append' && have.get(step.n)?.isSettled !== false);
  expect(lost, 'committed, not settled, and not recovered as such').toEqual([]);
  const unmarked = kept.filter(
    ({ story, isSettled }) => !isSettled && (surelySettledAt.get(story) ?? -1) > (appendedAt.get(story) as number),
  );
  expect(unmarked, 'settled for certain, and recovered as unsettled').toEqual([]);
}

/** What was recovered, as the steps that lead to it. */
function stepsTo(kept: readonly Kept[]): Step[] {
  const stories = [...new Set(kept.filter(({ isSettled }) => isSettled).map(({ story }) => story))];
  return [...kept.map(({ n, story }) => ({ do: 'append' as const, n, story })), { do: 'settle', stories }];
}

test(`kill -9, ${RUNS} times over one journal`, { timeout: 240_000 }, async () => {
  const directory = join(scratch(), 'journal');
  let before: Step[] = [];
  let [committed, settled, folded] = [0, 0, 0];
  for (let run = 1; run <= RUNS; run++) {
    const durable = await killedRun(directory, run, Math.random() * 150);
    const { certain, possible } = stepsOf(run, durable);
    if (existsSync(join(directory, 'carried.new'))) folded++;
    const kept = await recovered(directory);
    check(kept, [...before, ...certain], possible);
    committed += certain.length;
    settled += kept.filter(({ isSettled }) => isSettled).length;
    before = stepsTo(kept);
  }
  console.info(`${committed} steps committed, ${settled} settled events recovered, ${folded} kills in the middle of a fold`);
  expect(existsSync(join(directory, 'carried.journal'))).toBe(true);
  expect(before.some((step) => step.do === 'append' && step.story < 200 * (RUNS - 1) && keyOf(step.story))).toBe(true);
});
