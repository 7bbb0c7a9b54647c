/**
 * The HTTP request that an API's audit filter tells of, as a span of the server's: from the notification that it came to
 * the one that it was answered. Names are those of OpenTelemetry's conventions for HTTP (docs/http/http-spans.md of
 * semantic-conventions), as far as CADF tells.
 */
import type { AuditedRequest } from '../../message.ts';
import { ATTRIBUTE, LAGGING } from '../../semconv.ts';
import { httpSpanId, senderSpanId } from '../../trace/ids.ts';
import type { Operations } from '../../trace/operations.ts';
import type { ClosedMessage } from '../../trace/traced-message.ts';
import { rootOf } from '../../trace/traces.ts';
import type { Attributes, Span } from './span.ts';
import { parentSpanId, spanLinks, tieAttributes } from './ties.ts';

/** @param audit the response's. The span has no length where the request was not seen to come. */
export function httpSpan(closed: ClosedMessage, audit: AuditedRequest, operations: Operations): Span {
  const { traced, from } = closed;
  const { publish, beganNs } = traced;
  return {
    traceId: rootOf(traced.trace).id,
    spanId: audit.requestId === null ? senderSpanId(traced.uniqueId) : httpSpanId(audit.requestId),
    parentSpanId: parentSpanId(traced),
    name: `${methodOf(audit) ?? audit.action} ${audit.path}`,
    kind: 'Server',
    process: from,
    startNs: beganNs !== null && beganNs < publish.timeNs ? beganNs : publish.timeNs,
    endNs: publish.timeNs,
    attributes: {
      ...httpAttributes(audit),
      ...tieAttributes(traced),
      ...operationAttribute(closed, audit, operations),
      ...(publish.isLagging && { [ATTRIBUTE.time]: LAGGING }),
    },
    isError: isServerError(audit),
    statusMessage: '',
    events: [],
    links: spanLinks(traced),
  };
}

/** What is known of the request itself. */
export function httpAttributes(audit: AuditedRequest): Attributes {
  const method = methodOf(audit);
  const attributes: Attributes = { [ATTRIBUTE.httpRoute]: audit.path, [ATTRIBUTE.cadfAction]: audit.action };
  if (method !== null) attributes[ATTRIBUTE.httpMethod] = method;
  if (audit.status !== null) attributes[ATTRIBUTE.httpStatus] = String(audit.status);
  if (isServerError(audit)) attributes[ATTRIBUTE.errorType] = String(audit.status);
  if (audit.requestId !== null) attributes[ATTRIBUTE.requestId] = audit.requestId;
  return attributes;
}

/** What one service asks of another has no name of its own: it is part of what the user asked for. */
function operationAttribute({ traced }: ClosedMessage, audit: AuditedRequest, operations: Operations): Attributes {
  const { requestId } = rootOf(traced.trace);
  if (requestId !== null && audit.requestId !== requestId) return {};
  return { [ATTRIBUTE.operation]: operations.of(traced.message, traced.publish, requestId).name };
}

/** The server's own error: that of a client is none of the span's, say the conventions. */
function isServerError({ status }: AuditedRequest): boolean {
  return status !== null && status >= 500;
}

/**
 * CADF's action is made of the method, and does not always tell it: an `update` is a POST, a PUT or a PATCH, but one that is
 * named in the body of a POST to `…/action`. `read` is a HEAD too, which hardly an API has. Source: keystonemiddleware's
 * `audit/_api.py`, get_action.
 */
function methodOf({ action, path }: AuditedRequest): 'POST' | 'GET' | 'DELETE' | null {
  if (action === 'create' || (action.startsWith('update/') && path.endsWith('/action'))) return 'POST';
  if (action === 'read' || action === 'read/list') return 'GET';
  return action === 'delete' ? 'DELETE' : null;
}
