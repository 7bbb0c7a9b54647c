/**
 * Grafana's ClickHouse data source on the embedded store: the revision of the Native format that is agreed on, and clickhouse-go itself,
 * asking what the data source asks (grafana/clickhouse-datasource v4.20).
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { capturePath } from '../support/captures.ts';
import { oslotap, scratch } from '../support/cli.ts';
import { askThroughGo, buildGoClient, type GoAnswer, type GoRequest } from '../support/clickhouse-go/client.ts';
import { QueryProcess } from '../support/query-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'oslotap-'));
const HELLO = 'SELECT displayName(), version(), revision(), timezone()';
let server: QueryProcess;

beforeAll(async () => {
  expect(oslotap(['replay', capturePath('boot-1'), '--store', `chdb:${directory}`]).code).toBe(0);
  server = await QueryProcess.start(directory, { port: 0 });
});
afterAll(async () => {
  await server?.kill();
  rmSync(directory, { recursive: true, force: true });
});

async function bytesOf(query: string, parameters = ''): Promise<Buffer> {
  const response = await fetch(`${server.url}?${parameters}`, { method: 'POST', body: query });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

async function rowsOf(query: string): Promise<unknown[][]> {
  const parameters = 'default_format=JSONCompactEachRow&output_format_json_quote_64bit_integers=0&date_time_output_format=iso';
  const text = (await bytesOf(query, `${parameters}&output_format_json_quote_denormals=1`)).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

describe('the revision', () => {
  test('is 0, whoever asks; the machine’s name is not told', async () => {
    const [rows] = await rowsOf(HELLO);
    expect(rows).toEqual(['oslotap', expect.stringMatching(/^\d+\.\d+\./), 0, expect.any(String)]);
    const names = await bytesOf(HELLO, 'default_format=TSVWithNames');
    expect(names.toString()).toMatch(/^displayName\(\)\tversion\(\)\trevision\(\)\ttimezone\(\)\n/);
  });

  test('of the answer to that question is the client’s, of all others it is 0', async () => {
    const plain = await bytesOf(HELLO, 'default_format=Native');
    const info = Buffer.from('0100 02ffffffff 00'.replaceAll(' ', ''), 'hex');
    expect(await bytesOf(HELLO, 'default_format=Native&client_protocol_version=54453')).toEqual(Buffer.concat([info, plain]));
    const flagged = await bytesOf(HELLO, 'default_format=Native&client_protocol_version=54460');
    expect(flagged.length).toBe(info.length + plain.length + 4);
    for (const query of ['SELECT 1', 'SHOW TABLES', 'SELECT * FROM otel_traces ORDER BY SpanId LIMIT 5'])
      expect(await bytesOf(query, 'default_format=Native&client_protocol_version=54460')).toEqual(
        await bytesOf(query, 'default_format=Native'),
      );
  });

  test('the engine has no function of its own that begins like the names of Grafana’s query builder', async () => {
    expect(await rowsOf("SELECT count() FROM system.functions WHERE startsWith(name, '__gf_')")).toEqual([[0]]);
  });
});

test('a compressed result that breaks off tells why, and has no end', async () => {
  const asked = request(`${server.url}?enable_http_compression=1`, { method: 'POST', headers: { 'accept-encoding': 'gzip' } });
  asked.end('SELECT number, throwIf(number = 400000) FROM numbers(500000)');
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  await expect(once(response, 'end')).rejects.toThrow('aborted');
  const packed = Buffer.concat(chunks);
  expect(() => gunzipSync(packed)).toThrow('unexpected end of file');
  const text = gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
  expect(text).toMatch(
    /^0\t0\n.*\r\n__exception__\r\n\w{16}\r\nCode: 395\. DB::Exception: .*\n\d+ \w{16}\r\n__exception__\r\n$/s,
  );
});

describe('clickhouse-go', () => {
  let missing: string | null = null;

  beforeAll(() => {
    missing = buildGoClient();
    if (missing !== null) console.warn(`SKIPPED: Grafana's ClickHouse client: ${missing}`);
  }, 600_000);

  function testWithGo(title: string, body: () => Promise<void>): void {
    test(title, async ({ skip }) => {
      if (missing !== null) return skip(missing);
      await body();
    });
  }

  async function ask(request: GoRequest, url = server.url): Promise<readonly GoAnswer[]> {
    const answers = await askThroughGo(url, request);
    expect(answers).toHaveLength(request.queries.length);
    return answers;
  }

  testWithGo('every type comes as it went', async () => {
    const [answer] = await ask({ queries: [{ sql: `SELECT ${TYPES.map(([sql], i) => `${sql} AS c${i}`).join(', ')}` }] });
    expect(answer?.failed).toBe('');
    expect(TYPES.map(([sql], i) => [sql, answer?.types?.[i], answer?.rows?.[0]?.[i]])).toEqual(TYPES);
  });

  testWithGo('every table reads as it does in JSON', async () => {
    const columns = await rowsOf(
      `SELECT table, arrayStringConcat(groupArray(name), '\`, \`') FROM (SELECT table, name FROM system.columns WHERE database = 'default'
       AND NOT startsWith(type, 'AggregateFunction') ORDER BY table, position) GROUP BY table ORDER BY table`,
    );
    expect(columns.length).toBeGreaterThan(15);
    const queries = columns.map(([table, names]) => `SELECT \`${names}\` FROM ${table} ORDER BY toString(tuple(*)) LIMIT 10`);
    const answers = await ask({ queries: queries.map((sql) => ({ sql })) });
    expect(answers.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBeGreaterThan(100);
    for (const [i, sql] of queries.entries()) {
      const { failed, rows } = answers[i] as GoAnswer;
      expect([sql, failed, sameTimes(rows ?? [])]).toEqual([sql, '', sameTimes(await rowsOf(sql))]);
    }
  });

  testWithGo('what the data source asks of the schema', async () => {
    const queries = SCHEMA_QUERIES.map((sql) => ({ sql }));
    for (const [i, answer] of (await ask({ queries })).entries()) {
      expect([SCHEMA_QUERIES[i], answer.failed]).toEqual([SCHEMA_QUERIES[i], '']);
      expect([SCHEMA_QUERIES[i], answer.rowCount > 0]).toEqual([SCHEMA_QUERIES[i], true]);
    }
  });

  testWithGo('a panel over time with quantiles, and a trace as the query builder asks for it', async () => {
    const [[traceId] = []] = await rowsOf(
      'SELECT TraceId FROM otel_traces GROUP BY TraceId ORDER BY count() DESC, TraceId LIMIT 1',
    );
    const [panel, trace] = await ask({ queries: [{ sql: PANEL }, { sql: traceQuery(String(traceId)) }] });
    expect([panel?.failed, trace?.failed]).toEqual(['', '']);
    expect(panel?.types).toEqual(['DateTime', 'LowCardinality(String)', 'Float64', 'UInt64']);
    expect(sameTimes(panel?.rows ?? [])).toEqual(sameTimes((await rowsOf(PANEL)).slice(0, 10)));
    expect(panel?.rowCount).toBeGreaterThan(5);
    const [[spans] = []] = await rowsOf(`SELECT count() FROM otel_traces WHERE TraceId = '${traceId}'`);
    expect(trace?.rowCount).toBe(spans);
    expect(trace?.rows?.[0]).toEqual([traceId, expect.any(String), expect.any(String), expect.any(Number), expect.any(Array)]);
  });

  testWithGo('parameters, a result of many blocks, one without a row, a limit of rows, and compression', async () => {
    const queries = [
      { sql: 'SELECT {a:String} AS a, {n:UInt8} AS n', args: { a: "it's", n: 3 } },
      { sql: "SELECT number, repeat('x', 100) FROM numbers(300000)" },
      { sql: 'SELECT 1 AS a WHERE 0' },
    ];
    for (const settings of [{}, { enable_http_compression: '1' }]) {
      const [bound, blocks, empty] = await ask({ queries, settings });
      expect(bound).toMatchObject({ failed: '', rows: [["it's", 3]] });
      expect(blocks).toMatchObject({ failed: '', rowCount: 300_000 });
      expect(empty).toMatchObject({ failed: '', rowCount: 0 });
    }
    const [limited] = await ask({ queries: [{ sql: 'SELECT number FROM numbers(1000)' }], settings: { limit: '7' } });
    expect(limited).toMatchObject({ failed: '', rowCount: 7 });
  });

  testWithGo('an exception is one to the client: before the result, and in the middle of it', async () => {
    const queries = [
      'SELECT nothing',
      'SELECT throwIf(1)',
      'INSERT INTO oslo_gaps SELECT * FROM oslo_gaps',
      'SELECT number, throwIf(number = 400000) FROM numbers(500000)',
    ].map((sql) => ({ sql }));
    for (const settings of [{}, { enable_http_compression: '1' }]) {
      const answers = await ask({ queries, settings });
      expect(answers.map(({ failed }) => failed)).toEqual([
        expect.stringMatching(/HTTP 404.*Code: 47\. DB::Exception.*UNKNOWN_IDENTIFIER/s),
        expect.stringMatching(/HTTP 500.*Code: 395\. DB::Exception/s),
        expect.stringMatching(/HTTP 500.*Code: 164\. DB::Exception.*READONLY/s),
        expect.stringMatching(/Code: 395\. DB::Exception.*FUNCTION_THROW_IF_VALUE_IS_NON_ZERO/s),
      ]);
      expect(answers.map(({ rowCount }) => rowCount > 0)).toEqual([false, false, false, true]);
      expect(answers[3]?.rowCount).toBeLessThan(500_000);
    }
  });

  testWithGo('all panels of a dashboard at once, on the fifty connections that the data source opens', async () => {
    const queries = Array.from({ length: 100 }, (_, i) => ({ sql: `SELECT count() + ${i} AS n FROM otel_traces` }));
    const answers = await ask({ queries, connections: 50 });
    expect(answers.map(({ failed, rows }) => failed || rows?.[0]?.[0])).toEqual(queries.map((_, i) => 146 + i));
  });

  testWithGo('an empty store gives answers without rows', async () => {
    const empty = await QueryProcess.start(join(scratch(), 'data'), { port: 0, login: { user: 'grafana', password: 'pass' } });
    onTestFinished(() => empty.kill());
    const queries = [{ sql: PANEL }, { sql: traceQuery('none') }, { sql: 'SELECT * FROM oslo_requests' }];
    const answers = await askThroughGo(empty.url, { queries }, ['grafana', 'pass']);
    expect(answers.map(({ failed, rowCount }) => [failed, rowCount])).toEqual(queries.map(() => ['', 0]));
    const [refused] = await askThroughGo(empty.url, { queries }, ['grafana', 'wrong']);
    expect(refused?.failed).toMatch(/HTTP 403.*Code: 516/s);
  });
});

/** An expression, its type as the client sees it, its value as Go writes it in JSON. */
const TYPES: readonly (readonly [string, string, unknown])[] = [
  ['200::UInt8', 'UInt8', 200],
  ['60000::UInt16', 'UInt16', 60_000],
  ['4000000000::UInt32', 'UInt32', 4_000_000_000],
  ['9007199254740991::UInt64', 'UInt64', Number.MAX_SAFE_INTEGER],
  ['-1::Int8', 'Int8', -1],
  ['-9007199254740991::Int64', 'Int64', Number.MIN_SAFE_INTEGER],
  ['0.5::Float32', 'Float32', 0.5],
  ['0.1::Float64', 'Float64', 0.1],
  ['nan', 'Float64', 'nan'],
  ['true', 'Bool', true],
  ["'é\\0x'", 'String', 'é\0x'],
  ["toFixedString('ab', 3)", 'FixedString(3)', 'ab\0'],
  ["toUUID('707e4331-827d-4eb7-9933-1ef7a3949adb')", 'UUID', '707e4331-827d-4eb7-9933-1ef7a3949adb'],
  ["CAST('b', 'Enum8(\\'a\\' = -1, \\'b\\' = 2)')", "Enum8('a' = -1, 'b' = 2)", 'b'],
  ["toLowCardinality('lc')", 'LowCardinality(String)', 'lc'],
  ["toDate('2026-11-22')", 'Date', '2026-11-22T00:00:00Z'],
  // A zone at the top is left out at revision 0: the moment is the same.
  ["toDateTime('2026-11-22 10:00:00', 'Europe/Oslo')", 'DateTime', '2026-11-22T09:00:00Z'],
  ["toDateTime64('2026-11-22 10:00:00.123', 3, 'UTC')", "DateTime64(3, 'UTC')", '2026-11-22T10:00:00.123Z'],
  [
    "toDateTime64('2026-11-22 10:00:00.123456789', 9, 'Asia/Tokyo')",
    "DateTime64(9, 'Asia/Tokyo')",
    '2026-11-22T01:00:00.123456789Z',
  ],
  ["[toDateTime64('2026-11-22 10:00:00.5', 9, 'UTC')]", "Array(DateTime64(9, 'UTC'))", ['2026-11-22T10:00:00.5Z']],
  ['[1, 2]::Array(UInt16)', 'Array(UInt16)', [1, 2]],
  ['[]::Array(String)', 'Array(String)', []],
  ["map(toLowCardinality('k'), 'v')", 'Map(LowCardinality(String), String)', { k: 'v' }],
  ["[map(toLowCardinality('k'), 'v')]", 'Array(Map(LowCardinality(String), String))', [{ k: 'v' }]],
  ["tuple(1, 'a')", 'Tuple(UInt8, String)', [1, 'a']],
  ["CAST(tuple(1, 'a'), 'Tuple(n UInt8, s String)')", 'Tuple(n UInt8, s String)', { n: 1, s: 'a' }],
  ['NULL::Nullable(String)', 'Nullable(String)', null],
  ['5::Nullable(UInt32)', 'Nullable(UInt32)', 5],
  ['NULL', 'Nullable(Nothing)', null],
  ["[NULL, 'x']", 'Array(Nullable(String))', [null, 'x']],
  ["CAST(7, 'SimpleAggregateFunction(max, UInt64)')", 'SimpleAggregateFunction(max, UInt64)', 7],
];

/** Of the data source's src/data/CHDatasource.ts and CHVariableSupport.tsx. */
const SCHEMA_QUERIES: readonly string[] = [
  'SELECT 1',
  'SHOW DATABASES',
  'SHOW TABLES',
  'SHOW TABLES FROM "default"',
  'DESC TABLE "default"."otel_traces"',
  'SELECT name FROM system.databases ORDER BY name',
  "SELECT name FROM system.tables WHERE database = 'default' ORDER BY name",
  "SELECT name FROM system.columns WHERE database = 'default' AND table = 'oslo_messages' ORDER BY name",
  'SELECT name, type, table FROM system.columns',
  "SELECT name, type, table FROM system.columns WHERE database IN ('default') AND table = 'otel_traces'",
  'SELECT version()',
  `SELECT name, is_aggregate, case_insensitive, alias_to, origin, description, syntax, arguments, returned_value, examples, categories
   FROM system.functions LIMIT 10000`,
  'SELECT DISTINCT arrayJoin(mapKeys("SpanAttributes")) as keys FROM (SELECT "SpanAttributes" FROM "default"."otel_traces" LIMIT 1000) LIMIT 1000',
  'SELECT DISTINCT "ServiceName" FROM "default"."otel_traces" WHERE "ServiceName" IS NOT NULL LIMIT 1000',
  'select distinct kind from oslo_messages limit 1000',
];

/** Macros are replaced by the data source. */
const PANEL = `SELECT toStartOfInterval(toDateTime(minute), INTERVAL 60 second) AS time, method,
  quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(duration_us)[3] AS p95, sum(messages) AS n
FROM oslo_methods_1m FINAL WHERE minute >= toDateTime(1500000000) AND minute <= toDateTime(2000000000)
GROUP BY time, method ORDER BY time, method`;

/** As the query builder makes it (src/data/sqlGenerator.ts). */
function traceQuery(traceId: string): string {
  return `WITH '${traceId}' as __gf_trace_id, (SELECT min(Start) FROM "default"."otel_traces_trace_id_ts" WHERE TraceId = __gf_trace_id) as __gf_trace_start,
    (SELECT max(End) + 1 FROM "default"."otel_traces_trace_id_ts" WHERE TraceId = __gf_trace_id) as __gf_trace_end
  SELECT "TraceId" as traceID, "SpanId" as spanID, "ServiceName" as serviceName, multiply("Duration", 0.000001) as duration,
    arrayMap(key -> map('key', key, 'value', "SpanAttributes"[key]), mapKeys("SpanAttributes")) as tags
  FROM "default"."otel_traces" WHERE traceID = __gf_trace_id AND "Timestamp" >= __gf_trace_start AND "Timestamp" <= __gf_trace_end`;
}

/** Times as Go writes them: without noughts at the end of the second. */
function sameTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sameTimes);
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return value;
  return value.replace(/(\.\d*?)0*Z$/, (_, fraction: string) => (fraction === '.' ? 'Z' : `${fraction}Z`));
}
