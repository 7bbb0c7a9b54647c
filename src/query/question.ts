/** What a request asks, read from its URL, headers and body as ClickHouse's server reads them. */
import type { IncomingMessage } from 'node:http';
import { type Exception, exception, isException } from './exception.ts';
import { DEFAULT_FORMAT, formatOf, type OutputFormat } from './formats.ts';
import { readHello, revisionOf } from './hello.ts';
import { type Limits, readSettings, type Settings } from './settings.ts';
import { readStatement, refuseIdentifier } from './statement.ts';

export interface Question {
  readonly sql: string;
  readonly format: OutputFormat;
  /** Of the Native format, for a client's first question; 0: as the engine writes it. */
  readonly helloRevision: number;
  /** Both the statement and the format can be. */
  readonly isStreamed: boolean;
  readonly params: ReadonlyMap<string, string>;
  readonly settings: Settings;
  /** Nothing is sent before the result is complete. */
  readonly isWhole: boolean;
  readonly isGzip: boolean;
}

/** Neither settings nor parameters of the query. */
const OWN: ReadonlySet<string> = new Set([
  'query',
  'user',
  'password',
  'database',
  'default_format',
  'query_id',
  'wait_end_of_query',
  'compress',
  'decompress',
]);

/** @param body its fields: `query`, and `param_…` where it was a form. */
export function readQuestion(
  { headers }: IncomingMessage,
  { searchParams }: URL,
  body: ReadonlyMap<string, string>,
  limits: Limits,
): Question | Exception {
  const refused = refuseParameters(searchParams, headers);
  if (refused !== null) return refused;
  const sql = [searchParams.get('query') ?? '', body.get('query') ?? ''].filter((part) => part !== '').join('\n');
  const hello = readHello(sql);
  const statement = readStatement(hello ?? sql);
  if (isException(statement)) return statement;
  const params = paramsOf([...searchParams, ...body], statement.sql);
  if (isException(params)) return params;
  const format = statement.format ?? formatWanted(single(headers['x-clickhouse-format']) ?? searchParams.get('default_format'));
  if (isException(format)) return format;
  const settings = readSettings(new Map([...searchParams].filter(isSetting)), limits);
  if (isException(settings)) return settings;
  const isGzip = isOn(searchParams.get('enable_http_compression')) && /\bgzip\b/i.test(String(headers['accept-encoding'] ?? ''));
  const helloRevision = hello !== null && format.name === 'Native' ? revisionOf(searchParams.get('client_protocol_version')) : 0;
  const isStreamed = statement.isSelect && format.isStreamed && helloRevision === 0;
  return {
    sql: statement.sql,
    format,
    helloRevision,
    isStreamed,
    params,
    settings,
    isWhole: isOn(searchParams.get('wait_end_of_query')),
    isGzip,
  };
}

function refuseParameters(searchParams: URLSearchParams, headers: IncomingMessage['headers']): Exception | null {
  const database = searchParams.get('database') ?? single(headers['x-clickhouse-database']) ?? '';
  if (!['', 'default'].includes(database)) return exception('UNKNOWN_DATABASE', 'Database does not exist: there is only default');
  if (isOn(searchParams.get('compress')) || isOn(searchParams.get('decompress')))
    return exception(
      'BAD_ARGUMENTS',
      "ClickHouse's own compression (compress=1, decompress=1) is not spoken here: enable_http_compression=1 with gzip is",
    );
  return null;
}

function formatWanted(name: string | null): OutputFormat | Exception {
  return name === null || name === '' ? DEFAULT_FORMAT : formatOf(name);
}

function isSetting([name]: [string, string]): boolean {
  return !OWN.has(name) && !name.startsWith('param_');
}

function isOn(value: string | null): boolean {
  return value !== null && value !== '' && value !== '0' && value !== 'false';
}

function single(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}

const PARAM = /^param_([A-Za-z_]\w{0,63})$/;

/** An identifier must be one that might stand in the query itself. */
function paramsOf(fields: readonly [string, string][], sql: string): ReadonlyMap<string, string> | Exception {
  const params = new Map<string, string>();
  for (const [field, value] of fields.filter(([field]) => field.startsWith('param_'))) {
    const name = PARAM.exec(field)?.[1];
    if (name === undefined || value.includes('\0'))
      return exception('BAD_ARGUMENTS', 'A parameter of the query has no valid name or value');
    params.set(name, value);
  }
  if (!/\bIdentifier\b/i.test(sql)) return params;
  for (const value of params.values()) {
    const refused = refuseIdentifier(value);
    if (refused !== null) return refused;
  }
  return params;
}
