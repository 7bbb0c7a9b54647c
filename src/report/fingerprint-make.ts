/** Makes a fingerprint of what the store has of an operation. */
import { type FingerprintRow, messagesOfRequests, requestsOf } from '../queries/fingerprint.ts';
import { httpName } from '../queries/paths.ts';
import type { TimeRange } from '../queries/trace-times.ts';
import type { TraceSummary } from '../queries/traces.ts';
import type { Store } from '../store/store.ts';
import { type Fingerprint, FORMAT, quantileOf, type Rpc, type Samples, samplesOf, thinned } from './fingerprint.ts';
import { COUNT_NAMES, type CountName } from './report-shape.ts';

export interface FingerprintSubject {
  readonly operation: string;
  /** Of its requests those that began in it. */
  readonly range: TimeRange;
  /** What it is read from, for people. No password may stand in it. */
  readonly source: string;
  /** oslotap's version. */
  readonly version: string;
}

/** @returns null where the store has no such request that is over. */
export async function makeFingerprint(store: Store, subject: FingerprintSubject): Promise<Fingerprint | null> {
  const { operation, range, source, version } = subject;
  const found = await requestsOf(store, operation, range);
  const requests = found.filter(({ state }) => state === 'done');
  const [first] = requests;
  const last = requests.at(-1);
  if (first === undefined || last === undefined) return null;
  const tallies = new Tallies(requests.length);
  const ids = requests.map(({ trace_id }) => trace_id);
  for await (const row of messagesOfRequests(store, ids)) tallies.add(row);
  return {
    fingerprint: FORMAT,
    oslotap: version,
    operation,
    source,
    from: first.start,
    to: last.start,
    requests: requests.length,
    left_out: found.length - requests.length,
    coverage: coverageOf(requests),
    duration_ms: samplesOf(requests.map(({ duration_ms }) => duration_ms)),
    counts: countsOf(requests),
    rpcs: tallies.rpcs(),
    notifications: tallies.notifications(),
    http: tallies.http(),
  };
}

function coverageOf(requests: readonly TraceSummary[]): Fingerprint['coverage'] {
  const shares = requests.map(({ coverage }) => coverage);
  return { min: Math.min(...shares), mean: shares.reduce((sum, share) => sum + share, 0) / shares.length };
}

function countsOf(requests: readonly TraceSummary[]): Record<CountName, Samples> {
  const spreads = COUNT_NAMES.map((name) => [name, samplesOf(requests.map(({ counts }) => counts[name]))] as const);
  return Object.fromEntries(spreads) as Record<CountName, Samples>;
}

/** How many of something each request has; those that have none are not named. */
type ByRequest = Map<string, number>;

interface RpcTally {
  readonly first: FingerprintRow;
  readonly byRequest: ByRequest;
  readonly versions: Map<string, number>;
  readonly routes: Map<string, { from: string; to: string[]; messages: number; deliveries: number }>;
  readonly argumentTypes: Map<string, Map<string, number>>;
  readonly tookMs: Map<string, number[]>;
  messagesRead: number;
}

/** What the rows come to, by RPC, by event type and by HTTP request. */
class Tallies {
  readonly #requests: number;
  readonly #rpcs = new Map<string, RpcTally>();
  readonly #notifications = new Map<string, { first: FingerprintRow; byRequest: ByRequest }>();
  readonly #http = new Map<string, { first: FingerprintRow; byRequest: ByRequest }>();

  constructor(requests: number) {
    this.#requests = requests;
  }

  add(row: FingerprintRow): void {
    if (row.kind === 'notification') this.#addNotification(row);
    else this.#addRpc(row);
  }

  rpcs(): Rpc[] {
    return [...this.#rpcs.values()].map((tally) => this.#toRpc(tally)).sort((a, b) => byName(rpcOrder(a), rpcOrder(b)));
  }

  notifications(): Fingerprint['notifications'] {
    const all = [...this.#notifications.values()].map(({ first, byRequest }) => ({
      from: first.from_service,
      exchange: first.exchange,
      topic: first.topic,
      event_type: first.method,
      count: this.#spread(byRequest),
    }));
    return all.sort((a, b) => byName([a.from, a.event_type, a.topic], [b.from, b.event_type, b.topic]));
  }

  http(): Fingerprint['http'] {
    const all = [...this.#http.values()].map(({ first, byRequest }) => ({
      service: first.from_service,
      request: httpName(first.http_action, first.http_path),
      count: this.#spread(byRequest),
    }));
    return all.sort((a, b) => byName([a.service, a.request], [b.service, b.request]));
  }

  #addNotification(row: FingerprintRow): void {
    const { from_service, exchange, topic, method, http_path, http_action, is_http_answer } = row;
    addTo(entry(this.#notifications, [from_service, exchange, topic, method], () => newCount(row)).byRequest, row);
    if (http_path === '' || is_http_answer) return;
    addTo(entry(this.#http, [from_service, http_action, http_path], () => newCount(row)).byRequest, row);
  }

  #addRpc(row: FingerprintRow): void {
    const { kind, exchange, topic, namespace, method, object, version, messages, deliveries, from_service } = row;
    const tally = entry(this.#rpcs, [kind, exchange, topic, namespace, method, object], () => newRpc(row));
    addTo(tally.byRequest, row);
    tally.versions.set(version, (tally.versions.get(version) ?? 0) + messages);
    const to = row.to_services.split('\n').filter((service) => service !== '');
    const route = entry(tally.routes, [from_service, ...to], () => ({ from: from_service, to, messages: 0, deliveries: 0 }));
    route.messages += messages;
    route.deliveries += deliveries;
    if (row.took_ms_each.length > 0) entry(tally.tookMs, [row.trace_id], () => []).push(...row.took_ms_each);
    if (row.arguments !== '') addArguments(tally, row);
  }

  #toRpc({ first, byRequest, versions, routes, argumentTypes, tookMs, messagesRead }: RpcTally): Rpc {
    const { kind, exchange, topic, namespace, method, object } = first;
    if (kind === 'notification') throw new Error('a notification is no RPC');
    const names = [...argumentTypes].map(([name, types]) => ({ name, types: sortedRecord(types) }));
    return {
      kind,
      exchange,
      topic,
      namespace,
      method,
      object,
      count: this.#spread(byRequest),
      versions: sortedRecord(versions),
      routes: [...routes.values()].sort((a, b) => byName([a.from, ...a.to], [b.from, ...b.to])),
      arguments:
        messagesRead === 0 ? null : { messages_read: messagesRead, names: names.sort((a, b) => byName([a.name], [b.name])) },
      latency_ms: tookMs.size === 0 ? null : latencyOf([...tookMs.values()]),
    };
  }

  /** Requests that have none count as 0. */
  #spread(byRequest: ByRequest): Samples {
    return samplesOf([...byRequest.values(), ...new Array<number>(this.#requests - byRequest.size).fill(0)]);
  }
}

function latencyOf(byRequest: readonly (readonly number[])[]): Rpc['latency_ms'] {
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const calls = byRequest.flat().sort((a, b) => a - b);
  return {
    calls: calls.length,
    min: calls[0] ?? 0,
    median: quantileOf(calls, 0.5),
    p95: quantileOf(calls, 0.95),
    mean: meanOf(calls),
    max: calls.at(-1) ?? 0,
    by_request: thinned(byRequest.map(meanOf).sort((a, b) => a - b)),
  };
}

/** A text that is no object of names and types is as good as none. */
function addArguments(tally: RpcTally, { arguments: text, messages }: FingerprintRow): void {
  const shape: unknown = parsed(text);
  if (typeof shape !== 'object' || shape === null || Array.isArray(shape)) return;
  tally.messagesRead += messages;
  for (const [name, type] of Object.entries(shape)) {
    const types = tally.argumentTypes.get(name) ?? new Map<string, number>();
    types.set(String(type), (types.get(String(type)) ?? 0) + messages);
    tally.argumentTypes.set(name, types);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function newRpc(first: FingerprintRow): RpcTally {
  return {
    ...newCount(first),
    versions: new Map(),
    routes: new Map(),
    argumentTypes: new Map(),
    tookMs: new Map(),
    messagesRead: 0,
  };
}

function newCount(first: FingerprintRow): { first: FingerprintRow; byRequest: ByRequest } {
  return { first, byRequest: new Map() };
}

function addTo(byRequest: ByRequest, { trace_id, messages }: FingerprintRow): void {
  byRequest.set(trace_id, (byRequest.get(trace_id) ?? 0) + messages);
}

function entry<Value>(map: Map<string, Value>, key: readonly (string | null)[], make: () => Value): Value {
  const text = JSON.stringify(key);
  const known = map.get(text);
  if (known !== undefined) return known;
  const made = make();
  map.set(text, made);
  return made;
}

function sortedRecord(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => byName([a], [b])));
}

function rpcOrder({ kind, exchange, topic, namespace, method, object }: Rpc): string[] {
  return [kind, exchange, topic, namespace ?? '', method, object ?? ''];
}

/** By code units: the same everywhere. */
function byName(a: readonly string[], b: readonly string[]): number {
  const [left, right] = [a.join('\0'), b.join('\0')];
  return left < right ? -1 : left > right ? 1 : 0;
}
