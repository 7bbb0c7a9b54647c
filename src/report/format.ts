/** How figures are written for people. */
import { printable } from './report-text.ts';

/** 0.08 ms, 41 ms, 3.51 s, 2 min 5 s. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(2)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}

/** 812 B, 14.8 kB, 2.1 MB: decimal, as bandwidth is. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** 100 %, 99.3 %; never 100 % for less than all. */
export function percent(share: number): string {
  return share === 1 ? '100 %' : `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`;
}

/** A part of a whole: 62 %, <1 %. */
export function share(part: bigint, whole: bigint): string {
  const hundredths = whole === 0n ? 0 : (100 * Number(part)) / Number(whole);
  return part > 0n && hundredths < 0.5 ? '<1 %' : `${Math.round(hundredths)} %`;
}

/** service@host; an address alone where no service is known. Both are text that a connection gave itself: fit for a terminal. */
export function place({ service, host }: { readonly service: string; readonly host: string }): string {
  return printable(service === '' ? host : `${service}@${host}`);
}

/** A time as people read it: 2026-11-21 19:55:43.800 UTC. */
export function clock(rfc3339: string): string {
  return `${rfc3339.slice(0, 10)} ${rfc3339.slice(11, 23)} UTC`;
}

/** Columns of text, aligned; numbers to the right. No trailing blanks. */
export function table(rows: readonly (readonly string[])[], rightAligned: ReadonlySet<number>): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const pad = ' '.repeat(Math.max(0, (widths[column] ?? 0) - [...cell].length));
        return rightAligned.has(column) ? pad + cell : cell + pad;
      })
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}
