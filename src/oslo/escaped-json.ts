/**
 * Steps over JSON that is escaped once, as it stands inside the envelope's string: every quote is `\"`.
 *
 * Strict and plain: one form of spacing, ASCII, no escape inside a string. Whatever is not plainly well-formed gives -1,
 * and the full parse decides.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;
export const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;

const DEPTH_MAX = 64;

/** Bytes that stand for themselves in a string. */
const IS_PLAIN = new Uint8Array(256);
for (let c = 0x20; c <= 0x7e; c++) IS_PLAIN[c] = c === 0x22 || c === 0x5c ? 0 : 1;

/** True where these bytes stand at this position. */
export function startsWith(b: Buffer, prefix: Buffer, at: number): boolean {
  for (let i = 0; i < prefix.length; i++) if (b[at + i] !== prefix[i]) return false;
  return true;
}

/** `\": ` behind a key: returns where the value starts, or -1. */
export function afterColon(b: Buffer, at: number): number {
  return b[at] === COLON && b[at + 1] === SPACE ? at + 2 : -1;
}

/** `, ` behind a value: returns where the next key starts, or -1. */
export function afterComma(b: Buffer, at: number): number {
  return b[at] === COMMA && b[at + 1] === SPACE ? at + 2 : -1;
}

/** A string of plain ASCII, `\"…\"`: returns the position behind it, or -1 (also for any escape inside it). */
export function stringEnd(b: Buffer, at: number, end: number): number {
  if (b[at] !== BACKSLASH || b[at + 1] !== QUOTE) return -1;
  let i = at + 2;
  while (IS_PLAIN[b[i] as number] === 1) i++;
  return i < end - 1 && b[i] === BACKSLASH && b[i + 1] === QUOTE ? i + 2 : -1;
}

/** Any value: returns the position behind it, or -1 where it is not plainly well-formed. */
export function skipValue(b: Buffer, at: number, end: number, depth: number): number {
  switch (b[at]) {
    case BACKSLASH:
      return stringEnd(b, at, end);
    case 0x6e:
      return isWord(b, at, 'null');
    case 0x74:
      return isWord(b, at, 'true');
    case 0x66:
      return isWord(b, at, 'false');
    case OPEN_BRACE:
      return depth < DEPTH_MAX ? skipObject(b, at, end, depth + 1) : -1;
    case OPEN_BRACKET:
      return depth < DEPTH_MAX ? skipArray(b, at, end, depth + 1) : -1;
    default:
      return skipNumber(b, at);
  }
}

function skipObject(b: Buffer, from: number, end: number, depth: number): number {
  let at = from + 1;
  if (b[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    const keyEnd = stringEnd(b, at, end);
    const value = keyEnd < 0 ? -1 : afterColon(b, keyEnd);
    const valueEnd = value < 0 ? -1 : skipValue(b, value, end, depth);
    if (valueEnd < 0) return -1;
    if (b[valueEnd] === CLOSE_BRACE) return valueEnd + 1;
    at = afterComma(b, valueEnd);
    if (at < 0) return -1;
  }
}

function skipArray(b: Buffer, from: number, end: number, depth: number): number {
  let at = from + 1;
  if (b[at] === CLOSE_BRACKET) return at + 1;
  for (;;) {
    const valueEnd = skipValue(b, at, end, depth);
    if (valueEnd < 0) return -1;
    if (b[valueEnd] === CLOSE_BRACKET) return valueEnd + 1;
    at = afterComma(b, valueEnd);
    if (at < 0) return -1;
  }
}

/** Only plain integers and decimals: -?(0|[1-9][0-9]*)(.[0-9]+)? */
function skipNumber(b: Buffer, from: number): number {
  let at = b[from] === 0x2d ? from + 1 : from;
  const first = b[at];
  if (!isDigit(first)) return -1;
  while (isDigit(b[at])) at++;
  if (first === 0x30 && at > from + (b[from] === 0x2d ? 2 : 1)) return -1;
  if (b[at] !== 0x2e) return at;
  const fraction = at + 1;
  for (at = fraction; isDigit(b[at]); ) at++;
  return at > fraction ? at : -1;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isWord(b: Buffer, at: number, word: string): number {
  for (let i = 1; i < word.length; i++) if (b[at + i] !== word.charCodeAt(i)) return -1;
  return at + word.length;
}
