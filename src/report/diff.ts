/** What changed between two fingerprints of one operation. What varies between the requests of one side alone is no change. */
import { type ComparedCounts, type CountChange, compareCounts, type Pair, paired } from './diff-counts.ts';
import { compareLatencies, type LatencyChange, type Timed } from './diff-latencies.ts';
import {
  type ArgumentChange,
  compareArguments,
  compareRoutes,
  compareVersions,
  type RouteChange,
  type VersionChange,
} from './diff-shapes.ts';
import type { Fingerprint, HttpCount, NotificationCount, Rpc } from './fingerprint.ts';
import { COUNT_NAMES, type CountName } from './report-shape.ts';

/** What is counted in bytes differs with every id and number in it: so much of it is no change. */
const BYTES_SHARE_MIN = 0.01;

export type CountKind = 'gained' | 'lost' | 'multiplied' | 'reduced';

export interface RpcName extends Pick<Rpc, 'kind' | 'exchange' | 'topic' | 'namespace' | 'method' | 'object'> {
  /** Who sends it, and who is given it, on the side that has it; of both, the second. */
  readonly from: readonly string[];
  readonly to: readonly string[];
}

export type Counted<Subject> = Subject & CountChange & { readonly change: CountKind };
export type Shaped<Change> = Change & { readonly rpc: RpcName };

/** One side, as far as it says how much its figures are worth. */
export type DiffSide = Pick<Fingerprint, 'source' | 'oslotap' | 'requests' | 'left_out' | 'from' | 'to' | 'coverage'> & {
  /** Of the operation. */
  readonly median_ms: number;
};

export interface OperationDiff {
  readonly operation: string;
  readonly a: DiffSide;
  readonly b: DiffSide;
  readonly counts: readonly (CountChange & { readonly count: CountName })[];
  readonly rpcs: readonly Counted<{ readonly rpc: RpcName }>[];
  readonly notifications: readonly Counted<Omit<NotificationCount, 'count'>>[];
  readonly http: readonly Counted<Omit<HttpCount, 'count'>>[];
  readonly versions: readonly Shaped<VersionChange>[];
  readonly routes: readonly Shaped<RouteChange>[];
  readonly arguments: readonly Shaped<ArgumentChange>[];
  /** Significant ones; `rpc` is null for the request as a whole. */
  readonly latencies: readonly (LatencyChange & { readonly rpc: RpcName | null })[];
  readonly compared: {
    readonly latencies_tested: number;
    /** Latencies seen in fewer than 8 requests of a side: nothing is said of them. */
    readonly latencies_too_few: number;
    /** RPCs whose count differs, but not more than between the requests of one side. */
    readonly rpcs_varying: number;
    /** RPCs of both sides whose arguments were read on both. */
    readonly arguments_compared: number;
  };
}

export function diffFingerprints(a: Fingerprint, b: Fingerprint): OperationDiff {
  const both = matched(a, b);
  const rpcs = compareCounts(pairsOf(a, b, ({ rpcs }) => rpcs, rpcKey));
  const latencies = compareLatencies(timedOf(a, b, both));
  return {
    operation: b.operation,
    a: sideOf(a),
    b: sideOf(b),
    counts: countChanges(a, b),
    rpcs: rpcs.changes.map(({ subject, ...change }) => ({ rpc: nameOf(subject), ...change, change: kindOf(change) })),
    notifications: counted(compareCounts(pairsOf(a, b, ({ notifications }) => notifications, notificationKey))),
    http: counted(
      compareCounts(
        pairsOf(
          a,
          b,
          ({ http }) => http,
          ({ service, request }) => JSON.stringify([service, request]),
        ),
      ),
    ),
    versions: shaped(both, compareVersions),
    routes: shaped(both, compareRoutes),
    arguments: both.flatMap(([left, right]) =>
      compareArguments(left, right).map((change) => ({ rpc: nameOf(right), ...change })),
    ),
    latencies: latencies.changes.map(({ subject, ...change }) => ({ rpc: subject === null ? null : nameOf(subject), ...change })),
    compared: {
      latencies_tested: latencies.tested,
      latencies_too_few: latencies.too_few,
      rpcs_varying: rpcs.varying.length,
      arguments_compared: both.filter(([left, right]) => left.arguments !== null && right.arguments !== null).length,
    },
  };
}

/** Nothing that changed. */
export function isEmpty(diff: OperationDiff): boolean {
  const { counts, rpcs, notifications, http, versions, routes, arguments: shapes, latencies } = diff;
  return [counts, rpcs, notifications, http, versions, routes, shapes, latencies].every(({ length }) => length === 0);
}

function countChanges(a: Fingerprint, b: Fingerprint): OperationDiff['counts'] {
  const pairs = COUNT_NAMES.map((name) => ({ subject: name, a: a.counts[name], b: b.counts[name] }));
  return compareCounts(pairs)
    .changes.filter(
      ({ subject, ratio }) => !subject.startsWith('bytes') || ratio === null || Math.abs(ratio - 1) > BYTES_SHARE_MIN,
    )
    .map(({ subject, ...change }) => ({ count: subject, ...change }));
}

function counted<Item extends { readonly count: unknown }>({ changes }: ComparedCounts<Item>): Counted<Omit<Item, 'count'>>[] {
  return changes.map(({ subject: { count: _, ...subject }, ...change }) => ({ ...subject, ...change, change: kindOf(change) }));
}

function kindOf({ a, b }: CountChange): CountKind {
  if (a.max === 0) return 'gained';
  if (b.max === 0) return 'lost';
  return b.mean > a.mean ? 'multiplied' : 'reduced';
}

type ItemOf = { readonly count: Rpc['count'] };

function pairsOf<Item extends ItemOf>(
  a: Fingerprint,
  b: Fingerprint,
  listOf: (fingerprint: Fingerprint) => readonly Item[],
  keyOf: (item: Item) => string,
): Pair<Item>[] {
  return paired([listOf(a), listOf(b)], [a.requests, b.requests], keyOf);
}

/** RPCs that both have. */
function matched(a: Fingerprint, b: Fingerprint): (readonly [Rpc, Rpc])[] {
  const inB = new Map(b.rpcs.map((rpc) => [rpcKey(rpc), rpc]));
  return a.rpcs.flatMap((rpc) => {
    const other = inB.get(rpcKey(rpc));
    return other === undefined ? [] : [[rpc, other] as const];
  });
}

function shaped<Change>(both: readonly (readonly [Rpc, Rpc])[], compare: (a: Rpc, b: Rpc) => Change | null): Shaped<Change>[] {
  return both.flatMap(([left, right]) => {
    const change = compare(left, right);
    return change === null ? [] : [{ rpc: nameOf(right), ...change }];
  });
}

/** The request itself, and the calls that both have. */
function timedOf(a: Fingerprint, b: Fingerprint, both: readonly (readonly [Rpc, Rpc])[]): Timed<Rpc | null>[] {
  const calls = both.flatMap(([left, right]) =>
    left.latency_ms === null || right.latency_ms === null
      ? []
      : [{ subject: right, a: left.latency_ms.by_request, b: right.latency_ms.by_request }],
  );
  return [{ subject: null, a: a.duration_ms.values, b: b.duration_ms.values }, ...calls];
}

function rpcKey({ kind, exchange, topic, namespace, method, object }: Rpc): string {
  return JSON.stringify([kind, exchange, topic, namespace, method, object]);
}

function notificationKey({ from, exchange, topic, event_type }: NotificationCount): string {
  return JSON.stringify([from, exchange, topic, event_type]);
}

function nameOf({ kind, exchange, topic, namespace, method, object, routes }: Rpc): RpcName {
  const from = [...new Set(routes.map((route) => route.from))].filter((service) => service !== '').sort();
  const to = [...new Set(routes.flatMap((route) => route.to))].sort();
  return { kind, exchange, topic, namespace, method, object, from, to };
}

function sideOf({ source, oslotap, requests, left_out, from, to, coverage, duration_ms }: Fingerprint): DiffSide {
  return { source, oslotap, requests, left_out, from, to, coverage, median_ms: duration_ms.median };
}
