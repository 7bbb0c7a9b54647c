/**
 * What waited in a queue while nobody was there: from when to when is known, and the order; in between its messages are taken
 * to have come evenly. A marker among them, left by a run before, says the time exactly.
 */
export class Backlog {
  #left: number;
  #passed = 0;
  #fromNs: bigint | null;
  #spanCount: number;
  readonly #toNs: bigint;

  /** @param fromNs the last sign of life before; null where there was none. @param toNs when it was found. */
  constructor(count: number, fromNs: bigint | null, toNs: bigint) {
    this.#left = count;
    this.#spanCount = count;
    this.#fromNs = fromNs;
    this.#toNs = toNs;
  }

  get isOver(): boolean {
    return this.#left <= 0;
  }

  /** A message of it was received. */
  pass(): void {
    this.#left--;
    this.#passed++;
  }

  /** A marker of it was sent at this time. */
  pin(sentNs: bigint): void {
    if (sentNs > this.#toNs) return;
    this.#fromNs = sentNs;
    this.#spanCount = this.#left;
    this.#passed = 0;
  }

  /** About when the last one that passed was queued; null where nobody knows. */
  get nowNs(): bigint | null {
    if (this.#fromNs === null) return null;
    const share = Math.min(1, this.#passed / Math.max(1, this.#spanCount));
    return this.#fromNs + BigInt(Math.round(Number(this.#toNs - this.#fromNs) * share));
  }
}
