/**
 * Bodies that kombu compressed (`kombu_compression` in oslo.messaging's configuration). kombu names the codec in the
 * application header `compression`; its "gzip" is a bare zlib stream. Source: kombu/compression.py.
 */
import { inflateSync } from 'node:zlib';
import type { UndecodableReason } from '../message.ts';
import { type Bzip2Error, bunzip2 } from './bunzip2.ts';

/** Largest body taken, compressed or not: a bomb must not fill the memory. Bytes. */
export const BODY_BYTES_MAX = 32 * 1024 * 1024;

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
  try {
    return bunzip2(body, BODY_BYTES_MAX);
  } catch (error) {
    return (error as Bzip2Error).isTooLarge ? 'too_large' : 'corrupt_compression';
  }
}
