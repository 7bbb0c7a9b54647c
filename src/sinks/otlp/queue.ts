/** Spans that wait to be sent: first in, first out, bounded by their number and by an estimate of their bytes. */
import type { Span } from '../spans/span.ts';
import { sizeOf } from './readable-spans.ts';

export interface QueueBounds {
  readonly spansMax: number;
  /** Bytes. */
  readonly bytesMax: number;
}

interface Waiting {
  readonly span: Span;
  readonly bytes: number;
  /** When it came, milliseconds that only go on. */
  readonly sinceMs: number;
}

export class SpanQueue {
  readonly #bounds: QueueBounds;
  #items: Waiting[] = [];
  /** Those before it are gone: taking a batch moves nothing. */
  #head = 0;
  #bytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Since when the one waits that has waited longest; null where none waits. */
  get oldestMs(): number | null {
    return this.#items[this.#head]?.sinceMs ?? null;
  }

  /** At most half of what it may hold. */
  get hasRoom(): boolean {
    return this.length <= this.#bounds.spansMax / 2 && this.#bytes <= this.#bounds.bytesMax / 2;
  }

  /** @returns false where there is no room: it is not taken. */
  add(span: Span, nowMs: number): boolean {
    const bytes = sizeOf(span);
    if (this.length >= this.#bounds.spansMax || this.#bytes + bytes > this.#bounds.bytesMax) return false;
    this.#items.push({ span, bytes, sinceMs: nowMs });
    this.#bytes += bytes;
    return true;
  }

  /** The first ones, as many as the bounds allow, and one at least. */
  take({ spansMax, bytesMax }: QueueBounds): Span[] {
    const spans: Span[] = [];
    let bytes = 0;
    for (let item = this.#items[this.#head]; item !== undefined; item = this.#items[this.#head]) {
      if (spans.length > 0 && (spans.length >= spansMax || bytes + item.bytes > bytesMax)) break;
      spans.push(item.span);
      bytes += item.bytes;
      this.#head++;
    }
    this.#bytes -= bytes;
    this.#dropTaken();
    return spans;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  /** Taken ones are held by nobody else: they have to go, but not by moving the rest each time. */
  #dropTaken(): void {
    if (this.#head < 1_024 && this.#head < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
