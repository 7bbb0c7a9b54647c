/** The minutes' sums while a tap runs: what is due is computed now and then. A store that fails here is tried again; the tap goes on. */
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RollUps } from '../sinks/clickhouse/roll-ups.ts';

const PERIOD_MS = 15_000;

export class LiveMinutes {
  readonly #rollUps: RollUps;
  readonly #log: Log;
  #nextMs = performance.now() + PERIOD_MS;
  #isFailing = false;

  constructor(rollUps: RollUps, log: Log) {
    this.#rollUps = rollUps;
    this.#log = log;
  }

  /** At most one every 15 s; `isLast`: at once. Never throws. */
  async step({ isLast = false } = {}): Promise<void> {
    if (performance.now() < this.#nextMs && !isLast) return;
    try {
      await this.#rollUps.compute();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing)
        this.#log.warn('roll_ups_failed', `the sums of minutes are not up to date: ${reasonOf(error)}; trying again`);
      this.#isFailing = true;
    }
    this.#nextMs = performance.now() + PERIOD_MS;
  }
}
