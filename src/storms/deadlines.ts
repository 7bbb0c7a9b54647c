/** Calls that wait for their answer, by when they give up. Bounded: of what is beyond the bound nobody learns that it timed out. */
import type { TracedMessage } from '../trace/traced-message.ts';

const CALLS_MAX = 50_000;
/** Time-outs are settings: a cloud has a few. */
const TIMEOUTS_MAX = 64;

interface Waiting {
  readonly story: TracedMessage;
  readonly second: number;
}

export class Deadlines {
  /** By time-out in seconds: within each the first to come is the first to give up. By unique id. */
  readonly #byTimeout = new Map<number, Map<string, Waiting>>();
  #size = 0;

  /** @param second now. */
  add(story: TracedMessage, second: number): void {
    const timeout = timeoutOf(story);
    if (timeout === null || this.#size >= CALLS_MAX) return;
    let waiting = this.#byTimeout.get(timeout);
    if (waiting === undefined) {
      if (this.#byTimeout.size >= TIMEOUTS_MAX) return;
      waiting = new Map();
      this.#byTimeout.set(timeout, waiting);
    }
    waiting.set(story.uniqueId, { story, second: second + timeout });
    this.#size++;
  }

  /** The story ended. */
  remove(story: TracedMessage): void {
    const timeout = timeoutOf(story);
    if (timeout !== null && this.#byTimeout.get(timeout)?.delete(story.uniqueId)) this.#size--;
  }

  /** Those that gave up before `second` without an answer; each once. */
  *passed(second: number): Generator<TracedMessage> {
    for (const waiting of this.#byTimeout.values()) {
      for (const [uniqueId, one] of waiting) {
        if (one.second >= second) break;
        waiting.delete(uniqueId);
        this.#size--;
        if (one.story.reply === null) yield one.story;
      }
    }
  }
}

/** Whole seconds; null where it waits for ever. */
function timeoutOf({ publish }: TracedMessage): number | null {
  const expirationMs = publish?.expirationMs ?? null;
  return expirationMs === null ? null : Math.ceil(expirationMs / 1_000);
}
