/**
 * `npm run score [-- CAPTURE.ndjson.gz…] [--no-snapshot]`: the parents that oslotap finds, against the truth beside each
 * capture (X.parents.ndjson.gz). Without arguments: the captures of test/fixtures.
 */
import { table } from '../../src/report/format.ts';
import { CAPTURES, capturePath, parentsOf, run, snapshotOf, tappedOf } from './captures.ts';

export interface Score {
  right: number;
  wrong: number;
  missed: number;
}

/** A parent is right when it is the message whose handler sent the child, by the truth; missed when another or none was found. */
export async function scoreParents(path: string, hasSnapshot: boolean): Promise<Score> {
  const truth = parentsOf(path);
  const { messages } = await run(await tappedOf(path), hasSnapshot ? snapshotOf(path) : null);
  const score: Score = { right: 0, wrong: 0, missed: 0 };
  for (const { traced } of messages) {
    if (!truth.has(traced.uniqueId)) continue;
    const wanted = truth.get(traced.uniqueId) ?? null;
    const found = traced.cause?.uniqueId ?? null;
    if (found !== null && found === wanted) score.right++;
    if (found !== null && found !== wanted) score.wrong++;
    if (wanted !== null && found !== wanted) score.missed++;
  }
  return score;
}

export function precision({ right, wrong }: Score): number {
  return right + wrong === 0 ? 1 : right / (right + wrong);
}

export function recall({ right, missed }: Score): number {
  return right + missed === 0 ? 1 : right / (right + missed);
}

export function together(scores: readonly Score[]): Score {
  const sum = (name: keyof Score) => scores.reduce((total, score) => total + score[name], 0);
  return { right: sum('right'), wrong: sum('wrong'), missed: sum('missed') };
}

function toRow(name: string, score: Score): string[] {
  const figures = [score.right, score.wrong, score.missed].map(String);
  return [name, ...figures, precision(score).toFixed(4), recall(score).toFixed(4)];
}

async function main(args: readonly string[]): Promise<void> {
  const hasSnapshot = !args.includes('--no-snapshot');
  const named = args.filter((arg) => !arg.startsWith('--'));
  const paths = named.length > 0 ? named : CAPTURES.map(capturePath);
  const scores = new Map<string, Score>();
  for (const path of paths) scores.set(path.replace(/^.*\//, ''), await scoreParents(path, hasSnapshot));
  const rows = [...scores].map(([name, score]) => toRow(name, score));
  const head = ['PARENTS OF', 'RIGHT', 'WRONG', 'MISSED', 'PRECISION', 'RECALL'];
  process.stdout.write(table([head, ...rows, toRow('together', together([...scores.values()]))], new Set([1, 2, 3, 4, 5])));
}

if (import.meta.main) await main(process.argv.slice(2));
