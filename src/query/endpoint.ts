/**
 * ClickHouse's HTTP interface over the embedded store of a running sidecar, read only (docs/query-endpoint.md):
 *
 *   connection ─→ bounds ─→ Host ─→ login ─→ question ─→ slot ─→ engine ─→ result
 *
 * Everything on the way is bounded, since it shares its process with the tap.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Misuse, reasonOf } from '../errors.ts';
import { isLoopback } from '../http/host-header.ts';
import { authority, boundedServer, closeNow, listen, type Refusals, type ServerBounds } from '../http/listener.ts';
import type { Log } from '../log.ts';
import { FENCE, type Reader, type ReadRun } from '../store/read-request.ts';
import { traced } from '../telemetry/traced.ts';
import { Access, type Caller, isAsked, isForeign, type Login } from './access.ts';
import { answer, sendException } from './answer.ts';
import { readBody } from './body.ts';
import { OUTCOMES, type Outcome, type QueryCounters } from './counters.ts';
import { type Exception, exception, isException } from './exception.ts';
import { helloAt } from './hello.ts';
import { type Question, readQuestion } from './question.ts';
import type { Limits } from './settings.ts';
import { Slots } from './slots.ts';

export const DEFAULT_PORT = 8124;

export interface QueryEndpointOptions {
  readonly reader: Reader;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** A port that is taken is a misuse; without one it is 8124, or a free one where that is taken. */
  readonly port?: number;
  /** Beyond loopback there must be a password or a token. @default {} */
  readonly login?: Login;
  readonly log: Log;
}

/** The command line may take more: a listing of everything takes its time, and must be complete. */
const LIMITS: Readonly<Record<Caller, Limits>> = {
  client: { secondsMax: 30, memoryBytesMax: 128 * 1024 * 1024, resultBytesMax: null },
  owner: { secondsMax: 300, memoryBytesMax: 256 * 1024 * 1024, resultBytesMax: null },
};
const WHOLE_RESULT_BYTES_MAX = 16 * 1024 * 1024;
/** What the engine may be late with its own time-out, and the last bytes on their way. Milliseconds. */
const GRACE_MS = 5_000;
/** A query may run for minutes, and send nothing meanwhile. */
const BOUNDS: ServerBounds = {
  connectionsMax: 64,
  headerBytesMax: 128 * 1024,
  headersMs: 10_000,
  requestMs: 20_000,
  keepAliveMs: 10_000,
  idleMs: 310_000,
};
/** Grafana's data source opens 50 connections, whatever it is told, and asks on all of them for a dashboard of many panels. */
const WAITING_MAX = 56;
const WAIT_MS = 10_000;
const QUERY_ID = /^[\w.:/-]{1,128}$/;

export class QueryEndpoint {
  /** `http://127.0.0.1:8124/`. */
  url = '';
  /** What the command line of the same user asks with. */
  readonly token = randomBytes(32).toString('base64url');
  readonly #server: Server;
  readonly #reader: Reader;
  readonly #access: Access;
  readonly #host: string;
  readonly #refusals: Refusals = { connections: 0, malformed: 0 };
  readonly #log: Log;
  readonly #slots = new Slots({ running: FENCE.threads, waiting: WAITING_MAX, waitMs: WAIT_MS });
  readonly #queries = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  readonly #closing = new AbortController();
  #bytesOut = 0;

  /** @throws Misuse where the port is taken, or the address is for others and no password or token is set. */
  static async listen(options: QueryEndpointOptions): Promise<QueryEndpoint> {
    const { host = '127.0.0.1', port, login = {} } = options;
    if (!isLoopback(host) && !isAsked(login)) {
      throw new Misuse(`the query endpoint on ${host} needs a password or a token: without one it listens on loopback only`);
    }
    const endpoint = new QueryEndpoint(options);
    const listening = await listen(endpoint.#server, { host, port: port ?? DEFAULT_PORT, isGiven: port !== undefined });
    // From this machine any address of its own will do.
    const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
    endpoint.url = `http://${authority(near, listening.port)}/`;
    return endpoint;
  }

  private constructor({ reader, login = {}, log, host = '127.0.0.1' }: QueryEndpointOptions) {
    this.#server = boundedServer((request, response) => void this.#handle(request, response), BOUNDS, this.#refusals);
    this.#reader = reader;
    this.#access = new Access(login, this.token);
    this.#host = host;
    this.#log = log;
  }

  get counters(): QueryCounters {
    return {
      queries: { ...this.#queries, overloaded: this.#queries.overloaded + this.#refusals.connections },
      running: this.#slots.running,
      waiting: this.#slots.waiting,
      bytesOut: this.#bytesOut,
    };
  }

  /** Takes no more, ends what runs, and lets the store go. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([closeNow(this.#server), this.#reader.close()]);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    request.on('error', () => {});
    try {
      await this.#route(request, response);
    } catch (error) {
      // Only what nobody thought of comes here; a client must not see it, and the tap must not end by it.
      this.#log.error('query_endpoint_failed', `the query endpoint failed: ${reasonOf(error)}`);
      response.destroy();
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '', 'http://localhost');
    if (isForeign(request, this.#host)) return sendPlain(request, response, 421, 'This address does not answer to that name.\n');
    if (url === null) return sendPlain(request, response, 400, 'Bad request.\n');
    if (request.method !== 'GET' && request.method !== 'POST' && request.method !== 'HEAD')
      return sendPlain(request, response, 405, 'Method not allowed.\n');
    if (url.pathname === '/ping' || url.pathname === '/replicas_status') return sendPlain(request, response, 200, 'Ok.\n');
    if (url.pathname !== '/') return sendPlain(request, response, 404, 'There is no such handle.\n');
    if (url.search === '' && request.method !== 'POST') return sendPlain(request, response, 200, 'Ok.\n');
    await this.#query(request, response, url);
  }

  async #query(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const startedMs = performance.now();
    const givenId = url.searchParams.get('query_id') ?? '';
    const queryId = QUERY_ID.test(givenId) ? givenId : randomUUID();
    const refuse = (outcome: Outcome, failed: Exception) => {
      this.#queries[outcome]++;
      discard(request, response);
      sendException(response, failed, queryId);
    };
    const caller = await this.#access.check(request, url);
    if (typeof caller !== 'string') {
      this.#log.warn('query_login_failed', 'a query was refused: wrong user, password or token', {
        address: request.socket.remoteAddress ?? '',
      });
      return refuse('unauthorised', caller);
    }
    const body = await readBody(request).catch(() => null);
    if (body === null) return void response.destroy();
    if (isException(body)) return refuse('refused', body);
    const question = readQuestion(request, url, body, LIMITS[caller]);
    if (isException(question)) return refuse('refused', question);
    const signal = this.#goneSignal(response);
    const release = await this.#slots.take(signal);
    if (release === null) {
      if (signal.aborted) return void this.#queries.abandoned++;
      return refuse('overloaded', exception('TOO_MANY_SIMULTANEOUS_QUERIES', 'Too many simultaneous queries'));
    }
    await this.#run(question, response, { signal, queryId, startedMs, release });
  }

  async #run(
    question: Question,
    response: ServerResponse,
    { signal, queryId, startedMs, release }: { signal: AbortSignal; queryId: string; startedMs: number; release: () => void },
  ): Promise<void> {
    const run = this.#read(question);
    void run.ended.then(release);
    const deadline = AbortSignal.timeout(question.settings.secondsMax * 1_000 + GRACE_MS);
    const given = AbortSignal.any([signal, deadline]);
    const stop = () => run.cancel();
    given.addEventListener('abort', stop, { once: true });
    const before = response.socket?.bytesWritten ?? 0;
    const socket = response.socket;
    try {
      const exceptionTag = randomBytes(8).toString('hex');
      const failed = await traced('oslotap.query', { 'oslotap.query_id': queryId }, () =>
        answer(response, run, { question, queryId, startedMs, signal: given, exceptionTag }),
      );
      this.#queries[outcomeOf(failed, signal)]++;
    } catch {
      this.#queries.abandoned++;
      response.destroy();
    } finally {
      given.removeEventListener('abort', stop);
      this.#bytesOut += (socket?.bytesWritten ?? before) - before;
    }
  }

  #read({ sql, format, helloRevision, isStreamed, params, settings, isWhole }: Question): ReadRun {
    const { secondsMax, memoryBytesMax, resultBytesMax } = settings;
    const whole =
      isWhole || !isStreamed ? Math.min(resultBytesMax ?? WHOLE_RESULT_BYTES_MAX, WHOLE_RESULT_BYTES_MAX) : resultBytesMax;
    const run = this.#reader.run({
      sql,
      format: format.name,
      isStreamed,
      params,
      settings: settings.honoured,
      secondsMax,
      memoryBytesMax,
      resultBytesMax: whole,
    });
    return helloRevision === 0 ? run : helloAt(run, helloRevision);
  }

  #goneSignal(response: ServerResponse): AbortSignal {
    const gone = new AbortController();
    // It may have gone while its login was weighed and its body read.
    if (response.destroyed || response.socket === null || response.socket.destroyed) gone.abort();
    response.once('close', () => gone.abort());
    return AbortSignal.any([gone.signal, this.#closing.signal]);
  }
}

/** A query that was stopped because its client is gone has failed by that alone. */
function outcomeOf(failed: Exception | null, signal: AbortSignal): Outcome {
  if (failed === null) return 'ok';
  if (signal.aborted) return 'abandoned';
  return failed.name === 'TIMEOUT_EXCEEDED' ? 'timed_out' : 'failed';
}

function sendPlain(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  discard(request, response);
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8', 'X-Content-Type-Options': 'nosniff' });
  response.end(text);
}

/** A body that nobody reads would stay in the connection: it ends with the answer. */
function discard(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
  if (!request.complete && (length !== '0' || coding !== undefined)) response.shouldKeepAlive = false;
  request.resume();
}
