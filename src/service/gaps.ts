/** Keeps track of what the tap could not see, and says how much that was, as far as anybody can tell. */
import { hash } from 'node:crypto';
import type { Gap, GapReason } from '../gap.ts';

/** Which gap: one at a time is open of each. */
export interface GapScope {
  readonly reason: GapReason;
  readonly vhost: string;
  readonly node: string;
}

interface OpenGap extends GapScope {
  readonly fromNs: bigint;
  /** Events a second that pass and are not seen, estimated; of all that pass, that is `share`. */
  rate: number;
  readonly share: number;
  readonly detail: string;
  lostMin: number;
}

export class Gaps {
  readonly #open = new Map<string, OpenGap>();
  #isEnded = false;
  readonly #write: (gap: Gap) => void;

  /** @param write called at a gap's beginning, as it grows, and at its end. */
  constructor(write: (gap: Gap) => void) {
    this.#write = write;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** What is open now, for people. */
  get openDetails(): readonly string[] {
    return [...this.#open.values()].map(({ detail }) => detail);
  }

  isOpen(scope: GapScope): boolean {
    return this.#open.has(keyOf(scope));
  }

  /** Nothing happens where it is open already, and after `endAll`. */
  begin(scope: GapScope, fromNs: bigint, { rate, share }: Unseen, detail: string): void {
    const key = keyOf(scope);
    if (this.#isEnded || this.#open.has(key)) return;
    const gap = { ...scope, fromNs, rate, share, detail, lostMin: 0 };
    this.#open.set(key, gap);
    this.#write(toGap(gap, fromNs, true));
  }

  end(scope: GapScope, toNs: bigint): void {
    const key = keyOf(scope);
    const gap = this.#open.get(key);
    if (gap === undefined) return;
    this.#open.delete(key);
    this.#write(toGap(gap, toNs, false));
  }

  /** What passes unseen now. */
  setRate(scope: GapScope, rate: number): void {
    const gap = this.#open.get(keyOf(scope));
    if (gap !== undefined) gap.rate = rate;
  }

  /** A gap that is over when it is noticed. */
  add(scope: GapScope, span: Span, lost: Lost, detail: string): void {
    const gap = { ...scope, fromNs: span.fromNs, rate: lost.rate, share: lost.share, detail, lostMin: lost.atLeast };
    this.#write(toGap(gap, span.toNs, false));
  }

  /** Whoever watched them goes: none begins from now on. */
  endAll(toNs: bigint): void {
    this.#isEnded = true;
    for (const gap of [...this.#open.values()]) this.end(gap, toNs);
  }

  /** Writes how far the open ones have come: after a kill that is what is known of them. */
  refresh(nowNs: bigint): void {
    for (const gap of this.#open.values()) this.#write(toGap(gap, nowNs, true));
  }
}

export interface Unseen {
  /** Events a second, estimated. */
  readonly rate: number;
  /** Of all that passes, 0–1. */
  readonly share: number;
}

export interface Lost extends Unseen {
  /** Events, known. */
  readonly atLeast: number;
}

export interface Span {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

function keyOf({ reason, vhost, node }: GapScope): string {
  return `${reason}\0${vhost}\0${node}`;
}

function toGap({ reason, vhost, node, fromNs, rate, share, detail, lostMin }: OpenGap, endNs: bigint, isOpen: boolean): Gap {
  const toNs = endNs > fromNs ? endNs : fromNs;
  const id = hash('sha256', `${reason}\0${vhost}\0${node}\0${fromNs}`, 'hex').slice(0, 16);
  const lostEstimate = Math.max(lostMin, Math.round((Number(toNs - fromNs) / 1e9) * rate));
  return { id, reason, vhost, node, fromNs, toNs, isOpen, share, lostMin, lostEstimate, detail };
}
