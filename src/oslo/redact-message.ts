/** A tapped message without its secrets: its headers, which are the broker's own, and a redacted body. */
import { deflateSync } from 'node:zlib';
import type { TappedMessage } from '../message.ts';
import { decompress } from './compression.ts';
import { redactBody } from './redact.ts';

type Table = Record<string, unknown>;

const KEPT_HEADERS = ['exchange_name', 'routing_keys', 'node', 'vhost', 'connection', 'channel', 'routed_queues', 'redelivered'];
const KEPT_PROPERTIES = ['expiration', 'priority', 'delivery_mode', 'content_encoding', 'content_type'];
const KEPT_INNER = ['compression', 'timestamp_in_ms', 'x-stream-offset', 'x-delivery-count'];
const ZLIB = 'application/x-gzip';

/**
 * Redacts one message. A compressed body is compressed again with zlib; where nothing of a body can be kept (it is not
 * oslo.messaging's, or damaged), zeros of the same length take its place.
 */
export function redactMessage(tapped: TappedMessage): TappedMessage {
  const headers = asTable(tapped.headers);
  const properties = asTable(headers.properties);
  const inner = pick(asTable(properties.headers), KEPT_INNER);
  const original = Buffer.from(tapped.body);
  const plain = decompress(original, inner.compression);
  const redacted = typeof plain === 'string' ? null : redactBody(plain);
  const isCompressed = plain !== original;
  if (isCompressed && redacted !== null) inner.compression = ZLIB;
  const body = redacted === null ? Buffer.alloc(tapped.body.length) : isCompressed ? deflateSync(redacted) : redacted;
  return {
    receivedNs: tapped.receivedNs,
    routingKey: tapped.routingKey,
    headers: { ...pick(headers, KEPT_HEADERS), properties: { ...pick(properties, KEPT_PROPERTIES), headers: inner } },
    body,
  };
}

function pick(table: Table, keys: readonly string[]): Table {
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(table, key)).map((key) => [key, table[key]]));
}

function asTable(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
}
