/** What a bench found: tables for people, figures for programs. */
import type { Spread } from './measure.ts';

export interface Report {
  readonly title: string;
  /** The first row is the head. */
  readonly rows: readonly (readonly string[])[];
  /** What must hold, and whether it does. */
  readonly verdicts: readonly Verdict[];
  readonly figures: Readonly<Record<string, number>>;
}

export interface Verdict {
  readonly claim: string;
  readonly holds: boolean;
}

export function printReport({ title, rows, verdicts }: Report): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  console.log(`\n${title}\n`);
  for (const row of rows) {
    const cells = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)));
    console.log(`  ${cells.join('  ')}`.trimEnd());
  }
  if (verdicts.length > 0) console.log();
  for (const { claim, holds } of verdicts) console.log(`  ${holds ? 'yes' : 'NO '}  ${claim}`);
}

/** `2.13 (2.05–2.40)`: the median, the least and the most. */
export function us({ median, min, max }: Spread): string {
  return `${number(median)} (${number(min)}–${number(max)})`;
}

/** How many times less than the baseline. */
export function ratio(baseline: Spread, other: Spread): string {
  return `${(baseline.median / other.median).toFixed(1)}×`;
}

export function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value >= 10 ? 1 : 2);
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20).toLocaleString('en-US')} MB`;
}
