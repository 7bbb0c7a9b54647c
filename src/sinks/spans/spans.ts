/**
 * Closed stories as spans: what `otel_traces` stores and OTLP sends.
 *
 *   call          CLIENT  publish → reply delivered      SERVER, one a delivery: delivered → reply published
 *   cast, fanout  PRODUCER publish → first delivered     CONSUMER, one a delivery: delivered → last thing seen of its handler
 *   notification  an event on the span of the handler that sent it; without one, a PRODUCER span of no length
 *     of an end   INTERNAL, from the notification of the beginning
 *     of an audit SERVER, from the notification of the request (http-span.ts)
 */
import { ATTRIBUTE, LAGGING, MESSAGING_SYSTEM, RPC_SYSTEM } from '../../semconv.ts';
import { receiverSpanId, senderSpanId } from '../../trace/ids.ts';
import { BUILT_IN_OPERATIONS, type Operations } from '../../trace/operations.ts';
import type { Process } from '../../trace/processes.ts';
import type { ClosedMessage, TracedDelivery } from '../../trace/traced-message.ts';
import { rootOf } from '../../trace/traces.ts';
import { verdictOf } from '../../trace/verdicts.ts';
import { repliedNs } from '../clickhouse/message-rows.ts';
import { httpAttributes, httpSpan } from './http-span.ts';
import type { Attributes, Span } from './span.ts';
import { parentSpanId, spanLinks, tieAttributes } from './ties.ts';

/** The spans of one story: what the sender did, and what each receiver did. */
export function spansOf(closed: ClosedMessage, operations: Operations = BUILT_IN_OPERATIONS): Span[] {
  const { message, deliveries } = closed.traced;
  if (message.kind === 'notification') return notificationSpans(closed, operations);
  const received = deliveries.map((delivery, index) => receiverSpan(closed, delivery, closed.to[index] as Process));
  return [senderSpan(closed, operations), ...received];
}

function notificationSpans(closed: ClosedMessage, operations: Operations): Span[] {
  const { message, cause, beganNs, isAnswered } = closed.traced;
  const audit = message.kind === 'notification' ? message.audit : null;
  if (audit?.isResponse) return [httpSpan(closed, audit, operations)];
  if (beganNs !== null) return [internalSpan(closed, beganNs, operations)];
  return cause === null && !isAnswered ? [senderSpan(closed, operations)] : [];
}

/** What two notifications tell of: `instance.create` from `instance.create.start` to `instance.create.end`, or to `.error`. */
function internalSpan(closed: ClosedMessage, beganNs: bigint, operations: Operations): Span {
  const span = senderSpan(closed, operations);
  const end = span.name.lastIndexOf('.');
  return {
    ...span,
    name: span.name.slice(0, end),
    kind: 'Internal',
    startNs: beganNs < span.startNs ? beganNs : span.startNs,
    isError: span.name.endsWith('.error'),
  };
}

function senderSpan(closed: ClosedMessage, operations: Operations): Span {
  const { traced, from, status } = closed;
  const { publish, message } = traced;
  const isCall = message.kind === 'call';
  const firstDeliveredNs = traced.deliveries[0]?.event.timeNs ?? publish.timeNs;
  const endNs = isCall
    ? (repliedNs(traced) ?? traced.lastEventNs)
    : message.kind === 'notification'
      ? publish.timeNs
      : firstDeliveredNs;
  return {
    traceId: rootOf(traced.trace).id,
    spanId: senderSpanId(traced.uniqueId),
    parentSpanId: parentSpanId(traced),
    name: nameOf(closed),
    kind: isCall ? 'Client' : 'Producer',
    process: from,
    startNs: publish.timeNs,
    endNs,
    attributes: { ...senderAttributes(closed, operations), ...verdictAttributes(closed) },
    isError: status === 'failed' || status === 'timeout',
    statusMessage: status === 'timeout' ? 'no reply within the time-out' : (traced.reply?.failure ?? ''),
    events: [],
    links: spanLinks(traced),
  };
}

function senderAttributes({ traced, status }: ClosedMessage, operations: Operations): Attributes {
  const { message, publish, cause } = traced;
  const requestId = rootOf(traced.trace).requestId;
  const attributes: Attributes = {
    ...commonAttributes(message),
    ...tieAttributes(traced),
    [ATTRIBUTE.operationType]: 'send',
    [ATTRIBUTE.destination]:
      message.kind === 'notification' ? publish.routingKey : destinationOf(publish.exchange, publish.routingKey),
    [ATTRIBUTE.bodySize]: String(publish.bytes),
  };
  if (publish.isLagging) attributes[ATTRIBUTE.time] = LAGGING;
  if (cause === null) attributes[ATTRIBUTE.operation] = operations.of(message, publish, requestId).name;
  // The trace id is the request's own: the id stands here only where it is another, or at the trace's beginning.
  if (requestId !== null && message.requestId !== null && (message.requestId !== requestId || cause === null)) {
    attributes[ATTRIBUTE.requestId] ??= message.requestId;
  }
  if (status === 'timeout') attributes[ATTRIBUTE.errorType] = 'timeout';
  if (traced.reply?.failure != null) attributes[ATTRIBUTE.errorType] = traced.reply.failure;
  return attributes;
}

function verdictAttributes(closed: ClosedMessage): Attributes {
  const verdict = verdictOf(closed);
  if (verdict === null) return {};
  return {
    [ATTRIBUTE.verdict]: verdict.verdict,
    [ATTRIBUTE.verdictEvidence]: verdict.evidence,
    [ATTRIBUTE.culpritService]: verdict.culprit.service,
    [ATTRIBUTE.culpritHost]: verdict.culprit.host,
    [ATTRIBUTE.culpritQueue]: queueTemplate(verdict.culprit.queue),
  };
}

function receiverSpan(closed: ClosedMessage, delivery: TracedDelivery, process: Process): Span {
  const { traced, status } = closed;
  const { event } = delivery;
  const isCall = traced.message.kind === 'call';
  const repliedNs = traced.reply?.publishedNs ?? event.timeNs;
  const endNs = isCall ? repliedNs : delivery.lastActivityNs;
  const waitMs = Number(event.timeNs - traced.publish.timeNs) / 1e6;
  const attributes: Attributes = {
    ...commonAttributes(traced.message),
    [ATTRIBUTE.operationType]: 'process',
    [ATTRIBUTE.destination]: queueTemplate(event.queue),
    [ATTRIBUTE.queueWaitMs]: waitMs.toFixed(3),
  };
  if (event.isLagging) attributes[ATTRIBUTE.time] = LAGGING;
  if (event.redelivered) attributes[ATTRIBUTE.redelivered] = 'true';
  if (delivery.isReread) attributes[ATTRIBUTE.reread] = 'true';
  return {
    traceId: rootOf(traced.trace).id,
    spanId: receiverSpanId(event, delivery.nth),
    parentSpanId: senderSpanId(traced.uniqueId),
    name: nameOf(closed),
    kind: isCall ? 'Server' : 'Consumer',
    process,
    startNs: event.timeNs,
    endNs: endNs > event.timeNs ? endNs : event.timeNs,
    attributes,
    isError: status === 'failed',
    statusMessage: traced.reply?.failure ?? '',
    events: delivery.notifications,
    links: [],
  };
}

function commonAttributes(message: ClosedMessage['traced']['message']): Attributes {
  const attributes: Attributes = { [ATTRIBUTE.kind]: message.kind, [ATTRIBUTE.messagingSystem]: MESSAGING_SYSTEM };
  if (message.kind === 'notification')
    return message.audit === null ? attributes : { ...attributes, ...httpAttributes(message.audit) };
  attributes[ATTRIBUTE.rpcSystem] = RPC_SYSTEM;
  attributes[ATTRIBUTE.rpcMethod] = message.method;
  if (message.namespace !== null) attributes[ATTRIBUTE.namespace] = message.namespace;
  return attributes;
}

/** What the span is about: `Instance.save`, `select_destinations`, `port.create.end`. Never an id. */
function nameOf({ traced }: ClosedMessage): string {
  const { message } = traced;
  return message.kind === 'notification' ? message.eventType : (message.object ?? message.method);
}

function destinationOf(exchange: string, routingKey: string): string {
  return exchange.endsWith('_fanout') ? exchange : hostTemplate(routingKey);
}

/** `reply_{id}`, `scheduler_fanout_{id}`, `compute.{host}`: names without ids, so that few of them exist. */
function queueTemplate(queue: string): string {
  if (queue.startsWith('reply_')) return 'reply_{id}';
  const bare = queue.replace(/_fanout_[0-9a-f]{32}$/, '_fanout_{id}');
  return bare === queue ? hostTemplate(queue) : bare;
}

function hostTemplate(name: string): string {
  const dot = name.search(/\.(?!\d)/);
  return dot < 0 ? name : `${name.slice(0, dot)}.{host}`;
}
