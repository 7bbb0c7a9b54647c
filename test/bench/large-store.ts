/**
 * A store with millions of spans: what the captures gave, copied inside ClickHouse. Each copy has ids of its own, consistently, and
 * another time; they fill a week evenly.
 */
import { RollUps } from '../../src/sinks/clickhouse/roll-ups.ts';
import { openChdb } from '../../src/store/chdb.ts';
import type { Store } from '../../src/store/store.ts';
import { CAPTURES, capturePath } from '../support/captures.ts';
import { oslotap } from '../support/cli.ts';

const WEEK_SECONDS = 7 * 86_400;
/** Copies in one INSERT: about half a million rows. */
const ROWS_AT_ONCE = 500_000;

export interface LargeStoreOptions {
  /** It must not be there yet. */
  readonly directory: string;
  /** At least so many. */
  readonly spans: number;
  readonly progress: (line: string) => void;
}

/** @returns the store, open, with its roll-ups; whoever called closes it. */
export async function largeStore({ directory, spans, progress }: LargeStoreOptions): Promise<Store> {
  progress('replaying the captures');
  const { code, stderr } = oslotap(['replay', ...CAPTURES.map(capturePath), '--store', `chdb:${directory}`]);
  if (code !== 0) throw new Error(stderr);
  // Not as a writer: that one is frugal, since it shares its process with a tap.
  const store = await openChdb({ directory, command: 'bench', isWriter: false });
  for (const { table } of COPIED) {
    await store.command(`CREATE TABLE seed_${table} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM ${table}`);
    await store.command(`TRUNCATE TABLE ${table}`);
  }
  for (const table of ['oslo_minutes', 'otel_traces_trace_id_ts', ...(await rollUpTables(store))]) {
    await store.command(`TRUNCATE TABLE ${table}`);
  }
  const [seed] = await store.query<{ spans: number }>('SELECT count() AS spans FROM seed_otel_traces');
  const copies = Math.ceil(spans / (seed?.spans ?? 1));
  const atOnce = Math.max(1, Math.floor(ROWS_AT_ONCE / (seed?.spans ?? 1)));
  const stepSeconds = WEEK_SECONDS / copies;
  for (let from = 0; from < copies; from += atOnce) {
    const count = Math.min(atOnce, copies - from);
    for (const { table, replace } of COPIED) await store.command(copySql(table, replace), { from, count, step: stepSeconds });
    progress(`copied ${from + count} of ${copies} times`);
  }
  for (const { table } of COPIED) await store.command(`DROP TABLE seed_${table}`);
  progress('summing up the minutes');
  const rollUps = new RollUps(store);
  const minutes = await store.query<{ at: string }>(
    'SELECT toString(toUnixTimestamp64Nano(min(published_at))) AS at FROM oslo_messages GROUP BY toStartOfMinute(published_at)',
  );
  await rollUps.touch(minutes.map(({ at }) => BigInt(at)));
  await rollUps.compute();
  return store;
}

export async function rollUpTables(store: Store): Promise<string[]> {
  const rows = await store.query<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(name, '_1m') ORDER BY name",
  );
  return rows.map(({ name }) => name);
}

/** An id of a copy: of the zero uuid none. */
const uuid = (column: string) => `if(${column} = toUUIDOrZero(''), ${column}, reinterpretAsUUID(sipHash128(${column}, copy)))`;
const hex = (text: string) =>
  `if(${text} = '', '', lower(hex(${uuid(`UUIDNumToString(toFixedString(unhex(${text}), 16))::UUID`)})))`;
const requestId = (text: string) =>
  `if(startsWith(${text}, 'req-'), concat('req-', toString(${uuid(`toUUIDOrZero(substring(${text}, 5))`)})), ${text})`;
const time = (column: string) =>
  `if(toUnixTimestamp64Nano(${column}) = 0, ${column}, ${column} + toIntervalMillisecond(copy * {step:Float64} * 1000))`;
const spanId = (text: string) => `if(${text} = '', '', lower(hex(sipHash64(${text}, copy))))`;

const COPIED = [
  {
    table: 'oslo_messages',
    replace: {
      published_at: time('published_at'),
      unique_id: uuid('unique_id'),
      trace_id: uuid('trace_id'),
      parent_unique_id: uuid('parent_unique_id'),
      evidence_resource: uuid('evidence_resource'),
      request_id: requestId('request_id'),
      global_request_id: requestId('global_request_id'),
      replied_at: time('replied_at'),
      reply_published_at: time('reply_published_at'),
      delivered_at: `arrayMap(at -> ${time('at')}, delivered_at)`,
      resources: `arrayMap(id -> ${uuid('id')}, resources)`,
      ended_at: time('ended_at'),
    },
  },
  {
    table: 'otel_traces',
    replace: {
      Timestamp: time('Timestamp'),
      TraceId: hex('TraceId'),
      SpanId: spanId('SpanId'),
      ParentSpanId: spanId('ParentSpanId'),
      SpanAttributes: `mapApply((k, v) -> (k, ${requestId('v')}), SpanAttributes)`,
    },
  },
  {
    table: 'oslo_links',
    replace: {
      published_at: time('published_at'),
      unique_id: uuid('unique_id'),
      trace_id: uuid('trace_id'),
      to_trace_id: uuid('to_trace_id'),
      resource: uuid('resource'),
    },
  },
  {
    table: 'oslo_critical_path',
    replace: {
      started_at: time('started_at'),
      trace_id: uuid('trace_id'),
      unique_id: uuid('unique_id'),
      stage_unique_id: uuid('stage_unique_id'),
      from_at: time('from_at'),
      to_at: time('to_at'),
    },
  },
] as const;

function copySql(table: string, replace: Readonly<Record<string, string>>): string {
  const columns = Object.entries(replace).map(([name, expression]) => `${expression} AS ${name}`);
  return `INSERT INTO ${table} SELECT s.* REPLACE (${columns.join(', ')}) FROM seed_${table} AS s
    CROSS JOIN (SELECT {from:UInt32} + number AS copy FROM numbers({count:UInt32})) AS c`;
}
