/** Writes a capture: NDJSON through gzip, readable by its owner only. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { TappedMessage } from '../../src/message.ts';

export class CaptureWriter {
  readonly #gzip = createGzip();
  readonly #done: Promise<void>;

  /** @param path X.ndjson.gz; written anew. */
  constructor(path: string) {
    this.#done = pipeline(this.#gzip, createWriteStream(path, { mode: 0o600 }));
    this.#done.catch(() => {}); // write and close report it
  }

  /** @throws what the file system throws, here or in close: no such directory, no space. */
  async write({ receivedNs, routingKey, headers, body }: TappedMessage): Promise<void> {
    const line = `${JSON.stringify({ ts: String(receivedNs), routing_key: routingKey, headers, ...payloadOf(body) })}\n`;
    if (!this.#gzip.write(line)) await Promise.race([once(this.#gzip, 'drain'), this.#done]);
  }

  async close(): Promise<void> {
    this.#gzip.end();
    await this.#done;
  }
}

function payloadOf(body: Uint8Array): { payload: string } | { payload_b64: string } {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? { payload: text } : { payload_b64: bytes.toString('base64') };
}
