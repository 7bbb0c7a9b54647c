/** Counts by key, with a bound. */

export class Tally<K> {
  readonly #counts = new Map<K, number>();
  readonly #sizeMax: number;
  /** What found no room is in here only. */
  total = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  add(key: K, count = 1): void {
    this.total += count;
    const known = this.#counts.get(key);
    if (known !== undefined) this.#counts.set(key, known + count);
    else if (this.#counts.size < this.#sizeMax) this.#counts.set(key, count);
  }

  get size(): number {
    return this.#counts.size;
  }

  entries(): IterableIterator<[K, number]> {
    return this.#counts.entries();
  }

  /** The most first; of equals the one that came first. */
  top(max: number): [K, number][] {
    return [...this.#counts].sort(([, a], [, b]) => b - a).slice(0, max);
  }
}
