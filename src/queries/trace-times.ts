/** When some traces were: with it their messages are found by the order that the store keeps them in. */
import { readFileSync } from 'node:fs';
import type { Store } from '../store/store.ts';

/** Nanoseconds since the epoch, both included, in decimal. */
export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

/** The years 1970 and 2262: what DateTime64(9) can hold. */
export const ALL_OF_TIME: TimeRange = { from: '0', to: '9223372036854775807' };

const SQL = readFileSync(new URL('trace-times.sql', import.meta.url), 'utf8');

/** All their messages were published in it. All of time, where the store does not tell of each of them. */
export async function timesOf(store: Store, traceIds: readonly string[]): Promise<TimeRange> {
  const [row] = await store.query<TimeRange & { traces: number }>(SQL, { traces: traceIds });
  if (row === undefined || row.traces < new Set(traceIds).size) return ALL_OF_TIME;
  return { from: row.from, to: row.to };
}
