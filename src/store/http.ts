/** A store over ClickHouse's HTTP interface: a server's, or that of a running sidecar. */
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { Failed, reasonOf } from '../errors.ts';
import type { QueryParams, Store } from './store.ts';

export interface HttpStoreOptions {
  /** `http[s]://host:port/`, without user and password. */
  readonly url: string;
  readonly database: string;
  readonly login: { readonly user: string; readonly password: string } | { readonly token: string };
  /** For messages: `the sidecar (process 4711)`. */
  readonly name: string;
  /** Silence before a request is given up. Milliseconds. */
  readonly timeoutMs: number;
}

/** 64-bit integers as numbers, as the embedded engine writes them. */
const SETTINGS = { output_format_json_quote_64bit_integers: 0 } as const;

/** Opens nothing yet: the first query connects. */
export class HttpStore implements Store {
  readonly isExclusive = false;
  readonly #client: ClickHouseClient;
  readonly #name: string;

  constructor({ url, database, login, name, timeoutMs }: HttpStoreOptions) {
    this.#name = name;
    this.#client = createClient({
      url,
      database,
      ...('token' in login ? { access_token: login.token } : { username: login.user, password: login.password }),
      application: 'oslotap',
      request_timeout: timeoutMs,
      max_open_connections: 4,
      // It tells of its errors by itself, many lines each.
      log: { level: ClickHouseLogLevel.OFF },
      // Values too long for a URL go as a form.
      use_multipart_params_auto: true,
    });
  }

  async query<Row>(sql: string, params: QueryParams = {}): Promise<Row[]> {
    return await this.#guard(async () => {
      const result = await this.#select(sql, params);
      return await result.json<Row>();
    });
  }

  async *stream<Row>(sql: string, params: QueryParams = {}): AsyncGenerator<Row> {
    const result = await this.#guard(() => this.#select(sql, params));
    const batches = result.stream<Row>();
    try {
      for await (const rows of batches) {
        for (const row of rows) yield row.json();
      }
    } catch (error) {
      throw this.#failure(error);
    } finally {
      batches.destroy();
    }
  }

  async command(sql: string, params: QueryParams = {}): Promise<void> {
    await this.#guard(() => this.#client.command({ query: sql, query_params: params }));
  }

  async insert(table: string, columns: readonly string[], rows: readonly string[]): Promise<void> {
    const [first, ...others] = columns;
    if (rows.length === 0 || first === undefined) return;
    const values = Readable.from([`${rows.join('\n')}\n`], { objectMode: false });
    await this.#guard(() => this.#client.insert({ table, columns: [first, ...others], values, format: 'JSONCompactEachRow' }));
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #select(sql: string, params: QueryParams) {
    return this.#client.query({ query: sql, format: 'JSONEachRow', query_params: params, clickhouse_settings: SETTINGS });
  }

  async #guard<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): Failed {
    if (error instanceof ClickHouseError)
      return new Failed(`${this.#name} refused: ${reasonOf(error)} (${error.type ?? error.code})`);
    return new Failed(`${this.#name} does not answer: ${codeOf(error) ?? reasonOf(error)}`);
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
