/** The report: what each operation costs, and what runs in the background. */
import { readFileSync } from 'node:fs';
import type { Store } from '../store/store.ts';
import { readQueueContents } from './report-queues.ts';
import { readSamples, type Samples } from './report-samples.ts';
import {
  type BackgroundHost,
  type BackgroundMethod,
  COUNT_NAMES,
  type CountName,
  type Edge,
  type FailureReport,
  type FanoutReport,
  type GapReport,
  type MethodCost,
  type OperationReport,
  type Report,
  type Spread,
} from './report-shape.ts';

export type * from './report-shape.ts';
export { COUNT_NAMES } from './report-shape.ts';

type OperationRow = { operation: string; requests: number; duration_ms: number[] } & Record<CountName, number[]>;
type MethodRow = Omit<MethodCost, 'mean'> & { operation: string };
type EdgeRow = Omit<Edge, 'mean' | 'from' | 'to'> & { operation: string; from_service: string; to_service: string };
type QueueRow = { operation: string; name: string; messages: number };
type BackgroundRow = Omit<BackgroundMethod, 'per_second' | 'per_second_and_host'>;
type BackgroundHostRow = Omit<BackgroundHost, 'per_second' | 'bytes_per_second'>;
type FailureRow = Omit<FailureReport, 'culprit'> & {
  culprit_service: string;
  culprit_host: string;
  culprit_queue: string;
};
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
  lagging: number;
};

/** What each operation has of its own. */
interface OfOperations {
  readonly methods: readonly MethodRow[];
  readonly edges: readonly EdgeRow[];
  readonly queues: readonly QueueRow[];
  readonly samples: ReadonlyMap<string, Samples>;
}

/** Reads the report of everything in the store. @param version of oslotap. */
export async function makeReport(store: Store, version: string): Promise<Report> {
  const [window] = await store.query<WindowRow>(sql('report-window.sql'));
  const [engine] = await store.query<{ version: string }>('SELECT version() AS version');
  const gaps = await store.query<GapReport>(sql('gaps.sql'));
  const { messages, from, to, observed_s, hosts, seen, missing, unmatched, undecodable, lagging } = window as WindowRow;
  const lost = gaps.reduce((sum, { lost_estimate }) => sum + lost_estimate, 0);
  const isEmpty = messages === 0;
  return {
    made_by: { oslotap: version, clickhouse: engine?.version ?? '' },
    is_anonymised: false,
    window: { from: isEmpty ? null : from, to: isEmpty ? null : to, observed_s, messages, events: seen, hosts },
    coverage: seen + missing + lost === 0 ? 1 : seen / (seen + missing + lost),
    orphan_deliveries: unmatched,
    undecodable,
    lagging,
    gaps,
    operations: await readOperations(store),
    ...(await readBackground(store, observed_s)),
    queues: await readQueueContents(store),
    fanouts: await store.query<FanoutReport>(sql('report-fanouts.sql')),
    failures: (await store.query<FailureRow>(sql('report-failures.sql'))).map(toFailure),
  };
}

/** Every host that the store knows by name. */
export async function hostsOf(store: Store): Promise<string[]> {
  return (await store.query<{ host: string }>(sql('report-hosts.sql'))).map(({ host }) => host);
}

async function readOperations(store: Store): Promise<OperationReport[]> {
  const rows = await store.query<OperationRow>(sql('report-operations.sql'));
  const own: OfOperations = {
    methods: await store.query<MethodRow>(sql('report-methods.sql')),
    edges: await store.query<EdgeRow>(sql('report-edges.sql')),
    queues: await store.query<QueueRow>(sql('report-queues.sql')),
    samples: await readSamples(store),
  };
  return rows.map((row) => toOperation(row, own));
}

async function readBackground(store: Store, observedS: number): Promise<Pick<Report, 'background' | 'background_hosts'>> {
  const methods = await store.query<BackgroundRow>(sql('report-background.sql'));
  const hosts = await store.query<BackgroundHostRow>(sql('report-background-hosts.sql'));
  return {
    background: methods.map((row) => toBackground(row, observedS)),
    background_hosts: hosts.map((row) => ({
      ...row,
      per_second: rate(row.messages, observedS),
      bytes_per_second: rate(row.bytes, observedS),
    })),
  };
}

function toOperation(row: OperationRow, { methods, edges, queues, samples }: OfOperations): OperationReport {
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
    typical: samples.get(operation)?.typical ?? null,
    slowest: samples.get(operation)?.slowest ?? null,
  };
}

function toBackground(row: BackgroundRow, observedS: number): BackgroundMethod {
  const perSecond = rate(row.messages, observedS);
  return { ...row, per_second: perSecond, per_second_and_host: row.hosts === 0 ? 0 : perSecond / row.hosts };
}

function rate(amount: number, seconds: number): number {
  return seconds === 0 ? 0 : amount / seconds;
}

function toFailure({ culprit_service, culprit_host, culprit_queue, calls, ...failure }: FailureRow): FailureReport {
  const culprit = failure.verdict === null ? null : { service: culprit_service, host: culprit_host, queue: culprit_queue };
  return { ...failure, culprit, calls };
}

function toSpread([min = 0, p50 = 0, p95 = 0, max = 0, mean = 0]: readonly number[]): Spread {
  return { min, p50, p95, max, mean };
}

function sql(file: string): string {
  return readFileSync(new URL(`../queries/${file}`, import.meta.url), 'utf8');
}
