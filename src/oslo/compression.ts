/**
 * Bodies that kombu compressed (`kombu_compression` in oslo.messaging's configuration). kombu names the codec in the
 * application header `compression`; its "gzip" is a bare zlib stream. Source: kombu/compression.py.
 */
import { inflateSync } from 'node:zlib';
import bzip2 from 'seek-bzip';
import type { UndecodableReason } from '../message.ts';

/** Largest body taken, compressed or not: a bomb must not fill the memory. Bytes. */
export const BODY_BYTES_MAX = 64 * 1024 * 1024;

const BZIP2_MAGIC = Buffer.from('BZh');

/** The plain body, or why there is none. */
export function decompress(body: Buffer, compression: unknown): Buffer | UndecodableReason {
  if (body.length > BODY_BYTES_MAX) return 'too_large';
  switch (compression) {
    case undefined:
    case null:
    case '':
      return body;
    case 'application/x-gzip':
      return inflate(body);
    case 'application/x-bz2':
      return unbzip2(body);
    default:
      return 'unknown_compression';
  }
}

function inflate(body: Buffer): Buffer | UndecodableReason {
  try {
    return inflateSync(body, { maxOutputLength: BODY_BYTES_MAX });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too_large' : 'corrupt_compression';
  }
}

function unbzip2(body: Buffer): Buffer | UndecodableReason {
  if (!body.subarray(0, 3).equals(BZIP2_MAGIC)) return 'corrupt_compression';
  const out = new BoundedOutput();
  try {
    bzip2.decode(body, out);
    return out.bytes();
  } catch {
    return out.isFull ? 'too_large' : 'corrupt_compression';
  }
}

/** What seek-bzip writes to: grows to the bound, then throws. */
class BoundedOutput {
  isFull = false;
  #buffer = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  writeByte(byte: number): void {
    if (this.#length === this.#buffer.length) this.#grow();
    this.#buffer[this.#length++] = byte;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(): void {
    if (this.#length >= BODY_BYTES_MAX) {
      this.isFull = true;
      throw new Error('too large');
    }
    const grown = Buffer.allocUnsafe(Math.min(this.#length * 2, BODY_BYTES_MAX));
    this.#buffer.copy(grown);
    this.#buffer = grown;
  }
}
