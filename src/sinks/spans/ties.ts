/** What a span hangs on: its parent, the traces that it is linked to, and how sure its place is. */
import { ATTRIBUTE } from '../../semconv.ts';
import { httpSpanId, receiverSpanId } from '../../trace/ids.ts';
import type { ClosedMessage } from '../../trace/traced-message.ts';
import { rootOf } from '../../trace/traces.ts';
import { tieOf } from '../clickhouse/message-rows.ts';
import type { Attributes, SpanLink } from './span.ts';

/**
 * The span that a message was sent in: what its sender did with the message that caused it; else, in the trace of a user's
 * request, the audited HTTP request that it was sent for, or the one that began the trace.
 * @returns `''` for none.
 */
export function parentSpanId(traced: ClosedMessage['traced']): string {
  const { cause, message } = traced;
  if (cause !== null) return receiverSpanId(cause.delivery.event, cause.delivery.nth);
  const rootId = rootOf(traced.trace).requestId;
  if (rootId === null) return '';
  const audit = message.kind === 'notification' ? message.audit : null;
  if (audit === null) return httpSpanId(traced.servedRequestId ?? rootId);
  return audit.isResponse && audit.requestId === rootId ? '' : httpSpanId(rootId);
}

/** Traces that a message concerns besides its own: their HTTP request, where a user's request began them. */
export function spanLinks({ trace, links }: ClosedMessage['traced']): SpanLink[] {
  const own = rootOf(trace);
  return links
    .map((link) => ({ other: rootOf(link.trace), resource: link.resource }))
    .filter(({ other }) => other !== own)
    .map(({ other, resource }) => ({
      traceId: other.id,
      spanId: other.requestId === null ? '' : httpSpanId(other.requestId),
      attributes: { [ATTRIBUTE.resource]: resource, [ATTRIBUTE.join]: 'resource' },
    }));
}

/** By what the span is in its trace, how sure that is where it is not certain, and what decided. */
export function tieAttributes(traced: ClosedMessage['traced']): Attributes {
  const { join, confidence, evidence } = tieOf(traced);
  const attributes: Attributes = {};
  if (join !== 'none') attributes[ATTRIBUTE.join] = join;
  if (confidence === 'likely') attributes[ATTRIBUTE.confidence] = 'likely';
  if (evidence.kind !== 'nothing') attributes[ATTRIBUTE.evidence] = evidence.kind;
  return attributes;
}
