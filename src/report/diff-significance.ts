/**
 * Whether two samples differ by more than chance: Mann and Whitney's rank test, and Holm's correction for many of them.
 *
 * Sources: H. B. Mann, D. R. Whitney, "On a test of whether one of two random variables is stochastically larger than the
 * other", Ann. Math. Statist. 18 (1947); the normal approximation, corrected for ties and for continuity, is that of E. L. Lehmann,
 * "Nonparametrics" (1975), 1.3 to 1.5, as in scipy.stats.mannwhitneyu(method='asymptotic'). Where many values are equal, a rank sum
 * moves in greater steps than one: half the least step is corrected for, so that counts of 0 and 1 do not pass for more than
 * they are. S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6 (1979).
 */

/** With fewer values on a side the approximation says nothing. */
export const SAMPLES_MIN = 8;

export interface RankTest {
  /** Two-sided, 0–1: how likely so great a difference is where there is none. */
  readonly p: number;
  /** How likely a value of the second is greater than one of the first, ties counted half: 0.5 where there is no difference. */
  readonly superiority: number;
}

/** @returns null where a side has fewer than 8 values. */
export function rankTest(first: readonly number[], second: readonly number[]): RankTest | null {
  const [n, m] = [first.length, second.length];
  if (n < SAMPLES_MIN || m < SAMPLES_MIN) return null;
  const { rankSum, tieTerm, step } = rankSumOfSecond(first, second);
  const u = rankSum - (m * (m + 1)) / 2;
  const all = n + m;
  const variance = ((n * m) / 12) * (all + 1 - tieTerm / (all * (all - 1)));
  const superiority = u / (n * m);
  const distance = Math.abs(u - (n * m) / 2) - step / 2;
  if (variance <= 0 || distance <= 0) return { p: 1, superiority };
  return { p: Math.min(1, 2 * upperTail(distance / Math.sqrt(variance))), superiority };
}

/** Holm's adjusted p values, in the order given: those of at most `alpha` are significant together. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, index) => index).sort((a, b) => (ps[a] ?? 1) - (ps[b] ?? 1));
  const adjusted = new Array<number>(ps.length).fill(1);
  let greatest = 0;
  for (const [rank, index] of order.entries()) {
    greatest = Math.max(greatest, Math.min(1, (ps.length - rank) * (ps[index] ?? 1)));
    adjusted[index] = greatest;
  }
  return adjusted;
}

interface Ranked {
  readonly rankSum: number;
  /** Σ (t³ − t) over the groups of equal values. */
  readonly tieTerm: number;
  /** The least distance of two ranks: 1 without ties. */
  readonly step: number;
}

function rankSumOfSecond(first: readonly number[], second: readonly number[]): Ranked {
  const values = [...first.map((value) => ({ value, side: 0 })), ...second.map((value) => ({ value, side: 1 }))];
  values.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  let tieTerm = 0;
  let step = values.length;
  let before = Number.NEGATIVE_INFINITY;
  for (let from = 0; from < values.length; ) {
    let to = from + 1;
    while (to < values.length && values[to]?.value === values[from]?.value) to++;
    const tied = to - from;
    const midRank = (from + 1 + to) / 2;
    for (let at = from; at < to; at++) rankSum += values[at]?.side === 1 ? midRank : 0;
    tieTerm += tied ** 3 - tied;
    step = Math.min(step, midRank - before);
    before = midRank;
    from = to;
  }
  return { rankSum, tieTerm, step };
}

/** P(Z > z) of the standard normal distribution, for z ≥ 0. Abramowitz and Stegun, 26.2.17: wrong by at most 7.5e-8. */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
}
