/** Messages that nobody would send: any bytes, damaged real ones, wrong compression, huge and empty; with headers of every AMQP type. */
import { deflateSync } from 'node:zlib';
import type { Options } from 'amqplib';
import { capturePath, tappedOf } from '../support/captures.ts';

export interface FuzzMessage {
  readonly body: Buffer;
  readonly properties: Options.Publish;
}

/** The same numbers for the same seed, in every run. Mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 ≤ n < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** 0 ≤ n < limit, whole. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

const RECORDED = ['boot-1', 'live-migrate', 'attach-interface'];
const NOISE_BYTES = 2 ** 20;
/** One message in so many is up to HUGE_BYTES long; so many inflate to more than anybody should. */
const HUGE_EVERY = 5_000;
const BOMB_EVERY = 20_000;
const HUGE_BYTES = 4 * 2 ** 20;
const BOMB_BYTES = 40 * 2 ** 20;
const NESTING = 20_000;

/** `!` marks a value of a given type for the library; the broker refuses CC and BCC that are no lists. */
const RESERVED_KEYS = new Set(['!', 'CC', 'BCC']);

export class FuzzMessages {
  readonly #random: Random;
  readonly #real: readonly Buffer[];
  readonly #noise: Buffer;
  readonly #bomb = deflateSync(Buffer.alloc(BOMB_BYTES));
  readonly #nested = Buffer.from('['.repeat(NESTING));

  private constructor(random: Random, real: readonly Buffer[]) {
    this.#random = random;
    this.#real = real;
    this.#noise = Buffer.from(Uint8Array.from({ length: NOISE_BYTES }, () => random.below(256)));
  }

  static async load(seed: number): Promise<FuzzMessages> {
    const tapped = (await Promise.all(RECORDED.map((name) => tappedOf(capturePath(name))))).flat();
    return new FuzzMessages(
      new Random(seed),
      tapped.map(({ body }) => Buffer.from(body)),
    );
  }

  next(): FuzzMessage {
    const random = this.#random;
    if (random.below(BOMB_EVERY) === 0)
      return { body: this.#bomb, properties: { headers: { compression: 'application/x-gzip' } } };
    if (random.below(HUGE_EVERY) === 0) return { body: this.#huge(), properties: this.#properties({}) };
    const real = random.of(this.#real);
    switch (random.below(10)) {
      case 0:
        return { body: Buffer.alloc(0), properties: this.#properties({}) };
      case 1:
      case 2:
        return { body: this.#slice(2_048), properties: this.#properties({}) };
      case 3:
        return { body: real, properties: this.#properties({}) };
      case 4:
      case 5:
        return { body: this.#flipped(real), properties: this.#properties({}) };
      case 6:
        return { body: real.subarray(0, random.below(real.length)), properties: this.#properties({}) };
      case 7:
        return { body: this.#spliced(real), properties: this.#properties({}) };
      case 8:
        return { body: deflateSync(real, { level: 1 }), properties: this.#properties({ compression: 'application/x-gzip' }) };
      default:
        return {
          body: random.of([real, this.#slice(512), this.#nested]),
          properties: this.#properties({ compression: this.#wrong() }),
        };
    }
  }

  #wrong(): unknown {
    return this.#random.of([
      'application/x-gzip',
      'application/x-bz2',
      'application/x-lzma',
      '\u0000',
      1,
      true,
      ['application/x-gzip'],
    ]);
  }

  #slice(bytesMax: number): Buffer {
    const length = this.#random.below(bytesMax);
    const from = this.#random.below(NOISE_BYTES - length);
    return this.#noise.subarray(from, from + length);
  }

  #flipped(real: Buffer): Buffer {
    const copy = Buffer.from(real);
    for (let flips = 1 + this.#random.below(8); flips > 0; flips--)
      copy[this.#random.below(copy.length)] = this.#random.below(256);
    return copy;
  }

  #spliced(real: Buffer): Buffer {
    const other = this.#random.of(this.#real);
    const at = this.#random.below(real.length);
    return Buffer.concat([real.subarray(0, at), other.subarray(this.#random.below(other.length))]);
  }

  #huge(): Buffer {
    const copies = Math.ceil(this.#random.below(HUGE_BYTES) / NOISE_BYTES) + 1;
    return Buffer.concat(Array.from({ length: copies }, () => this.#noise)).subarray(this.#random.below(1_000));
  }

  /** What the broker refuses (a foreign user id, an expiration that is no number, CC that is no list) is left out. */
  #properties(fixed: Record<string, unknown>): Options.Publish {
    const random = this.#random;
    const some = <T>(value: () => T): T | undefined => (random.below(4) === 0 ? value() : undefined);
    const texts = ['contentType', 'contentEncoding', 'correlationId', 'replyTo', 'messageId', 'type', 'appId'] as const;
    const properties = Object.fromEntries(texts.map((name) => [name, some(() => this.#text(60))]));
    const expiration = random.below(20) === 0 ? { expiration: random.below(100_000) } : {};
    const numbers = { priority: random.below(256), timestamp: random.below(2 ** 31), deliveryMode: 1 + random.below(2) };
    return { ...properties, ...numbers, ...expiration, headers: { ...this.#table(0), ...fixed } } as Options.Publish;
  }

  #text(lengthMax: number): string {
    return this.#slice(lengthMax).toString('latin1');
  }

  #table(depth: number): Record<string, unknown> {
    const table: Record<string, unknown> = {};
    for (let left = this.#random.below(depth === 0 ? 6 : 4); left > 0; left--) {
      const key = this.#key();
      if (!RESERVED_KEYS.has(key)) table[key] = this.#value(depth + 1);
    }
    return table;
  }

  #key(): string {
    return this.#random.below(3) === 0 ? this.#random.of(KNOWN_KEYS) : this.#text(20);
  }

  /** One of every type that an AMQP table knows; `!` names it to amqplib. */
  #value(depth: number): unknown {
    const random = this.#random;
    const whole = (limit: number) => random.below(limit);
    switch (random.below(depth > NESTED_MAX ? 15 : 17)) {
      case 0:
        return this.#text(100);
      case 1:
        return null;
      case 2:
        return random.below(2) === 0;
      case 3:
        return { '!': 'int8', value: whole(256) - 128 };
      case 4:
        return { '!': 'uint8', value: whole(256) };
      case 5:
        return { '!': 'int16', value: whole(2 ** 16) - 2 ** 15 };
      case 6:
        return { '!': 'uint16', value: whole(2 ** 16) };
      case 7:
        return { '!': 'int32', value: whole(2 ** 32) - 2 ** 31 };
      case 8:
        return { '!': 'uint32', value: whole(2 ** 32) };
      case 9:
        return { '!': 'int64', value: random.of([0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, whole(2 ** 48)]) };
      case 10:
        return { '!': 'timestamp', value: random.of([0, whole(2 ** 32), Number.MAX_SAFE_INTEGER]) };
      case 11:
        return { '!': 'float', value: random.of([0, -0.5, 1e38, random.next()]) };
      case 12:
        return { '!': 'double', value: random.of([0, -1e308, 5e-324, random.next()]) };
      case 13:
        return { '!': 'decimal', value: { places: whole(256), digits: whole(2 ** 32) } };
      case 14:
        return Buffer.from(this.#slice(100));
      case 15:
        return Array.from({ length: whole(4) }, () => this.#value(depth + 1));
      default:
        return this.#table(depth + 1);
    }
  }
}

const NESTED_MAX = 6;
/** Headers that somebody on the way looks at. */
const KNOWN_KEYS = [
  'compression',
  'x-delivery-count',
  'x-stream-offset',
  'timestamp_in_ms',
  'x-death',
  'exchange_name',
  'routing_keys',
  'properties',
  'constructor',
  'toString',
  'length',
];
