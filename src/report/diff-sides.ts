/** Two sides compared, operation by operation: the shape of `oslotap diff --json`. */
import { diffFingerprints, isEmpty, type OperationDiff } from './diff.ts';
import { type Regression, regressionsOf, type Thresholds } from './diff-thresholds.ts';
import type { Fingerprint } from './fingerprint.ts';

export interface Comparison {
  /** What was compared, for people. */
  readonly a: string;
  readonly b: string;
  readonly is_empty: boolean;
  readonly operations: readonly OperationDiff[];
  /** Operations of which the other side has no request: they are not compared. */
  readonly only_in_a: readonly string[];
  readonly only_in_b: readonly string[];
  readonly thresholds: Thresholds;
  readonly regressions: readonly Regression[];
}

/** One side: its operations' fingerprints. */
export interface ComparedSide {
  readonly label: string;
  readonly fingerprints: readonly Fingerprint[];
}

export function compareSides(a: ComparedSide, b: ComparedSide, thresholds: Thresholds): Comparison {
  const inB = new Map(b.fingerprints.map((fingerprint) => [fingerprint.operation, fingerprint]));
  const operations = a.fingerprints.flatMap((fingerprint) => {
    const other = inB.get(fingerprint.operation);
    return other === undefined ? [] : [diffFingerprints(fingerprint, other)];
  });
  return {
    a: a.label,
    b: b.label,
    is_empty: operations.every(isEmpty),
    operations,
    only_in_a: withoutOther(a, b),
    only_in_b: withoutOther(b, a),
    thresholds,
    regressions: operations.flatMap((operation) => regressionsOf(operation, thresholds)),
  };
}

function withoutOther(here: ComparedSide, there: ComparedSide): string[] {
  const others = new Set(there.fingerprints.map(({ operation }) => operation));
  return here.fingerprints.map(({ operation }) => operation).filter((operation) => !others.has(operation));
}
