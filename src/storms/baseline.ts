/** What a detector has learned, to be kept or handed on. */
import type { UsualFacts } from './usual.ts';

export interface SeriesBaseline extends UsualFacts {
  /** Usual wait in the queue, milliseconds; usual share of failed calls, 0–1. Null where it is not known. */
  readonly waitMs: number | null;
  readonly failedShare: number | null;
}

export interface Baseline {
  /** What it was learned from. */
  readonly seconds: number;
  /** Hosts that there were. */
  readonly hosts: number;
  /** The last second that it knows of, since the epoch. */
  readonly untilSecond: number;
  /** By keyOf the series. */
  readonly series: ReadonlyMap<string, SeriesBaseline>;
}

export const EMPTY_BASELINE: Baseline = { seconds: 0, hosts: 0, untilSecond: 0, series: new Map() };

/** The vhost that it was learned in, where there was one: another broker's may have another name. */
export function vhostOf({ series }: Baseline): string | null {
  const vhosts = new Set<unknown>();
  for (const key of series.keys()) vhosts.add((JSON.parse(key) as unknown[])[0]);
  const [only] = vhosts;
  return vhosts.size === 1 && typeof only === 'string' ? only : null;
}
