/** The spans of a trace as the store has them: span-row.ts, the other way round. */
import { readFileSync } from 'node:fs';
import { ATTRIBUTE } from '../../semconv.ts';
import type { Store } from '../../store/store.ts';
import type { Attributes, Span } from '../spans/span.ts';

interface Row {
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly name: string;
  readonly kind: Span['kind'];
  readonly resource: Attributes;
  readonly attributes: Attributes;
  readonly start_ns: string;
  readonly end_ns: string;
  readonly is_error: boolean | number;
  readonly status_message: string;
  readonly event_ns: readonly string[];
  readonly event_types: readonly string[];
  readonly link_traces: readonly string[];
  readonly link_spans: readonly string[];
  readonly link_attributes: readonly Attributes[];
}

/** All of a trace's spans begin in it. Nanoseconds since the epoch, both included, in decimal. */
interface Times {
  readonly from: string;
  readonly to: string;
}

const SQL = readFileSync(new URL('stored-spans.sql', import.meta.url), 'utf8');

/** The spans of one trace, in the order of their beginning. @param traceId 32 hex digits. */
export async function storedSpans(store: Store, traceId: string, times: Times): Promise<Span[]> {
  const rows = await store.query<Row>(SQL, { trace: traceId, from: times.from, to: times.to });
  return rows.map((row) => toSpan(traceId, row));
}

function toSpan(traceId: string, row: Row): Span {
  const { resource } = row;
  return {
    traceId,
    spanId: row.span_id,
    parentSpanId: row.parent_span_id,
    name: row.name,
    kind: row.kind,
    process: {
      id: resource[ATTRIBUTE.serviceInstanceId] ?? '',
      service: resource[ATTRIBUTE.serviceName] ?? '',
      host: resource[ATTRIBUTE.hostName] ?? '',
    },
    startNs: BigInt(row.start_ns),
    endNs: BigInt(row.end_ns),
    attributes: row.attributes,
    isError: Boolean(row.is_error),
    statusMessage: row.status_message,
    events: row.event_ns.map((ns, i) => ({ timeNs: BigInt(ns), eventType: row.event_types[i] ?? '' })),
    links: row.link_traces.map((trace, i) => ({
      traceId: trace,
      spanId: row.link_spans[i] ?? '',
      attributes: row.link_attributes[i] ?? {},
    })),
  };
}
