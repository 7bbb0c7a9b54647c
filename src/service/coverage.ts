/** How much of what passed was seen. */
import type { NotedGaps } from './noted-gaps.ts';
import type { Window } from './seen.ts';

/** Events seen of those seen and those estimated to be lost, 0–1; null where nothing is known to have passed. */
export function coverageOf(gaps: NotedGaps, { events, lengthMs }: Window, nowNs: bigint): number | null {
  const lost = gaps.lostBetween(nowNs - BigInt(Math.round(lengthMs)) * 1_000_000n, nowNs);
  if (events + lost === 0) return null;
  return Math.round((events / (events + lost)) * 1e6) / 1e6;
}
