/**
 * A ClickHouse server, as far as clients of its HTTP interface can tell: the embedded engine in a process of its own, with rights to
 * write, and with the faults that servers and networks have.
 *
 * Its data are where `chdb:DIRECTORY` would have them.
 *
 * usage: clickhouse-server-child.ts DIRECTORY [JSON of ServerOptions]      forked: see clickhouse-server.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { Session } from 'chdb';
import { type Exception, engineException, exception, statusOf, textOf } from '../../src/query/exception.ts';

export interface ServerOptions {
  /** @default 0: any free one */
  readonly port?: number;
  /** @default nobody is asked for one */
  readonly user?: string;
  readonly password?: string;
  /** What may be done, each a GRANT without its receiver: `GRANT SELECT ON oslotap.*`. @default all */
  readonly grants?: readonly string[];
}

export interface Fault {
  /**
   * `lose_answer`: done, and the connection is cut before the answer; `unavailable`: 503 of a proxy; `overloaded`: ClickHouse's
   * own refusal; `denied`: the user has no right to it; `slow`: waits first.
   */
  readonly kind: 'lose_answer' | 'unavailable' | 'overloaded' | 'denied' | 'slow';
  /** Of statements that match this pattern. */
  readonly statement: string;
  /** So many of them; then it is over. */
  readonly times: number;
  /** @default 0 */
  readonly waitMs?: number;
}

export interface SeenRequest {
  /** Its first 8,000 characters. */
  readonly statement: string;
  readonly database: string;
  /** Of the URL: settings, `query_id` and others. */
  readonly settings: Readonly<Record<string, string>>;
  readonly encoding: string;
  readonly bodyBytes: number;
  readonly status: number;
  /** Inserts that were on their way as it came, itself included. */
  readonly insertsAtOnce: number;
}

export type Wish =
  | { readonly ask: 'faults'; readonly faults: readonly Fault[] }
  | { readonly ask: 'seen' }
  | { readonly ask: 'end' };

/** What `http_max_field_value_size` says. */
const FIELD_BYTES_MAX = 128 * 1024;
const DENIED =
  "oslotap: Not enough privileges. To execute this query, it's necessary to have the grant INSERT(unique_id) ON default.oslo_messages";
const NO_SETTINGS = new Set(['query', 'database', 'query_id', 'session_id', 'wait_end_of_query', 'role']);

interface Statement {
  readonly sql: string;
  /** Rows of an INSERT. */
  readonly data: Buffer | null;
  readonly params: ReadonlyMap<string, string>;
}

class ClickHouseServer {
  readonly #session: Session;
  readonly #options: ServerOptions;
  #faults: Fault[] = [];
  seen: SeenRequest[] = [];
  #insertsAtOnce = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(directory: string, options: ServerOptions) {
    mkdirSync(directory, { recursive: true });
    const connectionArgs = options.grants === undefined ? [] : accessArguments(directory, options.grants);
    this.#session = new Session(join(directory, 'chdb'), { connectionArgs });
    this.#options = options;
  }

  set faults(faults: readonly Fault[]) {
    this.#faults = [...faults];
  }

  close(): void {
    this.#session.close();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const url = new URL(request.url ?? '', 'http://localhost');
    if (url.pathname === '/ping') return void response.end('Ok.\n');
    const statement = await statementOf(request, url, raw);
    const sql = 'code' in statement ? '' : statement.sql;
    const isInsert = /^\s*INSERT\b.*\bFORMAT\b/is.test(sql);
    if (isInsert) this.#insertsAtOnce++;
    const insertsAtOnce = this.#insertsAtOnce;
    const fault = this.#takeFault(sql);
    if (fault?.waitMs !== undefined) await sleep(fault.waitMs);
    const outcome = await this.#outcome(request, url, statement, fault);
    if (isInsert) this.#insertsAtOnce--;
    this.seen.push({
      statement: sql.slice(0, 8_000),
      database: url.searchParams.get('database') ?? '',
      settings: Object.fromEntries(url.searchParams),
      encoding: request.headers['content-encoding'] ?? '',
      bodyBytes: raw.length,
      status: outcome.status,
      insertsAtOnce,
    });
    if (fault?.kind === 'lose_answer') return void request.socket.destroy();
    response.writeHead(outcome.status, outcome.headers).end(outcome.body);
  }

  #takeFault(sql: string): Fault | null {
    const i = this.#faults.findIndex(({ statement, times }) => times > 0 && new RegExp(statement, 'i').test(sql));
    const fault = this.#faults[i];
    if (fault === undefined) return null;
    this.#faults[i] = { ...fault, times: fault.times - 1 };
    return fault;
  }

  async #outcome(request: IncomingMessage, url: URL, statement: Statement | Exception, fault: Fault | null): Promise<Outcome> {
    if (fault?.kind === 'unavailable')
      return { status: 503, headers: { 'Retry-After': '1' }, body: '<html>no server is available</html>' };
    if (fault?.kind === 'overloaded')
      return refused(exception('TOO_MANY_SIMULTANEOUS_QUERIES', 'Too many simultaneous queries'), 500);
    if (fault?.kind === 'denied') return refused(exception('ACCESS_DENIED', DENIED));
    if (!this.#isRight(request))
      return refused(exception('AUTHENTICATION_FAILED', `${this.#options.user}: Authentication failed`));
    if ('code' in statement) return refused(statement);
    const turn = this.#turn.then(() => this.#run(url, statement));
    this.#turn = turn.catch(() => {});
    return await turn;
  }

  #isRight({ headers }: IncomingMessage): boolean {
    const { user, password = '' } = this.#options;
    return user === undefined || headers.authorization === `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }

  async #run(url: URL, { sql, data, params }: Statement): Promise<Outcome> {
    const database = url.searchParams.get('database') || 'default';
    const settings = [...url.searchParams].filter(([name]) => !NO_SETTINGS.has(name) && !name.startsWith('param_'));
    try {
      const [known] = await this.#rows(`SELECT count() AS n FROM system.databases WHERE name = ${quoted(database)}`);
      if (known?.n === 0) return refused(exception('UNKNOWN_DATABASE', `Database ${database} does not exist`));
      await this.#session.queryAsync(`USE \`${database}\``);
      for (const [name, value] of settings) await this.#session.queryAsync(`SET ${name} = ${quoted(value)}`);
      for (const [name, value] of params) await this.#session.queryAsync(`SET param_${name} = ${quoted(value)}`);
      const text = data === null ? sql : `${sql}\n${data.toString()}`;
      const result = await this.#session.queryAsync(text, { format: 'TabSeparated' });
      return { status: 200, headers: { 'X-ClickHouse-Summary': '{}' }, body: Buffer.from(result.bytes()) };
    } catch (error) {
      return refused(engineException(error instanceof Error ? error.message : String(error)));
    } finally {
      for (const [name] of settings) await this.#session.queryAsync(`SET ${name} = DEFAULT`).catch(() => {});
    }
  }

  async #rows(sql: string): Promise<{ n?: number }[]> {
    const text = (await this.#session.queryAsync(sql, { format: 'JSONEachRow' })).text();
    return text === '' ? [] : (JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as { n?: number }[]);
  }
}

interface Outcome {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer | string;
}

function refused(failed: Exception, status = statusOf(failed)): Outcome {
  return { status, headers: { 'X-ClickHouse-Exception-Code': String(failed.code) }, body: `${textOf(failed)}\n` };
}

/** As the server does: a form is read as it came, any other body decompressed; what the URL has as `query` stands before the body. */
async function statementOf(request: IncomingMessage, url: URL, raw: Buffer): Promise<Statement | Exception> {
  const params = new Map(
    [...url.searchParams].filter(([name]) => name.startsWith('param_')).map(([name, value]) => [name.slice(6), value]),
  );
  const type = request.headers['content-type'] ?? '';
  let sql = url.searchParams.get('query') ?? '';
  let data: Buffer | null = null;
  if (type.startsWith('multipart/form-data')) {
    const form = await new Response(new Uint8Array(raw), { headers: { 'content-type': type } }).formData();
    for (const [name, value] of form) {
      if (name === 'query') sql = String(value);
      else params.set(name.replace(/^param_/, ''), String(value));
    }
  } else {
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    if (sql === '') sql = body.toString();
    else data = body;
  }
  const isLong = [...params.values()].some((value) => Buffer.byteLength(value) > FIELD_BYTES_MAX);
  return isLong ? exception('STD_EXCEPTION', 'Poco::Exception. Code: 1000, Field value too long') : { sql, data, params };
}

/** The engine has one user, whose rights are read from a file. */
function accessArguments(directory: string, grants: readonly string[]): string[] {
  const file = join(directory, 'access.xml');
  const queries = ['GRANT SELECT ON system.*', ...grants].map((grant) => `<query>${grant}</query>`).join('');
  const user = `<default><password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota><grants>${queries}</grants></default>`;
  writeFileSync(
    file,
    `<clickhouse><profiles><default/></profiles><users>${user}</users><quotas><default/></quotas></clickhouse>`,
  );
  return [`--config-file=${file}`, `--users_config=${file}`];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

const [directory = '', json = '{}'] = process.argv.slice(2);
const options = JSON.parse(json) as ServerOptions;
const server = new ClickHouseServer(directory, options);
const http = createServer({ keepAliveTimeout: 10_000 }, (request, response) => {
  server.handle(request, response).catch((error: unknown) => {
    process.stderr.write(`${error}\n`);
    request.socket.destroy();
  });
});
http.listen(options.port ?? 0, '127.0.0.1', () => process.send?.((http.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
process.on('message', (wish: Wish) => {
  if (wish.ask === 'faults') {
    server.faults = wish.faults;
    process.send?.(null);
  }
  if (wish.ask === 'seen') process.send?.(server.seen.splice(0));
  if (wish.ask === 'end') {
    http.closeAllConnections();
    http.close();
    server.close();
    process.exit();
  }
});
