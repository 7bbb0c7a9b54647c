/** Spans as OTLP brought them and as the store has them, in one shape, to be compared. */
import { join } from 'node:path';
import type { Log } from '../../src/log.ts';
import { runPipeline, type Sink } from '../../src/pipeline.ts';
import { summarizeAll } from '../../src/service/summaries.ts';
import { ClickHouseWriter } from '../../src/sinks/clickhouse/writer.ts';
import { OTLP_DEFAULTS, type OtlpOptions } from '../../src/sinks/otlp/options.ts';
import { alsoTo, OtlpSpans } from '../../src/sinks/otlp/otlp-spans.ts';
import type { OtlpTally } from '../../src/sinks/otlp/sender.ts';
import { openChdb } from '../../src/store/chdb.ts';
import { migrate } from '../../src/store/migrate.ts';
import { Processes } from '../../src/trace/processes.ts';
import { capturePath, snapshotOf, tappedOf } from './captures.ts';
import { scratch } from './cli.ts';

export interface FlatSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly startNs: string;
  readonly endNs: string;
  readonly scope: string;
  readonly resource: Readonly<Record<string, string>>;
  /** Values as text. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly status: string;
  readonly statusMessage: string;
  readonly events: readonly (readonly [ns: string, name: string])[];
  readonly links: readonly (readonly [traceId: string, spanId: string, attributes: Readonly<Record<string, string>>])[];
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly text: string;
}

/** A log that keeps what it is told. */
export function keptLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const tell = (level: LogLine['level']) => (event: string, text: string, facts?: object) => {
    lines.push({ level, event, text: facts === undefined ? text : `${text} ${JSON.stringify(facts)}` });
  };
  return { log: { info: tell('info'), warn: tell('warn'), error: tell('error') }, lines };
}

export interface Replayed {
  /** What `otel_traces` has. */
  readonly stored: readonly FlatSpan[];
  readonly tally: OtlpTally;
  readonly lines: readonly LogLine[];
}

/** Replays a capture into a store of its own and to an endpoint, background work too. */
export async function replayTo(capture: string, given: Partial<OtlpOptions> & Pick<OtlpOptions, 'endpoint'>): Promise<Replayed> {
  const store = await openChdb({ directory: join(scratch(), 'data'), command: 'test', isWriter: true });
  const { log, lines } = keptLog();
  const spans = await OtlpSpans.open({ ...OTLP_DEFAULTS, backgroundRatio: 1, ...given }, log);
  try {
    await migrate(store);
    const writer: Sink = alsoTo(spans, await ClickHouseWriter.open(store));
    const path = capturePath(capture);
    const tapped = await tappedOf(path);
    await runPipeline(each(tapped), writer, { processes: new Processes(snapshotOf(path)) });
    await summarizeAll(store);
    await spans.flush();
    return { stored: (await store.query<StoredSpan>(STORED)).map(flatStored), tally: spans.tally, lines };
  } finally {
    await spans.close();
    await store.close();
  }
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

interface StoredSpan extends Omit<FlatSpan, 'events' | 'links' | 'resource'> {
  readonly service: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly eventTimes: readonly string[];
  readonly eventNames: readonly string[];
  readonly linkTraces: readonly string[];
  readonly linkSpans: readonly string[];
  readonly linkAttributes: readonly Readonly<Record<string, string>>[];
}

/** All but the roots that are told from what they caused: those come by another way. */
const STORED = `
  SELECT TraceId AS traceId, SpanId AS spanId, ParentSpanId AS parentSpanId, SpanName AS name, SpanKind AS kind,
         toString(toUnixTimestamp64Nano(Timestamp)) AS startNs, toString(toUnixTimestamp64Nano(Timestamp) + Duration) AS endNs,
         ScopeName AS scope, ServiceName AS service, ResourceAttributes AS resource, SpanAttributes AS attributes,
         StatusCode AS status, StatusMessage AS statusMessage,
         arrayMap(t -> toString(toUnixTimestamp64Nano(t)), Events.Timestamp) AS eventTimes, Events.Name AS eventNames,
         Links.TraceId AS linkTraces, Links.SpanId AS linkSpans, Links.Attributes AS linkAttributes
  FROM otel_traces WHERE SpanAttributes['oslotap.synthesized'] = ''`;

function flatStored(row: StoredSpan): FlatSpan {
  const { service, eventTimes, eventNames, linkTraces, linkSpans, linkAttributes, ...rest } = row;
  return {
    ...rest,
    resource: present({ ...row.resource, 'service.name': service || 'unknown_service' }),
    attributes: texts(row.attributes),
    events: eventTimes.map((ns, i) => [ns, eventNames[i] ?? ''] as const),
    links: linkTraces.map((traceId, i) => [traceId, linkSpans[i] ?? '', linkAttributes[i] ?? {}] as const),
  };
}

function present(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}

/** What is a number over OTLP has no zeros at its end. */
function texts(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, key === 'oslotap.queue_wait_ms' ? String(Number(value)) : value]),
  );
}

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}
interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly OtlpAttribute[];
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly events?: readonly { readonly timeUnixNano: string; readonly name: string }[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId?: string;
    readonly attributes?: readonly OtlpAttribute[];
  }[];
}
export interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes?: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly scope?: { readonly name?: string }; readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** What a receiver got, in OTLP's own JSON. */
export function flatReceived(requests: readonly OtlpRequest[]): FlatSpan[] {
  return requests.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ scope, spans }) =>
        spans.map((span) => flatSpan(span, textsOf(resource.attributes), scope?.name ?? '')),
      ),
    ),
  );
}

const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUSES = ['Unset', 'Ok', 'Error'];

function flatSpan(span: OtlpSpan, resource: Record<string, string>, scope: string): FlatSpan {
  const { traceId, spanId, parentSpanId = '', name, kind, status = {}, events = [], links = [] } = span;
  return {
    ...{ traceId, spanId, parentSpanId, name, scope, resource },
    kind: KINDS[kind] ?? '',
    startNs: span.startTimeUnixNano,
    endNs: span.endTimeUnixNano,
    attributes: textsOf(span.attributes),
    status: STATUSES[status.code ?? 0] ?? '',
    statusMessage: status.message ?? '',
    events: events.map((event) => [event.timeUnixNano, event.name] as const),
    links: links.map((link) => [link.traceId, noZeros(link.spanId ?? ''), textsOf(link.attributes)] as const),
  };
}

/** Of zeros alone: no span. */
function noZeros(id: string): string {
  return /^0*$/.test(id) ? '' : id;
}

function textsOf(attributes: readonly OtlpAttribute[] = []): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      String(value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue),
    ]),
  );
}

/** By ids, so that two lists of the same spans are equal. */
export function inOrder(spans: readonly FlatSpan[]): FlatSpan[] {
  const key = ({ traceId, spanId, startNs }: FlatSpan) => `${traceId} ${spanId} ${startNs}`;
  return spans.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
