/** Methods as they were seen to be called: the shapes of `oslotap catalog --format json`. */
import { readFileSync } from 'node:fs';
import type { Store } from '../store/store.ts';
import { argumentTypesOf } from './arguments.ts';
import type { TimeRange } from './trace-times.ts';

/** Over the messages of one method. */
export interface SizeSpread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface TimeSpread {
  readonly p50: number;
  readonly p95: number;
}

export interface CatalogCaller {
  /** `''`: not known. */
  readonly service: string;
  readonly hosts: number;
  readonly messages: number;
}

export interface CatalogServer {
  /** `''`: not known. */
  readonly service: string;
  readonly hosts: number;
  readonly deliveries: number;
}

export interface CatalogArgument {
  /** `…`: arguments that are not named. */
  readonly name: string;
  /** JSON's, and `object<Name>`; those that were seen, the most first. */
  readonly types: readonly string[];
  /** Messages that had it. */
  readonly messages: number;
  /** Of the messages whose arguments were read, 0–1: below 1 it is optional. */
  readonly share: number;
}

/** One method as one kind of message, of one version, at one topic. */
export interface CatalogMethod {
  /** Hosts in it are `{host}`. */
  readonly exchange: string;
  readonly topic: string;
  readonly namespace: string | null;
  readonly method: string;
  /** What an object call really does: `Instance.save`. */
  readonly object: string | null;
  readonly version: string | null;
  readonly kind: 'call' | 'cast' | 'fanout';
  readonly messages: number;
  /** Addressed to one server of the topic, not to any. */
  readonly to_one_server: number;
  readonly deliveries: number;
  /** Who sends it, the most first. */
  readonly callers: readonly CatalogCaller[];
  /** To whom it was delivered, the most first. */
  readonly servers: readonly CatalogServer[];
  readonly arguments: {
    /** Messages whose arguments were read: of large bodies one in so many. */
    readonly read: number;
    /** By name. */
    readonly names: readonly CatalogArgument[];
  };
  /** Bodies as on the wire. */
  readonly bytes: SizeSpread;
  /** All replies to one call; null where none was seen. */
  readonly reply_bytes: SizeSpread | null;
  /** From publish to answer; null where none came, and of what has none. */
  readonly answered_ms: TimeSpread | null;
  /** From publish to each delivery; null where none was seen. */
  readonly wait_ms: TimeSpread | null;
  /** Calls that came back with an exception, did not come back in time, were open when they were seen last. */
  readonly failed: number;
  readonly timeouts: number;
  readonly open: number;
  /** Classes of those exceptions, the most first. */
  readonly failures: readonly { readonly failure: string; readonly messages: number }[];
  /** In users' requests, the most first. */
  readonly operations: readonly { readonly operation: string; readonly messages: number }[];
  /** In no user's request. */
  readonly background: number;
}

export interface CatalogMethods {
  /** By topic, exchange, namespace, method, object, version and kind. */
  readonly methods: readonly CatalogMethod[];
  /** Methods that are not told, since there are more than the limit. */
  readonly left_out: number;
}

type Counted = Readonly<Record<string, number>>;
type Nullable = readonly (number | null)[];

interface Row
  extends Omit<CatalogMethod, 'callers' | 'servers' | 'arguments' | Spreads | 'failures' | 'operations' | 'background'> {
  readonly caller_messages: Counted;
  readonly caller_hosts: Counted;
  readonly server_deliveries: readonly [services: readonly string[], deliveries: readonly number[]];
  readonly server_hosts: Counted;
  readonly shapes: Counted;
  readonly bytes: readonly number[];
  readonly answered: number;
  readonly reply_bytes: readonly number[];
  readonly timed: number;
  readonly answered_ms: Nullable;
  readonly wait_ms: Nullable;
  readonly failures: Counted;
  readonly operations: Counted;
  readonly methods: number;
}

type Spreads = 'bytes' | 'reply_bytes' | 'answered_ms' | 'wait_ms';

/** Methods of one catalogue: no cloud has a tenth of it. */
export const METHODS_MAX = 10_000;
/** A request that began so long before the time asked for is still told by its name. Nanoseconds. */
const REQUEST_REACH_NS = 3_600_000_000_000n;

const SQL = readFileSync(new URL('catalog.sql', import.meta.url), 'utf8');

/** Methods of messages that were published in a time. */
export async function readCatalog(store: Store, range: TimeRange, limit = METHODS_MAX): Promise<CatalogMethods> {
  const reach = BigInt(range.from) - REQUEST_REACH_NS;
  const params = { ...range, traces_from: String(reach < 0n ? 0n : reach), limit };
  const rows = await store.query<Row>(SQL, params);
  return { methods: rows.map(toMethod).sort(compare), left_out: (rows[0]?.methods ?? 0) - rows.length };
}

function toMethod(row: Row): CatalogMethod {
  const { exchange, topic, namespace, method, object, version, kind, messages, to_one_server, deliveries } = row;
  const [services, delivered] = row.server_deliveries;
  const { '': background = 0, ...operations } = row.operations;
  return {
    ...{ exchange, topic, namespace, method, object, version, kind, messages, to_one_server, deliveries },
    callers: most(row.caller_messages).map(([service, messages]) => ({
      service,
      hosts: row.caller_hosts[service] ?? 0,
      messages,
    })),
    servers: services
      .map((service, i) => ({ service, hosts: row.server_hosts[service] ?? 0, deliveries: delivered[i] ?? 0 }))
      .sort((a, b) => b.deliveries - a.deliveries || compareText(a.service, b.service)),
    arguments: argumentsOf(row.shapes),
    bytes: sizes(row.bytes),
    reply_bytes: row.answered === 0 ? null : sizes(row.reply_bytes),
    answered_ms: row.timed === 0 ? null : times(row.answered_ms),
    wait_ms: row.wait_ms.includes(null) ? null : times(row.wait_ms),
    ...{ failed: row.failed, timeouts: row.timeouts, open: row.open },
    failures: most(row.failures).map(([failure, messages]) => ({ failure, messages })),
    operations: most(operations).map(([operation, messages]) => ({ operation, messages })),
    background,
  };
}

/** Of the shapes of one method's messages: each argument with its types, and how many had it. */
function argumentsOf(shapes: Counted): CatalogMethod['arguments'] {
  const byName = new Map<string, Map<string, number>>();
  let read = 0;
  for (const [shape, messages] of Object.entries(shapes)) {
    const types = argumentTypesOf(shape);
    if (types === null) continue;
    read += messages;
    for (const [name, type] of Object.entries(types)) {
      const counted = byName.get(name) ?? new Map<string, number>();
      counted.set(type, (counted.get(type) ?? 0) + messages);
      byName.set(name, counted);
    }
  }
  const names = [...byName].map(([name, counted]) => {
    const messages = [...counted.values()].reduce((sum, count) => sum + count, 0);
    return { name, types: most(Object.fromEntries(counted)).map(([type]) => type), messages, share: messages / read };
  });
  return { read, names: names.sort((a, b) => compareText(a.name, b.name)) };
}

function most(counted: Counted): (readonly [string, number])[] {
  return Object.entries(counted).sort(([a, n], [b, m]) => m - n || compareText(a, b));
}

function sizes([p50 = 0, p95 = 0, max = 0]: readonly number[]): SizeSpread {
  return { p50, p95, max };
}

function times([p50, p95]: Nullable): TimeSpread {
  return { p50: p50 ?? 0, p95: p95 ?? 0 };
}

const ORDER = ['topic', 'exchange', 'namespace', 'method', 'object', 'version', 'kind'] as const;

function compare(a: CatalogMethod, b: CatalogMethod): number {
  for (const key of ORDER) {
    const order = compareText(a[key] ?? '', b[key] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

/** By code unit: the same everywhere. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
