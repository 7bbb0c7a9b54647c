/** Events a second, over the last minute in which somebody looked. */
const SECONDS = 60;
/** A loss is noticed late, and what passed in the minute before it is asked for. */
const KEPT_SECONDS = 120;

export class Rate {
  #counts: number[] = [];
  #current = 0;
  /** The one that is being counted; null before the first. */
  #second: number | null = null;
  #isFrozen = false;

  /** Nothing happens while it is frozen. @param nowMs milliseconds of any clock that goes on. */
  add(count: number, nowMs: number): void {
    if (this.#isFrozen) return;
    this.#turn(nowMs);
    this.#current += count;
  }

  /** @returns the mean over the whole seconds known, at most a minute; 0 before the first. */
  perSecond(nowMs: number): number {
    this.#turn(nowMs);
    const minute = this.#counts.slice(-SECONDS);
    if (minute.length === 0) return this.#current;
    return minute.reduce((sum, count) => sum + count, 0) / minute.length;
  }

  /** Nobody looks any more: until `resume` it stays as it was. @param silentMs how long ago something last came for sure. */
  freeze(nowMs: number, silentMs: number): void {
    if (this.#isFrozen) return;
    this.#turn(nowMs);
    for (let silent = Math.ceil(silentMs / 1_000); silent > 0; silent--) {
      if (this.#counts.length > 1 && this.#counts.at(-1) === 0) this.#counts.pop();
    }
    this.#isFrozen = true;
  }

  resume(nowMs: number): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#second = Math.floor(nowMs / 1_000);
  }

  /** Another kind of events is counted from now on. What is frozen stays. */
  restart(): void {
    if (this.#isFrozen) return;
    this.#counts = [];
    this.#current = 0;
  }

  #turn(nowMs: number): void {
    if (this.#isFrozen) return;
    const second = Math.floor(nowMs / 1_000);
    const before = this.#second ?? second;
    for (let passed = Math.min(second - before, KEPT_SECONDS); passed > 0; passed--) {
      this.#counts.push(this.#current);
      this.#current = 0;
      if (this.#counts.length > KEPT_SECONDS) this.#counts.shift();
    }
    this.#second = second;
  }
}
