/**
 * Reads a capture: NDJSON, gzip'd or plain, one firehose message a line.
 *
 *   {"ts":"<ns at receipt>","routing_key":"publish.nova","headers":{…},"payload":"…"}     payload_b64 when not UTF-8
 *
 * A stream: memory does not grow with the file. A line that cannot be used is reported with its number and passed over.
 */
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { pipeline as pipe, type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip } from 'node:zlib';
import type { TappedMessage } from '../../src/message.ts';

/** A line longer than this is not read. Bytes. */
export const LINE_BYTES_MAX = 64 * 1024 * 1024;

export interface CaptureListener {
  /** A line that could not be used: its number, from 1, and why. */
  broken(line: number, reason: string): void;
  /** The file ends before its end: what could be read was. */
  truncated(reason: string): void;
  /** Bytes of the file read so far. */
  progress(bytes: number): void;
}

/**
 * The messages of a capture, in the order of the file.
 * @throws what the file system throws: no such file, a directory, no permission.
 */
export async function* readCapture(path: string, listener: CaptureListener): AsyncGenerator<TappedMessage> {
  const isGzip = hasGzipMagic(path);
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  let inflated = 0;
  let lineNumber = 0;
  const lines = new Lines();
  try {
    for await (const chunk of isGzip ? inflate(file) : file) {
      const bytes = chunk as Buffer;
      inflated += bytes.length;
      for (const line of lines.split(bytes)) {
        lineNumber++;
        const message = toMessage(line, lineNumber, listener);
        if (message !== null) yield message;
      }
      listener.progress(file.bytesRead);
    }
  } catch (error) {
    if (!isZlibError(error)) throw error;
    listener.truncated(`the gzip data is damaged (${error.code}) after line ${lineNumber}`);
    return;
  }
  const rest = lines.rest();
  if (rest !== null) {
    lineNumber++;
    const message = toMessage(rest, lineNumber, listener);
    if (message !== null) yield message;
  }
  if (isGzip && !(await isWholeGzip(path, inflated))) {
    listener.truncated(`the gzip data ends in the middle, after line ${lineNumber}`);
  }
}

/** Cuts chunks into lines. A line over the bound comes out empty, so that it still counts. */
class Lines {
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  *split(chunk: Buffer): Generator<Buffer> {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield this.#take(chunk.subarray(start, end));
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** What stands behind the last newline, or null. */
  rest(): Buffer | null {
    return this.#pendingBytes === 0 ? null : this.#take(Buffer.alloc(0));
  }

  #keep(part: Buffer): void {
    this.#pendingBytes += part.length;
    if (this.#pendingBytes <= LINE_BYTES_MAX) this.#pending.push(part);
    else this.#pending = [];
  }

  #take(part: Buffer): Buffer {
    if (this.#pendingBytes === 0) return part;
    this.#keep(part);
    const line = this.#pendingBytes > LINE_BYTES_MAX ? Buffer.alloc(0) : Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    return line;
  }
}

interface Line {
  readonly ts?: unknown;
  readonly routing_key?: unknown;
  readonly headers?: unknown;
  readonly payload?: unknown;
  readonly payload_b64?: unknown;
}

function toMessage(line: Buffer, lineNumber: number, listener: CaptureListener): TappedMessage | null {
  const json = parse(line);
  if (typeof json === 'string') {
    listener.broken(lineNumber, json);
    return null;
  }
  const { ts, routing_key: routingKey, headers, payload, payload_b64: base64 } = json;
  const receivedNs = toNs(ts);
  if (receivedNs === null || typeof routingKey !== 'string') {
    listener.broken(lineNumber, receivedNs === null ? 'no ts in nanoseconds' : 'no routing_key');
    return null;
  }
  const body =
    typeof base64 === 'string' ? Buffer.from(base64, 'base64') : typeof payload === 'string' ? Buffer.from(payload) : null;
  if (body === null) {
    listener.broken(lineNumber, 'no payload');
    return null;
  }
  return { receivedNs, routingKey, headers, body };
}

function parse(line: Buffer): Line | string {
  try {
    const json: unknown = JSON.parse(line.toString());
    return typeof json === 'object' && json !== null ? json : 'not a JSON object';
  } catch {
    return line.length === 0 ? 'an empty line, or one too long' : 'not JSON';
  }
}

/** Nanoseconds since the epoch, from text (a JSON number has lost the last digits). At most 2^63. */
function toNs(ts: unknown): bigint | null {
  return typeof ts === 'string' && /^\d{1,18}$|^[1-8]\d{18}$/.test(ts) ? BigInt(ts) : null;
}

/** SYNC_FLUSH: what a truncated file still holds comes out, instead of an error that throws the last of it away. */
function inflate(file: Readable): Readable {
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: 16 * 1024 });
  // Not pipe(): an error of the file ends the gunzip too, and a reader that stops early closes the file.
  return pipe(file, gunzip, () => {}) as Readable;
}

function isZlibError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

function hasGzipMagic(path: string): boolean {
  const head = readAt(path, 0, 2);
  return head.length === 2 && head[0] === 0x1f && head[1] === 0x8b;
}

/** A whole gzip ends with its length. Where that differs, the file is truncated or has several members: inflating it again tells. */
async function isWholeGzip(path: string, inflated: number): Promise<boolean> {
  const { size } = statSync(path);
  const trailer = readAt(path, Math.max(0, size - 4), 4);
  if (size >= 18 && trailer.readUInt32LE(0) === inflated % 2 ** 32) return true;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(createReadStream(path), createGunzip(), nowhere);
    return true;
  } catch (error) {
    if (isZlibError(error)) return false;
    throw error;
  }
}

function readAt(path: string, position: number, length: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
  } finally {
    closeSync(fd);
  }
}
