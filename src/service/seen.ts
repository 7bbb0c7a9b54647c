/** Events seen in the last minute and the last hour, in steps of ten seconds. */
const STEP_MS = 10_000;
const HOUR_STEPS = 360;
const MINUTE_STEPS = 6;

export interface Window {
  readonly events: number;
  /** What it really covers: less than asked for where oslotap has not run for so long. Milliseconds. */
  readonly lengthMs: number;
}

export class Seen {
  /** Sums at the beginning of each step, the newest last. */
  readonly #marks: { readonly atMs: number; readonly total: number }[] = [];

  /** Call it every second or so. @param total all events until now. @param nowMs milliseconds that only go on. */
  note(total: number, nowMs: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && nowMs - last.atMs < STEP_MS) return;
    this.#marks.push({ atMs: nowMs, total });
    if (this.#marks.length > HOUR_STEPS + 1) this.#marks.shift();
  }

  minute(total: number, nowMs: number): Window {
    return this.#since(MINUTE_STEPS, total, nowMs);
  }

  hour(total: number, nowMs: number): Window {
    return this.#since(HOUR_STEPS, total, nowMs);
  }

  #since(steps: number, total: number, nowMs: number): Window {
    const mark = this.#marks.at(-Math.min(steps, this.#marks.length));
    return mark === undefined ? { events: total, lengthMs: 0 } : { events: total - mark.total, lengthMs: nowMs - mark.atMs };
  }
}
