/** What a running sidecar says of itself: a line that renews itself on a terminal, a line a minute in a log, and the sum at the end. */
import type { Facts, Log } from '../log.ts';
import { thousands } from '../thousands.ts';
import type { Sidecar } from './sidecar.ts';
import type { Tapping } from './tapping.ts';

const TERMINAL_MS = 500;
const LOG_MS = 60_000;

export class LiveStatus {
  readonly #tapping: Tapping;
  readonly #sidecar: Sidecar;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  readonly #isTerminal = process.stderr.isTTY === true;

  constructor(tapping: Tapping, sidecar: Sidecar, log: Log) {
    this.#log = log;
    this.#tapping = tapping;
    this.#sidecar = sidecar;
  }

  begin(): void {
    this.#timer = setInterval(() => this.#show(), this.#isTerminal ? TERMINAL_MS : LOG_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#isTerminal) process.stderr.write('\r\x1b[2K');
  }

  tellEnd(): void {
    this.#log.info('ended', this.#summary(), this.#facts());
  }

  #summary(): string {
    const { events, undecodable, unmatched, closed, duplicates } = this.#sidecar.tally;
    const parts = [
      `${thousands(events)} events`,
      `${thousands(total(closed))} messages`,
      `${thousands(this.#sidecar.openCount)} open`,
    ];
    if (this.#sidecar.repeatedCount + duplicates > 0) {
      parts.push(`${thousands(this.#sidecar.repeatedCount + duplicates)} seen twice and counted once`);
    }
    if (total(undecodable) > 0)
      parts.push(`${thousands(total(undecodable))} undecodable (${Object.keys(undecodable).join(', ')})`);
    if (total(unmatched) > 0) parts.push(`${thousands(total(unmatched))} without their other half`);
    if (closed.evicted > 0) parts.push(`${thousands(closed.evicted)} closed early at the bound of open ones`);
    return parts.join(', ');
  }

  #facts(): Facts {
    const { tier, rate, lagMs, gaps } = this.#tapping;
    const { events, closed, duplicates } = this.#sidecar.tally;
    const seenTwice = this.#sidecar.repeatedCount + duplicates;
    const counts = { events, messages: total(closed), open: this.#sidecar.openCount, seen_twice: seenTwice };
    return { tier, rate: Math.round(rate), lag_ms: Math.round(lagMs), open_gaps: gaps.openCount, ...counts };
  }

  #show(): void {
    const { tier, rate, lagMs, gaps } = this.#tapping;
    const lag = lagMs < 100 ? '' : `, lags by ${(lagMs / 1_000).toFixed(1)} s`;
    const gap = gaps.openCount === 0 ? '' : `, NOT SEEING ALL: ${gaps.openDetails.join('; ')}`;
    const text = `tier ${tier}, ${thousands(Math.round(rate))} events/s${lag}: ${this.#summary()}${gap}`;
    if (!this.#isTerminal) this.#log.info('status', text, this.#facts());
    else process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 120) - 1)}`);
  }
}

function total(counts: Readonly<Partial<Record<string, number>>>): number {
  return Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}
