/** How many queries run at once. Others wait, so many and so long; then they are turned away. */

export interface SlotLimits {
  readonly running: number;
  readonly waiting: number;
  /** Milliseconds. */
  readonly waitMs: number;
}

type Release = () => void;

export class Slots {
  readonly #limits: SlotLimits;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** @returns what gives the slot back; null where there is none in time, or the signal says that nobody wants it any more. */
  async take(signal: AbortSignal): Promise<Release | null> {
    if (signal.aborted) return null;
    if (this.#running < this.#limits.running) this.#running++;
    else if (!(await this.#wait(signal))) return null;
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      // Handed on, not put back: nobody may take it between the two.
      const next = this.#queue.shift();
      if (next === undefined) this.#running--;
      else next();
    };
  }

  #wait(signal: AbortSignal): Promise<boolean> {
    if (this.#queue.length >= this.#limits.waiting) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (isMine: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        const at = this.#queue.indexOf(begin);
        if (at >= 0) this.#queue.splice(at, 1);
        resolve(isMine);
      };
      const begin = () => end(true);
      const giveUp = () => end(false);
      const timer = setTimeout(giveUp, this.#limits.waitMs);
      signal.addEventListener('abort', giveUp);
      this.#queue.push(begin);
    });
  }
}
