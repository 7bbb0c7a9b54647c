/**
 * A message a second, published to the tap's own queue: when it comes back, everything that was queued before it has
 * come too. It tells how far the tap lags, that time goes on while nothing happens, whether the node that took it has its
 * firehose on (a traced copy comes too), and which stretch was dropped where the queue overflowed.
 *
 * Published on a connection of its own: a broker in alarm stops reading from connections that publish.
 */
import { randomBytes } from 'node:crypto';
import type { Channel, ChannelModel, MessageProperties } from 'amqplib';

const PERIOD_MS = 1_000;
const HEADER = 'oslotap-marker';
/** Markers on their way at most; older ones are forgotten. */
const OUTSTANDING_MAX = 100_000;

export interface MarkerListener {
  /** Everything published before `sentNs` was received. */
  returned(sentNs: bigint): void;
  /** The queue dropped what came between two markers. */
  dropped(fromNs: bigint, toNs: bigint, markers: number): void;
  /** The broker is in alarm and reads nothing from who publishes; null when it is over. */
  blocked(reason: string | null): void;
}

export class Markers {
  readonly #instance = randomBytes(8).toString('hex');
  readonly #queue: string;
  readonly #nowNs: () => bigint;
  readonly #listener: MarkerListener;
  /** Sent and not come back yet, oldest first. */
  readonly #outstanding = new Map<number, bigint>();
  #nth = 0;
  #lastReturnedNs: bigint | null = null;
  #lagMs = 0;
  #channel: Channel | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isBlocked = false;
  #awaited: (nth: number) => void = () => {};

  constructor(queue: string, nowNs: () => bigint, listener: MarkerListener) {
    this.#queue = queue;
    this.#nowNs = nowNs;
    this.#listener = listener;
  }

  /** How far the tap is behind. Milliseconds. */
  get lagMs(): number {
    const [oldestNs] = this.#outstanding.values();
    const waitingMs = oldestNs === undefined ? 0 : Number(this.#nowNs() - oldestNs) / 1e6;
    return Math.max(this.#lagMs, waitingMs - PERIOD_MS);
  }

  /** What the last one to come back took, nanoseconds; null before the first. */
  get returnedAfterNs(): bigint | null {
    return this.#lastReturnedNs === null ? null : BigInt(Math.round(this.#lagMs * 1e6));
  }

  /** Begins to publish. */
  async start(connection: ChannelModel): Promise<void> {
    const channel = await connection.createChannel();
    const ifCurrent = (act: () => void) => () => {
      if (this.#channel === channel) act(); // an earlier connection may end late
    };
    channel.on('error', () => {});
    channel.on(
      'close',
      ifCurrent(() => this.stop()),
    );
    channel.on('return', ({ properties }) => this.#outstanding.delete(Number(properties.headers?.nth)));
    connection.on('blocked', (reason) => ifCurrent(() => this.#block(reason))());
    connection.on(
      'unblocked',
      ifCurrent(() => this.#block(null)),
    );
    this.#channel = channel;
    this.#isBlocked = false;
    this.#timer = setInterval(() => this.#send(), PERIOD_MS);
    this.#send();
  }

  /** What is on its way now says nothing any more: nobody knows whether it reached the queue. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#channel = null;
    this.#forget();
  }

  /** Until now another consumer was given what comes, our markers too: that they do not come back says nothing. */
  takeOver(): void {
    this.#forget();
  }

  /** Resolves with true once everything that was published before now was received; with false where that takes too long. */
  async drained(timeoutMs: number): Promise<boolean> {
    if (this.#channel === null || this.#isBlocked) return false;
    const nth = this.#nth;
    this.#send();
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#awaited = (returned) => {
        if (returned < nth) return;
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  /**
   * A message that came straight from the default exchange: a marker of ours, or of another oslotap. One that a run before
   * this one left in the queue tells the time as well; it was sent by this machine's clock, or one close to it.
   */
  receive({ headers, appId }: MessageProperties): void {
    const sentNs = appId === HEADER ? toNs(headers?.sent) : null;
    if (sentNs === null || sentNs > this.#nowNs()) return;
    const isOurs = headers?.instance === this.#instance;
    const nth = Number(headers?.nth);
    if (isOurs && !this.#takeOutstanding(nth, sentNs)) return;
    this.#lastReturnedNs = sentNs;
    this.#lagMs = Number(this.#nowNs() - sentNs) / 1e6;
    this.#listener.returned(sentNs);
    if (isOurs) this.#awaited(nth);
  }

  /** @returns false where it was not on its way. Those sent before it and not come back were dropped. */
  #takeOutstanding(nth: number, sentNs: bigint): boolean {
    if (!this.#outstanding.has(nth)) return false;
    let dropped = 0;
    for (const older of this.#outstanding.keys()) {
      this.#outstanding.delete(older);
      if (older === nth) break;
      dropped++;
    }
    if (dropped > 0 && this.#lastReturnedNs !== null) this.#listener.dropped(this.#lastReturnedNs, sentNs, dropped);
    return true;
  }

  #send(): void {
    if (this.#channel === null || this.#isBlocked || this.#outstanding.size > OUTSTANDING_MAX) return;
    const nth = this.#nth++;
    const sentNs = this.#nowNs();
    this.#outstanding.set(nth, sentNs);
    try {
      const headers = { instance: this.#instance, nth, sent: String(sentNs) };
      this.#channel.publish('', this.#queue, Buffer.alloc(0), { appId: HEADER, headers, mandatory: true, persistent: false });
    } catch {
      this.stop(); // the channel closed under it: the connection's own events tell
    }
  }

  #block(reason: string | null): void {
    this.#isBlocked = reason !== null;
    // What is on its way now waits in the socket, not in the queue.
    if (reason !== null) this.#forget();
    this.#listener.blocked(reason);
  }

  #forget(): void {
    this.#outstanding.clear();
    this.#lastReturnedNs = null;
    this.#lagMs = 0;
  }
}

/** Nanoseconds since the epoch, as text: an AMQP integer would not come back whole. */
function toNs(text: unknown): bigint | null {
  return typeof text === 'string' && /^\d{19}$/.test(text) ? BigInt(text) : null;
}
