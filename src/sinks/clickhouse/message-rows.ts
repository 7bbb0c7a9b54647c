/** Closed stories as rows of `oslo_messages`, unmatched events as rows of `oslo_unmatched`. */
import { hash } from 'node:crypto';
import type { Unmatched } from '../../pipeline.ts';
import { deliveryKey } from '../../trace/ids.ts';
import { lastActivityNs } from '../../trace/open-stories.ts';
import { BUILT_IN_OPERATIONS, type Operations } from '../../trace/operations.ts';
import type { ClosedMessage, TracedMessage } from '../../trace/traced-message.ts';
import { type Merge, mergeCount, rootOf, weakestMerge } from '../../trace/traces.ts';
import { verdictOf } from '../../trace/verdicts.ts';

export const MESSAGE_COLUMNS = [
  'published_at',
  'unique_id',
  'trace_id',
  'is_request',
  'parent_unique_id',
  'join',
  'confidence',
  'evidence',
  'evidence_resource',
  'candidates',
  'operation',
  'operation_rank',
  'kind',
  'method',
  'object',
  'namespace',
  'version',
  'arguments',
  'vhost',
  'exchange',
  'routing_key',
  'request_id',
  'global_request_id',
  'from_service',
  'from_host',
  'from_process',
  'bytes',
  'status',
  'failure',
  'verdict',
  'verdict_evidence',
  'culprit_service',
  'culprit_host',
  'culprit_queue',
  'http_action',
  'http_path',
  'http_status',
  'replied_at',
  'reply_published_at',
  'reply_queue',
  'replies',
  'failures',
  'reply_bytes',
  'reply_deliveries',
  'reply_bytes_delivered',
  'routed_queues',
  'delivered_at',
  'to_service',
  'to_host',
  'to_process',
  'to_queue',
  'to_redelivered',
  'to_reread',
  'resources',
  'closed',
  'ended_at',
  'missing',
  'is_lagging',
  'revision',
] as const;

export const UNMATCHED_COLUMNS = [
  'received_at',
  'event_id',
  'reason',
  'direction',
  'exchange',
  'queue',
  'connection',
  'bytes',
] as const;

const NO_ID = '00000000000000000000000000000000';
const NO_UUID = '00000000-0000-0000-0000-000000000000';

/** A row as the text of a JSON array, in the order of MESSAGE_COLUMNS. */
export function messageRow(closed: ClosedMessage, operations: Operations = BUILT_IN_OPERATIONS): string {
  const { traced, status, reason, from, to } = closed;
  const { publish, message, deliveries, reply, cause } = traced;
  const trace = rootOf(traced.trace);
  const tie = tieOf(traced);
  const audit = message.kind === 'notification' ? message.audit : null;
  const isRpc = message.kind !== 'notification';
  const verdict = verdictOf(closed);
  const operation = cause === null ? operations.of(message, publish, trace.requestId) : { name: '', rank: 0 };
  return JSON.stringify([
    ns(publish.timeNs),
    traced.uniqueId,
    trace.id,
    trace.requestId !== null,
    cause?.uniqueId ?? NO_ID,
    tie.join,
    tie.confidence,
    tie.evidence.kind,
    tie.evidence.resource ?? NO_UUID,
    tie.evidence.candidates,
    operation.name,
    operation.rank,
    message.kind,
    isRpc ? message.method : message.eventType,
    (isRpc && message.object) || '',
    (isRpc && message.namespace) || '',
    (isRpc && message.version) || '',
    publish.arguments,
    publish.vhost,
    publish.exchange,
    publish.routingKey,
    message.requestId ?? '',
    message.globalRequestId ?? '',
    from.service,
    from.host,
    from.id,
    publish.bytes,
    status,
    reply?.failure ?? '',
    verdict?.verdict ?? '',
    verdict?.evidence ?? '',
    verdict?.culprit.service ?? '',
    verdict?.culprit.host ?? '',
    verdict?.culprit.queue ?? '',
    audit?.action ?? '',
    audit?.path ?? '',
    audit?.status ?? 0,
    ns(repliedNs(traced)),
    ns(reply?.publishedNs ?? null),
    message.kind === 'call' ? message.replyQueue : '',
    traced.replyCount,
    traced.failureCount,
    traced.replyBytes,
    traced.replyDeliveries,
    traced.replyBytesDelivered,
    publish.routedQueues,
    deliveries.map(({ event }) => ns(event.timeNs)),
    to.map(({ service }) => service),
    to.map(({ host }) => host),
    to.map(({ id }) => id),
    deliveries.map(({ event }) => event.queue),
    deliveries.map(({ event }) => event.redelivered),
    deliveries.map(({ isReread }) => isReread),
    cause === null && trace.requestId !== null && !audit?.action.startsWith('read') ? publish.resources.map(({ id }) => id) : [],
    reason,
    ns(lastActivityNs(traced)),
    missingCount(traced),
    traced.isLagging,
    revisionOf(closed),
  ]);
}

/**
 * Of two rows of one message the one that knows more replaces the other; and half a step more counts a story that ended by
 * itself, not because the input did.
 */
export function revisionOf(closed: ClosedMessage): number {
  return 2 * knowledgeOf(closed) + Number(closed.reason !== 'end_of_input' && closed.reason !== 'evicted');
}

/**
 * How much a story knows: events of its own, what its handlers did, its parent, its request, its sender's name, that its time
 * is up, and its arguments' names.
 */
export function knowledgeOf({ traced, from, status }: ClosedMessage): number {
  const { publish, deliveries, replyCount, replyDeliveries, trace, cause, join } = traced;
  const activities = deliveries.reduce((sum, delivery) => sum + delivery.activities, 0);
  // Seen by a firehose: more than the name that a notification gives itself.
  const seen = publish.connection === '' ? 1 : 3;
  const began = Number(traced.beganNs !== null);
  const timedOut = Number(status === 'timeout');
  const told = Number(cause !== null) + Number(join !== 'none') + Number(from.service !== '') + Number(publish.arguments !== '');
  return seen + deliveries.length + replyCount + replyDeliveries + activities + mergeCount(trace) + told + began + timedOut;
}

/** By what a message is in its trace: its own tie, or that of the trace it began in to the one that took it in. */
export function tieOf(traced: ClosedMessage['traced']): Pick<Merge, 'join' | 'confidence' | 'evidence'> {
  const merge = traced.cause === null ? weakestMerge(traced.trace) : null;
  return merge === null ? traced : merge;
}

/** When the caller had its answer; when it was published, where its delivery was not seen. */
export function repliedNs({ answeredNs, reply }: TracedMessage): bigint | null {
  return answeredNs ?? reply?.publishedNs ?? null;
}

/** Answered without having been delivered, or given an answer that nobody published: events that the tap missed. */
function missingCount({ deliveries, replyCount, replyDeliveries }: TracedMessage): number {
  const isDeliveryMissing = replyCount + replyDeliveries > 0 && deliveries.length === 0;
  return Number(isDeliveryMissing) + Math.max(0, replyDeliveries - replyCount);
}

/** The id of an unmatched event: 16 hex digits, the same whenever the event is seen. */
export function unmatchedId({ event }: Unmatched): string {
  const subject =
    event.event === 'undecodable' ? `${event.direction} ${event.exchange} ${event.queue} ${event.connection} ${event.bytes}` : '';
  const key =
    event.event === 'undecodable'
      ? subject
      : `${event.message.uniqueId} ${event.event === 'deliver' ? deliveryKey(event) : event.connection}`;
  return hash('sha256', `${event.timeNs} ${key}`, 'hex').slice(0, 16);
}

export function unmatchedRow(unmatched: Unmatched): string {
  const { event, reason } = unmatched;
  const direction = event.event === 'undecodable' ? event.direction : event.event;
  const queue = event.event === 'publish' ? '' : event.queue;
  return JSON.stringify([
    ns(event.timeNs),
    unmatchedId(unmatched),
    reason,
    direction,
    event.exchange,
    queue,
    event.connection,
    event.bytes,
  ]);
}

/** DateTime64(9) as ClickHouse reads it from JSON: `<ten digits of seconds>.<nine of nanoseconds>`; the epoch for none. */
export function ns(time: bigint | null): string {
  const digits = String(time ?? 0n).padStart(19, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

export const LINK_COLUMNS = ['published_at', 'unique_id', 'trace_id', 'to_trace_id', 'resource', 'revision'] as const;

/** What a message concerns besides its own trace, as rows of `oslo_links`. */
export function linkRows(closed: ClosedMessage): string[] {
  const { traced } = closed;
  const traceId = rootOf(traced.trace).id;
  return traced.links
    .map(({ trace, resource }) => ({ to: rootOf(trace).id, resource }))
    .filter(({ to }) => to !== traceId)
    .map(({ to, resource }) =>
      JSON.stringify([ns(traced.publish.timeNs), traced.uniqueId, traceId, to, resource, revisionOf(closed)]),
    );
}
