/** Our lexer against the engine's own: what we read as names must be what it runs. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { tokensOf } from '../../../src/query/tokens.ts';
import { openChdb } from '../../../src/store/chdb.ts';

const directory = mkdtempSync(join(tmpdir(), 'oslotap-'));
const store = await openChdb({ directory, command: 'test', isWriter: true });
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const NAMES = new Set(['BareWord', 'QuotedIdentifier']);
const BLANK = new Set(['Whitespace', 'Comment']);

/** What begins with a digit is on no list of ours: behind a dot the engine takes `1e9` for a name. */
function isName({ type, begin }: EngineToken, sql: string): boolean {
  return NAMES.has(type) && !/\d/.test(Buffer.from(sql).toString('latin1')[begin] ?? '');
}

interface EngineToken {
  readonly begin: number;
  readonly end: number;
  readonly type: string;
}

async function engineTokens(sql: string): Promise<EngineToken[]> {
  const [row] = await store.query<{ tokens: EngineToken[] }>('SELECT tokenizeQuery({sql:String}) AS tokens', { sql });
  return (row?.tokens ?? []).filter(({ type }) => !BLANK.has(type));
}

const PIECE = fc.constantFrom(
  ...[
    'a',
    'file',
    '_x1',
    '1',
    '1e9',
    '0x1F',
    '1_000',
    '.5',
    '1.',
    '.',
    ',',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ':',
    '::',
    ';',
    '->',
    '-',
    '--',
    '\n',
  ],
  ...[
    "'",
    "''",
    "'a'",
    '\\',
    "\\'",
    '"',
    '""',
    '`',
    '``',
    '`a`',
    '"a"',
    '/',
    '*',
    '/*',
    '*/',
    '//',
    ' ',
    '\t',
    '#',
    '$',
    '$$',
    '$a$',
  ],
  ...['=', '<=>', '||', '|', '!', '!=', '?', '@', '@@', '^', '%', '&', '‘', '’', '“', '”', 'é', ' ', '\u0000', '\r', '\v', '\f'],
);

test('every name that the engine finds in a query is found here, in the same place', async () => {
  const sql = fc.array(PIECE, { minLength: 1, maxLength: 14 }).map((pieces) => pieces.join(''));
  await fc.assert(
    fc.asyncProperty(sql, async (text) => {
      const ours = tokensOf(text);
      if (!Array.isArray(ours)) return;
      const theirs = await engineTokens(text);
      const at = (index: number) => Buffer.byteLength(text.slice(0, index)); // theirs are bytes
      const names = ours.filter(({ kind }) => kind === 'word' || kind === 'quoted').map(({ begin, end }) => [at(begin), at(end)]);
      expect(names).toEqual(
        expect.arrayContaining(theirs.filter((token) => isName(token, text)).map(({ begin, end }) => [begin, end])),
      );
      const ends = ours.filter(({ text }) => text === ';').map(({ begin }) => at(begin));
      expect(ends).toEqual(theirs.filter(({ type }) => type === 'Semicolon').map(({ begin }) => begin));
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  "SELECT 'a",
  'SELECT `a',
  'SELECT /* a',
  'SELECT /* /* */ a */',
  'SELECT `a\\x62`',
  'SELECT $$a$$',
  'SELECT ‘a’',
  'SELECT 1 # a',
])('what cannot be read for sure is no query: %s', (sql) => {
  expect(tokensOf(sql)).toMatchObject({ name: 'SYNTAX_ERROR' });
});
