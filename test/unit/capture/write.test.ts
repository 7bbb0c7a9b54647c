import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaptureWriter } from '../../../collectors/capture/write.ts';
import type { TappedMessage } from '../../../src/message.ts';
import { tappedOf } from '../../support/captures.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'oslotap-write-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function tapped(n: number, body: string | Uint8Array): TappedMessage {
  const headers = { routing_keys: ['q', 'é'], properties: { headers: { n } } };
  return { receivedNs: 1_795_300_394_292_507_994n + BigInt(n), routingKey: 'publish.nova', headers, body: Buffer.from(body) };
}

async function write(path: string, messages: readonly TappedMessage[]): Promise<void> {
  const writer = new CaptureWriter(path);
  for (const message of messages) await writer.write(message);
  await writer.close();
}

describe('a written capture', () => {
  it('is read as it was written', async () => {
    const bodies = [
      '',
      '{"a": "é😀"}',
      '\ufeffBOM',
      'two\r\nlines',
      Buffer.from([0xff, 0x00]),
      Buffer.from('\u0000'),
      'x'.repeat(1e6),
    ];
    const messages = bodies.map((body, i) => tapped(i, body));
    const path = join(directory, 'a.ndjson.gz');
    await write(path, messages);
    expect(await tappedOf(path)).toEqual(messages);
  });

  it('has the bytes of a view, not of the buffer below it', async () => {
    const path = join(directory, 'b.ndjson.gz');
    const body = new Uint8Array(Buffer.from('before{}after').buffer.slice(0)).subarray(0, 0);
    const view = Buffer.from('before{}after').subarray(6, 8);
    await write(path, [
      { ...tapped(1, ''), body: view },
      { ...tapped(2, ''), body },
    ]);
    expect((await tappedOf(path)).map((message) => String(message.body))).toEqual(['{}', '']);
  });

  it('is readable by its owner only', async () => {
    const path = join(directory, 'c.ndjson.gz');
    await write(path, []);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await tappedOf(path)).toEqual([]);
  });

  it('that cannot be written is an error of write or close, and nothing is left hanging', async () => {
    const body = Buffer.alloc(200_000, 0xff);
    const messages = Array.from({ length: 50 }, (_, i) => tapped(i, body));
    await expect(write(join(directory, 'none', 'd.ndjson.gz'), messages)).rejects.toThrow('ENOENT');
    await expect(write(join(directory, 'none', 'd.ndjson.gz'), [])).rejects.toThrow('ENOENT');
  });
});
