/** The journal stays as small as what is open, however much passes through it. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Journal } from '../../../src/journal/journal.ts';
import { encodeEvent } from '../../../src/journal/record.ts';
import { scratch } from '../../support/cli.ts';
import { keyOf, numbered } from './arbitrary.ts';

const SMALL = { segmentBytesMax: 10_000, segmentsMax: 2 };

/** Appends events, each of a story of its own that is settled at once where `isOpen` does not want it, in commits of 20. */
async function pass(journal: Journal, from: number, to: number, isOpen: (n: number) => boolean): Promise<void> {
  for (let n = from; n < to; n++) {
    journal.append(numbered(n, n));
    if (!isOpen(n)) journal.settle([keyOf(n)]);
    if (n % 20 === 19) await journal.commit();
  }
  await journal.commit();
}

async function numbersOf(directory: string, which: 'all' | 'unsettled'): Promise<number[]> {
  const journal = await Journal.open(directory, SMALL);
  const recovered = await Array.fromAsync(journal.recover());
  await journal.close();
  return recovered.filter(({ isSettled }) => which === 'all' || !isSettled).map(({ event }) => event.bytes);
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not happen within 20 s');
    await sleep(5);
  }
}

function multiplesOf(step: number, below: number): number[] {
  return Array.from({ length: Math.ceil(below / step) }, (_, i) => i * step);
}

describe('folding', () => {
  test('keeps what is open, in order, and of what is settled only the last segments', async () => {
    const directory = scratch();
    const journal = await Journal.open(directory, SMALL);
    await pass(journal, 0, 3_000, (n) => n % 100 === 0);
    await until(() => journal.segments <= 4);
    await journal.close();
    const all = await numbersOf(directory, 'all');
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    expect(all.length).toBeLessThan(300);
    expect(await numbersOf(directory, 'unsettled')).toEqual(multiplesOf(100, 3_000));
  });

  test('drops what was carried once it is settled', async () => {
    const directory = scratch();
    const journal = await Journal.open(directory, SMALL);
    await pass(journal, 0, 2_000, (n) => n % 10 === 0);
    const carried = journal.carriedBytes;
    expect(carried).toBeGreaterThan(20_000);
    journal.settle(multiplesOf(10, 2_000).map(keyOf));
    await pass(journal, 2_000, 4_000, () => false);
    await until(() => journal.carriedBytes < 100);
    await journal.close();
    expect(await numbersOf(directory, 'unsettled')).toEqual([]);
  });

  test('that was cut off before its segments were deleted gives nothing twice', async () => {
    const [directory, aside] = [scratch(), scratch()];
    const journal = await Journal.open(directory, SMALL);
    await pass(journal, 0, 100, (n) => n % 2 === 0);
    const segments = () => readdirSync(directory).filter((name) => /^\d/.test(name));
    for (const name of segments()) copyFileSync(join(directory, name), join(aside, name));
    await pass(journal, 100, 400, (n) => n % 2 === 0);
    await journal.close();
    const gone = readdirSync(aside).filter((name) => !segments().includes(name));
    expect(gone.length).toBeGreaterThan(1);
    for (const name of gone) copyFileSync(join(aside, name), join(directory, name));
    expect(await numbersOf(directory, 'unsettled')).toEqual(multiplesOf(2, 400));
    expect(gone.filter((name) => existsSync(join(directory, name)))).toEqual([]);
  });

  test('that fails is told, loses nothing, and is done later', async () => {
    const directory = scratch();
    const journal = await Journal.open(directory, SMALL);
    mkdirSync(join(directory, 'carried.new'));
    await pass(journal, 0, 400, (n) => n % 2 === 0);
    await until(() => journal.foldTrouble !== null);
    expect(journal.foldTrouble).toMatch(/^EISDIR: [^\n]*$/);
    expect(journal.carriedBytes).toBe(0);
    rmdirSync(join(directory, 'carried.new'));
    await pass(journal, 400, 800, (n) => n % 2 === 0);
    await until(() => journal.carriedBytes > 0);
    expect(journal.foldTrouble).toBe(null);
    await journal.close();
    expect(await numbersOf(directory, 'unsettled')).toEqual(multiplesOf(2, 800));
  });

  test('at the bound forgets the oldest, and counts it', async () => {
    const directory = scratch();
    const journal = await Journal.open(directory, { ...SMALL, carriedBytesMax: 30_000 });
    await pass(journal, 0, 3_000, () => true);
    await until(() => journal.forgotten > 2_000 && journal.carriedBytes <= 30_000);
    await journal.close();
    const kept = await numbersOf(directory, 'unsettled');
    expect(kept).toEqual(Array.from({ length: 3_000 - journal.forgotten }, (_, i) => journal.forgotten + i));
  });

  test('goes on after a start', async () => {
    const directory = scratch();
    for (let run = 0; run < 5; run++) {
      const journal = await Journal.open(directory, SMALL);
      await pass(journal, run * 500, run * 500 + 500, (n) => n % 50 === 0);
      await until(() => journal.bytes < 80_000);
      await journal.close();
    }
    expect(await numbersOf(directory, 'unsettled')).toEqual(multiplesOf(50, 2_500));
  });
});

test('400,000 events, of which 5,000 stories stay open: the disk holds little, and little is written twice', {
  timeout: 300_000,
}, async () => {
  const COUNT = 400_000;
  const directory = scratch();
  const MIB = 2 ** 20;
  const journal = await Journal.open(directory, { segmentBytesMax: 2 * MIB, segmentsMax: 4 });
  const isOpen = (n: number) => n < 250_000 && n % 50 === 0;
  const writtenBefore = bytesWritten();
  let peakBytes = 0;
  const due: string[] = [];
  for (let n = 0; n < COUNT; n++) {
    journal.append(numbered(n, n));
    if (!isOpen(n)) due.push(keyOf(n));
    if (n % 2_000 !== 1_999) continue;
    if (due.length > 5_000) journal.settle(due.splice(0, due.length - 3_000));
    await journal.commit();
    peakBytes = Math.max(peakBytes, journal.bytes);
  }
  const writtenBytes = bytesWritten() - writtenBefore;
  journal.settle(due);
  await journal.close();

  // 10 MiB of segments, 8 and what is carried (2) that wait to be folded, what is carried, and a commit; of 0.13 GB that passed.
  console.info(
    `at most ${(peakBytes / MIB).toFixed(1)} MiB on disk, ${(writtenBytes / COUNT).toFixed(0)} bytes written an event`,
  );
  expect(peakBytes).toBeLessThan(25 * MIB);
  const bytesOnce = encodeEvent(numbered(COUNT, COUNT), keyOf(COUNT)).length + keyOf(COUNT).length + 3;
  if (writtenBytes > 0) expect(writtenBytes).toBeLessThan(1.5 * bytesOnce * COUNT);
  expect(journal.forgotten).toBe(0);
  const open = Array.from({ length: 5_000 }, (_, i) => i * 50);
  expect(await numbersOf(directory, 'unsettled')).toEqual(open);
});

/** What this process has written so far; 0 where there is no /proc. */
function bytesWritten(): number {
  if (!existsSync('/proc/self/io')) return 0;
  return Number(/wchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}
