/**
 * Trace and span ids, computed from the messages and never drawn at random: the same event seen by two taps, or read
 * again after a crash, has the same id.
 */
import { hash } from 'node:crypto';
import type { Delivery } from '../message.ts';

/** A request's trace id: its uuid without dashes, so that what a log calls `req-707e4331-827d-…` can be found by it. */
export function traceIdOfRequest(requestId: string): string {
  return requestId.slice('req-'.length).replaceAll('-', '');
}

/** The inverse, for whoever holds a trace id: 32 hex digits to `req-<uuid>`. */
export function requestIdOfTrace(traceId: string): string {
  const parts = [traceId.slice(0, 8), traceId.slice(8, 12), traceId.slice(12, 16), traceId.slice(16, 20), traceId.slice(20)];
  return `req-${parts.join('-')}`;
}

/** Span of what the sender did: the first 16 hex digits of the message's own id. */
export function senderSpanId(uniqueId: string): string {
  return uniqueId.slice(0, 16);
}

/** Span of an HTTP request, by the id that its API gave it: 16 hex digits. The same whether it was seen, or only what it caused. */
export function httpSpanId(requestId: string): string {
  return hash('sha256', `http ${requestId}`, 'hex').slice(0, 16);
}

/** What makes a delivery the same delivery when it is seen again. */
export function deliveryKey(delivery: Delivery): string {
  const { vhost, queue, connection, channel, redelivered, deliveryCount } = delivery;
  return `${vhost}\0${queue}\0${connection}\0${channel}\0${redelivered ? 1 : 0}\0${deliveryCount}`;
}

/** The same as equal keys, without making them. */
export function isSameDelivery(a: Delivery, b: Delivery): boolean {
  return (
    a.connection === b.connection &&
    a.channel === b.channel &&
    a.queue === b.queue &&
    a.redelivered === b.redelivered &&
    a.deliveryCount === b.deliveryCount &&
    a.vhost === b.vhost
  );
}

/** Span of what one receiver did: 16 hex digits. @param nth how many deliveries like it came before. */
export function receiverSpanId(delivery: Delivery, nth: number): string {
  const suffix = nth === 0 ? '' : `\0${nth}`;
  return hash('sha256', `${delivery.message.uniqueId}\0${deliveryKey(delivery)}${suffix}`, 'hex').slice(0, 16);
}
