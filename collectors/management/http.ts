/**
 * JSON over HTTP(S) to one management API: a total time-out, answers of bounded size, one connection that is kept.
 * node:http rather than fetch: fetch cannot be given a CA, nor held to one connection.
 */
import { X509Certificate } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import { createSecureContext } from 'node:tls';
import { Misuse } from '../../src/errors.ts';
import { ApiError, refusal } from './api-error.ts';

export interface TlsFiles {
  /** PEM of the authority that signed the server's certificate. @default the system's authorities */
  readonly ca?: string;
  /** PEM of a certificate of one's own and its key, where the server asks for one. */
  readonly cert?: string;
  readonly key?: string;
}

export interface HttpOptions extends TlsFiles {
  /** For the whole of a request, its answer included. Milliseconds. @default 5 000 */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

const KEPT = { keepAlive: true, maxSockets: 1 };

type Verb = 'GET' | 'PUT' | 'DELETE';

interface Answer {
  readonly status: number;
  readonly body: string;
}

export class JsonHttp {
  /** Without credentials: for messages. */
  readonly at: string;
  readonly #url: URL;
  readonly #prefix: string;
  readonly #authorization: string;
  readonly #timeoutMs: number;
  readonly #agent: http.Agent;

  /** @throws Misuse where the text is no URL with a user. */
  constructor(text: string, { timeoutMs = TIMEOUT_MS, ca, cert, key }: HttpOptions = {}) {
    const url = parseUrl(text);
    this.#url = url;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.at = `${url.protocol}//${url.host}${this.#prefix}`;
    const credentials = `${decoded(url.username, this.at)}:${decoded(url.password, this.at)}`;
    this.#authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
    this.#timeoutMs = timeoutMs;
    this.#agent = url.protocol === 'https:' ? secureAgent({ ca, cert, key }, this.at) : new http.Agent(KEPT);
  }

  /** @param what is asked for, as people say it. @throws ApiError */
  async get(path: string, what: string): Promise<unknown> {
    const { status, body } = await this.#ask('GET', path, null);
    if (status !== 200) throw refusal(this.at, what, status, body);
    try {
      return JSON.parse(body);
    } catch {
      throw new ApiError('not_an_api', `${this.at} is not RabbitMQ's management API: its answer is not JSON`);
    }
  }

  /** @throws ApiError */
  async put(path: string, content: unknown, what: string): Promise<void> {
    const { status, body } = await this.#ask('PUT', path, JSON.stringify(content));
    if (status !== 201 && status !== 204) throw refusal(this.at, what, status, body);
  }

  /** @throws ApiError, also where it is not there. */
  async delete(path: string, what: string): Promise<void> {
    const { status, body } = await this.#ask('DELETE', path, null);
    if (status !== 204) throw refusal(this.at, what, status, body);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(method: Verb, path: string, content: string | null): Promise<Answer> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await this.#once(method, path, content, signal);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw this.#asApiError(error, signal);
    }
    try {
      return await this.#once(method, path, content, signal);
    } catch (error) {
      throw this.#asApiError(error instanceof StaleConnection ? error.cause : error, signal);
    }
  }

  #once(method: string, path: string, content: string | null, signal: AbortSignal): Promise<Answer> {
    const { protocol, hostname, port } = this.#url;
    const headers: Record<string, string> = { accept: 'application/json', authorization: this.#authorization };
    if (content !== null) headers['content-type'] = 'application/json';
    const host = hostname.replace(/^\[|\]$/g, ''); // [::1]
    const options = { method, host, port, path: `${this.#prefix}${path}`, headers, agent: this.#agent, signal };
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const request = (protocol === 'https:' ? https : http).request(options, (response) => {
      collect(response, this.at).then(resolve, reject);
    });
    request.on('error', (error) => {
      const isStale = request.reusedSocket && codeOf(error) === 'ECONNRESET';
      reject(isStale ? new StaleConnection('', { cause: error }) : error);
    });
    request.end(content ?? undefined);
    return promise;
  }

  #asApiError(error: unknown, signal: AbortSignal): ApiError {
    if (error instanceof ApiError) return error;
    if (signal.aborted) {
      return new ApiError('timed_out', `${this.at} does not answer within ${this.#timeoutMs / 1_000} s`, error);
    }
    const code = codeOf(error);
    if (code.startsWith('HPE_')) {
      return new ApiError('not_an_api', `${this.at} is not RabbitMQ's management API: it does not speak HTTP`, error);
    }
    if (/^ERR_(TLS|SSL|OSSL)|CERT|SIGNATURE|SELF_SIGNED|EPROTO/.test(code)) {
      return new ApiError(
        'tls',
        `${this.at}: TLS failed (${code}): --ca names the file of the CA that signed its certificate`,
        error,
      );
    }
    return new ApiError('unreachable', `${this.at} cannot be reached: ${code}`, error);
  }
}

function secureAgent(files: { [Name in keyof TlsFiles]: string | undefined }, at: string): https.Agent {
  const given = Object.fromEntries(Object.entries(files).filter(([, pem]) => pem !== undefined));
  try {
    if (files.ca !== undefined) new X509Certificate(files.ca); // a text without a certificate would be passed over
    return new https.Agent({ ...KEPT, secureContext: createSecureContext(given) });
  } catch (error) {
    throw new Misuse(`the certificates or the key for ${at} cannot be used: ${codeOf(error)}`);
  }
}

/** The server closed a kept connection as the request went out. All these verbs may be repeated. */
class StaleConnection extends Error {}

async function collect(response: http.IncomingMessage, at: string): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) {
      throw new ApiError('too_large', `${at} answers with more than ${ANSWER_BYTES_MAX / 1024 / 1024} MiB`);
    }
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
}

const EXAMPLE = 'http://USER:PASSWORD@HOST:15672';

function parseUrl(text: string): URL {
  // The text itself may hold a password: it is not repeated.
  if (!URL.canParse(text)) throw new Misuse(`a management API's address is not a URL: ${EXAMPLE}`);
  const url = new URL(text);
  const at = `${url.protocol}//${url.host}`;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Misuse(`${at} is no management API: its URL is http or https: ${EXAMPLE}`);
  }
  if (url.username === '') throw new Misuse(`${at} names no user: ${EXAMPLE}`);
  return url;
}

function decoded(text: string, at: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Misuse(`${at}: the % in its user or password must be written as %25`);
  }
}

function codeOf(error: unknown): string {
  const { code, errors } = error as NodeJS.ErrnoException & { readonly errors?: readonly NodeJS.ErrnoException[] };
  return code ?? errors?.[0]?.code ?? 'no reason given';
}
