/**
 * What dashboards and `oslotap show` cost on a store with millions of spans: rows read by each panel, one trace beside one row, bytes
 * on the disk. `--spans N` says how many; `--keep DIR` keeps the store, and takes it again when it is there: 50 million take half
 * an hour and 5 GB.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Session } from 'chdb';
import { messagesOf } from '../../src/queries/traces.ts';
import { openChdb } from '../../src/store/chdb.ts';
import type { Store } from '../../src/store/store.ts';
import { choose, serverSql } from '../dashboards/support/choices.ts';
import { CLICKHOUSE, DASHBOARDS, panelsOf, targetsOf } from '../dashboards/support/dashboards.ts';
import type { Frame } from '../dashboards/support/store.ts';
import { largeStore } from './large-store.ts';
import { megabytes, number, type Report } from './report.ts';

export interface QueryOptions {
  readonly spans: number;
  /** `''`: a store that is removed in the end. */
  readonly keep: string;
}

/** A dashboard opens with an hour; a panel's points are a minute apart. */
const RANGE_MS = 3_600_000;
const INTERVAL_MS = 60_000;
/** Of the rows of a full scan, where a panel reads more than sums of minutes. */
const SHARE_MAX = 0.01;
const TRACES = 40;
const TRACE_RATIO_MAX = 5;
const BYTES_A_SPAN_MAX = 100;
const BASE = /\b(oslo_messages|oslo_requests|oslo_traces_between|otel_traces|oslo_links|oslo_critical_path|oslo_unmatched)\b/g;

export async function benchQuery({ spans, keep }: QueryOptions): Promise<Report[]> {
  const directory = keep === '' ? mkdtempSync(join(tmpdir(), 'oslotap-query-')) : keep;
  const progress = (line: string) => console.error(`query: ${line}`);
  if (!existsSync(join(directory, 'chdb'))) await (await largeStore({ directory, spans, progress })).close();
  const store = await openChdb({ directory, command: 'bench', isWriter: false });
  const reports = [await disk(store), await oneTrace(store)];
  await store.close();
  const { Session } = await import('chdb');
  const session = new Session(join(directory, 'chdb'));
  try {
    return [...reports, await panels(session)];
  } finally {
    session.close();
    if (keep === '') rmSync(directory, { recursive: true, force: true });
  }
}

async function disk(store: Store): Promise<Report> {
  const tables = await store.query<{ table: string; rows: number; bytes: number }>(
    `SELECT table, toFloat64(sum(rows)) AS rows, toFloat64(sum(bytes_on_disk)) AS bytes FROM system.parts
     WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC`,
  );
  const spans = tables.find(({ table }) => table === 'otel_traces')?.rows ?? 0;
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  return {
    title: `${spans.toLocaleString('en-US')} spans on the disk`,
    rows: [
      ['table', 'rows', 'size', 'bytes a span'],
      ...tables.map((table) => [
        table.table,
        table.rows.toLocaleString('en-US'),
        megabytes(table.bytes),
        number(table.bytes / spans),
      ]),
    ],
    verdicts: [
      {
        claim: `at most ${BYTES_A_SPAN_MAX} bytes a span in all tables: ${number(bytes / spans)}`,
        holds: bytes <= BYTES_A_SPAN_MAX * spans,
      },
    ],
    figures: { query_bytes_a_span: bytes / spans },
  };
}

/** All messages of a trace, as `show` asks for them, beside one message by its whole key; each with traces drawn from the whole store. */
async function oneTrace(store: Store): Promise<Report> {
  const drawn = await store.query<{ trace: string; id: string; at: string }>(
    `SELECT lower(hex(trace_id)) AS trace, toString(unique_id) AS id, toString(published_at) AS at FROM oslo_messages
     WHERE is_request ORDER BY sipHash64(unique_id) LIMIT ${TRACES}`,
  );
  const point = ({ id, at }: { id: string; at: string }) =>
    store.query(
      "SELECT * FROM oslo_messages WHERE published_at = toDateTime64({at:String}, 9, 'UTC') AND unique_id = {id:UUID}",
      { at, id },
    );
  const times = { point: [] as number[], trace: [] as number[] };
  let messages = 0;
  // The first round warms the engine up.
  for (const round of [0, 1]) {
    for (const one of drawn) {
      const began = performance.now();
      const found = await point(one);
      const between = performance.now();
      messages += (await messagesOf(store, one.trace)).length;
      if (found.length !== 1) throw new Error(`the row of ${one.id} was not found`);
      if (round === 0) continue;
      times.point.push(between - began);
      times.trace.push(performance.now() - between);
    }
  }
  const [pointMs, traceMs] = [median(times.point), median(times.trace)];
  return {
    title: `One trace (${number(messages / 2 / drawn.length)} messages on average) beside one row`,
    rows: [
      ['', 'ms, median', 'the slowest'],
      ['one message by its key', number(pointMs), number(Math.max(...times.point))],
      ['all messages of a trace by its id', number(traceMs), number(Math.max(...times.trace))],
    ],
    verdicts: [
      {
        claim: `a trace costs at most ${TRACE_RATIO_MAX} times a row: ${number(traceMs / pointMs)}`,
        holds: traceMs <= TRACE_RATIO_MAX * pointMs,
      },
    ],
    figures: { query_trace_ratio: traceMs / pointMs },
  };
}

interface Answer {
  readonly meta: Frame['columns'];
  readonly data: unknown[][];
  readonly statistics: { readonly rows_read: number };
}

async function panels(session: Session): Promise<Report> {
  let read = 0;
  const ask = async (sql: string, refId = 'A'): Promise<Frame> => {
    const result = await session.queryAsync(sql, { format: 'JSONCompact' });
    const { meta, data, statistics } = JSON.parse(result.text()) as Answer;
    read += statistics.rows_read;
    return { refId, columns: meta, rows: data };
  };
  const one = async (sql: string) => (await ask(sql)).rows[0]?.[0];
  // In the middle: at the ends copies of some captures only are there.
  const middle = 'intDiv(toUnixTimestamp64Milli(min(published_at)) + toUnixTimestamp64Milli(max(published_at)), 2)';
  const toMs = Number(await one(`SELECT ${middle} FROM oslo_messages`));
  const range = { fromMs: toMs - RANGE_MS, toMs, intervalMs: INTERVAL_MS };
  const inRange = `toUnixTimestamp64Milli(published_at) BETWEEN ${range.fromMs} AND ${toMs} AND is_request AND operation = 'server.create'`;
  const request = String(await one(`SELECT concat('req-', toString(trace_id)) FROM oslo_messages WHERE ${inRange} LIMIT 1`));
  const whole = Number(await one('SELECT (SELECT count() FROM oslo_messages) + (SELECT count() FROM otel_traces)'));
  const rows: string[][] = [];
  const tooMuch: string[] = [];
  for (const { dashboard } of DASHBOARDS) {
    const { values } = await choose({ clickhouse: { ask } }, dashboard, { range, mode: 'default', typed: { request } });
    for (const panel of panelsOf(dashboard)) {
      for (const target of targetsOf(dashboard, panel, CLICKHOUSE)) {
        const sql = serverSql(target.rawSql ?? '', values, range);
        read = 0;
        const began = performance.now();
        await ask(sql);
        const ms = performance.now() - began;
        const base = [...new Set(sql.match(BASE) ?? [])].join(', ');
        const title = `${dashboard.title} · ${panel.title} ${target.refId}`;
        rows.push([title, read.toLocaleString('en-US'), `${((100 * read) / whole).toFixed(3)} %`, number(ms), base]);
        if (base !== '' && read > SHARE_MAX * whole) tooMuch.push(title);
      }
    }
  }
  return {
    title: `Panels over one hour of a week (a full scan is ${whole.toLocaleString('en-US')} rows, messages and spans)`,
    rows: [['panel', 'rows read', 'of a full scan', 'ms', 'reads more than sums of minutes'], ...rows],
    verdicts: [
      {
        claim: `none reads more than ${100 * SHARE_MAX} % of the messages and spans: ${tooMuch.join('; ') || 'all'}`,
        holds: tooMuch.length === 0 && rows.length > 0,
      },
    ],
    figures: { query_panels: rows.length, query_panels_too_dear: tooMuch.length },
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
