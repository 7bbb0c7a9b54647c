/** Closed stories as rows of `otel_traces`: their spans (spans/spans.ts), and where older ones of the same messages may stand. */
import { httpSpanId, senderSpanId } from '../../trace/ids.ts';
import { BUILT_IN_OPERATIONS, type Operations } from '../../trace/operations.ts';
import type { ClosedMessage } from '../../trace/traced-message.ts';
import { spansOf } from '../spans/spans.ts';
import { type SpanRow, toRow } from './span-row.ts';

export { SPAN_COLUMNS, type SpanRow } from './span-row.ts';

/** The spans of one story as rows. */
export function spanRows(closed: ClosedMessage, operations: Operations = BUILT_IN_OPERATIONS): SpanRow[] {
  return spansOf(closed, operations).map(toRow);
}

/**
 * Where a message's own span may stand that was written when less was known: of a notification that has become an event on
 * another's span, or whose beginning was not seen.
 */
export function formerSpans({ traced }: ClosedMessage): Pick<SpanRow, 'spanId' | 'timeNs'>[] {
  const { message, publish } = traced;
  const audit = message.kind === 'notification' ? message.audit : null;
  const former = [{ spanId: senderSpanId(traced.uniqueId), timeNs: publish.timeNs }];
  if (audit?.isResponse && audit.requestId !== null) {
    former.push({ spanId: httpSpanId(audit.requestId), timeNs: publish.timeNs });
  }
  return former;
}
