/**
 * The captures, again and again under new ids: as many events as a bench needs, from 7,258 real ones.
 *
 * In every copy each 32-digit id and each uuid in a body (`_unique_id`, `_msg_id`, request ids, resources) becomes
 * another one, the same wherever it stands, and every pause between two events becomes half to one and a half times as
 * long: neither ids nor times compress better than real ones. Names of queues and connections stay: the same processes
 * work on. The captures of one copy follow each other in time, and so do the copies, or `together` of them run at once.
 */
import { deflateSync } from 'node:zlib';
import type { TappedMessage } from '../../src/message.ts';
import { decompress } from '../../src/oslo/compression.ts';
import { type Capture, startNs } from './captures.ts';

export interface CopyOptions {
  readonly events: number;
  /** Copies that run at the same time, their events interleaved. */
  readonly together: number;
}

/** A message to be copied: where in its plain body which ids stand. */
interface Template {
  readonly message: TappedMessage;
  /** The pause before it. */
  readonly gapNs: number;
  readonly body: Buffer;
  readonly isCompressed: boolean;
  readonly ids: readonly Id[];
}

interface Id {
  /** Where its digits stand, in groups of four. */
  readonly at: readonly number[];
  /** Its digits, as four numbers of 32 bits. */
  readonly words: readonly number[];
}

/** How many messages are made in one go, so that the making can be timed. */
const CHUNK_EVENTS = 256;
/** Between two captures. */
const PAUSE_NS = 1_000_000_000;
const ID = /(?<!reply_|fanout_)(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])/g;
const GROUPS_PLAIN = [0, 4, 8, 12, 16, 20, 24, 28];
const GROUPS_DASHED = [0, 4, 9, 14, 19, 24, 28, 32];
const HEX = Buffer.from('0123456789abcdef');

export class Copies {
  /** Time spent on making copies: no part of what is measured. */
  makingMs = 0;
  readonly #templates: readonly Template[];
  readonly #startNs: bigint;

  constructor(captures: readonly Capture[]) {
    this.#templates = captures.flatMap(toTemplates);
    this.#startNs = captures[0] === undefined ? 0n : startNs(captures[0]);
  }

  async *messages({ events, together }: CopyOptions): AsyncGenerator<TappedMessage> {
    const clocksNs = new Float64Array(together);
    let chunk: TappedMessage[] = [];
    let made = 0;
    let beganMs = performance.now();
    for (let first = 0; ; first += together) {
      clocksNs.fill(Math.max(...clocksNs));
      for (const [index, template] of this.#templates.entries()) {
        for (let copy = first; copy < first + together; copy++) {
          const clockNs = (clocksNs[copy - first] ?? 0) + template.gapNs * (0.5 + mix(index, copy) / 2 ** 32);
          clocksNs[copy - first] = clockNs;
          chunk.push(makeCopy(template, copy, this.#startNs + BigInt(Math.round(clockNs))));
          made++;
          if (chunk.length < CHUNK_EVENTS && made < events) continue;
          this.makingMs += performance.now() - beganMs;
          yield* chunk;
          beganMs = performance.now();
          if (made === events) return;
          chunk = [];
        }
      }
    }
  }
}

function toTemplates({ messages }: Capture): Template[] {
  const ordered = messages.toSorted((a, b) => Number(a.receivedNs - b.receivedNs));
  return ordered.map((message, index) => {
    const before = ordered[index - 1];
    return toTemplate(message, before === undefined ? PAUSE_NS : Number(message.receivedNs - before.receivedNs));
  });
}

function toTemplate(message: TappedMessage, gapNs: number): Template {
  const compression = compressionOf(message.headers);
  const body = decompress(message.body as Buffer, compression);
  if (typeof body === 'string') throw new Error(`a fixture's body: ${body}`);
  const ids = [...body.toString('latin1').matchAll(ID)].map(({ 0: id, index }) => toId(id, index));
  return { message, gapNs, body, isCompressed: compression !== undefined, ids };
}

function toId(id: string, index: number): Id {
  const digits = id.replaceAll('-', '');
  return {
    at: (id.length === 32 ? GROUPS_PLAIN : GROUPS_DASHED).map((group) => index + group),
    words: [0, 8, 16, 24].map((from) => Number.parseInt(digits.slice(from, from + 8), 16)),
  };
}

function compressionOf(headers: unknown): unknown {
  return (headers as { properties?: { headers?: { compression?: unknown } } }).properties?.headers?.compression;
}

function makeCopy({ message, body, isCompressed, ids }: Template, copy: number, receivedNs: bigint): TappedMessage {
  const plain = Buffer.from(body);
  for (const { at, words } of ids) {
    for (let group = 0; group < 8; group += 2) {
      const word = mix(words[group / 2] as number, copy * 4 + group / 2);
      writeDigits(plain, at[group] as number, word >>> 16);
      writeDigits(plain, at[group + 1] as number, word & 0xffff);
    }
  }
  return { ...message, receivedNs, body: isCompressed ? deflateSync(plain, { level: 1 }) : plain };
}

/** Another word for each word, and for each salt (murmur3's finalizer): ids that differ stay different. */
function mix(word: number, salt: number): number {
  let hash = word ^ Math.imul(salt + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function writeDigits(into: Buffer, at: number, value: number): void {
  for (let digit = 0; digit < 4; digit++) into[at + digit] = HEX[(value >>> (12 - digit * 4)) & 15] as number;
}
