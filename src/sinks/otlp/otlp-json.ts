/** Spans as OTLP/JSON, an ExportTraceServiceRequest: what the exporter over `http/json` would send, as text. */
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { Span } from '../spans/span.ts';
import { readableSpans } from './readable-spans.ts';

/** On one line, without one's end. Ids are hexadecimal and times are text, as OTLP/JSON wants them. */
export function otlpJson(spans: readonly Span[]): string {
  const bytes = JsonTraceSerializer.serializeRequest(readableSpans(spans, resourceFromAttributes));
  return new TextDecoder().decode(bytes);
}
