/** How long an operation and its calls take, on one side and on the other. One figure a request, since the calls of one request do not take their time independently. */
import { SIGNIFICANCE } from './diff-counts.ts';
import { holm, rankTest } from './diff-significance.ts';
import { quantileOf } from './fingerprint.ts';

/** What took its time, on both sides: one value a request, sorted. */
export interface Timed<Subject> {
  readonly subject: Subject;
  readonly a: readonly number[];
  readonly b: readonly number[];
}

export interface LatencyChange {
  /** Medians over the requests. */
  readonly a_ms: number;
  readonly b_ms: number;
  /** b / a; null where a is 0. */
  readonly ratio: number | null;
  /** How likely a request of B takes longer than one of A, 0–1. */
  readonly superiority: number;
  readonly p: number;
  /** By Holm, for all latencies of the operation. */
  readonly p_adjusted: number;
}

export interface ComparedLatencies<Subject> {
  /** Significantly different ones. */
  readonly changes: readonly (LatencyChange & { readonly subject: Subject })[];
  readonly tested: number;
  /** Seen in fewer than 8 requests of a side: nothing is said of them. */
  readonly too_few: number;
}

export function compareLatencies<Subject>(timed: readonly Timed<Subject>[]): ComparedLatencies<Subject> {
  const tested = timed.flatMap(({ subject, a, b }) => {
    const test = rankTest(a, b);
    return test === null ? [] : [{ subject, a_ms: quantileOf(a, 0.5), b_ms: quantileOf(b, 0.5), ...test }];
  });
  const adjusted = holm(tested.map(({ p }) => p));
  const changes = tested
    .map((test, index) => ({ ...test, ratio: test.a_ms === 0 ? null : test.b_ms / test.a_ms, p_adjusted: adjusted[index] ?? 1 }))
    .filter(({ p_adjusted }) => p_adjusted <= SIGNIFICANCE);
  return { changes, tested: tested.length, too_few: timed.length - tested.length };
}
