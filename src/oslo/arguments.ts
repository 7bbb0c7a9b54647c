/**
 * What a method is given, as far as it may be told: the names of its arguments and their JSON types, never a value, and
 * nothing of what stands inside an argument: the keys of a dictionary may be its user's own words.
 *
 *   args: {"instance": {"nova_object.name": "Instance", …}, "host": "cmp1", "limits": null}
 *   →     {"host":"string","instance":"object<Instance>","limits":"null"}
 *
 * Types are JSON's, and `object<Name>` for an object of oslo.versionedobjects: its first key is `….object.name`. Source of that
 * form: VersionedObject.obj_to_primitive of oslo.versionedobjects' base.py.
 */
import { IDENTIFIER_CHARS_MAX, walkArguments } from './arguments-walk.ts';
import type { Fields } from './fields.ts';
import { parseInner } from './parse.ts';

/** Names kept of one message. What is beyond, and what is no plain identifier, is told by one `…` of the type `any`. */
export const ARGUMENTS_MAX = 64;
/** Characters kept of one message, its JSON. */
export const ARGUMENTS_CHARS_MAX = 2_000;
/** Stands for arguments that are not named. */
export const UNNAMED = '…';
/** Bodies up to here are read always: a microsecond a KB. Bytes. */
export const READ_BYTES = 16_384;
/** Of larger ones one in so many is, so that they cost next to nothing more. */
const READ_ONE_IN = 16;

/** Whether a body's arguments are read: by its id, so that the same message is always dealt with in the same way. */
export function isRead(bytes: number, uniqueId: string): boolean {
  return bytes <= READ_BYTES || Number.parseInt(uniqueId.slice(0, 8), 16) % READ_ONE_IN === 0;
}

/** Canonical JSON, its keys sorted by code unit; `''` where `args` is missing, no object, or not well-formed. Never throws. */
export function argumentsOf(body: Buffer, { args, argsFrom, argsEnd }: Fields): string {
  if (args !== undefined) return ofParsed(args);
  if (argsFrom < 0) return '';
  const walked = walkArguments(body, argsFrom, argsEnd, ARGUMENTS_MAX);
  return walked === null ? ofParsed(parseInner(body)?.args) : shared(walked);
}

/** Of `args` as JSON.parse gives it. */
export function ofParsed(args: unknown): string {
  if (!isObject(args)) return '';
  return canonical(Object.entries(args).map(([name, value]) => [name, typeOf(value)]));
}

type Argument = readonly [name: string, type: string];

const IDENTIFIER = new RegExp(`^[A-Za-z_][A-Za-z0-9_]{0,${IDENTIFIER_CHARS_MAX - 1}}$`);

function canonical(pairs: readonly Argument[]): string {
  const named = new Map<string, string>();
  let chars = 2;
  let isWhole = true;
  for (const [name, type] of pairs) {
    const isKnown = named.has(name);
    const size = name.length + type.length + 6;
    if (!IDENTIFIER.test(name) || (!isKnown && (named.size === ARGUMENTS_MAX || chars + size > ARGUMENTS_CHARS_MAX))) {
      isWhole = false;
      continue;
    }
    named.set(name, type);
    if (!isKnown) chars += size;
  }
  const sorted = [...named].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(isWhole ? sorted : [...sorted, [UNNAMED, 'any']]));
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (!isObject(value)) return typeof value;
  const [key = '', name] = Object.entries(value)[0] ?? [];
  return key.endsWith('object.name') && typeof name === 'string' && IDENTIFIER.test(name) ? `object<${name}>` : 'object';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same few come again and again: one copy of each is kept. */
const known = new Map<string, string>();
const KNOWN_MAX = 1_000;

/** @param walked `name:type,name:type,`, in the order of the wire. */
function shared(walked: string): string {
  const seen = known.get(walked);
  if (seen !== undefined) return seen;
  const pairs = walked
    .split(',')
    .slice(0, -1)
    .map((pair) => pair.split(':') as unknown as Argument);
  const text = canonical(pairs);
  if (walked.length > ARGUMENTS_CHARS_MAX) return text;
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(walked, text);
  return text;
}
