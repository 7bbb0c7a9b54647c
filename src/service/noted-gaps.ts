/** Gaps as they were written, for whoever looks: those that last, the latest that ended, and sums by reason. */
import type { Gap, GapReason } from '../gap.ts';

/** Ended ones that are kept. */
const ENDED_MAX = 100;
/** Ids whose sums are known, so that a gap that is written again counts once. */
const KNOWN_MAX = 1_000;

export interface GapSums {
  count: number;
  /** Events; neither goes down, though an estimate may turn out to have been too high. */
  lostMin: number;
  lostEstimate: number;
}

export class NotedGaps {
  readonly #open = new Map<string, Gap>();
  readonly #ended = new Map<string, Gap>();
  readonly #known = new Map<string, { lostMin: number; lostEstimate: number }>();
  readonly #sums = new Map<GapReason, GapSums>();

  /** Takes a gap as it is written to the store: at its beginning, as it grows, at its end. */
  note(gap: Gap): void {
    this.#add(gap);
    this.#open.delete(gap.id);
    this.#ended.delete(gap.id);
    (gap.isOpen ? this.#open : this.#ended).set(gap.id, gap);
    forgetOldest(this.#ended, ENDED_MAX);
  }

  get open(): readonly Gap[] {
    return [...this.#open.values()];
  }

  /** The last to end first; at most 100. */
  get ended(): readonly Gap[] {
    return [...this.#ended.values()].reverse();
  }

  get sums(): ReadonlyMap<GapReason, Readonly<GapSums>> {
    return this.#sums;
  }

  /** Events estimated to be lost between two times, nanoseconds. */
  lostBetween(fromNs: bigint, toNs: bigint): number {
    let lost = 0;
    for (const gap of [...this.#open.values(), ...this.#ended.values()]) {
      const [began, ended] = [max(gap.fromNs, fromNs), min(gap.isOpen ? max(gap.toNs, toNs) : gap.toNs, toNs)];
      if (began > ended) continue;
      const length = Number(gap.toNs - gap.fromNs);
      lost += length === 0 ? gap.lostEstimate : (gap.lostEstimate * Number(ended - began)) / length;
    }
    return lost;
  }

  #add({ id, reason, lostMin, lostEstimate }: Gap): void {
    const sums = this.#sums.get(reason) ?? { count: 0, lostMin: 0, lostEstimate: 0 };
    this.#sums.set(reason, sums);
    const known = this.#known.get(id) ?? { lostMin: 0, lostEstimate: 0 };
    if (!this.#known.has(id)) sums.count++;
    sums.lostMin += Math.max(0, lostMin - known.lostMin);
    sums.lostEstimate += Math.max(0, lostEstimate - known.lostEstimate);
    const counted = {
      lostMin: Math.max(lostMin, known.lostMin),
      lostEstimate: Math.max(lostEstimate, known.lostEstimate),
    };
    this.#known.delete(id);
    this.#known.set(id, counted);
    forgetOldest(this.#known, KNOWN_MAX);
  }
}

function forgetOldest<V>(map: Map<string, V>, sizeMax: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= sizeMax) return;
    map.delete(oldest);
  }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
