/** `--operations FILE`: a site's own rules, and what is said of a file that is wrong. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOperations } from '../../../src/cli/operations-option.ts';
import { Misuse } from '../../../src/errors.ts';
import { BUILT_IN_OPERATIONS } from '../../../src/trace/operations.ts';
import { capturePath } from '../../support/captures.ts';
import { oslotap, scratch } from '../../support/cli.ts';

function fileOf(text: string): string {
  const file = join(scratch(), 'rules.json');
  writeFileSync(file, text);
  return file;
}

test('without a file the built-in rules hold', () => {
  expect(readOperations({})).toBe(BUILT_IN_OPERATIONS);
  expect(readOperations({ operations: '' })).toBe(BUILT_IN_OPERATIONS);
});

test.each([
  ['[{"method": "a", "operation": "a.b"}, {"method": "a"}]', 'rule 2'],
  ['[{"path": "servers/web-1", "operation": "a.b"}]', "rule 1: 'web-1' in its path is taken for a name"],
  ['nonsense', 'it is not JSON'],
])('a file with %s is refused', (text, reason) => {
  const operations = fileOf(text);
  expect(() => readOperations({ operations })).toThrow(Misuse);
  expect(() => readOperations({ operations })).toThrow(`--operations ${operations}: ${reason}`);
});

test('a file that is not there is one line and exit code 2, before anything is stored', () => {
  const { code, stderr } = oslotap(['replay', capturePath('delete-1'), '--store', 'none', '--operations', 'missing.json']);
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'oslotap: --operations missing.json: no such file\n' });
});

test("replay names requests by the site's rules", () => {
  const rules = fileOf('[{"path": "servers/{id}", "action": "delete", "operation": "server.demolish"}]');
  const store = `chdb:${join(scratch(), 'data')}`;
  const replayed = oslotap(['replay', capturePath('delete-1'), '--store', store], { OSLOTAP_OPERATIONS: rules });
  expect(replayed.code, replayed.stderr).toBe(0);
  const { stdout } = oslotap(['requests', '--store', store, '--json', '--limit', '0']);
  const operations = (JSON.parse(stdout) as { operation: string }[]).map(({ operation }) => operation);
  expect(operations.filter((operation) => operation === 'server.demolish')).toHaveLength(1);
  expect(operations).not.toContain('server.delete');
});
