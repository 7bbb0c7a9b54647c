/** Our spans as OpenTelemetry's exporters take them: ReadableSpan of its SDK, with our ids and times. */
import type { Attributes, HrTime, Link, SpanContext } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { ATTRIBUTE, SCOPE } from '../../semconv.ts';
import type { Process } from '../../trace/processes.ts';
import type { Span, SpanLink, Attributes as Texts } from '../spans/span.ts';

/** `SpanKind` of @opentelemetry/api. */
const KIND = { Internal: 0, Server: 1, Client: 2, Producer: 3, Consumer: 4 } as const;
/** `SpanStatusCode` of @opentelemetry/api. */
const UNSET = 0;
const ERROR = 2;
/** W3C's flag: sampled. */
const SAMPLED = 1;
/** Eight bytes, as OTLP wants them: "no span", which is how receivers read it. */
const NO_SPAN_ID = '0000000000000000';
/** What OpenTelemetry calls a service of which nothing is known. */
const UNKNOWN_SERVICE = 'unknown_service';
/** One object for all spans: exporters group by it. */
const OUR_SCOPE = { name: SCOPE };

/** In `otel_traces` every value is text; over OTLP these are what the conventions say, so that `>= 500` works. */
const NUMBERS = new Set<string>([ATTRIBUTE.httpStatus, ATTRIBUTE.bodySize, ATTRIBUTE.queueWaitMs]);
const BOOLEANS = new Set<string>([ATTRIBUTE.redelivered, ATTRIBUTE.reread, ATTRIBUTE.synthesized]);

export type MakeResource = (attributes: Attributes) => Resource;

/** @param makeResource `resourceFromAttributes` of @opentelemetry/resources, which is loaded only where it is needed. */
export function readableSpans(spans: readonly Span[], makeResource: MakeResource): ReadableSpan[] {
  const resources = new Map<string, Resource>(); // exporters group spans by the object, so: one a process
  return spans.map((span) => {
    const { id, service, host } = span.process;
    const key = `${id}\0${service}\0${host}`;
    let resource = resources.get(key);
    if (resource === undefined) {
      resource = makeResource(resourceAttributes(span.process));
      resources.set(key, resource);
    }
    return readableSpan(span, resource);
  });
}

/** What a span takes on the wire, roughly, before compression: protobuf's; JSON is about twice as long. Bytes. */
export function sizeOf({ name, attributes, events, links }: Span): number {
  let bytes = 80 + name.length;
  for (const key in attributes) bytes += 10 + key.length + (attributes[key]?.length ?? 0);
  for (const { eventType } of events) bytes += 20 + eventType.length;
  return bytes + links.length * 150;
}

function readableSpan(span: Span, resource: Resource): ReadableSpan {
  const endNs = span.endNs > span.startNs ? span.endNs : span.startNs;
  const context = spanContext(span.traceId, span.spanId, false);
  // A receiver's parent is what another process did.
  const isRemote = span.kind === 'Server' || span.kind === 'Consumer';
  return {
    name: span.name,
    kind: KIND[span.kind],
    spanContext: () => context,
    ...(span.parentSpanId !== '' && { parentSpanContext: spanContext(span.traceId, span.parentSpanId, isRemote) }),
    startTime: hrTime(span.startNs),
    endTime: hrTime(endNs),
    duration: hrTime(endNs - span.startNs),
    status: span.isError ? { code: ERROR, message: span.statusMessage } : { code: UNSET },
    attributes: typed(span.attributes),
    links: span.links.map(link),
    events: span.events.map(({ timeNs, eventType }) => ({ time: hrTime(timeNs), name: eventType })),
    ended: true,
    resource,
    instrumentationScope: OUR_SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function resourceAttributes({ id, service, host }: Process): Attributes {
  const attributes: Attributes = {
    [ATTRIBUTE.serviceName]: service || host || UNKNOWN_SERVICE, // as in the column ServiceName
    [ATTRIBUTE.serviceInstanceId]: id,
  };
  if (host !== '') attributes[ATTRIBUTE.hostName] = host;
  return attributes;
}

function link({ traceId, spanId, attributes }: SpanLink): Link {
  return { context: spanContext(traceId, spanId === '' ? NO_SPAN_ID : spanId, true), attributes };
}

function spanContext(traceId: string, spanId: string, isRemote: boolean): SpanContext {
  return { traceId, spanId, traceFlags: SAMPLED, isRemote };
}

function typed(texts: Texts): Attributes {
  const attributes: Attributes = {};
  for (const key in texts) {
    const text = texts[key] ?? '';
    attributes[key] = NUMBERS.has(key) ? Number(text) : BOOLEANS.has(key) ? text === 'true' : text;
  }
  return attributes;
}

function hrTime(ns: bigint): HrTime {
  return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
}
