#!/usr/bin/env node
/**
 * Installs the project's packages where they are missing or older than package-lock.json. Plain Node ≥ 20, nothing
 * installed; a few milliseconds when there is nothing to do.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const installed = `${root}node_modules/.package-lock.json`;

if (isInstalled()) process.exit(0);
console.log('installing packages (npm ci): the embedded ClickHouse, Node 24 and the tools, about 900 MB on disk …');
const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
if (npm.status !== 0) {
  console.error('installing failed: npm says why above. To try again: npm ci');
  process.exit(1);
}

function isInstalled() {
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
}
