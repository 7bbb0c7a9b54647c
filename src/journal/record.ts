/**
 * An event as one line of the journal, and back: a JSON array without keys, its tag first.
 *
 *   ["pc",key,"timeNs",vhost,exchange,routingKey,connection,channel,bytes,isLagging, OF THE HOP, OF THE MESSAGE, ARGUMENTS]
 *
 *   tag             p publish | d deliver, then c call | s cast | f fanout | r reply | n notification
 *   OF THE HOP      p: routedQueues,expirationMs,resources      d: queue,redelivered,deliveryCount,streamOffset
 *   OF THE MESSAGE  c: uniqueId,REQUEST,replyQueue   s, f: REQUEST   r: uniqueId,ending,failure
 *                   n: requestId,globalRequestId,hasUser,eventType,publisherId,AUDIT
 *   REQUEST         requestId,globalRequestId,hasUser,method,object,namespace,version
 *   AUDIT           null, or [isResponse,requestId,globalRequestId,action,path,status]
 *   resources       type,id,type,id …
 *   ARGUMENTS       of a publish that has some; absent in older journals
 *
 *   ["un",key,"timeNs",direction,exchange,queue,connection,bytes,reason]     an event that could not be understood
 *
 * The key (identity.ts) is `msgId` of calls and replies, and `uniqueId` of the others.
 */
import type { AuditedRequest, BrokerEvent, OsloMessage, Resource, Undecodable } from '../message.ts';
import type { JournalEvent } from './identity.ts';

/** @param key journalKey(event), which the caller has at hand. */
export function encodeEvent(event: JournalEvent, key: string): string {
  return `${JSON.stringify(event.event === 'undecodable' ? undecodableFields(event, key) : eventFields(event, key))}\n`;
}

/** @returns null where the line is none of an event, or damaged. */
export function decodeEvent(line: string): JournalEvent | null {
  try {
    const fields = JSON.parse(line) as string[];
    return fields[0] === 'un' ? undecodableOf(fields) : eventOf(fields);
  } catch {
    return null;
  }
}

const LETTERS = { call: 'c', cast: 's', fanout: 'f', reply: 'r', notification: 'n' } as const;

/** How many fields every event begins with, and what follows before the message's own. */
const HOP_FIELDS = 10;
const PUBLISH_FIELDS = 3;
const DELIVER_FIELDS = 4;
/** By the tag's second letter. */
const MESSAGE_FIELDS: Readonly<Record<string, number>> = { c: 9, s: 7, f: 7, r: 3, n: 6 };

function eventFields(event: BrokerEvent, key: string): unknown[] {
  const { vhost, exchange, routingKey, connection, channel, bytes, isLagging, message } = event;
  const isPublish = event.event === 'publish';
  const tag = (isPublish ? 'p' : 'd') + LETTERS[message.kind];
  const fields: unknown[] = [tag, key, `${event.timeNs}`, vhost, exchange, routingKey, connection, channel, bytes, isLagging];
  if (isPublish)
    fields.push(
      event.routedQueues,
      event.expirationMs,
      event.resources.flatMap(({ type, id }) => [type, id]),
    );
  else fields.push(event.queue, event.redelivered, event.deliveryCount, event.streamOffset);
  pushMessage(fields, message);
  if (isPublish && event.arguments !== '') fields.push(event.arguments);
  return fields;
}

function pushMessage(fields: unknown[], message: OsloMessage): void {
  switch (message.kind) {
    case 'reply':
      fields.push(message.uniqueId, message.ending, message.failure);
      return;
    case 'notification':
      fields.push(message.requestId, message.globalRequestId, message.hasUser, message.eventType, message.publisherId);
      fields.push(message.audit === null ? null : auditFields(message.audit));
      return;
    case 'call':
      fields.push(message.uniqueId);
  }
  const { requestId, globalRequestId, hasUser, method, object, namespace, version } = message;
  fields.push(requestId, globalRequestId, hasUser, method, object, namespace, version);
  if (message.kind === 'call') fields.push(message.replyQueue);
}

function auditFields({ isResponse, requestId, globalRequestId, action, path, status }: AuditedRequest): OfAudit {
  return [isResponse, requestId, globalRequestId, action, path, status];
}

type OfAudit = [boolean, string | null, string | null, string, string, number | null];
type Hop = [string, string, string, string, string, string, string, number, number, boolean];
type OfPublish = [string[], number | null, string[]];
type OfDelivery = [string, boolean, number, number | null];

function eventOf(fields: readonly unknown[]): BrokerEvent | null {
  const [tag, key, time, vhost, exchange, routingKey, connection, channel, bytes, isLagging] = fields as unknown as Hop;
  const isPublish = tag[0] === 'p';
  if (!isPublish && tag[0] !== 'd') return null;
  const from = HOP_FIELDS + (isPublish ? PUBLISH_FIELDS : DELIVER_FIELDS);
  const to = from + (MESSAGE_FIELDS[tag[1] ?? ''] ?? 0);
  const message = messageOf(tag, key, fields.slice(from, to));
  const [ofArguments = '', ...surplus] = fields.slice(to);
  if (message === null || typeof ofArguments !== 'string' || surplus.length > 0) return null;
  if (!isPublish && ofArguments !== '') return null;
  const hop = {
    timeNs: BigInt(time),
    vhost: shared(vhost),
    exchange: shared(exchange),
    routingKey: shared(routingKey),
    connection: shared(connection),
    channel,
    bytes,
    isLagging,
    message,
  };
  if (isPublish) {
    const [routedQueues, expirationMs, resources] = fields.slice(HOP_FIELDS) as OfPublish;
    const ofPublish = { routedQueues: routedQueues.map(shared), expirationMs, resources: pairs(resources) };
    return {
      event: 'publish',
      ...hop,
      ...ofPublish,
      arguments: ofArguments.length > SHARED_CHARS_MAX ? ofArguments : shared(ofArguments),
    };
  }
  const [queue, redelivered, deliveryCount, streamOffset] = fields.slice(HOP_FIELDS) as OfDelivery;
  return { event: 'deliver', ...hop, queue: shared(queue), redelivered, deliveryCount, streamOffset };
}

type OfContext = [string | null, string | null, boolean];
type OfNotification = [...OfContext, string, string | null, OfAudit | null];
type OfRequest = [...OfContext, string, string | null, string | null, string | null];

/** @returns null where there are more or fewer fields than the kind has. */
function messageOf(tag: string, key: string, fields: readonly unknown[]): OsloMessage | null {
  switch (tag[1]) {
    case 'c': {
      const [uniqueId, ...rest] = fields as [string, ...OfRequest, string];
      if (rest.length !== 8) return null;
      return { kind: 'call', uniqueId, ...requestOf(rest), msgId: key, replyQueue: shared(rest[7]) };
    }
    case 's':
    case 'f':
      if (fields.length !== 7) return null;
      return { kind: tag[1] === 's' ? 'cast' : 'fanout', uniqueId: key, ...requestOf(fields as unknown as OfRequest) };
    case 'r': {
      const [uniqueId, ending, failure] = fields as [string, boolean, string | null];
      return fields.length === 3 ? { kind: 'reply', uniqueId, msgId: key, ending, failure } : null;
    }
    case 'n': {
      const [requestId, globalRequestId, hasUser, eventType, publisherId, of] = fields as OfNotification;
      if (fields.length !== 6) return null;
      const audit = of === null ? null : auditFrom(of);
      return { kind: 'notification', uniqueId: key, requestId, globalRequestId, hasUser, eventType, publisherId, audit };
    }
    default:
      return null;
  }
}

function auditFrom([isResponse, requestId, globalRequestId, action, path, status]: OfAudit): AuditedRequest {
  return { isResponse, requestId, globalRequestId, action: shared(action), path: shared(path), status };
}

function pairs(fields: readonly string[]): Resource[] {
  const resources: Resource[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2)
    resources.push({ type: fields[i] as Resource['type'], id: fields[i + 1] as string });
  return resources;
}

function requestOf(fields: readonly [...OfRequest, ...unknown[]]) {
  const [requestId, globalRequestId, hasUser, method, object, namespace, version] = fields;
  return { requestId, globalRequestId, hasUser, method, object, namespace, version };
}

function undecodableFields(event: Undecodable, key: string): unknown[] {
  const { timeNs, direction, exchange, queue, connection, bytes, reason } = event;
  return ['un', key, `${timeNs}`, direction, exchange, queue, connection, bytes, reason];
}

type OfUndecodable = [string, string, string, Undecodable['direction'], string, string, string, number, Undecodable['reason']];

function undecodableOf(fields: readonly unknown[]): Undecodable | null {
  const [, , time, direction, exchange, queue, connection, bytes, reason] = fields as unknown as OfUndecodable;
  if (fields.length !== 9) return null;
  return { event: 'undecodable', reason, timeNs: BigInt(time), direction, exchange, queue, connection, bytes };
}

/** Names come again and again: one copy of each is kept, so that a recovered event is as small as a decoded one. */
const names = new Map<string, string>();
const NAMES_MAX = 20_000;
const SHARED_CHARS_MAX = 500;

function shared(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (names.size >= NAMES_MAX) names.clear();
  names.set(name, name);
  return name;
}
