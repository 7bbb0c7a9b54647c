/** Counts by second, with the sums of the windows that end with the last whole second. */
import { WINDOWS_S } from './thresholds.ts';

/** A power of two above the longest window. */
const RING = 128;
const MASK = RING - 1;
const LONGEST_S = WINDOWS_S[WINDOWS_S.length - 1] as number;

export class SecondCounts {
  readonly #ring = new Float64Array(RING);
  /** Of the last 2, 10 and 60 whole seconds. */
  readonly sums: Float64Array = new Float64Array(WINDOWS_S.length);
  /** The second that is being counted. */
  #second: number;

  constructor(second: number) {
    this.#second = second;
  }

  /** Counts in the current second, whatever the event's own is: a straggler does no harm. */
  add(count: number): void {
    const at = this.#second & MASK;
    this.#ring[at] = (this.#ring[at] as number) + count;
  }

  /** The current second is over. */
  turn(): void {
    const counted = this.#ring[this.#second & MASK] as number;
    for (let window = 0; window < WINDOWS_S.length; window++) {
      const gone = this.#ring[(this.#second - (WINDOWS_S[window] as number)) & MASK] as number;
      this.sums[window] = (this.sums[window] as number) + counted - gone;
    }
    this.#second++;
    this.#ring[this.#second & MASK] = 0;
  }

  /** How much was counted in a second: of the last minute; 0 for one before. */
  at(second: number): number {
    return second > this.#second || this.#second - second > LONGEST_S ? 0 : (this.#ring[second & MASK] as number);
  }

  /** True where nothing was counted in the last minute. */
  get isIdle(): boolean {
    return this.sums[WINDOWS_S.length - 1] === 0 && this.#ring[this.#second & MASK] === 0;
  }

  /** As if nothing had been counted until then. */
  goOnAt(second: number): void {
    this.#ring.fill(0);
    this.sums.fill(0);
    this.#second = second;
  }
}
