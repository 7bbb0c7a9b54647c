/**
 * The fast path: reads the few keys of interest without parsing what lies between them.
 *
 *   {"oslo.version": "2.0", "oslo.message": "{\"method\": \"m\", \"args\": {…}, \"version\": \"1.0\", \"_msg_id\": … }"}
 *   └──────────── PREFIX ─────────────────────┘└──── head ────┘└─ skipped ─┘└──────────── tail, walked strictly ──────┘
 *
 * `args`, `payload` and `result` are most of the bytes and come before the interesting keys. The head is walked up to
 * that value; the last occurrence of the key that always follows it (the anchor) is found from the end; the tail is
 * walked from there, strictly, to the closing `}"}` at the body's very end. A quote inside a nested string is escaped
 * once more (`\\\"`), so the anchor cannot match inside one; and if it matched inside a nested object, the walk meets
 * that object's closing brace too early and fails. Any doubt at all (other spacing, escapes, bytes beyond ASCII, an
 * unexpected type) ends in `null`: the full parse decides.
 *
 * The one thing taken on trust is that the skipped part is one well-formed JSON value without a key twice, as the
 * sender's serializer wrote it (docs/adr/0002-decode-by-tail-scan.md says what follows from that): only reading every
 * byte could tell. So of a key that stood behind that value and before the anchor, where oslo.messaging writes none but
 * `namespace`, the scan would see nothing if the last such key's value were an object (behind `result`: any value). It
 * cannot be an id, the reply queue or a context's id, since the tail must have them; it could be a second `method`,
 * `event_type` or `publisher_id`, a `namespace`, or that one of the two user keys which the tail has not.
 */
import { latin1 } from './bytes.ts';
import {
  afterColon,
  afterComma,
  BACKSLASH,
  CLOSE_BRACE,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipValue,
  startsWith,
  stringEnd,
} from './escaped-json.ts';
import { emptyFields, type Fields, INSTANCE_METHOD, OBJECT_METHODS } from './fields.ts';

const PREFIX = Buffer.from('{"oslo.version": "2.0", "oslo.message": "{', 'latin1');
const SUFFIX_LENGTH = 2; // "}
const ANCHOR = {
  args: Buffer.from(', \\"version\\": \\"', 'latin1'),
  payload: Buffer.from(', \\"timestamp\\": \\"', 'latin1'),
  result: Buffer.from(', \\"failure\\": ', 'latin1'),
};
const NAMESPACE = Buffer.from(', \\"namespace\\": \\"', 'latin1');
const MSG_ID = Buffer.from('\\"_msg_id\\"', 'latin1');
const OBJ_METHOD = Buffer.from(', \\"objmethod\\": \\"', 'latin1');
const KEY = {
  args: Buffer.from('args'),
  payload: Buffer.from('payload'),
  result: Buffer.from('result'),
  ending: Buffer.from('ending'),
  msgId: Buffer.from('_msg_id'),
  version: Buffer.from('version'),
  failure: Buffer.from('failure'),
  replyQueue: Buffer.from('_reply_q'),
  timeout: Buffer.from('_timeout'),
  timestamp: Buffer.from('timestamp'),
  uniqueId: Buffer.from('_unique_id'),
  context: Buffer.from('_context_'),
  user: Buffer.from('_context_user'),
  userId: Buffer.from('_context_user_id'),
  requestId: Buffer.from('_context_request_id'),
  globalRequestId: Buffer.from('_context_global_request_id'),
};
const OBJ_INSTANCE = Buffer.from('{\\"objinst\\": {\\"', 'latin1');
const OBJ_CLASS = Buffer.from('{\\"objname\\": \\"', 'latin1');
/** How far `objmethod` may stand before the end of args: behind it come only the method's own arguments. */
const OBJ_METHOD_REACH_BYTES = 8192;

/** @returns null where the body is not in the plain form above: the full parse must decide. */
export function scanBody(body: Buffer): Fields | null {
  const end = body.length - SUFFIX_LENGTH; // just behind the inner message's closing brace
  if (end <= PREFIX.length || !startsWith(body, PREFIX, 0)) return null;
  if (body[end] !== QUOTE || body[end + 1] !== CLOSE_BRACE || body[end - 1] !== CLOSE_BRACE) return null;
  const fields = emptyFields();
  const value = walkHead(body, end, fields);
  if (value < 0) return null;
  const tail = skipBulk(body, value, end, fields);
  return tail >= 0 && walkTail(body, tail, end, fields) ? fields : null;
}

// What walkHead found to be skipped. Module state instead of a result object: this runs for every message.
let bulk: keyof typeof ANCHOR = 'args';
let bulkFrom = 0;
let bulkTo = 0;

/** Walks the keys before the bulk. Returns where its value starts, or -1. */
function walkHead(b: Buffer, end: number, fields: Fields): number {
  let at = PREFIX.length;
  for (let keys = 0; keys < 6; keys++) {
    const key = at + 2;
    const keyEnd = stringEnd(b, at, end);
    if (keyEnd < 0) return -1;
    at = afterColon(b, keyEnd);
    if (at < 0) return -1;
    const length = keyEnd - 2 - key;
    if (length === 4 && startsWith(b, KEY.args, key)) return found('args', at);
    if (length === 7 && startsWith(b, KEY.payload, key)) return found('payload', at);
    if (length === 6 && startsWith(b, KEY.result, key)) return found('result', at);
    const valueEnd = stringEnd(b, at, end);
    if (valueEnd < 0 || !setHead(b, key, length, at + 2, valueEnd - 2, fields)) return -1;
    at = afterComma(b, valueEnd);
    if (at < 0) return -1;
  }
  return -1;
}

function found(name: keyof typeof ANCHOR, at: number): number {
  bulk = name;
  return at;
}

function setHead(b: Buffer, key: number, length: number, from: number, to: number, fields: Fields): boolean {
  switch (latin1(b, key, key + length)) {
    case 'method':
      fields.method = latin1(b, from, to);
      return true;
    case 'event_type':
      fields.eventType = latin1(b, from, to);
      return true;
    case 'publisher_id':
      fields.publisherId = latin1(b, from, to);
      return true;
    case 'message_id':
    case 'priority':
      return true;
    default:
      return false;
  }
}

/** Lengths of the tails seen last: they are mostly the same, and looking there is cheaper than searching. */
const tails = new Uint32Array(16);

/** Where the tail may begin. A guess is as good as a search: the walk from there decides. */
function anchorOf(b: Buffer, value: number, end: number): number {
  const anchor = ANCHOR[bulk];
  const length = end - value;
  for (let i = 0; i < tails.length; i++) {
    const tail = tails[i] as number;
    const at = end - tail;
    if (tail !== 0 && tail < length && b[at] === COMMA && startsWith(b, anchor, at)) return at;
  }
  const at = b.lastIndexOf(anchor, end);
  if (at >= value) {
    tails.copyWithin(1, 0);
    tails[0] = end - at;
  }
  return at;
}

/** Jumps over the bulk's value. Returns where the tail's first key starts, or -1. */
function skipBulk(b: Buffer, value: number, end: number, fields: Fields): number {
  const anchor = anchorOf(b, value, end);
  if (anchor < value) return -1;
  bulkFrom = value;
  bulkTo = anchor;
  if (bulk === 'result') {
    fields.isReply = fields.method === undefined && fields.eventType === undefined;
    return fields.isReply ? anchor + 2 : -1;
  }
  if (b[value] !== OPEN_BRACE) return -1;
  if (bulk === 'payload') return b[anchor - 1] === CLOSE_BRACE && fields.eventType !== undefined ? anchor + 2 : -1;
  if (typeof fields.method !== 'string') return -1;
  const argsEnd = takeNamespace(b, value, anchor, fields);
  if (argsEnd < 0) return -1;
  fields.argsFrom = value;
  fields.argsEnd = argsEnd;
  if (OBJECT_METHODS.has(fields.method) && !takeObject(b, value, argsEnd, fields)) return -1;
  return anchor + 2;
}

/** args ends at the anchor, or before the namespace that stands between the two. Returns args' end, or -1. */
function takeNamespace(b: Buffer, value: number, anchor: number, fields: Fields): number {
  if (b[anchor - 1] === CLOSE_BRACE) return anchor;
  const at = b.lastIndexOf(NAMESPACE, anchor);
  if (at < value || b[at - 1] !== CLOSE_BRACE) return -1;
  const from = at + NAMESPACE.length;
  if (stringEnd(b, from - 2, anchor) !== anchor) return -1;
  fields.namespace = latin1(b, from, anchor - 2);
  return at;
}

/** The object calls say what they do inside args: {"objinst": {"nova_object.name": "X", …}, "objmethod": "y", …} */
function takeObject(b: Buffer, args: number, argsEnd: number, fields: Fields): boolean {
  const name = objectName(b, args, argsEnd, fields.method);
  if (name < 0) return false;
  const nameEnd = stringEnd(b, name, argsEnd);
  if (nameEnd < 0) return false;
  const at = b.lastIndexOf(OBJ_METHOD, argsEnd);
  if (at < args || argsEnd - at > OBJ_METHOD_REACH_BYTES) return false;
  const value = at + OBJ_METHOD.length - 2;
  const valueEnd = stringEnd(b, value, argsEnd);
  // From here to args' end exactly one brace may close: otherwise this key was nested deeper.
  if (valueEnd < 0 || !closesAt(b, valueEnd, argsEnd)) return false;
  fields.objectName = latin1(b, name + 2, nameEnd - 2);
  fields.objectMethod = latin1(b, value + 2, valueEnd - 2);
  return true;
}

function objectName(b: Buffer, args: number, argsEnd: number, method: unknown): number {
  if (method !== INSTANCE_METHOD) return startsWith(b, OBJ_CLASS, args) ? args + OBJ_CLASS.length - 2 : -1;
  if (!startsWith(b, OBJ_INSTANCE, args)) return -1;
  const keyEnd = stringEnd(b, args + OBJ_INSTANCE.length - 2, argsEnd);
  if (keyEnd < 0 || latin1(b, keyEnd - 13, keyEnd - 2) !== 'object.name') return -1;
  return afterColon(b, keyEnd);
}

/** From behind a value: `, "key": value …}` up to `end`, where the object around it closes. */
function closesAt(b: Buffer, from: number, end: number): boolean {
  let at = from;
  while (b[at] === COMMA) {
    at = skipPair(b, at + 2, end);
    if (at < 0) return false;
  }
  return b[at] === CLOSE_BRACE && at + 1 === end;
}

function skipPair(b: Buffer, key: number, end: number): number {
  const keyEnd = stringEnd(b, key, end);
  const value = keyEnd < 0 ? -1 : afterColon(b, keyEnd);
  return value < 0 ? -1 : skipValue(b, value, end, 0);
}

/** Walks every key from `from` to the inner message's end, and says whether it really was the top level. */
function walkTail(b: Buffer, from: number, end: number, fields: Fields): boolean {
  let at = from;
  for (;;) {
    const keyEnd = stringEnd(b, at, end);
    if (keyEnd < 0) return false;
    const value = afterColon(b, keyEnd);
    if (value < 0) return false;
    const valueEnd = skipValue(b, value, end, 0);
    if (valueEnd < 0 || !setTail(b, at + 2, keyEnd - 2, value, valueEnd, fields)) return false;
    if (valueEnd === end - 1) return isWhole(b, fields);
    at = afterComma(b, valueEnd);
    if (at < 0) return false;
  }
}

/** The tail must hold what decides kind and context: a key hidden in the skipped part would otherwise go unseen. */
function isWhole(b: Buffer, fields: Fields): boolean {
  if (typeof fields.uniqueId !== 'string') return false;
  if (fields.isReply) return fields.ending !== undefined && fields.msgId !== undefined;
  if (fields.requestId === undefined || fields.globalRequestId === undefined) return false;
  if (fields.userId === undefined && fields.user === undefined) return false;
  if (fields.eventType !== undefined) return fields.publisherId !== undefined;
  if (fields.msgId !== undefined) return fields.replyQueue !== undefined;
  return b.subarray(bulkFrom, bulkTo).indexOf(MSG_ID) < 0; // a cast or fanout: no _msg_id in what was skipped either
}

/** Takes a tail key of interest. False: a key or a type that only the full parse can judge. */
function setTail(b: Buffer, key: number, keyEnd: number, value: number, valueEnd: number, fields: Fields): boolean {
  const length = keyEnd - key;
  if (length > 8 && startsWith(b, KEY.context, key)) return setContext(b, key, length, value, valueEnd, fields);
  if (b[value] === OPEN_BRACE || b[value] === OPEN_BRACKET) return false;
  switch (length) {
    case 6:
      if (!startsWith(b, KEY.ending, key)) return false;
      fields.ending = scalar(b, value, valueEnd);
      return true;
    case 7:
      if (startsWith(b, KEY.msgId, key)) fields.msgId = scalar(b, value, valueEnd);
      else if (startsWith(b, KEY.version, key)) fields.version = scalar(b, value, valueEnd);
      else if (startsWith(b, KEY.failure, key) && b[value] === 0x6e /* null */) fields.failure = null;
      else return false;
      return true;
    case 8:
      if (startsWith(b, KEY.replyQueue, key)) fields.replyQueue = scalar(b, value, valueEnd);
      else return startsWith(b, KEY.timeout, key);
      return true;
    case 9:
      return startsWith(b, KEY.timestamp, key);
    case 10:
      if (!startsWith(b, KEY.uniqueId, key)) return false;
      fields.uniqueId = scalar(b, value, valueEnd);
      return true;
    default:
      return false;
  }
}

function setContext(b: Buffer, key: number, length: number, value: number, valueEnd: number, fields: Fields): boolean {
  if (length === 13 && startsWith(b, KEY.user, key)) fields.user = presence(b, value, valueEnd);
  else if (length === 16 && startsWith(b, KEY.userId, key)) fields.userId = presence(b, value, valueEnd);
  else if (length === 19 && startsWith(b, KEY.requestId, key)) fields.requestId = scalar(b, value, valueEnd);
  else if (length === 26 && startsWith(b, KEY.globalRequestId, key)) fields.globalRequestId = scalar(b, value, valueEnd);
  return true;
}

/** Of a user only that there is one is asked: the text stays where it is. */
function presence(b: Buffer, value: number, valueEnd: number): string {
  return b[value] === BACKSLASH && valueEnd - value > 4 ? 'present' : '';
}

/** A string's text, or null, true, false; 0 for anything else, since fields.ts takes no number and no object anywhere. */
function scalar(b: Buffer, value: number, valueEnd: number): unknown {
  switch (b[value]) {
    case BACKSLASH:
      return latin1(b, value + 2, valueEnd - 2);
    case 0x6e:
      return null;
    case 0x74:
      return true;
    case 0x66:
      return false;
    default:
      return 0;
  }
}
