/**
 * The allow-list. Both ways of reading a body (scan.ts, parse.ts) fill the same few fields, and only what passes the
 * checks here becomes an OsloMessage: identifiers and ids in their own forms, never free text.
 *
 * Wire keys stand once, in this folder. Source: oslo.messaging's `_drivers/amqp.py` (`_msg_id`, `_unique_id`,
 * `_context_*`), `_drivers/amqpdriver.py` (`_reply_q`, `_timeout`, replies), `notify/notifier.py` (notifications).
 */
import type { OsloMessage, UndecodableReason } from '../message.ts';

/** The inner message's values of interest, unchecked: undefined where the key is absent. */
export interface Fields {
  method: unknown;
  objectName: unknown;
  objectMethod: unknown;
  namespace: unknown;
  version: unknown;
  msgId: unknown;
  replyQueue: unknown;
  uniqueId: unknown;
  requestId: unknown;
  globalRequestId: unknown;
  userId: unknown;
  user: unknown;
  eventType: unknown;
  publisherId: unknown;
  ending: unknown;
  /** `module.Class` of the exception that came back, null where none did. */
  failure: unknown;
  /** True where the message has one of a reply's own keys: result, failure, ending. */
  isReply: boolean;
  /** `args`, where it was parsed. */
  args: unknown;
  /** Where `args` begins in the body, and the place behind it, where it was skipped; -1: it was not. */
  argsFrom: number;
  argsEnd: number;
}

export function emptyFields(): Fields {
  return {
    method: undefined,
    objectName: undefined,
    objectMethod: undefined,
    namespace: undefined,
    version: undefined,
    msgId: undefined,
    replyQueue: undefined,
    uniqueId: undefined,
    requestId: undefined,
    globalRequestId: undefined,
    userId: undefined,
    user: undefined,
    eventType: undefined,
    publisherId: undefined,
    ending: undefined,
    failure: undefined,
    isReply: false,
    args: undefined,
    argsFrom: -1,
    argsEnd: -1,
  };
}

const IDENTIFIER = /^[A-Za-z_][\w.]{0,127}$/;
const NAME = /^[\w.:@-]{1,255}$/;
const VERSION = /^\d{1,5}(\.\d{1,5}){0,3}$/;

/** The one that sends an instance (`args.objinst`); the others name a class (`args.objname`). */
export const INSTANCE_METHOD = 'object_action';
/** The methods of oslo.versionedobjects' remotable calls, as nova, cinder and ironic name them. */
export const OBJECT_METHODS: ReadonlySet<string> = new Set([
  INSTANCE_METHOD,
  'object_class_action',
  'object_class_action_versions',
]);

/** Fields to a message, or why not. The exchange tells a fanout from a cast: oslo.messaging names it `<topic>_fanout`. */
export function toMessage(fields: Fields, exchange: string): OsloMessage | UndecodableReason {
  if (!isHex32(fields.uniqueId)) return isOslo(fields) ? 'no_unique_id' : 'not_oslo';
  const uniqueId = fields.uniqueId;
  if (fields.eventType !== undefined) return toNotification(fields, uniqueId);
  if (fields.method === undefined) return toReply(fields, uniqueId);
  return toRequest(fields, uniqueId, exchange);
}

// Written out key by key: spreading one object into the next costs a third of a microsecond, for every message.
function toRequest(fields: Fields, uniqueId: string, exchange: string): OsloMessage | UndecodableReason {
  const { method, msgId } = fields;
  if (!isText(method, IDENTIFIER)) return 'not_oslo';
  const object = OBJECT_METHODS.has(method) ? objectOf(fields) : null;
  const namespace = text(fields.namespace, NAME);
  const version = text(fields.version, VERSION);
  const requestId = requestIdOf(fields.requestId);
  const globalRequestId = requestIdOf(fields.globalRequestId);
  const hasUser = userOf(fields);
  if (isHex32(msgId)) {
    const replyQueue = text(fields.replyQueue, NAME) ?? '';
    return { kind: 'call', uniqueId, method, object, namespace, version, requestId, globalRequestId, hasUser, msgId, replyQueue };
  }
  const kind = exchange.endsWith('_fanout') ? 'fanout' : 'cast';
  return { kind, uniqueId, method, object, namespace, version, requestId, globalRequestId, hasUser };
}

function toReply(fields: Fields, uniqueId: string): OsloMessage | UndecodableReason {
  if (!fields.isReply || !isHex32(fields.msgId)) return 'not_oslo';
  return {
    kind: 'reply',
    uniqueId,
    msgId: fields.msgId,
    // Before call monitoring (2018) replies of old senders had no `ending` in their last message's place: absent is final.
    ending: fields.ending !== false,
    failure: fields.failure == null ? null : (text(fields.failure, IDENTIFIER) ?? 'unknown'),
  };
}

function toNotification(fields: Fields, uniqueId: string): OsloMessage | UndecodableReason {
  if (!isText(fields.eventType, NAME)) return 'not_oslo';
  return {
    kind: 'notification',
    uniqueId,
    eventType: fields.eventType,
    publisherId: text(fields.publisherId, NAME),
    requestId: requestIdOf(fields.requestId),
    globalRequestId: requestIdOf(fields.globalRequestId),
    hasUser: userOf(fields),
    audit: null,
  };
}

function userOf(fields: Fields): boolean {
  return isPresent(fields.userId) || isPresent(fields.user);
}

function objectOf(fields: Fields): string | null {
  const name = text(fields.objectName, IDENTIFIER);
  const method = text(fields.objectMethod, IDENTIFIER);
  return name === null || method === null ? null : `${name}.${method}`;
}

function isOslo(fields: Fields): boolean {
  return fields.method !== undefined || fields.eventType !== undefined || fields.isReply;
}

function isPresent(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

// Loops, not regular expressions: every message has five ids, and these take a third of the time.
function isHex32(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== 32) return false;
  for (let i = 0; i < 32; i++) if (!isHex(value.charCodeAt(i))) return false;
  return true;
}

/** `req-` and a uuid: req-707e4331-827d-4eb7-9933-1ef7a3949adb. */
export function requestIdOf(value: unknown): string | null {
  if (typeof value !== 'string' || value.length !== 40 || !value.startsWith('req-')) return null;
  for (let i = 4; i < 40; i++) {
    const isDash = i === 12 || i === 17 || i === 22 || i === 27;
    const code = value.charCodeAt(i);
    if (isDash ? code !== 0x2d : !isHex(code)) return null;
  }
  return value;
}

function isHex(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

function text(value: unknown, form: RegExp): string | null {
  return isText(value, form) ? value : null;
}
