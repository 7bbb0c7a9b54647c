/** A span as a row of `otel_traces`. */
import { ATTRIBUTE, SCOPE } from '../../semconv.ts';
import type { Span } from '../spans/span.ts';
import { ns } from './message-rows.ts';

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
  'Links.TraceId',
  'Links.SpanId',
  'Links.TraceState',
  'Links.Attributes',
] as const;

export interface SpanRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly timeNs: bigint;
  /** The text of a JSON array, in the order of SPAN_COLUMNS. */
  readonly json: string;
}

export function toRow(span: Span): SpanRow {
  const durationNs = span.endNs > span.startNs ? span.endNs - span.startNs : 0n;
  const { process, events, links } = span;
  return {
    traceId: span.traceId,
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
      span.isError ? 'Error' : 'Unset',
      span.isError ? span.statusMessage : '',
      events.map(({ timeNs }) => ns(timeNs)),
      events.map(({ eventType }) => eventType),
      events.map(() => ({})),
      links.map(({ traceId }) => traceId),
      links.map(({ spanId }) => spanId),
      links.map(() => ''),
      links.map(({ attributes }) => attributes),
    ]),
  };
}
