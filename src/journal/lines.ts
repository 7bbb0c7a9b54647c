/**
 * The journal's files as bytes: lines are found, and told apart by their tag, without being parsed.
 *
 *   ["oslotap-journal",2]             the first line of a segment
 *   ["oslotap-journal",2,7]           the first line of carried.journal: what was left of the segments up to 7
 *   ["pc","key","timeNs",…]           an event (record.ts)
 *   ["ok","key","key",…]              these stories are durable in the store
 *   ["at","timeNs"]                   the tap was alive at
 *   ["st"]                            it was closed in order
 */
import { open } from 'node:fs/promises';

const FORMAT = 'oslotap-journal';
export const FORMAT_VERSION = 2;
export const STOP_LINE = '["st"]\n';

/** What is read at a time: some 3 ms of work; a longer line is read whole. Bytes. */
const BLOCK_BYTES = 2 ** 20;
/** Keys in one line of marks: a line torn by a crash loses so many at most, and their stories are told again. */
const KEYS_PER_LINE = 100;

const [NEWLINE, QUOTE, OPEN, CLOSE] = [0x0a, 0x22, 0x5b, 0x5d];
/** `["pc","`: tags have two letters. */
const KEY_AT = 7;
const HEX_KEY_LENGTH = 32;

export type LineKind = 'event' | 'settled' | 'tick' | 'stop' | 'head' | 'damaged';

const EVENT_TAGS = ['pc', 'ps', 'pf', 'pr', 'pn', 'dc', 'ds', 'df', 'dr', 'dn', 'un'];
/** By the tag's two bytes. */
const KINDS = new Map<number, LineKind>([
  ...EVENT_TAGS.map((tag): [number, LineKind] => [codeOf(tag), 'event']),
  [codeOf('ok'), 'settled'],
  [codeOf('at'), 'tick'],
  [codeOf('st'), 'stop'],
]);

export function headLine(through?: number): string {
  return `${JSON.stringify(through === undefined ? [FORMAT, FORMAT_VERSION] : [FORMAT, FORMAT_VERSION, through])}\n`;
}

export interface Head {
  readonly version: number;
  /** The last segment that was folded into this file; 0 in a segment. */
  readonly through: number;
}

/** @returns null where a file begins otherwise. */
export function parseHead(line: string): Head | null {
  const fields = parseFields(line);
  if (fields[0] !== FORMAT || typeof fields[1] !== 'number') return null;
  return { version: fields[1], through: typeof fields[2] === 'number' ? fields[2] : 0 };
}

export function tickLine(timeNs: bigint): string {
  return `["at","${timeNs}"]\n`;
}

export function settledLines(keys: readonly string[]): string {
  let lines = '';
  for (let i = 0; i < keys.length; i += KEYS_PER_LINE)
    lines += `${JSON.stringify(['ok', ...keys.slice(i, i + KEYS_PER_LINE)])}\n`;
  return lines;
}

export function keysOf(line: string): string[] {
  return parseFields(line).slice(1) as string[];
}

/** The time of an event or a tick; null where it has none. */
export function timeOf(line: string): bigint | null {
  const fields = parseFields(line);
  const time = fields[fields[0] === 'at' ? 1 : 2];
  return typeof time === 'string' && /^-?\d+$/.test(time) ? BigInt(time) : null;
}

function parseFields(line: string): unknown[] {
  try {
    const fields: unknown = JSON.parse(line);
    return Array.isArray(fields) ? fields : [];
  } catch {
    return [];
  }
}

/**
 * A file's lines, in blocks of whole lines; what follows the last newline is left out. A block is good until the next is
 * asked for.
 * @param endBytes the file is read up to here.
 */
export async function* blocksOf(path: string, endBytes: number): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    let buffer = Buffer.allocUnsafe(BLOCK_BYTES);
    let [position, held] = [0, 0];
    for (;;) {
      if (held === buffer.length) buffer = Buffer.concat([buffer], 2 * held);
      const wanted = Math.min(buffer.length - held, endBytes - position);
      const { bytesRead } = wanted > 0 ? await file.read(buffer, held, wanted, position) : { bytesRead: 0 };
      if (bytesRead === 0) return;
      position += bytesRead;
      held += bytesRead;
      const end = buffer.subarray(0, held).lastIndexOf(NEWLINE) + 1;
      if (end > 0) yield buffer.subarray(0, end);
      buffer.copyWithin(0, end, held);
      held -= end;
    }
  } finally {
    await file.close();
  }
}

/** Calls back with each line's kind and where it stands: from `start` to its newline at `end`. */
export function eachLine(block: Buffer, visit: (kind: LineKind, start: number, end: number) => void): void {
  let start = 0;
  for (let end = block.indexOf(NEWLINE); end >= 0; end = block.indexOf(NEWLINE, start)) {
    visit(kindOf(block, start, end), start, end);
    start = end + 1;
  }
}

function kindOf(block: Buffer, start: number, end: number): LineKind {
  if (block[start] !== OPEN || block[start + 1] !== QUOTE || block[end - 1] !== CLOSE) return 'damaged';
  if (block[start + 4] === QUOTE) return KINDS.get(block.readUInt16BE(start + 2)) ?? 'damaged';
  return block.toString('latin1', start + 2, start + 2 + FORMAT.length) === FORMAT ? 'head' : 'damaged';
}

function codeOf(tag: string): number {
  return Buffer.from(tag).readUInt16BE();
}

/** The key of the event that begins at `start`. */
export function keyAt(block: Buffer, start: number, end: number): string {
  const from = start + KEY_AT;
  const isHex = block[from + HEX_KEY_LENGTH] === QUOTE;
  const key = block.toString('utf8', from, isHex ? from + HEX_KEY_LENGTH : block.indexOf(QUOTE, from));
  return key.includes('\\') || key.includes('"') ? String(parseFields(block.toString('utf8', start, end))[1]) : key;
}
