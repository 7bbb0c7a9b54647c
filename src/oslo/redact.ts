/**
 * Takes the secrets out of a body and leaves its shape: key order, uuids, names of the protocol, numbers, lengths. What
 * is not known to be harmless becomes a placeholder of the same length, so that a redacted capture decodes, correlates
 * and costs as the original does.
 *
 * An allow-list, like fields.ts: a string stays when it is an id, a version or a time, or when it stands under one of
 * MESSAGE_KEYS, KEPT_KEYS or TAXONOMY_KEYS and is a plain name. A key that smells of a secret loses all below it, keys, numbers and
 * uuids too; a dictionary of the user's loses all but its uuids.
 */
import { API_VERSION, API_WORDS } from './api-path.ts';
import { parseObject } from './parse.ts';

const SECRET_KEY =
  /pass|pwd|secret|token|hmac|auth|credential|key|cookie|signature|private|nonce|salt|hash|user_data|personality|cert/i;
/** Below these keys even the keys are the user's own words. */
const USER_DICTIONARY =
  /(^|_)(meta|metadata|properties|extra_specs|tags|labels|annotations|headers|hints|parameters|env|environment|inputs?|outputs?|files)$/;
/** Kept at the top of a message only: further down they are somebody's arguments. */
const MESSAGE_KEYS = new Set(['method', 'namespace', '_reply_q', 'event_type', 'publisher_id', 'priority']);
const KEPT_KEYS = new Set([
  'objname',
  'objmethod',
  'nova_object.name',
  'nova_object.namespace',
  'nova_object.version',
  'versioned_object.name',
  'versioned_object.namespace',
  'versioned_object.version',
  'class',
  'module',
  'binary',
  'topic',
  'agent_type',
  'host',
  'host_id',
  'binding:host_id',
  'source_host',
  'dest_host',
  'vm_state',
  'task_state',
  'state',
  'status',
  'device_owner',
  'eventType',
  'outcome',
]);
/** CADF's, with slashes: `service/compute/servers`, `read/list`. */
const TAXONOMY_KEYS = new Set(['typeURI', 'action']);

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const KEPT_VALUE = new RegExp(`^(|(req-)?${UUID}|[0-9a-f]{32}|\\d+(\\.\\d+)*|\\d{4}-\\d\\d-\\d\\d[T ][\\d:.]+(Z|[+-][\\d:]+)?)$`);
const KEPT_KEY = new RegExp(`^([A-Za-z_][\\w.:-]{0,63}|${UUID})$`);
const EMBEDDED_UUID = new RegExp(`(req-)?(?<![0-9a-f])${UUID}(?![0-9a-f])`, 'g');
const PLAIN = /^[\w.:@-]{0,255}$/;
const TAXONOMY = /^(http:\/\/schemas\.dmtf\.org\/cloud\/audit\/1\.0\/event|[\w.-]{0,64}(\/[\w.-]{0,64}){0,8})$/;
const TOKEN = /["{}[\],:]|[^\s"{}[\],:]+/g;
const DEPTH_MAX = 200;

/**
 * Redacts a plain (not compressed) body.
 * @returns null where it is not JSON, or nested too deep: nothing of it can be kept. An inner message nested too deep
 * becomes a placeholder.
 */
export function redactBody(body: Buffer): Buffer | null {
  const text = body.toString('utf8');
  const outer = parseObject(text);
  if (outer === null) return null;
  const inner = outer['oslo.message'];
  if (typeof inner === 'string' && parseObject(inner) === null) return null;
  const redacted = redactJson(text, 0);
  return redacted === null ? null : Buffer.from(redacted);
}

interface Level {
  readonly isObject: boolean;
  /** The key whose value comes next, or comes inside. */
  key: string;
  expectsKey: boolean;
  readonly isTop: boolean;
  readonly isUsers: boolean;
  readonly isSecret: boolean;
}

/**
 * @param json well-formed.
 * @param nesting how many times this JSON stands in a string: its placeholders make up for the quotes' escapes.
 */
function redactJson(json: string, nesting: number): string | null {
  const stack: Level[] = [];
  const redacted: string[] = [];
  let done = 0;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(json); match !== null; match = TOKEN.exec(json)) {
    const isString = match[0] === '"';
    const end = isString ? stringEnd(json, match.index) : TOKEN.lastIndex;
    redacted.push(json.slice(done, match.index), redactToken(json.slice(match.index, end), stack, nesting));
    if (stack.length > DEPTH_MAX) return null;
    TOKEN.lastIndex = done = end; // redactToken may have used TOKEN for a JSON inside this one
  }
  return redacted.join('') + json.slice(done);
}

/** A loop, since a regular expression runs out of stack in a string of some megabytes. */
function stringEnd(json: string, from: number): number {
  for (let at = from + 1; at < json.length; at++) {
    if (json[at] === '\\') at++;
    else if (json[at] === '"') return at + 1;
  }
  return json.length;
}

function redactToken(token: string, stack: Level[], nesting: number): string {
  const level = stack.at(-1);
  switch (token[0]) {
    case '{':
    case '[':
      stack.push(deeper(level, token === '{'));
      return token;
    case '}':
    case ']':
      stack.pop();
      return token;
    case ',':
      if (level?.isObject) level.expectsKey = true;
      return token;
    case ':':
      return token;
    case '"':
      return level?.expectsKey ? redactKey(token, level, nesting) : redactValue(token, level, nesting);
    default:
      return isSecret(level) || level?.isUsers ? token.replace(/\d/g, '1') : token;
  }
}

function deeper(level: Level | undefined, isObject: boolean): Level {
  const key = level?.key ?? '';
  return {
    isObject,
    key,
    expectsKey: isObject,
    isTop: level === undefined,
    isUsers: level?.isUsers === true || USER_DICTIONARY.test(key),
    isSecret: isSecret(level),
  };
}

function redactKey(token: string, level: Level, nesting: number): string {
  level.expectsKey = false;
  level.key = JSON.parse(token) as string;
  if (level.isSecret) return withoutUuids(token, nesting);
  if (level.isUsers) return withUuids(token, nesting);
  // No plain name before, none after: decode tells the plain names of arguments.
  return KEPT_KEY.test(level.key) ? token : withUuids(token, nesting, '*');
}

function redactValue(token: string, level: Level | undefined, nesting: number): string {
  const key = level?.key ?? '';
  if (isSecret(level)) return withoutUuids(token, nesting);
  if (level?.isUsers) return withUuids(token, nesting);
  if (level?.isTop && (key === 'failure' || (key === 'oslo.message' && nesting === 0))) return redactNested(token, nesting);
  if (key === 'requestPath') return redactPath(token, nesting);
  const value = JSON.parse(token) as string;
  if (KEPT_VALUE.test(value)) return token;
  if (TAXONOMY_KEYS.has(key) && TAXONOMY.test(value)) return token;
  if (!KEPT_KEYS.has(key) && !(level?.isTop && MESSAGE_KEYS.has(key))) return withUuids(token, nesting);
  // No name before, no name after: what decode refuses it must go on refusing.
  return PLAIN.test(value) ? token : withUuids(token, nesting, '*');
}

/** Whether all that comes at this place is to be hidden. `_msg_id` and its like are ids, not keys of a lock. */
function isSecret(level: Level | undefined): boolean {
  return level !== undefined && (level.isSecret || (SECRET_KEY.test(level.key) && level.key !== 'key_name'));
}

/** JSON in a string: the message itself, or a failure, of which class and module stay; message and traceback go. */
function redactNested(token: string, nesting: number): string {
  const text = JSON.parse(token) as string;
  const redacted = parseObject(text) === null ? null : redactJson(text, nesting + 1);
  return redacted === null ? withUuids(token, nesting) : asciiJson(redacted);
}

/** An API's path: its words stay, and uuids; names, values and whatever else goes. */
function redactPath(token: string, nesting: number): string {
  const path = onWire(token, nesting);
  const words = path.replace(/[^/?&=]+/g, (word, at: number) => {
    const isWord = path[at - 1] !== '=' && (API_WORDS.has(word) || API_VERSION.test(word));
    return isWord ? word : fill(word, 'x');
  });
  return `"${words}"`;
}

function withUuids(token: string, nesting: number, char = 'x'): string {
  return `"${fill(onWire(token, nesting), char)}"`;
}

function withoutUuids(token: string, nesting: number): string {
  return `"${'x'.repeat(onWire(token, nesting).length)}"`;
}

/** As many characters as the text has, its uuids left: they are what a message is about. */
function fill(text: string, char: string): string {
  let filled = '';
  for (const { 0: uuid, index } of text.matchAll(EMBEDDED_UUID)) {
    filled += char.repeat(index - filled.length) + uuid;
  }
  return filled + char.repeat(text.length - filled.length);
}

/** A string as it stands on the wire, the escapes of its escapes included. */
function onWire(token: string, nesting: number): string {
  let wire = token.slice(1, -1);
  for (let i = 0; i < nesting; i++) wire = asciiJson(wire).slice(1, -1);
  return wire;
}

/** JSON as Python's json.dumps writes it: beyond ASCII everything is escaped. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
