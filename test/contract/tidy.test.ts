/** The tree keeps its own rules: layers, types, format, no stray paths, and a README that says what --help says. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { oslotap, ROOT } from '../support/cli.ts';

/** What each folder may import. Downwards only: see ARCHITECTURE.md. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'src/errors.ts': [],
  'src/message.ts': [],
  'src/semconv.ts': [],
  'src/gap.ts': [],
  'src/storm.ts': [],
  'src/log.ts': [],
  'src/thousands.ts': [],
  'src/telemetry': ['src/log.ts'],
  'src/oslo': ['src/message.ts'],
  'src/trace': ['src/message.ts'],
  'src/storms': ['src/gap.ts', 'src/message.ts', 'src/storm.ts', 'src/trace'],
  'src/journal': ['src/message.ts', 'src/errors.ts', 'src/trace'],
  'src/pipeline.ts': ['src/message.ts', 'src/gap.ts', 'src/storm.ts', 'src/oslo', 'src/storms', 'src/trace'],
  'src/store': ['src/errors.ts'],
  'src/sinks': [
    'src/message.ts',
    'src/errors.ts',
    'src/log.ts',
    'src/gap.ts',
    'src/storm.ts',
    'src/semconv.ts',
    'src/pipeline.ts',
    'src/store',
    'src/telemetry',
    'src/trace',
  ],
  'src/queries': ['src/message.ts', 'src/storm.ts', 'src/store', 'src/trace'],
  'src/query': ['src/errors.ts', 'src/log.ts', 'src/http', 'src/store', 'src/telemetry'],
  'src/metrics': ['src/message.ts', 'src/gap.ts', 'src/storm.ts', 'src/pipeline.ts', 'src/trace'],
  'src/http': ['src/errors.ts', 'src/log.ts'],
  'src/report': ['src/gap.ts', 'src/queries', 'src/store'],
  'src/settings': ['src/errors.ts', 'src/http'],
  collectors: ['src/message.ts', 'src/errors.ts', 'src/trace'],
  'src/service': [
    ...['message', 'errors', 'gap', 'storm', 'log', 'thousands', 'pipeline'].map((file) => `src/${file}.ts`),
    ...['journal', 'trace', 'oslo', 'queries', 'query', 'metrics', 'http', 'sinks', 'store', 'storms', 'telemetry'].map(
      (folder) => `src/${folder}`,
    ),
    'collectors',
  ],
  'src/cli': ['src', 'collectors'],
};

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function layerOf(file: string): string {
  return Object.keys(LAYERS).find((layer) => file === layer || file.startsWith(`${layer}/`)) ?? 'unknown';
}

test('imports go down only', () => {
  const wrong: string[] = [];
  for (const file of [...sources('src'), ...sources('collectors')]) {
    const layer = layerOf(file);
    for (const [, path = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)) {
      const target = relative(ROOT, resolve(ROOT, dirname(file), path));
      const allowed = LAYERS[layer]?.some((below) => target === below || target.startsWith(`${below}/`));
      if (layerOf(target) !== layer && !allowed) wrong.push(`${file} → ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('types and lint are clean', () => {
  const run = (program: string, ...args: string[]) =>
    spawnSync(join(ROOT, 'node_modules/.bin', program), args, { cwd: ROOT, encoding: 'utf8' });
  expect(run('tsc', '-p', '.').stdout).toBe('');
  const biome = run('biome', 'check', '--error-on-warnings', '.');
  expect(biome.status, biome.stdout + biome.stderr).toBe(0);
});

test('no file is longer than a reader bears', () => {
  const long = [...sources('src'), ...sources('collectors')].filter(
    (file) => readFileSync(join(ROOT, file), 'utf8').split('\n').length > 400,
  );
  expect(long).toEqual([]);
});

test('npm run oslotap starts node as the executable does', () => {
  const [firstLine = ''] = readFileSync(join(ROOT, 'src/cli/bin.ts'), 'utf8').split('\n', 1);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  expect(scripts.oslotap).toBe(`exec env ${firstLine.replace('#!/usr/bin/env -S ', '')} src/cli/bin.ts`);
});

test('nothing is left behind, and no path of any one machine', () => {
  const tracked = spawnSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).stdout.split('\n');
  const texts = tracked.filter(
    (file) => /\.(ts|mjs|py|md|sql|json)$/.test(file) && file !== 'package-lock.json' && !file.includes('tidy.test'),
  );
  const wrong = texts.filter((file) =>
    /\b(TODO|FIXME|XXX)\b|\/(root|home\/\w+|work)\//.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  expect(wrong).toEqual([]);
});

test.each([
  'run',
  'record',
  'tap',
  'replay',
  'requests',
  'show',
  'explain',
  'messages',
  'storms',
  'report',
  'catalog',
  'fingerprint',
  'diff',
  'migrate',
  'redact',
])('the README describes oslotap %s', (command) => {
  expect(oslotap([command, '--help']).code).toBe(0);
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(`oslotap ${command}`);
});
