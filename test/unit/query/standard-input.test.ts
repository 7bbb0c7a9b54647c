/** The engine reads standard input where nobody asked it to: a store that writes must not let it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, scratch } from '../../support/cli.ts';

const PROGRAM = `
import { openChdb } from './src/store/chdb.ts';
const store = await openChdb({ directory: process.argv[1], command: 'test', isWriter: true });
await store.command('CREATE TABLE t (n UInt8) ENGINE = MergeTree ORDER BY n');
await store.insert('t', ['n'], ['[1]']);
console.log(JSON.stringify(await store.query('SELECT n FROM t')));
await store.close();
`;

test('what waits on standard input is no row, and hinders none', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', PROGRAM, join(scratch(), 'data')], {
    cwd: ROOT,
    encoding: 'utf8',
    input: '[5]\n',
  });
  expect(stdout + stderr).toBe('[{"n":1}]\n');
});
