/** What `npm pack` makes, installed elsewhere, works. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { capturePath } from '../support/captures.ts';
import { ROOT, scratch } from '../support/cli.ts';

/** With this process's own Node first on the path, as npm scripts have it. */
function run(program: string, args: readonly string[], cwd: string) {
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
  return spawnSync(program, args, { cwd, encoding: 'utf8', env: { ...process.env, PATH: path }, timeout: 170_000 });
}

test('npm pack, npm install -g: a working oslotap', { timeout: 200_000 }, () => {
  const folder = scratch();
  const packed = run('npm', ['pack', '--silent', '--pack-destination', folder], ROOT);
  expect(packed.status, packed.stderr).toBe(0);
  const tarball = join(folder, packed.stdout.trim().split('\n').at(-1) ?? '');
  const installed = run(
    'npm',
    ['install', '-g', '--prefix', join(folder, 'global'), '--no-audit', '--no-fund', '--prefer-offline', tarball],
    folder,
  );
  expect(installed.status, installed.stderr).toBe(0);

  const oslotap = join(folder, 'global/bin/oslotap');
  expect(run(oslotap, ['--version'], folder).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(run(oslotap, ['replay', capturePath('boot-1')], folder).stderr).toContain('152 messages, 146 spans stored');
  expect(run(oslotap, ['show', 'req-707e'], folder).stdout).toContain('THE BILL');
  expect(run(oslotap, ['report', '--format', 'json'], folder).stdout).toContain('"operation": "server.create"');

  // Without the embedded engine: one clear line.
  rmSync(join(folder, 'global/lib/node_modules/oslotap/node_modules/chdb'), { recursive: true });
  const refused = run(oslotap, ['replay', capturePath('boot-1')], folder);
  expect([refused.status, refused.stderr]).toEqual([
    2,
    "oslotap: the embedded store needs the optional package chdb, which is not installed: run 'npm install chdb' (540 MB)\n",
  ]);
  expect(run(oslotap, ['replay', capturePath('boot-1'), '--store', 'none'], folder).status).toBe(0);
});
