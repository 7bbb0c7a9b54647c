/** Events a second, over the last minute. */
const SECONDS = 60;

export class Rate {
  readonly #counts: number[] = [];
  #current = 0;
  #second = 0;

  /** @param nowMs milliseconds of any clock that goes on. */
  add(count: number, nowMs: number): void {
    this.#turn(nowMs);
    this.#current += count;
  }

  /** @returns the mean over the whole seconds known, at most a minute; 0 before the first. */
  perSecond(nowMs: number): number {
    this.#turn(nowMs);
    if (this.#counts.length === 0) return this.#current;
    return this.#counts.reduce((sum, count) => sum + count, 0) / this.#counts.length;
  }

  #turn(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    if (this.#second === 0) this.#second = second;
    for (let passed = Math.min(second - this.#second, SECONDS); passed > 0; passed--) {
      this.#counts.push(this.#current);
      this.#current = 0;
      if (this.#counts.length > SECONDS) this.#counts.shift();
    }
    this.#second = second;
  }
}
