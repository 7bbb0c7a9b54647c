/** Commands of oslotap that end by themselves. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PATIENCE_MS = 60_000;

/** `oslotap tap disarm`, with the record of what a sidecar switched on in its data directory. @returns what it said. */
export function disarm(directory: string, env: Readonly<Record<string, string>>): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['src/cli/bin.ts', 'tap', 'disarm', '--state', directory], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: PATIENCE_MS,
  });
  if (status !== 0) throw new Error(`tap disarm failed: ${stderr}`);
  return stdout + stderr;
}
