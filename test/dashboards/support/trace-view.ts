/**
 * The trace view's frame: Grafana's TraceSpanRow, by the plugin's names. Times are milliseconds; a status of 2 is an error; tags are
 * lists of key and value. A span whose parent is not there hangs beside the tree, where nobody looks for it.
 */
import { type FieldType, fieldTypeOf, recordsOf, valuesOf } from './frames.ts';
import type { Frame } from './store.ts';

export function traceProblems(frame: Frame): string[] {
  const columns = columnProblems(frame);
  if (columns.length > 0) return columns;
  const spans = recordsOf(frame) as unknown as Span[];
  return spans.length === 0 ? [] : [...treeProblems(spans), ...spans.flatMap(spanProblems).slice(0, TOLD_MAX)];
}

interface Span {
  readonly traceID: string;
  readonly spanID: string;
  readonly parentSpanID: string | null;
  readonly serviceName: string;
  readonly operationName: string;
  readonly startTime: string | number;
  readonly duration: number;
  readonly tags: unknown;
  readonly serviceTags: unknown;
  readonly kind?: string;
  readonly statusCode?: number;
}

const NEEDED: Readonly<Record<string, readonly FieldType[]>> = {
  traceID: ['string'],
  spanID: ['string'],
  parentSpanID: ['string'],
  serviceName: ['string'],
  operationName: ['string'],
  startTime: ['number', 'time'],
  duration: ['number'],
  tags: ['json'],
  serviceTags: ['json'],
  kind: ['string'],
  statusCode: ['number'],
  statusMessage: ['string'],
};
const OPTIONAL = ['references', 'logs', 'instrumentationLibraryName', 'instrumentationLibraryVersion', 'traceState', 'warnings'];
/** OpenTelemetry's. */
const KINDS = ['internal', 'server', 'client', 'producer', 'consumer', 'unspecified'];
const STATUS_CODES = [0, 1, 2];
/** 2001, in milliseconds: a start before it was given in seconds. */
const EARLY_MS = 1e12;
/** What is wrong with one span is mostly wrong with all. */
const TOLD_MAX = 10;

function columnProblems(frame: Frame): string[] {
  const missing = Object.entries(NEEDED).flatMap(([name, types]) => {
    const column = frame.columns.find((one) => one.name === name);
    const type = column === undefined ? null : fieldTypeOf(column);
    return type !== null && types.includes(type) ? [] : [`${name} is ${column?.type ?? 'not there'}`];
  });
  const known = [...Object.keys(NEEDED), ...OPTIONAL];
  const ignored = frame.columns
    .filter(({ name }) => !known.includes(name))
    .map(({ name }) => `the panel takes no notice of ${name}`);
  return [...missing, ...ignored];
}

/** Of a trace that a user asked for there is one; of background work each message that nothing caused is one. */
export function rootsOf(frame: Frame): number {
  return valuesOf(frame, 'parentSpanID').filter((parent) => parent === null || parent === '').length;
}

function treeProblems(spans: readonly Span[]): string[] {
  const ids = new Set(spans.map(({ spanID }) => spanID));
  const traces = new Set(spans.map(({ traceID }) => traceID));
  const roots = spans.filter(({ parentSpanID }) => parentSpanID === null || parentSpanID === '');
  const orphans = spans.filter(({ parentSpanID }) => parentSpanID !== null && parentSpanID !== '' && !ids.has(parentSpanID));
  return [
    ...(traces.size > 1 ? [`${traces.size} traces in one`] : []),
    ...(ids.size < spans.length ? ['a span twice'] : []),
    ...(roots.length === 0 ? ['no root'] : []),
    ...orphans.map(({ spanID }) => `the parent of span ${spanID} is not there`),
  ];
}

function spanProblems({ spanID, duration, startTime, kind = '', statusCode, tags, serviceTags, ...names }: Span): string[] {
  const isEarly = typeof startTime === 'number' && startTime < EARLY_MS;
  const problems = [
    ...(names.serviceName === '' || names.operationName === '' ? ['it has no name'] : []),
    ...(duration < 0 ? [`it took ${duration} ms`] : []),
    ...(isEarly ? [`it starts at ${startTime}`] : []),
    ...(KINDS.includes(kind.toLowerCase()) ? [] : [`its kind is ${kind}`]),
    ...(STATUS_CODES.includes(statusCode ?? -1) ? [] : [`its status code is ${statusCode}`]),
    ...(isTagList(tags) && isTagList(serviceTags) ? [] : ['its tags are no list of key and value']),
  ];
  return problems.map((problem) => `span ${spanID}: ${problem}`);
}

function isTagList(tags: unknown): boolean {
  return Array.isArray(tags) && tags.every((tag: unknown) => isTag(tag));
}

function isTag(tag: unknown): boolean {
  if (typeof tag !== 'object' || tag === null) return false;
  const entries = Object.entries(tag);
  return entries.length === 2 && entries.every(([name, value]) => ['key', 'value'].includes(name) && typeof value === 'string');
}
