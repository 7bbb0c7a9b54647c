/** Writes a capture: NDJSON through gzip, readable by its owner only. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { TappedMessage } from '../../src/message.ts';

export class CaptureWriter {
  readonly #gzip = createGzip();
  readonly #file;

  /** @param path X.ndjson.gz; written anew. */
  constructor(path: string) {
    this.#file = this.#gzip.pipe(createWriteStream(path, { mode: 0o600 }));
  }

  async write({ receivedNs, routingKey, headers, body }: TappedMessage): Promise<void> {
    const line = `${JSON.stringify({ ts: String(receivedNs), routing_key: routingKey, headers, ...payloadOf(body) })}\n`;
    if (!this.#gzip.write(line)) await once(this.#gzip, 'drain');
  }

  async close(): Promise<void> {
    this.#gzip.end();
    await finished(this.#file);
  }
}

function payloadOf(body: Uint8Array): { payload: string } | { payload_b64: string } {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? { payload: text } : { payload_b64: bytes.toString('base64') };
}
