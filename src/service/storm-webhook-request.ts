/**
 * One POST to a webhook. What the receiver says is not kept, but for its status: node:http rather than fetch, which cannot be given
 * a CA. Redirects are not followed: a token goes where it was meant to go.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { Misuse, reasonOf } from '../errors.ts';

export interface StormWebhookOptions {
  /** http or https, without a user or a password. Its path may be a secret. */
  readonly url: string;
  /** Sent as `Authorization: Bearer …`. Secret. Null: none is sent. */
  readonly token: string | null;
  /** PEM file of the authorities that may have signed the receiver's certificate. Null: the system's. */
  readonly caFile: string | null;
  /** For one attempt, until its status is known. Milliseconds, 1,000–60,000. @default 5,000 */
  readonly timeoutMs: number;
}

export interface WebhookTarget {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca: Buffer | null;
  readonly timeoutMs: number;
  /** For people: scheme, host and port. */
  readonly name: string;
}

export type WebhookOutcome =
  | { readonly kind: 'delivered' }
  /** For good: the same would be refused again. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** @param waitMs what the receiver asks to wait before the next attempt; 0 where it does not. */
  | { readonly kind: 'failed'; readonly reason: string; readonly waitMs: number };

/** Of an answer; the rest is not read. */
const ANSWER_BYTES_MAX = 64 * 1024;
/** No receiver is waited for longer, whatever it asks for. Milliseconds. */
const WAIT_MS_MAX = 30_000;

/** @throws Misuse where the options cannot work, before any connection is made. */
export function webhookTarget({ url: text, token, caFile, timeoutMs }: StormWebhookOptions): WebhookTarget {
  const url = URL.parse(text);
  // The value itself is not repeated: its path may be a secret.
  if (url === null || !/^https?:$/.test(url.protocol)) throw new Misuse('storms.webhook.url is not an http or https URL');
  const ca = caFile === null ? null : readAuthorities(caFile);
  return { url, headers: headersOf(token), ca, timeoutMs, name: url.origin };
}

/** Ends within the target's time-out, or at once when `signal` says so. Never throws. */
export function post(target: WebhookTarget, body: string, signal: AbortSignal): Promise<WebhookOutcome> {
  const { url, headers, ca, timeoutMs } = target;
  const { promise, resolve } = Promise.withResolvers<WebhookOutcome>();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const options = { method: 'POST', headers, agent: false, signal: limit, ...(ca !== null && { ca }) } as const;
  const fail = (error: Error) => {
    const reason = limit.aborted ? `no answer within ${timeoutMs / 1_000} s` : codeOf(error);
    resolve({ kind: 'failed', reason, waitMs: 0 });
  };
  try {
    const request = (url.protocol === 'https:' ? https : http).request(url, options, (response) => {
      passOver(response);
      resolve(outcomeOf(response));
    });
    request.on('error', fail).end(body);
  } catch (error) {
    fail(error as Error); // an authority's file that TLS cannot use is told here
  }
  return promise;
}

function headersOf(token: string | null): Readonly<Record<string, string>> {
  const common = { 'content-type': 'application/json', 'user-agent': 'oslotap' };
  if (token === null) return common;
  const authorization = `Bearer ${token}`;
  try {
    http.validateHeaderValue('authorization', authorization);
  } catch {
    throw new Misuse('storms.webhook.token: it holds what no header may');
  }
  return { ...common, authorization };
}

function readAuthorities(caFile: string): Buffer {
  let pem: Buffer;
  try {
    pem = readFileSync(caFile);
  } catch (error) {
    throw new Misuse(`storms.webhook.ca: ${reasonOf(error)}`);
  }
  try {
    new X509Certificate(pem); // a file without a certificate would be passed over
    return pem;
  } catch {
    throw new Misuse('storms.webhook.ca: there is no certificate in it');
  }
}

/** Short answers are let come to their end: the receiver sees no broken connection. */
function passOver(response: http.IncomingMessage): void {
  let bytes = 0;
  response.on('error', () => {}); // its status is known
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) response.destroy();
  });
}

function outcomeOf({ statusCode = 0, headers }: http.IncomingMessage): WebhookOutcome {
  if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered' };
  const reason = `it answered ${statusCode}`;
  if (statusCode !== 429 && statusCode < 500) return { kind: 'refused', reason };
  const waitS = Number(headers['retry-after'] ?? 0); // or a date, which is no number: our own pause does
  return { kind: 'failed', reason, waitMs: waitS > 0 ? Math.min(WAIT_MS_MAX, 1_000 * waitS) : 0 };
}

/** Never the message: it may repeat where the request went. */
function codeOf(error: Error): string {
  const { code, errors } = error as NodeJS.ErrnoException & { readonly errors?: readonly NodeJS.ErrnoException[] };
  return code ?? errors?.[0]?.code ?? 'no answer';
}
