/** A Map with a bound: at the bound, what was set longest ago is forgotten. */
export class Recent<K, V> {
  readonly #map = new Map<K, V>();
  readonly #sizeMax: number;
  readonly #onForget: (value: V) => void;
  /** How many entries were forgotten at the bound. */
  forgotten = 0;

  constructor(sizeMax: number, onForget: (value: V) => void = () => {}) {
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

  entries(): IterableIterator<[K, V]> {
    return this.#map.entries();
  }

  #forgetOldest(): void {
    const oldest = this.#map.keys().next();
    if (oldest.done) return;
    const value = this.#map.get(oldest.value) as V;
    this.#map.delete(oldest.value);
    this.forgotten++;
    this.#onForget(value);
  }
}
