import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bzip2Error, bunzip2 } from '../../../src/oslo/bunzip2.ts';
import { BODY_BYTES_MAX, decompress } from '../../../src/oslo/compression.ts';
import { SEED } from '../../support/oslo-bodies.ts';

const ZLIB = 'application/x-gzip';
const BZIP2 = 'application/x-bz2';

/** Written by Python's bz2. */
const WRITTEN = {
  empty: 'QlpoORdyRThQkAAAAAA=',
  json: 'QlpoOTFBWSZTWSb/zcwAdS+ZgFABABAihohKMADQCAAAJqqj9UaD2qCAABlQheahC2oQsqELahC5UIXVQhbUIX2oQtqELlQhZUIXKhC2oQuqhCyoQvVQhcqELKhC/VCF2qEL+LuSKcKEgTf+bmA=',
  runs: 'QlpoMTFBWSZTWa6ARi0AAAJBAeAAPwAAgAAIIAAxADAj1T1PJMnZLz1Q4y7NxGHWhD0ojR8XckU4UJCugEYt',
  /** 65 MiB of zeros. */
  bomb: 'QlpoOTFBWSZTWQ4J4t8BX45AAMAAAAggADCATUZCoCWpCoCXMUFZJlNZL9jCXgCqe+AAwABAAAAIIAAwzAmqaYQUktqqBSS8XckU4UJAzywfgA==',
};

function written(name: keyof typeof WRITTEN): Buffer {
  return Buffer.from(WRITTEN[name], 'base64');
}

describe('a compressed body', () => {
  it.each([undefined, null, ''])('is the body itself where compression is %j', (compression) => {
    const body = Buffer.from('{}');
    expect(decompress(body, compression)).toBe(body);
  });

  it('is zlib where kombu says gzip', () => {
    expect(String(decompress(deflateSync('{"a": 1}'), ZLIB))).toBe('{"a": 1}');
  });

  it('is bzip2 where kombu says bz2', () => {
    expect(String(decompress(written('json'), BZIP2))).toBe('{"oslo.message": "x"}'.repeat(3000));
    expect(String(decompress(written('empty'), BZIP2))).toBe('');
    const runs = ['aaa', 'bbbb', 'ccccc', 'd'.repeat(259), 'e'.repeat(260), 'f'.repeat(1000)];
    expect(String(decompress(written('runs'), BZIP2))).toBe(runs.join(''));
  });

  it('of an unknown compression is not read', () => {
    expect(decompress(Buffer.from('{}'), 'application/zstd')).toBe('unknown_compression');
    expect(decompress(Buffer.from('{}'), { toString: 1 })).toBe('unknown_compression');
  });

  it('is too large where it unpacks to more than the bound', () => {
    expect(decompress(deflateSync(Buffer.alloc(BODY_BYTES_MAX)), ZLIB)).toHaveLength(BODY_BYTES_MAX);
    expect(decompress(deflateSync(Buffer.alloc(BODY_BYTES_MAX + 1)), ZLIB)).toBe('too_large');
    expect(decompress(written('bomb'), BZIP2)).toBe('too_large');
    expect(decompress(Buffer.alloc(BODY_BYTES_MAX + 1), undefined)).toBe('too_large');
  });

  it('is corrupt where it is cut', () => {
    const zlib = deflateSync('{"a": 1}');
    expect(decompress(zlib.subarray(0, -5), ZLIB)).toBe('corrupt_compression');
    for (const name of ['json', 'runs', 'empty'] as const) {
      for (let length = 0; length < written(name).length; length++) {
        expect(decompress(written(name).subarray(0, length), BZIP2), `${name} cut to ${length}`).toBe('corrupt_compression');
      }
    }
  });
});

describe('bzip2', () => {
  it('keeps to its bound exactly', () => {
    expect(bunzip2(written('json'), 63_000)).toHaveLength(63_000);
    expect(() => bunzip2(written('json'), 62_999)).toThrow('too large');
  });

  it('ends, in an error or in bytes, whatever is flipped', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const check = fc.property(fc.constantFrom('json', 'runs', 'bomb'), flips, (name, flips) => {
      const body = written(name);
      for (const [at, byte] of flips) body[4 + (at % (body.length - 4))] = byte;
      try {
        bunzip2(body, 100_000);
      } catch (error) {
        expect(error).toBeInstanceOf(Bzip2Error);
      }
    });
    fc.assert(check, { seed: SEED, numRuns: 1500 });
  });

  // Counting the run in 32 bits, as decoders do that follow micro-bunzip, makes it negative, and the loop over it endless.
  it('refuses a run whose length overflows', () => {
    expect(() => bunzip2(blockOf('0'.repeat(32)), 1e6)).toThrow('a run over the end of its block');
  });

  it('refuses an origin outside its block', () => {
    expect(() => bunzip2(blockOf(''), 1e6)).toThrow('the origin lies outside its block');
  });

  /** One block in which only the byte 0 occurs; codes: 0 run A, 10 run B, 11 end. */
  function blockOf(symbols: string): Buffer {
    const bits = (value: number | bigint, count: number) => value.toString(2).padStart(count, '0');
    const tree = `${bits(1, 5)}0100${'0'}`; // lengths 1, 2, 2
    const block = [
      ...[bits(0x314159265359n, 48), bits(0, 32), '0', bits(0, 24)], // magic, checksum, not randomised, origin
      ...[bits(0x8000, 16), bits(0x8000, 16)], // the byte 0 alone
      ...[bits(2, 3), bits(1, 15), '0'], // two trees, one selector: the first
      ...[tree, tree, symbols, '11', '0'.repeat(64)],
    ].join('');
    const bytes = (block.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
    return Buffer.concat([Buffer.from('BZh9'), Buffer.from(bytes)]);
  }
});
