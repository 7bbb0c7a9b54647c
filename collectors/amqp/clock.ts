/** Time in nanoseconds since the epoch, never backwards by itself: the wall clock's, moved on by the monotonic one. */
export class Clock {
  #offsetNs = 0n;

  constructor() {
    this.resync();
  }

  nowNs(): bigint {
    return process.hrtime.bigint() + this.#offsetNs;
  }

  /** Follows a wall clock that was set. Call it now and then. */
  resync(): void {
    const offsetNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
    const differenceNs = offsetNs - this.#offsetNs;
    if (differenceNs > STEP_NS || differenceNs < -STEP_NS) this.#offsetNs = offsetNs;
  }
}

/** Less than this is the wall clock's own coarseness. */
const STEP_NS = 50_000_000n;

const MS_NS = 1_000_000n;

/** A broker that stamps, stamps every message: believed from so many in a row, until one comes without. */
const TRUSTED_AFTER = 10;
/** A stamp is at most so old, and at most so far ahead. Any client can write that header where the broker does not. */
const OLDEST_NS = 86_400_000_000_000n;
const AHEAD_NS = 5_000_000_000n;
/** What moves the lag by more than this has to be said by several in a row. */
const LEAP_NS = 10_000_000_000n;

/**
 * Times by a broker that stamps its messages (`timestamp_in_ms`, the broker's time of receipt of the original, in whole
 * milliseconds; equal on a message's publish and all its delivers). What is learned from the publishes is how far the tap
 * is behind; taken off the time of receipt it gives every event its time, in the order in which they came.
 *
 * Source: https://www.rabbitmq.com/docs/message-interceptors
 */
export class StampedTime {
  #behindNs = 0n;
  /** Stamped publishes in a row, and those of them that disagree with what is known. */
  #streak = 0;
  #leaps = 0;

  /** How far behind the broker the tap is. Milliseconds; null where the broker stamps nothing. */
  get behindMs(): number | null {
    return this.#isKnown ? Number(this.#behindNs) / 1e6 : null;
  }

  /** Learns from a publish. @param stampMs null where it has no stamp. */
  learn(receivedNs: bigint, stampMs: number | null): void {
    const stampNs = stampMs === null ? null : BigInt(stampMs) * MS_NS;
    if (stampNs === null || stampNs > receivedNs + AHEAD_NS || stampNs < receivedNs - OLDEST_NS) {
      this.#streak = 0;
      return;
    }
    const behindNs = this.#behindBy(receivedNs, stampNs);
    const leapNs = behindNs - this.#behindNs;
    if (this.#isKnown && (leapNs > LEAP_NS || leapNs < -LEAP_NS) && ++this.#leaps < TRUSTED_AFTER) return;
    this.#leaps = 0;
    this.#streak++;
    this.#behindNs = behindNs;
  }

  /** An event's time by the broker's clock, or null where it is not known. */
  at(receivedNs: bigint): bigint | null {
    return this.#isKnown ? receivedNs - this.#behindNs : null;
  }

  get #isKnown(): boolean {
    return this.#streak >= TRUSTED_AFTER;
  }

  /** The stamp says the millisecond: within it, what is known already stays. */
  #behindBy(receivedNs: bigint, stampNs: bigint): bigint {
    const timeNs = receivedNs - this.#behindNs;
    if (this.#streak === 0 || timeNs < stampNs) return receivedNs - stampNs;
    return timeNs < stampNs + MS_NS ? this.#behindNs : receivedNs - stampNs - MS_NS + 1n;
  }
}

/** `timestamp_in_ms` of the original message in a firehose message's headers, or null. */
export function stampOf(headers: unknown): number | null {
  const inner = (headers as { properties?: { headers?: { timestamp_in_ms?: unknown } } } | undefined)?.properties?.headers;
  const stamp = inner?.timestamp_in_ms;
  return Number.isSafeInteger(stamp) && (stamp as number) > 0 ? (stamp as number) : null;
}
