/**
 * The progress of a long command: one line on stderr that renews itself, only on a terminal.
 * `replaying boot-1.ndjson.gz ██████░░░░░░  48 %  12,300 events  9,100/s  3 s left`
 */
const BAR_CELLS = 12;
const RENEW_EVERY_MS = 100;

export class Progress {
  readonly #label: string;
  readonly #startMs = performance.now();
  readonly #isShown = process.stderr.isTTY === true;
  #lastMs = 0;

  constructor(label: string) {
    this.#label = label;
  }

  /** @param share of the work that is done, 0–1. @param events so far. */
  update(share: number, events: number): void {
    const nowMs = performance.now();
    if (!this.#isShown || nowMs - this.#lastMs < RENEW_EVERY_MS) return;
    this.#lastMs = nowMs;
    const seconds = (nowMs - this.#startMs) / 1000;
    const left = share > 0 ? Math.ceil((seconds / share) * (1 - share)) : 0;
    const full = Math.round(share * BAR_CELLS);
    const bar = '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
    const rate = Math.round(events / seconds).toLocaleString('en-US');
    const text = `${this.#label} ${bar} ${Math.floor(share * 100)} %  ${events.toLocaleString('en-US')} events  ${rate}/s  ${left} s left`;
    process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 120) - 1)}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isShown) process.stderr.write('\r\x1b[2K');
  }
}
