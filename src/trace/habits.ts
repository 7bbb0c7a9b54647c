/**
 * What is learned of a cloud's own ways while it is watched. It decides only where no id does.
 *
 *   which message a method's handler sends         update_device_up sends add_fdb_entries
 *   which message follows which in one handler      Service.get_by_compute_host follows ComputeNode.save
 *   what processes send of their own accord         Service.save, again and again, whatever else they work on
 */
import { OF_LOOPS, SENT_BY } from './known-habits.ts';
import { Recent, type Tables } from './recent.ts';

const PAIRS_MAX = 20_000;
const METHODS_MAX = 10_000;
/** Of what may follow: more tell nothing. */
const NEXT_MAX = 64;
/** Of each kind of message so many are remembered; then the older ones count half. */
const SEEN_MAX = 32;

interface Seen {
  alone: number;
  beside: number;
}

export class Habits {
  readonly #known: ReadonlySet<string> = new Set(
    SENT_BY.flatMap(([sent, methods]) => methods.map((method) => `${method} ${sent}`)),
  );
  readonly #sent = new Recent<string, true>(PAIRS_MAX);
  /** What was sent next, by a handler's method and what it sent last. */
  readonly #next = new Recent<string, Set<string>>(PAIRS_MAX);
  readonly #seen = new Recent<string, Seen>(METHODS_MAX);

  get tables(): Tables {
    return { habits: this.#sent, habits_next: this.#next, habits_seen: this.#seen };
  }

  /** A handler of one method surely sent this; before it, `last` ('' for nothing). */
  note(handled: string, last: string, sent: string): void {
    const pair = `${handled} ${sent}`;
    if (!this.#sent.has(pair)) this.#sent.set(pair, true);
    const step = `${handled} ${last}`;
    const next = this.#next.get(step) ?? new Set();
    if (next.size === 0) this.#next.set(step, next);
    if (next.size < NEXT_MAX) next.add(sent);
  }

  hasSent(handled: string, sent: string): boolean {
    const pair = `${handled} ${sent}`;
    return this.#known.has(pair) || this.#sent.has(pair);
  }

  /** Whether a handler that sent `last` sends this next: undefined where none was ever seen to go on from there. */
  isNext(handled: string, last: string, sent: string): boolean | undefined {
    return this.#next.get(`${handled} ${last}`)?.has(sent);
  }

  /**
   * A message that no id ties to its sender's work was sent, beside some work or with none to be sent for.
   * @returns true where its like is sent beside work as often as without.
   */
  isOfWork(method: string, isBeside: boolean): boolean {
    if (OF_LOOPS.has(method)) return false;
    const seen = this.#seen.get(method) ?? { alone: 0, beside: 0 };
    if (seen.alone + seen.beside === 0) this.#seen.set(method, seen);
    if (isBeside) seen.beside++;
    else seen.alone++;
    if (seen.alone + seen.beside > SEEN_MAX) {
      seen.alone /= 2;
      seen.beside /= 2;
    }
    return isBeside && seen.beside >= seen.alone;
  }
}
