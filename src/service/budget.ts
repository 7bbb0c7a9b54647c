/**
 * The tap must be harmless: when the broker or the tap itself suffers, it sees less; when all is calm again, more.
 *
 *   full → publish → off        a step down after two bad samples, at once in an alarm
 *   off → publish → full        a step up after a calm time, which doubles each time it was too early
 */

/** How much the tap takes; `full` is every copy, `publish` no deliveries, `off` none. */
export type Level = 'full' | 'publish' | 'off';
const LEVELS: readonly Level[] = ['full', 'publish', 'off'];

/** What is measured; null where it cannot be asked. */
export interface Load {
  /** What the broker says of an alarm (memory, disk), or null. */
  readonly alarm: string | null;
  /** Memory used of the broker's high watermark, 0–1. */
  readonly memoryShare: number | null;
  /** Messages in the tap's queue of what it may hold, 0–1. */
  readonly queueShare: number | null;
  readonly lagMs: number;
  /** The sidecar waits for its own store: the lag says nothing of the broker. */
  readonly isSinkWaiting: boolean;
  /** Events received a second. */
  readonly rate: number;
}

export interface BudgetLimits {
  /** @default 0.9 */
  readonly memoryShareMax: number;
  /** @default 0.8 */
  readonly queueShareMax: number;
  /** Milliseconds. @default 60 000 */
  readonly lagMsMax: number;
  /** Events a second; 0: no limit. @default 0 */
  readonly rateMax: number;
  /** How long all must be calm before a step up. Milliseconds. @default 60 000 */
  readonly calmMs: number;
}

export const DEFAULT_BUDGET: BudgetLimits = {
  memoryShareMax: 0.9,
  queueShareMax: 0.8,
  lagMsMax: 60_000,
  rateMax: 0,
  calmMs: 60_000,
};

/** Calm is below this share of each limit: in between, nothing changes. */
const CALM_SHARE = 0.7;
const BAD_SAMPLES = 2;
/** After a step its effect is waited for. Milliseconds. */
const SETTLE_MS = 10_000;
const CALM_DOUBLINGS_MAX = 4;

export interface Step {
  readonly level: Level;
  readonly reason: string;
}

export class Budget {
  level: Level;
  readonly #limits: BudgetLimits;
  readonly #best: Level;
  #badSamples = 0;
  /** At the sample before. */
  #lagMs = 0;
  #calmSinceMs: number | null = null;
  #steppedMs = Number.NEGATIVE_INFINITY;
  #steppedUpMs = Number.NEGATIVE_INFINITY;
  #doublings = 0;

  /** @param best the level that it goes back to. */
  constructor(best: Level, limits: BudgetLimits) {
    this.#best = best;
    this.level = best;
    this.#limits = limits;
  }

  /** Takes a sample; time only goes on. @returns the step to take, or null. */
  sample(load: Load, nowMs: number): Step | null {
    // A lag that shrinks is a backlog that is being taken in, as after a start.
    const isCatchingUp = load.lagMs < this.#lagMs;
    this.#lagMs = load.lagMs;
    const reason = overLimit(isCatchingUp ? { ...load, lagMs: 0 } : load, this.#limits, 1);
    if (reason !== null) return this.#bad(reason, load.alarm !== null, nowMs);
    this.#badSamples = 0;
    // Nothing is measured of a tap that takes nothing: only the broker's own state can keep it there.
    if (overLimit(load, this.#limits, CALM_SHARE) !== null && this.level !== 'off') {
      this.#calmSinceMs = null;
      return null;
    }
    return this.#calm(nowMs);
  }

  #bad(reason: string, isAlarm: boolean, nowMs: number): Step | null {
    this.#calmSinceMs = null;
    this.#badSamples++;
    if (this.level === 'off' || (this.#badSamples < BAD_SAMPLES && !isAlarm) || nowMs - this.#steppedMs < SETTLE_MS) return null;
    const isRelapse = nowMs - this.#steppedUpMs < this.#calmTimeMs;
    this.#doublings = isRelapse ? Math.min(this.#doublings + 1, CALM_DOUBLINGS_MAX) : 0;
    this.#badSamples = 0;
    return this.#go(1, reason, nowMs);
  }

  #calm(nowMs: number): Step | null {
    this.#calmSinceMs ??= nowMs;
    if (this.level === this.#best || nowMs - this.#calmSinceMs < this.#calmTimeMs) return null;
    this.#calmSinceMs = nowMs;
    this.#steppedUpMs = nowMs;
    return this.#go(-1, 'all is calm', nowMs);
  }

  get #calmTimeMs(): number {
    return this.#limits.calmMs * 2 ** this.#doublings;
  }

  #go(by: 1 | -1, reason: string, nowMs: number): Step {
    this.level = LEVELS[LEVELS.indexOf(this.level) + by] as Level;
    this.#steppedMs = nowMs;
    return { level: this.level, reason };
  }
}

/** The first limit that is exceeded, in words; null where none is. @param share of each limit that counts. */
function overLimit(load: Load, limits: BudgetLimits, share: number): string | null {
  const { alarm, memoryShare, queueShare, lagMs, isSinkWaiting, rate } = load;
  if (alarm !== null) return `the broker is in alarm: ${alarm}`;
  if (memoryShare !== null && memoryShare > limits.memoryShareMax * share) {
    return `the broker uses ${percent(memoryShare)} of the memory it may use`;
  }
  if (queueShare !== null && queueShare > limits.queueShareMax * share) return `the tap queue is ${percent(queueShare)} full`;
  if (!isSinkWaiting && lagMs > limits.lagMsMax * share) return `the tap lags by ${Math.round(lagMs / 1_000)} s`;
  if (limits.rateMax > 0 && rate > limits.rateMax * share) return `${Math.round(rate)} events a second`;
  return null;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
