/**
 * Puts events into the order of their time. Several nodes' firehoses, several channels and a broker's own queues hand
 * events over late or out of order; held here for a stated window, they leave sorted, and everything behind sees one
 * order whatever the order of arrival. What comes later than the window allows is passed on at once, and counted.
 */
import TinyQueue from 'tinyqueue';
import type { BrokerEvent } from '../message.ts';

export interface ReorderWindow {
  /** How far behind the newest event another may come and still be put in its place. Milliseconds. */
  readonly windowMs: number;
  /** At most so many events are held; beyond it the oldest leaves early. */
  readonly eventsMax: number;
}

export class Reorder {
  /** Events that came after a later one had already left. */
  late = 0;
  /** Every event up to here has left. */
  releasedNs = 0n;
  readonly #held = new TinyQueue<BrokerEvent>([], compareEvents);
  readonly #window: ReorderWindow;
  readonly #windowNs: bigint;
  readonly #output: (event: BrokerEvent) => void;
  #newestNs = 0n;

  constructor(window: ReorderWindow, release: (event: BrokerEvent) => void) {
    this.#window = window;
    this.#windowNs = BigInt(window.windowMs) * 1_000_000n;
    this.#output = release;
  }

  add(event: BrokerEvent): void {
    if (event.timeNs < this.releasedNs) {
      this.late++;
      this.#output(event);
      return;
    }
    this.#held.push(event);
    this.#release(event.timeNs);
  }

  /** The clock, where no event tells it: every event before `nowNs` was added. */
  advance(nowNs: bigint): void {
    this.#release(nowNs);
    const dueNs = this.#newestNs - this.#windowNs;
    if (dueNs > this.releasedNs) this.releasedNs = dueNs;
  }

  #release(nowNs: bigint): void {
    if (nowNs > this.#newestNs) this.#newestNs = nowNs;
    const dueNs = this.#newestNs - this.#windowNs;
    for (let next = this.#held.peek(); next !== undefined; next = this.#held.peek()) {
      if (next.timeNs > dueNs && this.#held.length <= this.#window.eventsMax) break;
      this.#pop();
    }
  }

  /** Releases all that is held: no more will come. */
  flush(): void {
    while (this.#held.length > 0) this.#pop();
  }

  #pop(): void {
    const event = this.#held.pop() as BrokerEvent;
    this.releasedNs = event.timeNs;
    this.#output(event);
  }
}

/** By time; at the same nanosecond a publish stands before its deliver, then by what differs. */
function compareEvents(a: BrokerEvent, b: BrokerEvent): number {
  if (a.timeNs !== b.timeNs) return a.timeNs < b.timeNs ? -1 : 1;
  if (a.event !== b.event) return a.event === 'publish' ? -1 : 1;
  return compareText(a.message.uniqueId, b.message.uniqueId) || compareText(placeOf(a), placeOf(b));
}

function placeOf(event: BrokerEvent): string {
  return event.event === 'deliver' ? `${event.queue} ${event.connection} ${event.channel}` : event.connection;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
