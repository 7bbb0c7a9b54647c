/** How long the event loop keeps others waiting, minute by minute. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;
const MINUTE_MS = 60_000;

export interface Delays {
  /** Seconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export class LoopDelay {
  /** Of the last whole minute; null before. */
  lastMinute: Delays | null = null;
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    this.#histogram.enable();
    this.#timer = setInterval(() => this.#turn(), MINUTE_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #turn(): void {
    const histogram = this.#histogram;
    const seconds = (ns: number) => Math.max(0, Math.round(ns / 1e3 - RESOLUTION_MS * 1e3)) / 1e6;
    this.lastMinute = {
      p50: seconds(histogram.percentile(50)),
      p99: seconds(histogram.percentile(99)),
      max: seconds(histogram.max),
    };
    histogram.reset();
  }
}
