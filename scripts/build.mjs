/** Builds dist/: JavaScript from the sources, and the .sql and .xml files beside it. Runs before `npm pack`. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

rmSync(`${root}dist`, { recursive: true, force: true });
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (tsc.status !== 0) process.exit(1);
for (const folder of ['store/migrations', 'queries', 'sinks/clickhouse']) {
  cpSync(`${root}src/${folder}`, `${root}dist/src/${folder}`, { recursive: true, filter: (path) => !path.endsWith('.ts') });
}
cpSync(`${root}src/store/access.xml`, `${root}dist/src/store/access.xml`);
chmodSync(`${root}dist/src/cli/bin.js`, 0o755);
