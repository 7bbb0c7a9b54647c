/** At the bound this part of it goes in one pass: a Map walks over its deleted entries to find its oldest. */
const FORGET_SHARE = 16;

const NOTHING = (): void => {};

/** How full bounded tables are, and what they have forgotten, by name. */
export type Tables = Readonly<Record<string, { readonly size: number; readonly forgotten: number }>>;

/** A Map with a bound: at the bound, what was set longest ago is forgotten. */
export class Recent<K, V> {
  readonly #map = new Map<K, V>();
  readonly #sizeMax: number;
  readonly #onForget: (value: V) => void;
  /** How many entries were forgotten at the bound. */
  forgotten = 0;

  constructor(sizeMax: number, onForget: (value: V) => void = NOTHING) {
    this.#sizeMax = sizeMax;
    this.#onForget = onForget;
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  /** Sets an entry; it counts as the newest from now on. */
  set(key: K, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size > this.#sizeMax) this.#forgetOldest();
  }

  delete(key: K): void {
    this.#map.delete(key);
  }

  values(): IterableIterator<V> {
    return this.#map.values();
  }

  entries(): IterableIterator<[K, V]> {
    return this.#map.entries();
  }

  #forgetOldest(): void {
    let excess = this.#map.size - this.#sizeMax + Math.floor(this.#sizeMax / FORGET_SHARE);
    for (const [key, value] of this.#map) {
      if (excess-- <= 0) return;
      this.#map.delete(key);
      this.forgotten++;
      this.#onForget(value);
    }
  }
}
