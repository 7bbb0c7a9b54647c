/**
 * A small HTTP server for machines that look at oslotap: GET and HEAD of a few paths, nothing else. What comes in is not trusted,
 * and bounded in every way (listener.ts).
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { isHostAllowed } from './host-header.ts';
import { boundedServer, closeNow, DEFAULT_BOUNDS, type ListenAt, type Listening, listen, type Refusals } from './listener.ts';

export interface Answer {
  /** HTTP status. */
  readonly status: number;
  /** Media type. */
  readonly type: string;
  /** A Buffer may be shared by many answers. */
  readonly body: Buffer | string;
}

export type Route = () => Answer | Promise<Answer>;

/** By path, without a query: `/metrics`. */
export type Routes = Readonly<Record<string, Route>>;

/** Counted since the start. */
export interface HttpTally extends Refusals {
  /** Requests by path and status; what has no route is at path `other`. */
  readonly requests: ReadonlyMap<string, number>;
}

/** Answers under way on one connection: whoever sends more without reading them is cut off. */
const PIPELINED_MAX = 8;

export class HttpServer {
  readonly #routes: Routes;
  readonly #log: Log;
  readonly #server: Server;
  readonly #tally = { connections: 0, malformed: 0, requests: new Map<string, number>() };
  readonly #underWay = new WeakMap<object, number>();
  #host = '';

  constructor(routes: Routes, log: Log) {
    this.#routes = routes;
    this.#log = log;
    this.#server = boundedServer((request, response) => void this.#take(request, response), DEFAULT_BOUNDS, this.#tally);
  }

  get tally(): HttpTally {
    return this.#tally;
  }

  /** @throws Misuse in one line, where it cannot listen there. */
  async start(at: ListenAt): Promise<Listening> {
    const listening = await listen(this.#server, at);
    this.#host = at.host;
    return listening;
  }

  async stop(): Promise<void> {
    await closeNow(this.#server);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const underWay = (this.#underWay.get(request.socket) ?? 0) + 1;
    this.#underWay.set(request.socket, underWay);
    response.on('error', () => {});
    response.once('close', () => this.#underWay.set(request.socket, (this.#underWay.get(request.socket) ?? 1) - 1));
    if (underWay > PIPELINED_MAX) {
      this.#tally.malformed++;
      request.socket.destroy();
      return;
    }
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const answer = await this.#answer(request, path);
    this.#count(path, answer.status);
    send(request, response, answer);
  }

  async #answer(request: IncomingMessage, path: string): Promise<Answer> {
    const route = Object.hasOwn(this.#routes, path) ? this.#routes[path] : undefined;
    if (!isHostAllowed(request.headers.host, this.#host)) return line(403, 'this Host is not served here');
    if (route === undefined) return line(404, `there are ${Object.keys(this.#routes).join(', ')}`);
    if (request.method !== 'GET' && request.method !== 'HEAD') return line(405, 'GET or HEAD');
    if (hasBody(request)) return line(413, 'a request has no body here');
    try {
      return await route();
    } catch (error) {
      this.#log.error('http_failed', `${path}: ${reasonOf(error)}`, { path });
      return line(500, 'it failed: the log says why');
    }
  }

  #count(path: string, status: number): void {
    const key = `${Object.hasOwn(this.#routes, path) ? path : 'other'} ${status}`;
    this.#tally.requests.set(key, (this.#tally.requests.get(key) ?? 0) + 1);
  }
}

/** One line of plain text. */
export function line(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
    // What was refused may have more behind it that is not wanted either.
    ...(status < 400 || status === 503 ? {} : { Connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
