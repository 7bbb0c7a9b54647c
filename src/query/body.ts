/** A request's body: bounded, also after decompression, and text. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { FENCE } from '../store/read-request.ts';
import { type Exception, exception, isException } from './exception.ts';

const inflate = promisify(gunzip);

/** Fields of a form (`query`, `param_…`), or a whole body as `query`. */
export async function readBody(request: IncomingMessage): Promise<ReadonlyMap<string, string> | Exception> {
  const bytes = await bytesOf(request);
  if (isException(bytes)) return bytes;
  const type = request.headers['content-type'] ?? '';
  if (type.toLowerCase().startsWith('multipart/form-data')) return await formOf(bytes, type);
  const text = textFrom(bytes);
  return typeof text === 'string' ? new Map([['query', text]]) : text;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer | Exception> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > FENCE.sqlBytesMax) return tooLarge();
    chunks.push(chunk);
  }
  return await decoded(Buffer.concat(chunks), request.headers['content-encoding'] ?? 'identity');
}

async function decoded(bytes: Buffer, encoding: string): Promise<Buffer | Exception> {
  if (encoding === 'identity' || encoding === '' || bytes.length === 0) return bytes;
  if (encoding !== 'gzip') return exception('BAD_ARGUMENTS', 'Unknown compression of the body: only gzip is read here');
  try {
    return await inflate(bytes, { maxOutputLength: FENCE.sqlBytesMax });
  } catch (error) {
    const isLong = error instanceof RangeError || (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return isLong ? tooLarge() : exception('INCORRECT_DATA', 'The body is not gzip');
  }
}

async function formOf(bytes: Buffer, type: string): Promise<ReadonlyMap<string, string> | Exception> {
  const fields = new Map<string, string>();
  try {
    const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
    for (const [name, value] of form) {
      const text = typeof value === 'string' ? value : null;
      if (text === null || (name !== 'query' && !name.startsWith('param_')))
        return exception('BAD_ARGUMENTS', 'External data is not taken here: a form may have query and param_… only');
      fields.set(name, text);
    }
  } catch {
    return exception('INCORRECT_DATA', 'The body is not the form that it says it is');
  }
  return fields;
}

function textFrom(bytes: Buffer): string | Exception {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return exception('INCORRECT_DATA', 'The query is not UTF-8');
  }
}

function tooLarge(): Exception {
  return exception('QUERY_IS_TOO_LARGE', `The query is longer than ${FENCE.sqlBytesMax} bytes`);
}
