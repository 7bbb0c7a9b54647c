/** A disk that is full for a while: a small file system of its own where one may be mounted, else a limit of the kernel's on the process. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './live-stage.ts';

export interface Trouble {
  readonly how: string;
  /** From now on nothing can be written. @param pid of the sidecar. */
  begin(pid: number): void;
  end(pid: number): void;
}

const SIZE = '512m';
const CHUNKS_BYTES = [2 ** 20, 2 ** 12];

/** To be called before the sidecar starts. @param directory what becomes full; it is made. */
export function diskTrouble(stage: Stage, directory: string): Trouble {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=700`, 'tmpfs', directory]).status !== 0) return fileLimit;
  stage.onEnd(() => void spawnSync('umount', ['--lazy', directory]));
  const ballast = join(directory, 'ballast');
  return { how: 'a full file system', begin: () => fill(ballast), end: () => rmSync(ballast) };
}

/** Writes until there is no room left. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  for (const bytes of CHUNKS_BYTES) {
    const chunk = Buffer.alloc(bytes);
    try {
      for (;;) writeSync(file, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(file);
}

/** No file of the process may be written beyond its first byte. */
const fileLimit: Trouble = {
  how: 'a limit on the size of files',
  begin: (pid) => limit(pid, '1'),
  end: (pid) => limit(pid, 'unlimited'),
};

function limit(pid: number, bytes: string): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`prlimit: ${stderr}`);
}
