/**
 * Takes the secrets out of a body and leaves its shape: key order, uuids, names of the protocol, numbers, lengths. What
 * is not known to be harmless becomes a placeholder of the same length, so that a redacted capture decodes, correlates
 * and costs as the original does.
 *
 * An allow-list, like fields.ts: a string stays when it is an id, a version or a time, or when it stands under a key of
 * KEPT_KEYS. A key that smells of a secret loses its value whatever it looks like.
 */
import { parseObject } from './parse.ts';

const SECRET_KEY = /pass|secret|token|hmac|auth|credential|key|cookie|signature|user_data|personality|cert/i;
/** Below these keys even the keys are the user's own words. */
const USER_DICTIONARY =
  /^(metadata|system_metadata|properties|image_properties|extra_specs|tags|headers|scheduler_hints|instance_metadata)$/;
const KEPT_KEYS = new Set([
  'method',
  'version',
  'namespace',
  '_reply_q',
  'event_type',
  'publisher_id',
  'priority',
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
  'typeURI',
  'eventType',
  'action',
  'outcome',
]);

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const KEPT_VALUE = new RegExp(`^(|(req-)?${UUID}|[0-9a-f]{32}|\\d+(\\.\\d+)*|\\d{4}-\\d\\d-\\d\\d[T ][\\d:.]+(Z|[+-][\\d:]+)?)$`);
const KEPT_KEY = new RegExp(`^([A-Za-z_][\\w.:-]*|${UUID})$`);
const PLAIN = /^[\w.:@/-]*$/;
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;
const DEPTH_MAX = 200;

/** Redacts a plain (not compressed) body. @returns null where it is not JSON: nothing of it can be kept. */
export function redactBody(body: Buffer): Buffer | null {
  const text = body.toString('utf8');
  const outer = parseObject(text);
  if (outer === null) return null;
  const inner = outer['oslo.message'];
  if (typeof inner !== 'string') return Buffer.from(redactJson(text, 0));
  if (parseObject(inner) === null) return null;
  const version =
    typeof outer['oslo.version'] === 'string' && KEPT_VALUE.test(outer['oslo.version']) ? outer['oslo.version'] : '2.0';
  return Buffer.from(`{"oslo.version": "${version}", "oslo.message": ${asciiJson(redactJson(inner, 1))}}`);
}

interface Level {
  readonly isObject: boolean;
  /** The key whose value comes next, or comes inside. */
  key: string;
  expectsKey: boolean;
  readonly isUsers: boolean;
  readonly isSecret: boolean;
}

/** @param nesting how many times this JSON stands in a string: its placeholders make up for the quotes' escapes. */
function redactJson(json: string, nesting: number): string {
  const stack: Level[] = [];
  return json.replace(TOKEN, (token) => {
    const level = stack.at(-1);
    switch (token[0]) {
      case '{':
      case '[':
        if (stack.length < DEPTH_MAX) stack.push(deeper(level, token === '{'));
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
        return token;
    }
  });
}

function deeper(level: Level | undefined, isObject: boolean): Level {
  const key = level?.key ?? '';
  return {
    isObject,
    key,
    expectsKey: isObject,
    isUsers: level?.isUsers === true || USER_DICTIONARY.test(key),
    isSecret: level?.isSecret === true || isSecretKey(key),
  };
}

function redactKey(token: string, level: Level, nesting: number): string {
  level.expectsKey = false;
  level.key = token.slice(1, -1);
  return !level.isUsers && KEPT_KEY.test(level.key) ? token : placeholder(token, nesting);
}

function redactValue(token: string, level: Level | undefined, nesting: number): string {
  const key = level?.key ?? '';
  const value = token.slice(1, -1);
  if (level?.isSecret || isSecretKey(key)) return placeholder(token, nesting);
  if (key === 'failure' && value.startsWith('{')) return redactFailure(token, nesting);
  if (key === 'requestPath') return redactPath(value);
  const isKept = KEPT_VALUE.test(value) || (!level?.isUsers && KEPT_KEYS.has(key) && PLAIN.test(value));
  return isKept ? token : placeholder(token, nesting);
}

/** `_msg_id` and its like are ids, not keys of a lock. */
function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key) && key !== 'key_name';
}

/** JSON in a string: class and module stay, the message and the traceback go. */
function redactFailure(token: string, nesting: number): string {
  const text = JSON.parse(token) as string;
  return parseObject(text) === null ? placeholder(token, nesting) : asciiJson(redactJson(text, nesting + 1));
}

/** An API's path: its words stay, and uuids; what stands where a name may stand goes. */
function redactPath(path: string): string {
  const words = path.replace(/[^/?&=]+/g, (word, at: number) => {
    const isWord = /^(v\d+(\.\d+)?|[a-z]+s|action|detail|os-[a-z-]+|[a-z_]*id|[a-z]+_[a-z]+)(\.json)?$/.test(word);
    const isName = /[/=]$/.test(path.slice(0, at)) && /[a-z]s\/$|=$/.test(path.slice(0, at));
    return (isWord && !isName) || new RegExp(`^${UUID}$`).test(word) ? word : 'x'.repeat(word.length);
  });
  return `"${words}"`;
}

/** As many x as the string took on the wire, the escapes of its escapes included. */
function placeholder(token: string, nesting: number): string {
  let wire = token.slice(1, -1);
  for (let i = 0; i < nesting; i++) wire = asciiJson(wire).slice(1, -1);
  return `"${'x'.repeat(wire.length)}"`;
}

/** JSON as Python's json.dumps writes it: beyond ASCII everything is escaped. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
