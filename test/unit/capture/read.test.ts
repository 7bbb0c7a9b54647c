import { createWriteStream, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LINE_BYTES_MAX, readCapture } from '../../../collectors/capture/read.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'oslotap-read-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const noise = Array.from({ length: 4000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1).toString(36)).join('');

/** A line whose message is told apart by `n`. */
function line(n: number, body = 'x'): string {
  return JSON.stringify({ ts: String(n), routing_key: 'publish.nova', headers: {}, payload: body });
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, i) => `${line(i + 1, noise.slice(i % 1000))}\n`).join('');
}

interface Read {
  readonly numbers: readonly number[];
  readonly broken: readonly (readonly [number, string])[];
  readonly truncated: readonly string[];
}

async function readPath(path: string): Promise<Read> {
  const broken: [number, string][] = [];
  const truncated: string[] = [];
  const numbers: number[] = [];
  const listener = {
    broken: (number: number, reason: string) => void broken.push([number, reason]),
    truncated: (reason: string) => void truncated.push(reason),
    progress: () => {},
  };
  for await (const { receivedNs } of readCapture(path, listener)) numbers.push(Number(receivedNs));
  return { numbers, broken, truncated };
}

function read(content: string | Buffer): Promise<Read> {
  const path = join(directory, 'capture');
  writeFileSync(path, content);
  return readPath(path);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

describe('a capture', () => {
  it.each<[string, string | Buffer, number]>([
    ['empty', '', 0],
    ['plain', lines(3), 3],
    ['gzip', gzipSync(lines(3)), 3],
    ['gzip of nothing', gzipSync(''), 0],
    ['of several gzip members', Buffer.concat([gzipSync(lines(1)), gzipSync(''), gzipSync(`${line(2)}\n`)]), 2],
    ['with a line over two gzip members', Buffer.concat([gzipSync(line(1).slice(0, 9)), gzipSync(line(1).slice(9))]), 1],
    ['with CRLF', `${line(1)}\r\n${line(2)}\r\n`, 2],
    ['without a newline at its end', `${line(1)}\n${line(2)}`, 2],
  ])('is read: %s', async (_, content, count) => {
    expect(await read(content)).toEqual({ numbers: upTo(count), broken: [], truncated: [] });
  });

  it('that is not there, or a directory, is an error', async () => {
    await expect(readPath(join(directory, 'none'))).rejects.toThrow('ENOENT');
    await expect(readPath(directory)).rejects.toThrow('EISDIR');
  });

  it('cut anywhere in its gzip data is read up to the cut, and said to be truncated', async () => {
    const gzip = gzipSync(lines(300));
    const counts: number[] = [];
    for (const length of [20, 1000, gzip.length >> 1, gzip.length - 9, gzip.length - 8, gzip.length - 1]) {
      const { numbers, broken, truncated } = await read(gzip.subarray(0, length));
      expect(numbers).toEqual(upTo(numbers.length));
      const lineNumber = numbers.length + broken.length;
      expect(truncated).toEqual([`the gzip data ends in the middle, after line ${lineNumber}`]);
      expect(broken.length).toBeLessThanOrEqual(1); // the line that the cut goes through
      counts.push(numbers.length);
    }
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBe(300);
  });

  it('cut in its second gzip member is truncated too', async () => {
    const content = Buffer.concat([gzipSync(`${line(1)}\n`), gzipSync(lines(300)).subarray(0, 2000)]);
    const { numbers, truncated } = await read(content);
    expect(numbers.length).toBeGreaterThanOrEqual(1);
    expect(truncated).toHaveLength(1);
  });

  it('damaged in the middle of its gzip data gives what comes before, and says so', async () => {
    const gzip = gzipSync(lines(2000));
    gzip.fill(0xff, gzip.length >> 1, (gzip.length >> 1) + 100);
    const { numbers, broken, truncated } = await read(gzip);
    expect(numbers.slice(0, 800)).toEqual(upTo(800));
    const lineNumber = numbers.length + broken.length; // deflate may go on for long before it sees the damage
    expect(truncated).toEqual([expect.stringMatching(`^the gzip data is damaged \\(Z_\\w+\\) after line ${lineNumber}$`)]);
  });

  it.skipIf(!existsSync('/proc/self/fd'))('left early does not keep its file open', async () => {
    const path = join(directory, 'left.gz');
    writeFileSync(path, gzipSync(lines(2000)));
    const listener = { broken: () => {}, truncated: () => {}, progress: () => {} };
    for await (const _ of readCapture(path, listener)) break;
    await vi.waitFor(() => expect(openFiles()).not.toContain(path));
  });

  function openFiles(): string[] {
    return readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return ''; // the descriptor of the listing itself
      }
    });
  }
});

describe('a line', () => {
  it.each<[string, unknown, string]>([
    ['nothing', '', 'an empty line, or one too long'],
    ['no JSON', '{', 'not JSON'],
    ['no object', '5', 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    ['a list', '[]', 'no ts in nanoseconds'],
    ['a ts that is a number', { ts: 5, routing_key: '', payload: '' }, 'no ts in nanoseconds'],
    ['a ts with a sign', { ts: '-5', routing_key: '', payload: '' }, 'no ts in nanoseconds'],
    ['a ts with a fraction', { ts: '5.0', routing_key: '', payload: '' }, 'no ts in nanoseconds'],
    ['a ts beyond 2^63', { ts: '9300000000000000000', routing_key: '', payload: '' }, 'no ts in nanoseconds'],
    ['no routing key', { ts: '5', payload: '' }, 'no routing_key'],
    ['no payload', { ts: '5', routing_key: '', payload: null }, 'no payload'],
  ])('with %s is passed over and reported with its number', async (_, content, reason) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const result = await read(`${line(1)}\n${text}\n${line(2)}\n`);
    expect(result).toEqual({ numbers: [1, 2], broken: [[2, reason]], truncated: [] });
  });

  it('may have its payload in base64', async () => {
    const path = join(directory, 'base64');
    writeFileSync(path, '{"ts":"1","routing_key":"publish.","headers":{"a":1},"payload_b64":"AP8="}');
    const listener = { broken: () => {}, truncated: () => {}, progress: () => {} };
    const [tapped] = await Array.fromAsync(readCapture(path, listener));
    expect(tapped).toEqual({ receivedNs: 1n, routingKey: 'publish.', headers: { a: 1 }, body: Buffer.from([0, 255]) });
  });

  it.each([
    ['in the middle', `\n${line(2)}\n`, [1, 2]],
    ['at the end, without a newline', '', [1]],
  ])('of 200 MB %s is passed over, in bounded memory, and reported', async (_, rest, numbers) => {
    const path = join(directory, 'long');
    const part = Buffer.alloc(1024 * 1024, 'x');
    const parts = function* () {
      yield `${line(1)}\n`;
      for (let bytes = 0; bytes < 200e6; bytes += part.length) yield part;
      yield rest;
    };
    await pipeline(Readable.from(parts()), createWriteStream(path));
    const before = process.memoryUsage().rss;
    const result = await readPath(path);
    expect(result).toEqual({ numbers, broken: [[2, 'an empty line, or one too long']], truncated: [] });
    expect(process.memoryUsage().rss - before).toBeLessThan(LINE_BYTES_MAX + 150e6);
  });
});

describe('memory', () => {
  it('does not grow with the file', async () => {
    const path = join(directory, 'large');
    const part = Buffer.from(`${line(1, noise.slice(0, 10_000))}\n`.repeat(100));
    const parts = function* () {
      for (let bytes = 0; bytes < 300e6; bytes += part.length) yield part;
    };
    await pipeline(Readable.from(parts()), createWriteStream(path));
    const listener = { broken: () => {}, truncated: () => {}, progress: () => {} };
    const before = process.memoryUsage().rss;
    let [count, peak] = [0, 0];
    for await (const _ of readCapture(path, listener)) {
      if (++count % 1000 === 0) peak = Math.max(peak, process.memoryUsage().rss);
    }
    expect(count).toBeGreaterThan(29_000);
    expect(peak - before).toBeLessThan(150e6);
  });
});
