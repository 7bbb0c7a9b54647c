/**
 * Where taps put what they receive, and the program takes it from, in chunks: what came while the last chunk was worked
 * on. Bounded by the taps themselves: none is given more than its prefetch without acknowledging, and without
 * acknowledgements by bytes.
 */
import type { Chunk, LiveMessage, Tick } from '../../src/message.ts';

/** The broker's side of a receipt: everything up to a delivery tag is given back at once. */
export interface Acknowledger {
  acknowledge(deliveryTag: number): void;
}

/** What comes is gathered for so long: a sync of the journal and an acknowledgement for each message would cost more than all else. */
const GATHER_MS = 20;
/** Messages that are worth a chunk at once. */
const ENOUGH = 250;

export class Inbox {
  #items: (LiveMessage | Tick)[] = [];
  #bytes = 0;
  #lastTags = new Map<Acknowledger, number>();
  /** Up to when each tap at work has received everything. */
  readonly #ticks = new Map<object, bigint>();
  #wake: () => void = () => {};
  #hurry: () => void = () => {};
  #isHurried = false;
  #isEnded = false;
  readonly #bytesMax: number;
  readonly #onRoom = new Set<() => void>();

  /** @param bytesMax bodies that wait here before a tap without acknowledgements has to pause. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(message: LiveMessage, from: Acknowledger, deliveryTag: number): void {
    this.#items.push(message);
    this.#bytes += message.body.length;
    this.#lastTags.set(from, deliveryTag);
    this.#wake();
    if (this.#items.length >= ENOUGH) this.#hurry();
  }

  /** Nothing more will come before this is acknowledged. */
  hurry(): void {
    this.#isHurried = true;
    this.#hurry();
  }

  /** What is of no interest itself, but has to be acknowledged. */
  passOver(from: Acknowledger, deliveryTag: number): void {
    this.#lastTags.set(from, deliveryTag);
    this.#wake();
  }

  tick(tap: object, tickNs: bigint): void {
    this.#ticks.set(tap, tickNs);
    let least = tickNs;
    for (const other of this.#ticks.values()) if (other < least) least = other;
    this.#items.push({ tickNs: least });
    this.#wake();
  }

  /** A tap is not at work any more: the others' clock does not wait for it. */
  leave(tap: object): void {
    this.#ticks.delete(tap);
  }

  get isFull(): boolean {
    return this.#bytes >= this.#bytesMax;
  }

  /** Called once, when there is room again. */
  onRoom(listener: () => void): void {
    this.#onRoom.add(listener);
  }

  /** No more will come: what is here is the last. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
    this.#hurry();
  }

  /** Ends after `end`, when all was taken. */
  async *chunks(): AsyncGenerator<Chunk> {
    for (;;) {
      if (this.#items.length === 0 && this.#lastTags.size === 0) {
        if (this.#isEnded) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = () => {};
        continue;
      }
      if (!this.#isEnded && !this.#isHurried && this.#items.length < ENOUGH) await this.#gather();
      this.#isHurried = false;
      yield this.#take();
    }
  }

  async #gather(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#hurry = () => {};
  }

  #take(): Chunk {
    const [items, lastTags] = [this.#items, this.#lastTags];
    this.#items = [];
    this.#lastTags = new Map();
    this.#bytes = 0;
    for (const listener of this.#onRoom) listener();
    this.#onRoom.clear();
    return {
      items,
      acknowledge: () => {
        for (const [from, deliveryTag] of lastTags) from.acknowledge(deliveryTag);
      },
    };
  }
}
