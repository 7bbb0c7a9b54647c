/** A store over ClickHouse's HTTP interface: a server's, or that of a running sidecar. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client';
import { failureOf, isAmbiguous, isPassing, ServerFailure } from './http-failure.ts';
import { formOf, splitLists } from './http-parameters.ts';
import type { QueryParams, Store } from './store.ts';
import { Turns } from './turns.ts';

export interface HttpStoreOptions {
  /** `http[s]://host:port/`, without user and password. */
  readonly url: string;
  readonly database: string;
  readonly login: { readonly user: string; readonly password: string } | { readonly token: string };
  /** For messages: `the sidecar (process 4711)`. */
  readonly name: string;
  /** Silence before a request is given up. Milliseconds. */
  readonly timeoutMs: number;
  /** The authority that signed the server's certificate, PEM. @default the system's */
  readonly ca?: Buffer;
  /** Its tables are spread over a cluster (laid-out-store.ts). @default false */
  readonly isCluster?: boolean;
  /** They have replicas. @default false */
  readonly isReplicated?: boolean;
}

/** 64-bit integers as numbers, as the embedded engine writes them. */
const READING: ClickHouseSettings = { output_format_json_quote_64bit_integers: 0 };
/** Answered when it is done, and not before. */
const WRITING: ClickHouseSettings = {
  async_insert: 0,
  wait_end_of_query: 1,
  // What a materialized view makes of an insert is told apart by the insert's token, too: it is there once, and not lost either.
  deduplicate_blocks_in_dependent_materialized_views: 1,
};
const COMMANDING: ClickHouseSettings = { ...WRITING, lightweight_deletes_sync: '2' };
/** A subquery is of the whole cluster, not of each shard; and what was just written is read from where it was written. */
const READING_OF_CLUSTER: ClickHouseSettings = {
  distributed_product_mode: 'global',
  prefer_global_in_and_join: 1,
  load_balancing: 'in_order',
};
/** Rows are at their shards when an insert is answered; what is computed is computed here, not by each shard for itself. */
const WRITING_OF_CLUSTER: ClickHouseSettings = {
  ...READING_OF_CLUSTER,
  distributed_foreground_insert: 1,
  parallel_distributed_insert_select: '0',
};

/** A removal by a list has a subquery, of which a table with replicas cannot know that it gives each of them the same. */
const COMMANDING_REPLICAS: ClickHouseSettings = { allow_nondeterministic_mutations: 1 };

const INSERTS_MAX = 2;
/** One try of an insert. Milliseconds. */
const INSERT_MS = 15_000;
/** After this no new try begins: whoever asked decides. Milliseconds. */
const TRYING_MS = 20_000;
/** An uptime is told in whole seconds. */
const UPTIME_STEP_MS = 1_000;
const PAUSE = { firstMs: 250, maxMs: 4_000 };

/** Opens nothing yet: the first query connects. What fails is a ServerFailure. */
export class HttpStore implements Store {
  readonly isExclusive = false;
  readonly #client: ClickHouseClient;
  /** Its bodies are compressed; a form must not be, the server would take it as it is. */
  readonly #inserter: ClickHouseClient;
  readonly #name: string;
  readonly #inserts = new Turns(INSERTS_MAX);
  readonly #reading: ClickHouseSettings;
  readonly #writing: ClickHouseSettings;
  readonly #commanding: ClickHouseSettings;

  constructor({ url, database, login, name, timeoutMs, ca, isCluster = false, isReplicated = false }: HttpStoreOptions) {
    this.#name = name;
    this.#reading = isCluster ? { ...READING, ...READING_OF_CLUSTER } : READING;
    this.#writing = isCluster ? { ...WRITING, ...WRITING_OF_CLUSTER } : WRITING;
    this.#commanding = {
      ...COMMANDING,
      ...(isCluster ? WRITING_OF_CLUSTER : {}),
      ...(isReplicated ? COMMANDING_REPLICAS : {}),
    };
    const common: ClickHouseClientConfigOptions = {
      url,
      database,
      ...('token' in login ? { access_token: login.token } : { username: login.user, password: login.password }),
      ...(ca === undefined ? {} : { tls: { ca_cert: ca } }),
      application: 'oslotap',
      request_timeout: timeoutMs,
      // It tells of its errors by itself, many lines each.
      log: { level: ClickHouseLogLevel.OFF },
    };
    // Values too long for a URL go as a form.
    this.#client = createClient({ ...common, max_open_connections: 4, use_multipart_params_auto: true });
    this.#inserter = createClient({ ...common, max_open_connections: INSERTS_MAX, compression: { request: true } });
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
      throw failureOf(this.#name, error);
    } finally {
      batches.destroy();
    }
  }

  async command(sql: string, params: QueryParams = {}): Promise<void> {
    // Rows that a statement inserts are kept even where the same were there before, and were removed.
    const clickhouse_settings = { ...this.#commanding, insert_deduplication_token: randomUUID() };
    const { body, contentType } = formOf(splitLists(sql, params));
    const http_headers = { 'Content-Type': contentType };
    await this.#persist(() => this.#client.command({ query: body, http_headers, clickhouse_settings }));
  }

  /**
   * Tried again where the server does not answer, or says that it cannot now. Each try has the same token, by which the server
   * knows an insert that it did though its answer was lost. A later insert of the same rows has another: they may have been removed since.
   */
  async insert(table: string, columns: readonly string[], rows: readonly string[]): Promise<void> {
    if (rows.length === 0) return;
    const text = Buffer.from(`${rows.join('\n')}\n`);
    const query = `INSERT INTO ${table} (${columns.join(', ')}) FORMAT JSONCompactEachRow`;
    const clickhouse_settings = { ...this.#writing, insert_deduplication_token: randomUUID() };
    const send = async () => {
      const abort_signal = AbortSignal.timeout(INSERT_MS);
      // Rows are text already: the client's own `insert` would take objects.
      const values = Readable.from([text], { objectMode: false });
      const { stream } = await this.#inserter.exec({ query, values, clickhouse_settings, abort_signal });
      await finished(stream.resume());
    };
    await this.#inserts.take(() => this.#persist(send, (startedMs) => this.#assertNotRestarted(startedMs)));
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.close(), this.#inserter.close()]);
  }

  #select(sql: string, params: QueryParams) {
    const { sql: query, params: query_params } = splitLists(sql, params);
    return this.#client.query({ query, format: 'JSONEachRow', query_params, clickhouse_settings: this.#reading });
  }

  async #guard<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      throw failureOf(this.#name, error);
    }
  }

  /**
   * @param check before what may have been done already is tried again; told when the first try began.
   * @throws ServerFailure after the last try, or at once where another would fail alike.
   */
  async #persist(operation: () => Promise<unknown>, check: (startedMs: number) => Promise<void> = async () => {}): Promise<void> {
    const startedMs = performance.now();
    let mayBeDone = false;
    for (let attempt = 0; ; attempt++) {
      try {
        if (mayBeDone) await check(startedMs);
        await operation();
        return;
      } catch (error) {
        const pauseMs = Math.min(PAUSE.maxMs, PAUSE.firstMs * 2 ** attempt) * (0.5 + Math.random() / 2);
        if (!isPassing(error) || performance.now() + pauseMs > startedMs + TRYING_MS) throw failureOf(this.#name, error);
        mayBeDone ||= isAmbiguous(error);
        await sleep(pauseMs);
      }
    }
  }

  /**
   * A server that was killed in the middle of an insert may have noted its token and not have its rows: sent again, they would be
   * lost. Whoever asked looks what is there, and inserts that anew.
   */
  async #assertNotRestarted(startedMs: number): Promise<void> {
    const result = await this.#client.query({ query: 'SELECT uptime() AS seconds', format: 'JSONEachRow' });
    const [row] = await result.json<{ seconds: number }>();
    const sinceMs = performance.now() - startedMs;
    if (Number(row?.seconds) * 1_000 > sinceMs + UPTIME_STEP_MS) return;
    throw new ServerFailure(`${this.#name} was started anew in the middle of an insert`, 'RESTARTED');
  }
}
