/**
 * What was found before the firehose was switched on, on disk: so that whoever comes after a crash still knows what to
 * put back. `DIR/armed.json`, mode 0600:
 *
 *   {"version":1,"entries":[{"node":"rabbit@ctl1","peers":["rabbit@ctl2"],"vhost":"/",
 *                            "wasTracing":false,"pid":4711,"host":"ctl1","at":"2026-11-21T19:55:43.800Z"}]}
 *
 * Every change is durable before the call returns. Several processes may change it: each change holds a lock for its
 * few milliseconds.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Failed, reasonOf } from '../../src/errors.ts';

export interface ArmedEntry {
  readonly node: string;
  /** The other nodes of its cluster at that time. One directory is for one cluster. */
  readonly peers: readonly string[];
  readonly vhost: string;
  /** True where somebody else had switched it on: it stays on. */
  readonly wasTracing: boolean;
  /** Who found it so. */
  readonly pid: number;
  readonly host: string;
  /** RFC 3339. */
  readonly at: string;
}

export const RECORD_FILE = 'armed.json';
const VERSION = 1;

export class ArmedRecord {
  readonly path: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, RECORD_FILE);
  }

  /** @throws Failed where there is a file that cannot be understood: nothing must be concluded from it. */
  entries(): ArmedEntry[] {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new Failed(`${this.path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    }
    const entries = parse(text);
    if (entries !== null) return entries;
    throw new Failed(`${this.path} is not a record of armed nodes: look at it, remove it, and use tap disarm --force`);
  }

  find(node: string, vhost: string): ArmedEntry | null {
    return this.entries().find((entry) => entry.node === node && entry.vhost === vhost) ?? null;
  }

  /** Adds an entry, in place of one for the same node and vhost. */
  put(entry: ArmedEntry): void {
    this.#change((entries) => [...entries.filter(isNot(entry)), entry]);
  }

  /** Nothing is left behind once the last entry is gone. */
  remove(entry: Pick<ArmedEntry, 'node' | 'vhost'>): void {
    this.#change((entries) => entries.filter(isNot(entry)));
  }

  #change(edit: (entries: ArmedEntry[]) => ArmedEntry[]): void {
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      const unlock = lock(`${this.path}.lock`);
      try {
        const entries = edit(this.entries());
        if (entries.length === 0) rmSync(this.path, { force: true });
        else replace(this.path, `${JSON.stringify({ version: VERSION, entries }, null, 1)}\n`);
        syncDirectory(this.#directory);
      } finally {
        unlock();
      }
    } catch (error) {
      if (error instanceof Failed) throw error;
      throw new Failed(`${this.path} cannot be written, so nothing is switched: ${reasonOf(error)}`);
    }
  }
}

function isNot({ node, vhost }: Pick<ArmedEntry, 'node' | 'vhost'>): (entry: ArmedEntry) => boolean {
  return (entry) => entry.node !== node || entry.vhost !== vhost;
}

function parse(text: string): ArmedEntry[] | null {
  try {
    const { version, entries } = JSON.parse(text) as { readonly version?: unknown; readonly entries?: unknown };
    return version === VERSION && Array.isArray(entries) && entries.every(isEntry) ? entries : null;
  } catch {
    return null;
  }
}

function isEntry(value: unknown): value is ArmedEntry {
  const { node, peers, vhost, wasTracing, pid, host, at } = (value ?? {}) as Partial<Record<keyof ArmedEntry, unknown>>;
  const areTexts = Array.isArray(peers) && [node, vhost, host, at, ...peers].every((field) => typeof field === 'string');
  return areTexts && typeof wasTracing === 'boolean' && typeof pid === 'number';
}

/** Whole or not at all, whenever the power goes. */
function replace(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A change takes milliseconds: a lock of this age was left by a process that was killed. */
const LOCK_AGE_MAX_MS = 5_000;
const LOCK_RETRY_MS = 10;

/** @returns what unlocks. */
function lock(path: string): () => void {
  const waiting = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      closeSync(openSync(path, 'wx', 0o600));
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (ageMs(path) > LOCK_AGE_MAX_MS) rmSync(path, { force: true });
    else Atomics.wait(waiting, 0, 0, LOCK_RETRY_MS);
  }
}

function ageMs(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0; // gone meanwhile
  }
}
