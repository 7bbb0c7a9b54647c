/**
 * A firehose message to a BrokerEvent: the one door between bytes and facts. Whatever it is given, it does not throw.
 *
 *   routing key  publish.<exchange> | deliver.<queue>      (`publish.` alone: the default exchange, where replies go)
 *   headers      exchange_name, routing_keys, properties{expiration, headers{compression, x-…}}, node, vhost,
 *                connection, channel, user; a publish has routed_queues, a deliver has redelivered (0 or 1)
 *   body         see scan.ts and parse.ts
 *
 * Source of the headers: RabbitMQ's deps/rabbit/src/rabbit_trace.erl.
 */
import type {
  BrokerEvent,
  Notification,
  OsloMessage,
  Resource,
  TappedMessage,
  Undecodable,
  UndecodableReason,
} from '../message.ts';
import { argumentsOf, isRead } from './arguments.ts';
import { auditOf } from './audit.ts';
import { decompress } from './compression.ts';
import { type Fields, toMessage } from './fields.ts';
import { isOwnQueue } from './own-traffic.ts';
import { parseBody } from './parse.ts';
import { resourcesOf } from './resources.ts';
import { scanBody } from './scan.ts';

const PUBLISH = 'publish.';
const DELIVER = 'deliver.';
const NONE: readonly string[] = [];
const NOTHING: readonly Resource[] = [];

type Table = Record<string, unknown>;

/** Decodes one firehose message. Never throws; what it cannot read comes back as Undecodable with its reason. */
export function decode(tapped: TappedMessage): BrokerEvent | Undecodable {
  const headers = isTable(tapped.headers) ? tapped.headers : {};
  const direction = directionOf(tapped.routingKey);
  const exchange = headers.exchange_name;
  const connection = headers.connection;
  if (direction === 'unknown' || typeof exchange !== 'string' || typeof connection !== 'string') {
    return undecodable(tapped, headers, 'bad_headers');
  }
  const properties = isTable(headers.properties) ? headers.properties : {};
  const inner = isTable(properties.headers) ? properties.headers : {};
  const body = decompress(asBuffer(tapped.body), inner.compression);
  if (typeof body === 'string') return undecodable(tapped, headers, body);
  const fields = fieldsOf(body);
  const decoded = messageOf(fields, exchange);
  if (typeof decoded === 'string') return undecodable(tapped, headers, decoded);
  const audit = decoded.kind === 'notification' ? auditOf(body, decoded.eventType) : null;
  const message = audit === null ? decoded : { ...(decoded as Notification), audit: audit.request };
  const hop = {
    timeNs: tapped.receivedNs,
    vhost: text(headers.vhost),
    exchange: shared(exchange),
    routingKey: text(Array.isArray(headers.routing_keys) ? headers.routing_keys[0] : undefined),
    connection: shared(connection),
    channel: whole(headers.channel) ?? 0,
    bytes: tapped.body.length,
    isLagging: tapped.isLagging === true,
    message,
  };
  if (direction === 'publish') {
    return {
      event: 'publish',
      ...hop,
      routedQueues: queuesOf(headers.routed_queues),
      expirationMs: message.kind === 'call' ? whole(properties.expiration) : null,
      resources: audit?.resources ?? (message.kind === 'reply' ? NOTHING : resourcesOf(body)),
      arguments: fields !== null && mayHaveArguments(message, body) ? argumentsOf(body, fields) : '',
    };
  }
  return {
    event: 'deliver',
    ...hop,
    queue: shared(tapped.routingKey.slice(DELIVER.length)),
    redelivered: Boolean(headers.redelivered),
    deliveryCount: whole(inner['x-delivery-count']) ?? 0,
    streamOffset: whole(inner['x-stream-offset']),
  };
}

/** The body alone, decompressed: the fast path where it applies, else the full parse. */
export function decodeBody(body: Buffer, exchange: string): OsloMessage | UndecodableReason {
  return messageOf(fieldsOf(body), exchange);
}

function fieldsOf(body: Buffer): Fields | null {
  return scanBody(body) ?? parseBody(body);
}

function messageOf(fields: Fields | null, exchange: string): OsloMessage | UndecodableReason {
  return fields === null ? 'not_json' : toMessage(fields, exchange);
}

function mayHaveArguments({ kind, uniqueId }: OsloMessage, body: Buffer): boolean {
  return kind !== 'notification' && kind !== 'reply' && isRead(body.length, uniqueId);
}

function undecodable(tapped: TappedMessage, headers: Table, reason: UndecodableReason): Undecodable {
  const direction = directionOf(tapped.routingKey);
  return {
    event: 'undecodable',
    reason,
    timeNs: tapped.receivedNs,
    direction,
    exchange: text(headers.exchange_name),
    queue: direction === 'deliver' ? shared(tapped.routingKey.slice(DELIVER.length)) : '',
    connection: text(headers.connection),
    bytes: tapped.body.length,
  };
}

function directionOf(routingKey: string): Undecodable['direction'] {
  if (routingKey.startsWith(PUBLISH)) return 'publish';
  return routingKey.startsWith(DELIVER) ? 'deliver' : 'unknown';
}

function asBuffer(body: Uint8Array): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** AMQP short strings have at most 255 bytes; a longer one is not one. */
function text(value: unknown): string {
  return typeof value === 'string' && value.length <= 255 ? shared(value) : '';
}

/** Names come again and again: one copy of each is kept, so that a held event is small. */
const names = new Map<string, string>();
const NAMES_MAX = 20_000;
/** A name's control characters would reach the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

function shared(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (names.size >= NAMES_MAX) names.clear();
  names.set(name, name.replace(CONTROL, '\ufffd'));
  return names.get(name) as string;
}

/** Without oslotap's own: what only a tap's queue took was routed to nobody. */
function queuesOf(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) return NONE;
  return value.filter((item): item is string => typeof item === 'string' && !isOwnQueue(item)).map(shared);
}

/** A whole number ≥ 0, also as text: `expiration` is a string of milliseconds. */
function whole(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : null;
}
