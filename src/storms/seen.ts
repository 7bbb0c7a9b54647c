/** One RPC message, as the detector sees it. */
import type { Publish } from '../message.ts';
import type { Initiating } from '../trace/traced-message.ts';
import type { Trace } from '../trace/traces.ts';
import type { Connection, Sender } from './senders.ts';
import type { Series } from './series.ts';

export interface Seen {
  readonly second: number;
  readonly publish: Publish;
  readonly connection: Connection;
  readonly sender: Sender;
  /** Its method's; and its object's, where it has one. */
  readonly method: Series;
  readonly object: Series | null;
  readonly trace: Trace;
  /** What its sender was working on, or null. */
  readonly parent: Initiating | null;
  readonly copies: number;
}

/** The last that were seen: whoever learns of a storm wants to know how it began. */
export class LastSeen {
  readonly #ring: (Seen | undefined)[];
  #next = 0;

  constructor(size: number) {
    this.#ring = new Array<Seen | undefined>(size).fill(undefined);
  }

  add(seen: Seen): void {
    this.#ring[this.#next] = seen;
    this.#next = (this.#next + 1) % this.#ring.length;
  }

  /** In their order. */
  *since(second: number): Generator<Seen> {
    for (let at = 0; at < this.#ring.length; at++) {
      const seen = this.#ring[(this.#next + at) % this.#ring.length];
      if (seen !== undefined && seen.second >= second) yield seen;
    }
  }

  clear(): void {
    this.#ring.fill(undefined);
  }
}
