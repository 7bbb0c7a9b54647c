/** The report: what each operation costs, and what runs in the background. Its JSON shape is the command-line contract's. */
import { readFileSync } from 'node:fs';
import type { GapReason } from '../gap.ts';
import type { Store } from '../store/store.ts';

/** Over the requests of one operation. */
export interface Spread {
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  readonly mean: number;
}

export const COUNT_NAMES = [
  'calls',
  'casts',
  'fanouts',
  'replies',
  'notifications',
  'publishes',
  'deliveries',
  'failures',
  'timeouts',
  'bytes_published',
  'bytes_delivered',
] as const;

export type CountName = (typeof COUNT_NAMES)[number];

export interface MethodCost {
  readonly kind: string;
  readonly method: string;
  readonly object: string | null;
  readonly messages: number;
  /** Messages a request. */
  readonly mean: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly deliveries: number;
  /** Deliveries a request. */
  readonly mean: number;
  readonly queue_wait_p95_ms: number;
  /** Publish to answer; null where the kind has no answer. */
  readonly duration_p95_ms: number | null;
}

export interface QueueUse {
  readonly queue: string;
  readonly messages: number;
  /** Messages a request. */
  readonly mean: number;
}

export interface OperationReport {
  readonly operation: string;
  readonly requests: number;
  readonly duration_ms: Spread;
  readonly counts: Readonly<Record<CountName, Spread>>;
  readonly methods: readonly MethodCost[];
  readonly edges: readonly Edge[];
  readonly queues: readonly QueueUse[];
}

export interface BackgroundMethod {
  readonly kind: string;
  readonly method: string;
  readonly object: string | null;
  readonly service: string;
  readonly hosts: number;
  readonly messages: number;
  readonly bytes: number;
  readonly per_second: number;
  readonly per_second_and_host: number;
}

export interface GapReport {
  readonly start: string;
  readonly end: string;
  readonly duration_s: number;
  readonly reason: GapReason;
  readonly vhost: string;
  readonly node: string;
  readonly is_open: boolean;
  readonly lost_min: number;
  readonly lost_estimate: number;
  readonly detail: string;
}

export interface Report {
  readonly window: {
    readonly from: string | null;
    readonly to: string | null;
    /** Seconds in which something was seen; pauses of more than a minute are left out. */
    readonly observed_s: number;
    readonly messages: number;
    readonly hosts: number;
  };
  /** Events seen / (seen + known missing + estimated loss of the gaps): a bound. */
  readonly coverage: number;
  /** Deliveries without a publish, replies without a call. */
  readonly orphan_deliveries: number;
  readonly undecodable: number;
  /** When the tap did not see everything, and how many events it lost by that. */
  readonly gaps: readonly GapReport[];
  readonly operations: readonly OperationReport[];
  readonly background: readonly BackgroundMethod[];
}

type OperationRow = { operation: string; requests: number; duration_ms: number[] } & Record<CountName, number[]>;
type MethodRow = Omit<MethodCost, 'mean'> & { operation: string };
type EdgeRow = Omit<Edge, 'mean' | 'from' | 'to'> & { operation: string; from_service: string; to_service: string };
type QueueRow = { operation: string; name: string; messages: number };
type BackgroundRow = Omit<BackgroundMethod, 'per_second' | 'per_second_and_host'>;
type WindowRow = {
  messages: number;
  from: string;
  to: string;
  observed_s: number;
  hosts: number;
  seen: number;
  missing: number;
  unmatched: number;
  undecodable: number;
};

/** Reads the report of everything in the store. */
export async function makeReport(store: Store): Promise<Report> {
  const [window] = await store.query<WindowRow>(sql('report-window.sql'));
  const operations = await store.query<OperationRow>(sql('report-operations.sql'));
  const methods = await store.query<MethodRow>(sql('report-methods.sql'));
  const edges = await store.query<EdgeRow>(sql('report-edges.sql'));
  const queues = await store.query<QueueRow>(sql('report-queues.sql'));
  const background = await store.query<BackgroundRow>(sql('report-background.sql'));
  const { messages, from, to, observed_s, hosts, seen, missing, unmatched, undecodable } = window as WindowRow;
  const gaps = await store.query<GapReport>(sql('gaps.sql'));
  const lost = gaps.reduce((sum, { lost_estimate }) => sum + lost_estimate, 0);
  const isEmpty = messages === 0;
  return {
    window: { from: isEmpty ? null : from, to: isEmpty ? null : to, observed_s, messages, hosts },
    coverage: seen + missing + lost === 0 ? 1 : seen / (seen + missing + lost),
    orphan_deliveries: unmatched,
    undecodable,
    gaps,
    operations: operations.map((row) => toOperation(row, methods, edges, queues)),
    background: background.map((row) => toBackground(row, observed_s)),
  };
}

function toOperation(row: OperationRow, methods: MethodRow[], edges: EdgeRow[], queues: QueueRow[]): OperationReport {
  const { operation, requests } = row;
  const isOwn = (other: { operation: string }) => other.operation === operation;
  return {
    operation,
    requests,
    duration_ms: toSpread(row.duration_ms),
    counts: Object.fromEntries(COUNT_NAMES.map((name) => [name, toSpread(row[name])])) as Record<CountName, Spread>,
    methods: methods.filter(isOwn).map(({ operation: _, ...method }) => ({ ...method, mean: method.messages / requests })),
    edges: edges.filter(isOwn).map(({ operation: _, from_service, to_service, ...edge }) => ({
      from: from_service,
      to: to_service,
      ...edge,
      mean: edge.deliveries / requests,
    })),
    queues: queues.filter(isOwn).map(({ name, messages }) => ({ queue: name, messages, mean: messages / requests })),
  };
}

function toBackground(row: BackgroundRow, observedS: number): BackgroundMethod {
  const perSecond = observedS === 0 ? 0 : row.messages / observedS;
  return { ...row, per_second: perSecond, per_second_and_host: row.hosts === 0 ? 0 : perSecond / row.hosts };
}

function toSpread([min = 0, p50 = 0, p95 = 0, max = 0, mean = 0]: readonly number[]): Spread {
  return { min, p50, p95, max, mean };
}

function sql(file: string): string {
  return readFileSync(new URL(`../queries/${file}`, import.meta.url), 'utf8');
}
