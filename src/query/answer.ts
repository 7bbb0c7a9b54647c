/** A query's result into a response: streamed as the client reads it, or whole. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { constants, createGzip, type Gzip } from 'node:zlib';
import type { ReadChunk, ReadRun } from '../store/read-request.ts';
import { type Exception, engineException, statusOf, textOf } from './exception.ts';
import type { Question } from './question.ts';

export interface AnswerOptions {
  readonly question: Question;
  readonly queryId: string;
  /** Given up: the client is gone, or its time is. */
  readonly signal: AbortSignal;
  /** For clients: how a result is told from an exception that breaks it off. */
  readonly exceptionTag: string;
  readonly startedMs: number;
}

/** @returns the engine's exception, or null where all went well. Throws where the client is gone. */
export async function answer(response: ServerResponse, run: ReadRun, options: AnswerOptions): Promise<Exception | null> {
  const chunks = run[Symbol.asyncIterator]();
  try {
    const first = await next(chunks, options.question.isWhole);
    if ('code' in first) {
      sendException(response, first, options.queryId);
      return first;
    }
    return await sendResult(response, first, chunks, options);
  } finally {
    // Not waited for: the engine may be at the next chunk, and is told to stop.
    run.cancel();
  }
}

interface Piece {
  readonly chunks: readonly ReadChunk[];
  readonly isLast: boolean;
}

/** The next chunk, or all that are left. */
async function next(chunks: AsyncIterator<ReadChunk>, isWhole: boolean): Promise<Piece | Exception> {
  const taken: ReadChunk[] = [];
  try {
    do {
      const result = await chunks.next();
      if (result.done === true) return { chunks: taken, isLast: true };
      taken.push(result.value);
    } while (isWhole);
    return { chunks: taken, isLast: false };
  } catch (error) {
    return engineException(error instanceof Error ? error.message : String(error));
  }
}

async function sendResult(
  response: ServerResponse,
  first: Piece,
  chunks: AsyncIterator<ReadChunk>,
  options: AnswerOptions,
): Promise<Exception | null> {
  const { question, signal } = options;
  response.writeHead(200, headersOf(options, first));
  const gzip = question.isGzip ? createGzip({ level: constants.Z_BEST_SPEED }) : null;
  if (gzip !== null) {
    gzip.pipe(response);
    signal.addEventListener('abort', () => gzip.destroy(), { once: true });
  }
  const out: Writable = gzip ?? response;
  let piece = first;
  for (;;) {
    for (const { bytes } of piece.chunks) await write(out, bytes, signal);
    if (piece.isLast) break;
    const following = await next(chunks, false);
    if ('code' in following) {
      await write(out, breakOffText(following, options.exceptionTag), signal);
      if (gzip !== null) await flush(gzip, response, signal);
      response.socket?.destroySoon();
      return following;
    }
    piece = following;
  }
  out.end();
  await once(response, 'finish', { signal });
  return null;
}

async function write(out: Writable, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!out.write(bytes)) await once(out, 'drain', { signal });
}

/**
 * An exception after the head was sent: as ClickHouse ≥ 25.11 tells it, and the connection is closed without the result's end, so that
 * nobody takes a part for the whole.
 */
function breakOffText(failed: Exception, tag: string): Buffer {
  const text = `${textOf(failed)}\n`;
  const marker = '__exception__';
  return Buffer.from(`\r\n${marker}\r\n${tag}\r\n${text}${Buffer.byteLength(text)} ${tag}\r\n${marker}\r\n`);
}

/** Sends all that was compressed so far, without the end that would make it look whole. */
async function flush(gzip: Gzip, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const flushed = new Promise<void>((resolve) => gzip.flush(resolve));
  await Promise.race([flushed, once(signal, 'abort')]);
  gzip.unpipe(response);
  const rest: Buffer | null = gzip.read();
  if (rest !== null) response.write(rest);
}

function headersOf(
  { question, queryId, exceptionTag, startedMs }: AnswerOptions,
  { chunks, isLast }: Piece,
): Record<string, string> {
  const { name, contentType } = question.format;
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
  const summary = {
    read_rows: '0',
    read_bytes: '0',
    written_rows: '0',
    written_bytes: '0',
    total_rows_to_read: '0',
    result_rows: String(isLast ? rows : 0),
    result_bytes: String(isLast ? bytes : 0),
    elapsed_ns: String(Math.round((performance.now() - startedMs) * 1e6)),
  };
  return {
    ...commonHeaders(queryId),
    'Content-Type': contentType,
    'X-ClickHouse-Format': name,
    'X-ClickHouse-Summary': JSON.stringify(summary),
    'X-ClickHouse-Exception-Tag': exceptionTag,
    ...(question.isGzip ? { 'Content-Encoding': 'gzip' } : {}),
  };
}

/** An exception instead of a result. */
export function sendException(response: ServerResponse, failed: Exception, queryId: string): void {
  const isLoginAsked = failed.name === 'REQUIRED_PASSWORD';
  response.writeHead(statusOf(failed), {
    ...commonHeaders(queryId),
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': String(failed.code),
    ...(isLoginAsked ? { 'WWW-Authenticate': 'Basic realm="ClickHouse server HTTP API"' } : {}),
    ...(failed.name === 'TOO_MANY_SIMULTANEOUS_QUERIES' ? { 'Retry-After': '5' } : {}),
  });
  response.end(`${textOf(failed)}\n`);
}

function commonHeaders(queryId: string): Record<string, string> {
  return {
    'X-ClickHouse-Server-Display-Name': 'oslotap',
    'X-ClickHouse-Query-Id': queryId,
    'X-ClickHouse-Timezone': Intl.DateTimeFormat().resolvedOptions().timeZone,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  };
}
