/**
 * Who has the data directory open: one process at a time, since the embedded engine owns its files. The file
 * `oslotap.json` in it (mode 0600) says who; a file left by a process that is gone is taken over.
 *
 *   {"pid":4711,"command":"run","isWriter":true,"startTicks":"…","query":{"url":"http://127.0.0.1:8124/","token":"…"}}
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the one that holds it answers queries. */
export interface QueryAddress {
  readonly url: string;
  /** As good as the password; another one at each start. */
  readonly token: string;
}

export interface Holder {
  readonly pid: number;
  /** What it is doing: `replay`, `show` … */
  readonly command: string;
  /** Writers keep it for long; a reader is gone in a moment. */
  readonly isWriter: boolean;
  /** The process's start in clock ticks since boot: a pid alone can be used again. */
  readonly startTicks: string;
  /** Null where it answers none, or not yet, or no longer. */
  readonly query: QueryAddress | null;
}

export const LOCK_FILE = 'oslotap.json';

/**
 * Takes the directory for this process.
 * @returns who else holds it, or null: it is ours until `unlock`.
 */
export function lock(directory: string, command: string, isWriter: boolean): Holder | null {
  const path = join(directory, LOCK_FILE);
  const self: Holder = { pid: process.pid, command, isWriter, startTicks: startTicksOf(process.pid), query: null };
  for (;;) {
    try {
      writeFileSync(path, `${JSON.stringify(self)}\n`, { flag: 'wx', mode: 0o600 });
      return null;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(path);
    if (holder !== null && isAlive(holder)) return holder;
    rmSync(path, { force: true });
  }
}

export function unlock(directory: string): void {
  rmSync(join(directory, LOCK_FILE), { force: true });
}

/** Adds to this process's own file where its queries are answered; others find the old file or the new one, never half of it. */
export function announce(directory: string, query: QueryAddress | null): void {
  const path = join(directory, LOCK_FILE);
  const self = readHolder(path);
  if (self?.pid !== process.pid) return;
  const next = `${path}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify({ ...self, query })}\n`, { mode: 0o600 });
  renameSync(next, path);
}

/** Who holds the directory now, or null. */
export function holderOf(directory: string): Holder | null {
  const holder = readHolder(join(directory, LOCK_FILE));
  return holder !== null && isAlive(holder) ? holder : null;
}

function readHolder(path: string): Holder | null {
  try {
    const json = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>;
    const { pid, command = '', isWriter = true, startTicks = '', query } = json;
    if (typeof pid !== 'number') return null;
    return { pid, command, isWriter, startTicks, query: typeof query?.url === 'string' ? query : null };
  } catch {
    return null;
  }
}

function isAlive({ pid, startTicks }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const ticks = startTicksOf(pid);
  return ticks === '' || startTicks === '' || ticks === startTicks;
}

/** Field 22 of /proc/PID/stat; `''` where there is no /proc. The command's name, field 2, may hold blanks. */
function startTicksOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
