/**
 * A fingerprint: what one operation costs, in figures that can be kept, passed on and compared. There is no host, id, address or
 * value in it; names of services, methods, arguments and topics are.
 */
import { z } from 'zod';
import { COUNT_NAMES } from './report-shape.ts';

/** Of the file's format. */
export const FORMAT = 1;
/** Of one statistic: more are thinned out, evenly by rank, so that a fingerprint has a bounded size. */
export const SAMPLES_MAX = 200;
const NAME_LENGTH_MAX = 1_000;
const LIST_LENGTH_MAX = 10_000;

const name = z.string().max(NAME_LENGTH_MAX);
const figure = z.number();
const count = z.number().int().min(0);

/** One value a request. `values` are sorted, at most 200. */
const samples = z.strictObject({
  min: figure,
  median: figure,
  mean: figure,
  max: figure,
  values: z.array(figure).max(SAMPLES_MAX),
});

const argument = z.strictObject({
  name,
  /** In how many of the messages that were read it is of which type. */
  types: z.record(name, count),
});

const rpc = z.strictObject({
  kind: z.enum(['call', 'cast', 'fanout']),
  exchange: name,
  topic: name,
  namespace: name.nullable(),
  method: name,
  object: name.nullable(),
  /** Messages a request. */
  count: samples,
  /** Messages of each version; '' for none. */
  versions: z.record(name, count),
  /** Who sends it, who is given it, how many messages, and how often those were delivered. */
  routes: z
    .array(z.strictObject({ from: name, to: z.array(name).max(100), messages: count, deliveries: count }))
    .max(LIST_LENGTH_MAX),
  /** Null where they were not read of any. */
  arguments: z.strictObject({ messages_read: count, names: z.array(argument).max(1_000) }).nullable(),
  /** Publish to answer, of answered calls; null where there was none. `by_request`: a request's calls by their mean. */
  latency_ms: z
    .strictObject({
      calls: count,
      min: figure,
      median: figure,
      p95: figure,
      mean: figure,
      max: figure,
      by_request: z.array(figure).max(SAMPLES_MAX),
    })
    .nullable(),
});

const notification = z.strictObject({ from: name, exchange: name, topic: name, event_type: name, count: samples });
const http = z.strictObject({ service: name, request: name, count: samples });

export const FINGERPRINT = z.strictObject({
  fingerprint: z.literal(FORMAT),
  oslotap: name,
  operation: name,
  /** Where it was read from: a file's name, or a store. */
  source: name,
  /** When the first and the last of its requests began. */
  from: name,
  to: name,
  requests: z.number().int().min(1),
  /** Requests that were not over yet, and are in no figure. */
  left_out: count,
  /** The lowest and the mean of its requests. */
  coverage: z.strictObject({ min: figure, mean: figure }),
  duration_ms: samples,
  counts: z.strictObject(Object.fromEntries(COUNT_NAMES.map((each) => [each, samples])) as Record<CountName, typeof samples>),
  rpcs: z.array(rpc).max(LIST_LENGTH_MAX),
  notifications: z.array(notification).max(LIST_LENGTH_MAX),
  /** HTTP requests that services' audit filters told of, by their notification. */
  http: z.array(http).max(LIST_LENGTH_MAX),
});

type CountName = (typeof COUNT_NAMES)[number];

export type Fingerprint = z.infer<typeof FINGERPRINT>;
export type Rpc = z.infer<typeof rpc>;
export type RpcArgument = z.infer<typeof argument>;
export type NotificationCount = z.infer<typeof notification>;
export type HttpCount = z.infer<typeof http>;
export type Samples = z.infer<typeof samples>;

/** Reads one from a file's text. @returns why not, as text. */
export function readFingerprint(text: string): Fingerprint | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  const version = typeof json === 'object' && json !== null && 'fingerprint' in json ? json.fingerprint : undefined;
  if (version === undefined) return 'it is no fingerprint';
  if (version !== FORMAT) return `its format is ${JSON.stringify(version)?.slice(0, 20)}; this release reads ${FORMAT}`;
  const read = FINGERPRINT.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  return `its ${issue?.path.join('.').slice(0, 100) || 'form'} is wrong: ${issue?.message.slice(0, 200)}`;
}

/** As a file's text: to be read and compared by people, too, so each list of numbers stands on one line. */
export function fingerprintText(fingerprint: Fingerprint): string {
  const text = JSON.stringify(fingerprint, null, 2);
  return `${text.replace(/\[\n[\s\d.,eE+-]+\]/g, (numbers) => numbers.replace(/\s+/g, ''))}\n`;
}

/** @param values one a request, in any order; at least one. */
export function samplesOf(values: readonly number[]): Samples {
  const sorted = [...values].sort((a, b) => a - b);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return {
    min: sorted[0] ?? 0,
    median: quantileOf(sorted, 0.5),
    mean,
    max: sorted.at(-1) ?? 0,
    values: thinned(sorted),
  };
}

/** As the report's: ClickHouse's quantileExact, the value at `share` of the length. @param share 0–1. */
export function quantileOf(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** At most 200 of them, evenly by rank, the least and the greatest among them. */
export function thinned(sorted: readonly number[]): number[] {
  if (sorted.length <= SAMPLES_MAX) return [...sorted];
  const step = (sorted.length - 1) / (SAMPLES_MAX - 1);
  return Array.from({ length: SAMPLES_MAX }, (_, i) => sorted[Math.round(i * step)] ?? 0);
}
