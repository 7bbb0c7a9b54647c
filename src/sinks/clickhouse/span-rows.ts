/**
 * Closed stories as rows of `otel_traces`.
 *
 *   call          CLIENT  publish → reply delivered      SERVER, one a delivery: delivered → reply published
 *   cast, fanout  PRODUCER publish → first delivered     CONSUMER, one a delivery: delivered → last thing seen of its handler
 *   notification  an event on the span of the handler that sent it; without one, a PRODUCER span of no length
 */
import { ATTRIBUTE, MESSAGING_SYSTEM, RPC_SYSTEM, SCOPE } from '../../semconv.ts';
import { receiverSpanId, senderSpanId } from '../../trace/ids.ts';
import { operationOf } from '../../trace/operations.ts';
import type { Process } from '../../trace/processes.ts';
import type { ClosedMessage, Status, TracedDelivery } from '../../trace/traced-message.ts';
import { rootOf } from '../../trace/traces.ts';
import { ns, repliedNs } from './message-rows.ts';

/** The tap was behind when it received this: its time is late. */
const LAGGING = 'lagging';

export const SPAN_COLUMNS = [
  'Timestamp',
  'TraceId',
  'SpanId',
  'ParentSpanId',
  'SpanName',
  'SpanKind',
  'ServiceName',
  'ResourceAttributes',
  'ScopeName',
  'SpanAttributes',
  'Duration',
  'StatusCode',
  'StatusMessage',
  'Events.Timestamp',
  'Events.Name',
  'Events.Attributes',
] as const;

export interface SpanRow {
  readonly spanId: string;
  readonly timeNs: bigint;
  /** The text of a JSON array, in the order of SPAN_COLUMNS. */
  readonly json: string;
}

type Attributes = Record<string, string>;

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: 'Client' | 'Server' | 'Producer' | 'Consumer';
  readonly process: Process;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Attributes;
  readonly isError: boolean;
  readonly statusMessage: string;
  readonly events: TracedDelivery['notifications'];
}

/** The spans of one story: what the sender did, and what each receiver did. */
export function spanRows(closed: ClosedMessage): SpanRow[] {
  const { message, cause, deliveries } = closed.traced;
  const isEvent = message.kind === 'notification' && cause !== null;
  const sent = isEvent ? [] : [toRow(senderSpan(closed))];
  if (message.kind === 'notification') return sent;
  return [...sent, ...deliveries.map((delivery, index) => toRow(receiverSpan(closed, delivery, closed.to[index] as Process)))];
}

function senderSpan(closed: ClosedMessage): Span {
  const { traced, from, status } = closed;
  const { publish, message, cause } = traced;
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
    parentSpanId: cause === null ? '' : receiverSpanId(cause.delivery.event, cause.delivery.nth),
    name: nameOf(closed),
    kind: isCall ? 'Client' : 'Producer',
    process: from,
    startNs: publish.timeNs,
    endNs,
    attributes: senderAttributes(closed),
    isError: status === 'failed' || status === 'timeout',
    statusMessage: status === 'timeout' ? 'no reply within the time-out' : (traced.reply?.failure ?? ''),
    events: [],
  };
}

function senderAttributes({ traced, status }: ClosedMessage): Attributes {
  const { message, publish, cause } = traced;
  const requestId = rootOf(traced.trace).requestId;
  const attributes: Attributes = {
    ...commonAttributes(traced.message),
    [ATTRIBUTE.operationType]: 'send',
    [ATTRIBUTE.destination]:
      message.kind === 'notification' ? publish.routingKey : destinationOf(publish.exchange, publish.routingKey),
    [ATTRIBUTE.bodySize]: String(publish.bytes),
  };
  if (traced.join !== 'none') attributes[ATTRIBUTE.join] = traced.join;
  if (publish.isLagging) attributes[ATTRIBUTE.time] = LAGGING;
  if (traced.confidence === 'likely') attributes[ATTRIBUTE.confidence] = 'likely';
  if (cause === null) attributes[ATTRIBUTE.operation] = operationOf(message, requestId !== null).name;
  // The trace id is the request's own: the id stands here only where it is another, or at the trace's beginning.
  if (requestId !== null && message.requestId !== null && (message.requestId !== requestId || cause === null)) {
    attributes[ATTRIBUTE.requestId] = message.requestId;
  }
  if (status === 'timeout') attributes[ATTRIBUTE.errorType] = 'timeout';
  if (traced.reply?.failure != null) attributes[ATTRIBUTE.errorType] = traced.reply.failure;
  return attributes;
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
  };
}

function commonAttributes(message: ClosedMessage['traced']['message']): Attributes {
  const attributes: Attributes = { [ATTRIBUTE.kind]: message.kind, [ATTRIBUTE.messagingSystem]: MESSAGING_SYSTEM };
  if (message.kind === 'notification') return attributes;
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

function toRow(span: Span): SpanRow {
  const status: Status | 'Error' | 'Unset' = span.isError ? 'Error' : 'Unset';
  const durationNs = span.endNs > span.startNs ? span.endNs - span.startNs : 0n;
  const { process } = span;
  return {
    spanId: span.spanId,
    timeNs: span.startNs,
    json: JSON.stringify([
      ns(span.startNs),
      span.traceId,
      span.spanId,
      span.parentSpanId,
      span.name,
      span.kind,
      process.service === '' ? process.host : process.service,
      {
        [ATTRIBUTE.serviceName]: process.service,
        [ATTRIBUTE.hostName]: process.host,
        [ATTRIBUTE.serviceInstanceId]: process.id,
      },
      SCOPE,
      span.attributes,
      String(durationNs),
      status,
      span.isError ? span.statusMessage : '',
      span.events.map(({ timeNs }) => ns(timeNs)),
      span.events.map(({ eventType }) => eventType),
      span.events.map(() => ({})),
    ]),
  };
}
