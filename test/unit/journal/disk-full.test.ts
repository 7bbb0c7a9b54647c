/** The disk is full, for real: commit says so, and once there is room again nothing was lost and nothing is there twice. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Failed } from '../../../src/errors.ts';
import { Journal } from '../../../src/journal/journal.ts';
import { scratch } from '../../support/cli.ts';
import { numbered } from './arbitrary.ts';

const CHILD = fileURLToPath(new URL('limited-child.ts', import.meta.url));

function works(command: string, ...args: string[]): boolean {
  return spawnSync(command, args).status === 0;
}

/** A file system of one megabyte; null where this user may not mount one. */
function smallDisk(): string | null {
  const directory = join(scratch(), 'disk');
  mkdirSync(directory);
  if (!works('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory)) return null;
  onTestFinished(() => void spawnSync('umount', [directory]));
  return directory;
}

async function numbersOf(directory: string): Promise<number[]> {
  const journal = await Journal.open(directory);
  const recovered = await Array.fromAsync(journal.recover());
  expect(journal.damagedLines).toBe(0);
  await journal.close();
  return recovered.map(({ event }) => event.bytes);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

describe('a full disk', () => {
  test('fails the commit with one line, and the next commit that finds room writes what it could not', async (context) => {
    const disk = smallDisk();
    if (disk === null) return context.skip('this user may not mount a file system');
    const directory = join(disk, 'journal');
    const journal = await Journal.open(directory);
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(700_000));
    let n = 0;
    let failure: unknown = null;
    while (failure === null && n < 10_000) {
      for (let i = 0; i < 50; i++) journal.append(numbered(n, n++));
      failure = await journal.commit().then(
        () => null,
        (error) => error,
      );
    }
    expect(failure).toBeInstanceOf(Failed);
    expect((failure as Failed).message).toBe(
      `the journal in ${directory} cannot be written: ENOSPC: no space left on device, write; the next commit tries again`,
    );
    for (let again = 0; again < 3; again++) {
      journal.append(numbered(n, n++));
      await expect(journal.commit()).rejects.toThrow('ENOSPC');
    }
    // What could not be written is known all the same.
    expect((await journal.recentIdentities(1_000_000)).size).toBe(n);

    rmSync(join(disk, 'ballast'));
    await journal.commit();
    journal.append(numbered(n, n++));
    await journal.close();
    expect(await numbersOf(directory)).toEqual(upTo(n));
  });
});

describe.skipIf(!works('prlimit', '--version'))("a limit on the size of a process's files", () => {
  test('fails the commit with one line, and once it is lifted nothing was lost and nothing is there twice', async () => {
    const directory = join(scratch(), 'journal');
    const child = spawn('prlimit', ['--fsize=100000:unlimited', process.execPath, CHILD, directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(String(said)).toBe(
      `the journal in ${directory} cannot be written: EFBIG: file too large, write; the next commit tries again\n`,
    );
    expect(works('prlimit', `--pid=${child.pid}`, '--fsize=unlimited:unlimited')).toBe(true);
    const counted = once(child.stdout, 'data') as Promise<[Buffer]>;
    child.stdin.write('go on\n');
    const count = Number(String((await counted)[0]));
    expect(count).toBeGreaterThan(200);
    expect(await numbersOf(directory)).toEqual(upTo(count));
  });
});
