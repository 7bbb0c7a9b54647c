/**
 * What is usual for one series: its mean rate, and its busiest windows of each length. Learned minute by minute, and robust: at first a
 * plain mean; then an exponentially weighted one whose news are cut at twice of what was known (winsorised), so that a storm, or a ramp
 * of ten minutes, teaches little, and a new normal is learned within the hour.
 *
 * Sources: exponential smoothing with cut innovations: Gelper, Fried, Croux, "Robust forecasting with exponential and Holt-Winters
 * smoothing", J. Forecasting 29 (2010).
 */
import { WINDOWS_S } from './thresholds.ts';

/** What a minute had. */
export interface Minute {
  /** 1–60: the last of a recording is shorter. */
  readonly seconds: number;
  /** In the series' own measure; and in messages. */
  readonly count: number;
  readonly messages: number;
  /** The most of each window. */
  readonly peaks: Float64Array;
  /** The most of one sender in ten seconds. */
  readonly senderPeak: number;
  /** Of one trace. */
  readonly tracePeak: number;
  /** How many sent it. */
  readonly senders: number;
}

/** As it is kept in a file. */
export interface UsualFacts {
  readonly seconds: number;
  readonly mean: number;
  readonly messages: number;
  readonly senders: number;
  readonly hosts: number;
  readonly peaks: readonly number[];
  readonly senderPeak: number;
  readonly tracePeak: number;
}

/** So long everything counts alike. Seconds. */
const PLAIN_S = 600;
/** Half of what is known of the mean is of the last so many minutes. */
const MEAN_HALF_LIFE = 30;
/** Peaks are forgotten more slowly. */
const PEAK_HALF_LIFE = 120;
/** Peaks rise by so much a minute at most. */
const PEAK_RISE = 1.05;
/** Of a minute, once storms are told by it: a ramp of ten minutes must not be learned as it comes. */
const WEIGHT_MAX = 0.04;
/** What one sender or one request sends is looked at in so long. Seconds. */
const BURST_S = 10;
/** More than so many times of what was known is not learned at once. */
const CUT = 2;

export class Usual {
  /** What it was learned from. */
  seconds: number;
  /** A second: in the series' measure, and in messages. */
  mean = 0;
  messages = 0;
  /** That send it within a minute. */
  senders = 0;
  /** How many hosts there were when it was so. */
  hosts = 0;
  readonly peaks = new Float64Array(WINDOWS_S.length);
  senderPeak = 0;
  tracePeak = 0;

  /** @param seconds for which it is known that nothing came. */
  constructor(seconds: number) {
    this.seconds = Math.min(seconds, PLAIN_S);
  }

  /**
   * @param hosts that are there. @param rateMin below it everything may be learned at once; a second. @param isCut whether news are cut:
   * false while nobody relies on it.
   */
  learn(minute: Minute, { hosts, rateMin, isCut }: { hosts: number; rateMin: number; isCut: boolean }): void {
    const { seconds, peaks, senderPeak, tracePeak } = minute;
    const weight = this.#weightOf(seconds, isCut);
    const growth = this.#growth(hosts);
    const next = (known: number, seen: number) =>
      known + weight * ((isCut ? Math.min(seen, Math.max(CUT * known, rateMin)) : seen) - known);
    const nextPeak = (known: number, seen: number, window: number) => {
      if (seen < known) return isCut ? known + weightOf(PEAK_HALF_LIFE, seconds) * (seen - known) : known;
      return isCut ? Math.max(known, Math.min(seen, known * PEAK_RISE + (rateMin * window) / MEAN_HALF_LIFE)) : seen;
    };
    for (const [at, window] of WINDOWS_S.entries())
      this.peaks[at] = nextPeak(this.peakAt(at, hosts), peaks[at] as number, window);
    this.senderPeak = nextPeak(this.senderPeak, senderPeak, BURST_S);
    this.tracePeak = nextPeak(this.tracePeak, tracePeak, BURST_S);
    this.mean = next(this.mean * growth, minute.count / seconds);
    this.messages = next(this.messages * growth, minute.messages / seconds);
    this.senders = next(this.senders * growth, minute.senders);
    this.hosts = hosts;
    this.seconds = Math.min(this.seconds + seconds, PLAIN_S);
  }

  /** Messages a second to be expected of so many hosts: each sends as many as before. */
  meanAt(hosts: number): number {
    return this.mean * this.#growth(hosts);
  }

  /** The same in messages, where the measure is another. */
  messagesAt(hosts: number): number {
    return this.messages * this.#growth(hosts);
  }

  /** The busiest window to be expected: what is above the mean grows with the square root, as hosts do not wait for each other. */
  peakAt(window: number, hosts: number): number {
    const growth = this.#growth(hosts);
    const mean = this.mean * (WINDOWS_S[window] as number);
    const above = Math.max(0, (this.peaks[window] as number) - mean);
    return mean * growth + above * Math.sqrt(growth);
  }

  /** Messages a second of one that sends it. */
  get perSender(): number {
    return this.messages / Math.max(1, this.senders);
  }

  /** At first all minutes weigh alike; once somebody relies on it, none weighs much. */
  #weightOf(seconds: number, isCut: boolean): number {
    const alike = seconds / (this.seconds + seconds);
    return Math.max(weightOf(MEAN_HALF_LIFE, seconds), isCut ? Math.min(alike, WEIGHT_MAX) : alike);
  }

  /** Only more hosts count: when some are gone, the others may well send for them. */
  #growth(hosts: number): number {
    return this.hosts > 0 && hosts > this.hosts ? hosts / this.hosts : 1;
  }

  get facts(): UsualFacts {
    const { seconds, mean, messages, senders, hosts, peaks, senderPeak, tracePeak } = this;
    return { seconds, mean, messages, senders, hosts, peaks: [...peaks], senderPeak, tracePeak };
  }

  static of({ peaks, seconds, ...facts }: UsualFacts): Usual {
    const usual = new Usual(seconds);
    Object.assign(usual, facts);
    usual.peaks.set(peaks.slice(0, WINDOWS_S.length));
    return usual;
  }
}

function weightOf(halfLifeMinutes: number, seconds: number): number {
  return 1 - 2 ** (-seconds / 60 / halfLifeMinutes);
}
