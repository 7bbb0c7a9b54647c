/** How many messages a request makes, on one side and on the other: what changed, and not only by chance. */
import { holm, rankTest } from './diff-significance.ts';
import { type Samples, samplesOf } from './fingerprint.ts';

/** Two-sided, for all comparisons of one kind together. */
export const SIGNIFICANCE = 0.05;

/** What says that a figure changed: no value of one side is among those of the other; or the rank test, where they overlap. */
export type Evidence = { readonly by: 'ranges' } | { readonly by: 'rank_test'; readonly p_adjusted: number };

export interface Figure {
  readonly min: number;
  readonly median: number;
  readonly mean: number;
  readonly max: number;
}

export interface CountChange {
  readonly a: Figure;
  readonly b: Figure;
  /** Mean of B / mean of A; null where A has none. */
  readonly ratio: number | null;
  readonly evidence: Evidence;
}

/** One figure of both sides. */
export interface Pair<Subject> {
  readonly subject: Subject;
  readonly a: Samples;
  readonly b: Samples;
}

export interface ComparedCounts<Subject> {
  readonly changes: readonly (CountChange & { readonly subject: Subject })[];
  /** Different, but not more than on one side alone. */
  readonly varying: readonly Subject[];
}

/** Compares them together: the rank test is corrected for their number. */
export function compareCounts<Subject>(pairs: readonly Pair<Subject>[]): ComparedCounts<Subject> {
  const changes: (CountChange & { subject: Subject })[] = [];
  const varying: Subject[] = [];
  const evidences = evidenceOf(pairs);
  for (const [index, { subject, a, b }] of pairs.entries()) {
    const evidence = evidences[index] ?? null;
    if (evidence !== null) {
      const ratio = a.mean === 0 ? null : b.mean / a.mean;
      changes.push({ subject, a: figureOf(a), b: figureOf(b), ratio, evidence });
    } else if (a.mean !== b.mean) varying.push(subject);
  }
  return { changes, varying };
}

/** Everything that is on either side, by `keyOf`; what one side lacks is none in each of its requests. */
export function paired<Item extends { readonly count: Samples }>(
  [a, b]: readonly [readonly Item[], readonly Item[]],
  [requestsOfA, requestsOfB]: readonly [number, number],
  keyOf: (item: Item) => string,
): Pair<Item>[] {
  const inA = new Map(a.map((item) => [keyOf(item), item]));
  const inB = new Map(b.map((item) => [keyOf(item), item]));
  const [noneInA, noneInB] = [none(requestsOfA), none(requestsOfB)];
  const pairs: Pair<Item>[] = [];
  for (const key of [...new Set([...inA.keys(), ...inB.keys()])].sort()) {
    const [ofA, ofB] = [inA.get(key), inB.get(key)];
    const subject = ofB ?? ofA;
    if (subject !== undefined) pairs.push({ subject, a: ofA?.count ?? noneInA, b: ofB?.count ?? noneInB });
  }
  return pairs;
}

/** @param requests as many as have none of it; 200 of them tell as much. */
function none(requests: number): Samples {
  return samplesOf(new Array<number>(Math.min(requests, 200)).fill(0));
}

function evidenceOf(pairs: readonly Pair<unknown>[]): (Evidence | null)[] {
  const tests = pairs.map(({ a, b }) => (isOneValue(a, b) || areApart(a, b) ? null : rankTest(a.values, b.values)));
  const tested = tests.flatMap((test, index) => (test === null ? [] : [{ index, p: test.p }]));
  const adjusted = holm(tested.map(({ p }) => p));
  const byIndex = new Map(tested.map(({ index }, nth) => [index, adjusted[nth] ?? 1]));
  return pairs.map(({ a, b }, index) => {
    if (areApart(a, b)) return { by: 'ranges' };
    const p_adjusted = byIndex.get(index) ?? 1;
    return p_adjusted <= SIGNIFICANCE && a.mean !== b.mean ? { by: 'rank_test', p_adjusted } : null;
  });
}

function areApart(a: Samples, b: Samples): boolean {
  return a.max < b.min || b.max < a.min;
}

/** The same in each request of both sides: there is nothing to test. */
function isOneValue(a: Samples, b: Samples): boolean {
  return a.min === a.max && b.min === b.max && a.min === b.min;
}

function figureOf({ min, median, mean, max }: Samples): Figure {
  return { min, median, mean, max };
}
