/**
 * Reads names and types off `args` as it stands in the envelope, JSON that is escaped once: every quote is `\"`, and one
 * inside a string `\\\"`. What is inside an argument is stepped over by its strings and brackets alone: a nanosecond a byte.
 *
 *   {\"instance\": {\"nova_object.name\": \"Instance\", …}, \"host\": \"cmp1\"}   →   instance:object<Instance>,host:string,
 *
 * Any doubt (other spacing, an escape in a name, too many of them) gives null: the full parse decides.
 */
import { latin1 } from './bytes.ts';
import {
  afterColon,
  afterComma,
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  startsWith,
  stringEnd,
} from './escaped-json.ts';

/** A longer name is not told, as redact.ts keeps none: so a redacted message tells the same. */
export const IDENTIFIER_CHARS_MAX = 64;

const OBJECT_NAME = Buffer.from('object.name\\": \\"', 'latin1');
/** How far an object's first key is looked at: `nova_object.name`, `versioned_object.name`. */
const KEY_BYTES_MAX = 40;

/** Bytes of a name: A–Z, a–z, 0–9, _; the second bit: may begin one. */
const IN_NAME = new Uint8Array(256);
for (let c = 0; c < 128; c++) {
  const text = String.fromCharCode(c);
  IN_NAME[c] = /[A-Za-z_]/.test(text) ? 3 : /[0-9]/.test(text) ? 1 : 0;
}

/** Bytes that stand for themselves in a string, UTF-8 too. */
const IS_TEXT = new Uint8Array(256);
for (let c = 0x20; c < 256; c++) IS_TEXT[c] = c === QUOTE || c === BACKSLASH ? 0 : 1;

/**
 * @param from where `args` begins. @param end just behind it.
 * @returns `name:type,` for each argument, in the wire's order; null where the full parse must decide.
 */
export function walkArguments(b: Buffer, from: number, end: number, argumentsMax: number): string | null {
  if (b[from] !== OPEN_BRACE) return null;
  if (b[from + 1] === CLOSE_BRACE) return from + 2 === end ? '' : null;
  let walked = '';
  let at = from + 1;
  for (let count = 0; count < argumentsMax; count++) {
    const keyEnd = stringEnd(b, at, end);
    if (keyEnd < 0 || !isName(b, at + 2, keyEnd - 2)) return null;
    const value = afterColon(b, keyEnd);
    const valueEnd = value < 0 ? -1 : walkValue(b, value, end);
    if (valueEnd < 0) return null;
    walked += `${latin1(b, at + 2, keyEnd - 2)}:${type},`;
    if (b[valueEnd] === CLOSE_BRACE) return valueEnd + 1 === end ? walked : null;
    at = afterComma(b, valueEnd);
    if (at < 0) return null;
  }
  return null;
}

function isName(b: Buffer, from: number, to: number): boolean {
  if (to - from > IDENTIFIER_CHARS_MAX || ((IN_NAME[b[from] as number] ?? 0) & 2) === 0) return false;
  for (let i = from; i < to; i++) if (IN_NAME[b[i] as number] === 0) return false;
  return true;
}

// What walkValue found. Module state instead of a result object: this runs for every argument.
let type = '';

/** Returns the position behind a value, or -1. */
function walkValue(b: Buffer, at: number, end: number): number {
  switch (b[at]) {
    case BACKSLASH:
      return found('string', textEnd(b, at));
    case OPEN_BRACE:
      return found(objectType(b, at, end), containerEnd(b, at, end));
    case OPEN_BRACKET:
      return found('array', containerEnd(b, at, end));
    case 0x6e:
      return found('null', at + 4);
    case 0x74:
      return found('boolean', at + 4);
    case 0x66:
      return found('boolean', at + 5);
    default:
      return found('number', numberEnd(b, at, end));
  }
}

function found(name: string, valueEnd: number): number {
  type = name;
  return valueEnd;
}

/** `object<Name>` where its first key says so in the plain form. */
function objectType(b: Buffer, at: number, end: number): string {
  let key = at + 1;
  if (b[key] !== BACKSLASH) return 'object';
  const keyMax = key + KEY_BYTES_MAX;
  for (key += 2; b[key] !== BACKSLASH && key < keyMax; ) key++;
  const name = key - OBJECT_NAME.length + 6; // as long as `object.name`
  if (!startsWith(b, OBJECT_NAME, name)) return 'object';
  const nameEnd = stringEnd(b, key + 4, end);
  if (nameEnd < 0 || !isName(b, key + 6, nameEnd - 2)) return 'object';
  return `object<${latin1(b, key + 6, nameEnd - 2)}>`;
}

/** Behind the bracket that closes this one; -1 where none does. */
function containerEnd(b: Buffer, from: number, end: number): number {
  let depth = 0;
  let at = from;
  while (at < end) {
    switch (b[at]) {
      case BACKSLASH:
        at = textEnd(b, at);
        if (at < 0) return -1;
        continue;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (--depth === 0) return at + 1;
    }
    at++;
  }
  return -1;
}

/** A string with escapes: `\\n` is one of the inner JSON's, `\\\"` its quote, `\\\\` its backslash. Behind it, or -1. */
function textEnd(b: Buffer, from: number): number {
  if (b[from + 1] !== QUOTE) return -1;
  let at = from + 2;
  for (;;) {
    while (IS_TEXT[b[at] as number] === 1) at++;
    if (b[at] !== BACKSLASH) return -1;
    if (b[at + 1] === QUOTE) return at + 2;
    if (b[at + 1] !== BACKSLASH) return -1; // an escape of the envelope's own: it might be any character
    at += b[at + 2] === BACKSLASH ? 4 : 3;
  }
}

/** Also what Python writes and JSON does not know: NaN, Infinity. */
function numberEnd(b: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && b[at] !== 0x2c && b[at] !== CLOSE_BRACE) at++;
  return at > from ? at : -1;
}
