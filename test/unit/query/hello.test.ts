/** What ClickHouse's Go client asks first, and the form in which it reads the answer. With the client itself: test/integration/native.test.ts. */
import { expect, test } from 'vitest';
import { atRevision, helloAt, readHello, revisionOf } from '../../../src/query/hello.ts';

test.each([
  'SELECT displayName(), version(), revision(), timezone()',
  '\n SELECT displayName(),version(),\n revision(), timezone() ',
])('is the first question, and asks the engine for nothing that is forbidden: %j', (sql) => {
  expect(readHello(sql)).toMatch(/^SELECT 'oslotap' AS "displayName\(\)", version\(\) .* 0::UInt32 AS "revision\(\)"/);
});

test.each(['SELECT displayName()', 'SELECT displayName(), version(), revision(), timezone(), 1', 'SELECT 1'])(
  'is not: %s',
  (sql) => {
    expect(readHello(sql)).toBeNull();
  },
);

test.each([
  ['54460', 54_460],
  ['0', 0],
  ['', 0],
  ['-1', 0],
  ['1e5', 0],
  ['9999999999', 0],
  [null, 0],
])('the revision of client_protocol_version=%s is %d', (text, revision) => {
  expect(revisionOf(text)).toBe(revision);
});

/** Two columns and a row; a name and a value of 200 bytes, whose length takes two. */
const NAME = 'n'.repeat(200);
const WORDS = 'é'.repeat(100);
const ENGINE = `02 01 | c801 ${hex(NAME)} 06 ${hex('String')} c801 ${hex(WORDS)} | 01 ${hex('r')} 06 ${hex('UInt32')} 00000000`;
const INFO = '01 00 02 ffffffff 00';

test('at revision 54454 and above a block has its info, and each column its flag', () => {
  const wanted = `${INFO} 02 01 | c801 ${hex(NAME)} 06 ${hex('String')} 00 c801 ${hex(WORDS)} | 01 ${hex('r')} 06 ${hex('UInt32')} 00 00000000`;
  for (const revision of [54_454, 54_460, 999_999_999]) expect(atRevision(bytes(ENGINE), revision)).toEqual(bytes(wanted));
});

test('below, it has its info only', () => {
  for (const revision of [1, 54_453]) expect(atRevision(bytes(ENGINE), revision)).toEqual(bytes(`${INFO} ${ENGINE}`));
});

test('every cut of a block is an error, none an endless loop', () => {
  const block = bytes(ENGINE);
  for (let length = 0; length < block.length; length++)
    expect(() => atRevision(block.subarray(0, length), 54_460)).toThrow(RangeError);
});

test('what runs can be stopped through it, and is over when it is', async () => {
  let cancelled = 0;
  const run = {
    ended: Promise.resolve(),
    cancel: () => {
      cancelled++;
    },
    async *[Symbol.asyncIterator]() {
      yield { bytes: bytes(ENGINE), rows: 1 };
    },
  };
  const hello = helloAt(run, 1);
  expect(await Array.fromAsync(hello)).toEqual([{ bytes: bytes(`${INFO} ${ENGINE}`), rows: 1 }]);
  hello.cancel();
  expect(cancelled).toBe(1);
  expect(hello.ended).toBe(run.ended);
});

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

function bytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(/[ |]/g, ''), 'hex');
}
