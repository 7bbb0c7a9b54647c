/** What is tried until it works: how long it took, how often it failed, since when it fails. */
import { Distribution } from '../metrics/definition.ts';

export class Attempts {
  /** Seconds, of those that worked. */
  readonly seconds: Distribution;
  failures = 0;
  /** When the last one worked, and since when they fail; null where none did, or all is well. Milliseconds of `nowMs`. */
  doneMs: number | null = null;
  failingSinceMs: number | null = null;
  /** When the last one ended, well or not. */
  endedMs: number | null = null;
  readonly #nowMs: () => number;

  /** @param bounds of the seconds. @param nowMs milliseconds that only go on. */
  constructor(bounds: readonly number[], nowMs: () => number = () => performance.now()) {
    this.seconds = new Distribution(bounds);
    this.#nowMs = nowMs;
  }

  /** For how long they have failed. Seconds; 0 while all is well. */
  get failingSeconds(): number {
    return this.failingSinceMs === null ? 0 : (this.#nowMs() - this.failingSinceMs) / 1_000;
  }

  /** @throws what the operation throws. */
  async time<T>(operation: () => Promise<T>): Promise<T> {
    const beganMs = this.#nowMs();
    try {
      const result = await operation();
      this.endedMs = this.#nowMs();
      this.doneMs = this.endedMs;
      this.seconds.observe((this.endedMs - beganMs) / 1_000);
      this.failingSinceMs = null;
      return result;
    } catch (error) {
      this.endedMs = this.#nowMs();
      this.failures++;
      this.failingSinceMs ??= beganMs;
      throw error;
    }
  }
}
