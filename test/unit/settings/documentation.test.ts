/** The pages that are made from the source are as it makes them, and the example is a configuration. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DOCUMENTS } from '../../../scripts/generate-docs.ts';
import { readSettings } from '../../../src/settings/read.ts';
import { LEAVES, SCHEMA, TREE } from '../../../src/settings/schema.ts';
import { readYamlFile } from '../../../src/settings/yaml-file.ts';
import { ROOT, scratch } from '../../support/cli.ts';

const EXAMPLE = join(ROOT, 'docs/oslotap.example.yaml');

test.each(DOCUMENTS)('%s is up to date: node scripts/generate-docs.ts', (path, make) => {
  expect(readFileSync(join(ROOT, path), 'utf8')).toBe(make());
});

test('the example has every key, and changes nothing as it is', () => {
  const { settings, given } = readSettings({ file: EXAMPLE, env: {}, flags: new Map() });
  expect(settings).toEqual(SCHEMA.parse({}));
  expect(given.size).toBe(0);
});

test('every value in the example is one that holds', () => {
  const file = join(scratch(), 'oslotap.yaml');
  writeFileSync(file, readFileSync(EXAMPLE, 'utf8').replace(/^( *)#(\w+:)/gm, '$1$2'), { mode: 0o600 });
  const { given, faults } = readYamlFile(file, TREE);
  expect(faults).toEqual([]);
  expect(given.map(({ leaf }) => leaf.path)).toEqual(LEAVES.map(({ path }) => path));
  for (const { leaf, value } of given) {
    if (leaf.isSecret !== true)
      expect({ path: leaf.path, error: leaf.schema.safeParse(value).error }).toEqual({ path: leaf.path });
  }
});
