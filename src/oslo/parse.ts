/**
 * The full parse: JSON inside JSON, as oslo.messaging's `common.serialize_msg` writes it, or bare as the v1
 * notification driver (`messaging`) does. Slow and exact: what the scan will not touch comes here.
 */
import { emptyFields, type Fields, INSTANCE_METHOD, OBJECT_METHODS } from './fields.ts';

type Json = Record<string, unknown>;

/** @returns null where the body is not JSON, or not an object. */
export function parseBody(body: Buffer): Fields | null {
  const message = parseInner(body);
  return message === null ? null : fieldsOf(message);
}

/** The inner message. @returns null where the body is not JSON, or not an object. */
export function parseInner(body: Buffer): Json | null {
  const outer = parseObject(body.toString('utf8'));
  if (outer === null) return null;
  const inner = outer['oslo.message'];
  return typeof inner === 'string' ? parseObject(inner) : outer;
}

function fieldsOf(message: Json): Fields {
  const fields = emptyFields();
  fields.method = own(message, 'method');
  fields.namespace = own(message, 'namespace');
  fields.version = own(message, 'version');
  fields.msgId = own(message, '_msg_id');
  fields.replyQueue = own(message, '_reply_q');
  fields.uniqueId = own(message, '_unique_id');
  fields.requestId = own(message, '_context_request_id');
  fields.globalRequestId = own(message, '_context_global_request_id');
  fields.userId = own(message, '_context_user_id');
  fields.user = own(message, '_context_user');
  fields.eventType = own(message, 'event_type');
  fields.publisherId = own(message, 'publisher_id');
  fields.ending = own(message, 'ending');
  fields.failure = failureClass(own(message, 'failure'));
  fields.isReply = 'result' in message || 'failure' in message || 'ending' in message;
  fields.args = own(message, 'args');
  if (typeof fields.method === 'string' && OBJECT_METHODS.has(fields.method)) addObject(fields, fields.args);
  return fields;
}

/** The name inside `args.objinst` (`nova_object.name`, `versioned_object.name` …), or a class's `args.objname`; and `args.objmethod`. */
function addObject(fields: Fields, args: unknown): void {
  if (!isObject(args)) return;
  fields.objectName = fields.method === INSTANCE_METHOD ? objectName(own(args, 'objinst')) : own(args, 'objname');
  fields.objectMethod = own(args, 'objmethod');
}

function objectName(instance: unknown): unknown {
  if (!isObject(instance)) return undefined;
  const key = Object.keys(instance).find((key) => key.endsWith('object.name'));
  return key === undefined ? undefined : instance[key];
}

/** `failure` is JSON in a string: class, module, message, tb … Only the first two are kept. */
function failureClass(failure: unknown): string | null {
  if (failure == null) return null;
  const parsed = typeof failure === 'string' ? parseObject(failure) : isObject(failure) ? failure : null;
  if (parsed === null) return 'unknown';
  const { class: name, module } = parsed;
  if (typeof name !== 'string') return 'unknown';
  return typeof module === 'string' && module !== '' ? `${module}.${name}` : name;
}

/** A JSON object, or null for anything else. */
export function parseObject(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A key of the message itself: a sender's `__proto__` or `toString` must not be found on Object.prototype. */
function own(object: Json, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
