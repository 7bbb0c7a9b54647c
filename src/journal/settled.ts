/** Which stories are durable in the store: what the marks in the segments say, as long as no later event says otherwise. */
export class Settled {
  /** The segment that a key's mark is in, or a later one; keys stand in the order of their marks. */
  readonly #segmentOf = new Map<string, number>();
  /** Keys whose mark is not on disk yet: of those that no commit has taken up, and of those that one has. */
  #fresh = new Set<string>();
  #unwritten = new Set<string>();

  has(key: string): boolean {
    return this.#segmentOf.has(key);
  }

  /** True where a crash cannot undo it: only then may events be thrown away. */
  isDurable(key: string): boolean {
    return this.#segmentOf.has(key) && !this.#fresh.has(key) && !this.#unwritten.has(key);
  }

  /** Notes a mark that a scan found on disk. */
  found(key: string, segment: number): void {
    this.#segmentOf.delete(key);
    this.#segmentOf.set(key, segment);
  }

  /** Notes a mark that is in memory only. */
  mark(key: string, segment: number): void {
    this.found(key, segment);
    this.#fresh.add(key);
  }

  /** An event came after the mark. */
  reopen(key: string): void {
    this.#segmentOf.delete(key);
  }

  commitBegins(): void {
    if (this.#unwritten.size === 0) [this.#unwritten, this.#fresh] = [this.#fresh, this.#unwritten];
    for (const key of this.#fresh) this.#unwritten.add(key);
    this.#fresh.clear();
  }

  commitDone(): void {
    this.#unwritten.clear();
  }

  /** Forgets the marks of the segments up to this one: the events before them are gone. */
  dropThrough(segment: number): void {
    for (const [key, number] of this.#segmentOf) {
      if (number > segment) return;
      this.#segmentOf.delete(key);
    }
  }
}
