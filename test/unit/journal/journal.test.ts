/** A journal is opened, written, torn, and opened again. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Misuse } from '../../../src/errors.ts';
import { eventIdentity, Journal, type JournalOptions, journalKey } from '../../../src/journal/journal.ts';
import type { Undecodable } from '../../../src/message.ts';
import { scratch } from '../../support/cli.ts';
import { keyOf, numbered } from './arbitrary.ts';

const FIRST = '000000000001.journal';

/** A journal that is closed when the test is over: until then it is as one whose process was killed. */
async function opened(directory: string, options?: JournalOptions): Promise<Journal> {
  const journal = await Journal.open(directory, options);
  onTestFinished(() => journal.close());
  return journal;
}

/** The numbers of the events that a start recovers, with a tick where the story is settled. */
async function recoveredOf(journal: Journal): Promise<string[]> {
  const recovered = await Array.fromAsync(journal.recover());
  return recovered.map(({ event, isSettled }) => `${event.bytes}${isSettled ? '✓' : ''}`);
}

async function reopened(directory: string, options?: JournalOptions): Promise<string[]> {
  const journal = await opened(directory, options);
  try {
    return await recoveredOf(journal);
  } finally {
    await journal.close();
  }
}

/** A journal with the events 0 … count-1, each of a story of its own. */
async function filled(directory: string, count: number, options?: JournalOptions): Promise<Journal> {
  const journal = await opened(directory, options);
  for (let n = 0; n < count; n++) journal.append(numbered(n, n));
  await journal.commit();
  return journal;
}

describe('a start', () => {
  test('in a directory that is not there makes it, for its owner only', async () => {
    const directory = join(scratch(), 'a', 'journal');
    const journal = await filled(directory, 1);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, FIRST)).mode & 0o777).toBe(0o600);
    expect([journal.isEmpty, journal.lastNs, journal.wasClosedCleanly]).toEqual([true, null, false]);
    await journal.close();
  });

  test('where a file is in the way says so', async () => {
    const path = join(scratch(), 'file');
    writeFileSync(path, '');
    await expect(Journal.open(path)).rejects.toThrow(new Misuse(`the journal's directory ${path} cannot be written: ENOTDIR`));
    await expect(Journal.open(join(path, 'below'))).rejects.toThrow(Misuse);
  });

  test('with a journal of another version says which, and leaves it alone', async () => {
    const directory = scratch();
    const content = '["oslotap-journal",3]\n{"new": "format"}\ntorn';
    writeFileSync(join(directory, FIRST), content);
    const opening = Journal.open(directory);
    await expect(opening).rejects.toThrow(Misuse);
    await expect(opening).rejects.toThrow(/another version of oslotap \(format 3, not 2\)/);
    expect(readFileSync(join(directory, FIRST), 'utf8')).toBe(content);
  });

  test('knows when the last event or tick was, and whether the last run ended in order', async () => {
    const directory = scratch();
    const journal = await filled(directory, 3);
    const killed = await opened(directory);
    expect([killed.isEmpty, killed.lastNs, killed.wasClosedCleanly]).toEqual([false, numbered(2, 2).timeNs, false]);
    journal.tick(1_900_000_000_000_000_000n);
    journal.settle([keyOf(0)]);
    await journal.close();
    const closed = await opened(directory);
    expect([closed.isEmpty, closed.lastNs, closed.wasClosedCleanly]).toEqual([false, 1_900_000_000_000_000_000n, true]);
  });

  test('recovers what was committed, in order, and what was not is gone', async () => {
    const directory = scratch();
    const journal = await filled(directory, 5);
    journal.append(numbered(5, 5));
    expect(await reopened(directory)).toEqual(['0', '1', '2', '3', '4']);
    await journal.commit();
    await journal.close();
  });

  test('after a torn last line, cut at any byte, loses that line and nothing else, and goes on behind it', async () => {
    const folder = scratch();
    await (await filled(join(folder, 'whole'), 3)).commit();
    const bytes = readFileSync(join(folder, 'whole', FIRST));
    const lineBegin = bytes.lastIndexOf('\n', bytes.length - 2) + 1;
    expect(bytes.length - lineBegin).toBeGreaterThan(200);
    for (let length = lineBegin; length < bytes.length; length++) {
      const directory = join(folder, String(length));
      mkdirSync(directory);
      copyFileSync(join(folder, 'whole', FIRST), join(directory, FIRST));
      truncateSync(join(directory, FIRST), length);
      const journal = await opened(directory);
      expect(statSync(join(directory, FIRST)).size).toBe(lineBegin);
      expect(await recoveredOf(journal)).toEqual(['0', '1']);
      expect(journal.damagedLines).toBe(0);
      journal.append(numbered(7, 7));
      await journal.close();
      expect(await reopened(directory)).toEqual(['0', '1', '7']);
    }
  });

  test('after the first write was torn begins the segment anew', async () => {
    const directory = scratch();
    for (const torn of ['', '["oslotap-jou']) {
      writeFileSync(join(directory, FIRST), torn);
      expect(await reopened(directory)).toEqual([]);
      writeFileSync(join(directory, FIRST), torn);
      await (await filled(directory, 2)).close();
      expect(await reopened(directory)).toEqual(['0', '1']);
    }
  });

  test('passes over lines that it cannot read, and counts them', async () => {
    const directory = scratch();
    await filled(directory, 2);
    const zeros = '\0'.repeat(100);
    appendFileSync(join(directory, FIRST), `${zeros}\n["xx","?"]\n["pc","a"]\n["dn","b",broken]\n["pc"\n\n[]\n`);
    const journal = await opened(directory);
    expect(await recoveredOf(journal)).toEqual(['0', '1']);
    expect(journal.damagedLines).toBe(7);
  });

  test('does not mind files that are none of its own', async () => {
    const directory = scratch();
    writeFileSync(join(directory, 'notes.txt'), 'mine');
    writeFileSync(join(directory, '1.journal'), 'mine');
    await (await filled(directory, 1)).close();
    expect(await reopened(directory)).toEqual(['0']);
    expect(readFileSync(join(directory, '1.journal'), 'utf8')).toBe('mine');
  });
});

describe('a settled story', () => {
  test('is recovered with a mark, until an event comes for it', async () => {
    const directory = scratch();
    const journal = await filled(directory, 3);
    journal.settle([keyOf(0), keyOf(2)]);
    journal.append(numbered(3, 2));
    await journal.close();
    expect(await reopened(directory)).toEqual(['0✓', '1', '2', '3']);
  });

  test('that an event came for is settled again by a new mark', async () => {
    const directory = scratch();
    const journal = await filled(directory, 1);
    journal.settle([keyOf(0)]);
    journal.append(numbered(1, 0));
    journal.settle([keyOf(0)]);
    await journal.close();
    expect(await reopened(directory)).toEqual(['0✓', '1✓']);
  });

  test('that could not be understood has a key of its own, and that settles it', async () => {
    const directory = scratch();
    const event: Undecodable = {
      event: 'undecodable',
      reason: 'not_json',
      timeNs: 5n,
      direction: 'deliver',
      exchange: 'nova',
      queue: 'q',
      connection: 'c',
      bytes: 77,
    };
    const journal = await opened(directory);
    journal.append(event);
    journal.append({ ...event, timeNs: 6n, bytes: 78 });
    expect(journalKey(event)).toMatch(/^u[0-9a-f]{16}$/);
    journal.settle([journalKey(event)]);
    await journal.close();
    expect(await reopened(directory)).toEqual(['77✓', '78']);
  });

  test('that is settled while it is still being recovered stays unsettled where more of it comes', async () => {
    const directory = scratch();
    const journal = await opened(directory);
    for (const [n, story] of [0, 1, 0, 2].entries()) journal.append(numbered(n, story));
    await journal.close();

    const again = await opened(directory);
    for await (const { event } of again.recover()) {
      if (event.bytes === 1) again.settle([keyOf(0), keyOf(1)]);
    }
    await again.close();
    expect(await reopened(directory)).toEqual(['0', '1✓', '2', '3']);
  });
});

describe('recover', () => {
  test('comes before the first append, and once', async () => {
    const journal = await filled(scratch(), 1);
    await expect(journal.recover().next()).rejects.toThrow('recover comes once');
    const other = await opened(scratch());
    await Array.fromAsync(other.recover());
    await expect(other.recover().next()).rejects.toThrow('recover comes once');
  });
});

describe('commit', () => {
  test('called many times at once makes everything durable once', async () => {
    const directory = scratch();
    const journal = await opened(directory, { segmentBytesMax: 2_000, segmentsMax: 100 });
    const commits = Array.from({ length: 200 }, (_, n) => {
      journal.append(numbered(n, n));
      return journal.commit();
    });
    await Promise.all(commits);
    expect(await reopened(directory)).toEqual(Array.from({ length: 200 }, (_, n) => String(n)));
  });

  test('is durable for what was appended before it was called, while another is at work', async () => {
    const directory = scratch();
    const journal = await opened(directory);
    for (let n = 0; n < 100; n++) {
      journal.append(numbered(2 * n, n));
      const first = journal.commit();
      await Promise.resolve();
      journal.append(numbered(2 * n + 1, n));
      await journal.commit();
      expect(readFileSync(join(directory, FIRST), 'utf8').split('\n').length - 2).toBe(2 * n + 2);
      await first;
    }
  });

  test('of nothing writes nothing', async () => {
    const directory = scratch();
    await (await opened(directory)).commit();
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('recentIdentities', () => {
  const identity = (n: number, story: number) => eventIdentity(numbered(n, story));

  test('has what was appended last: in memory, on disk, and after a start', async () => {
    const directory = scratch();
    const journal = await filled(directory, 50, { segmentBytesMax: 2_000, segmentsMax: 100 });
    expect(journal.segments).toBe(1);
    for (let n = 50; n < 60; n++) {
      journal.append(numbered(n, n));
      await journal.commit();
    }
    expect(journal.segments).toBeGreaterThan(1);
    journal.append(numbered(60, 59));
    expect(await journal.recentIdentities(3)).toEqual(
      new Map([
        [identity(58, 58), 1],
        [identity(59, 59), 2],
      ]),
    );
    expect((await journal.recentIdentities(40)).size).toBe(39);
    await journal.commit();
    const again = await opened(directory);
    for (const count of [0, 1, 2, 3, 9, 40, 60, 1_000]) {
      const identities = await again.recentIdentities(count);
      expect(identities).toEqual(await journal.recentIdentities(count));
      expect([...identities.values()].reduce((sum, times) => sum + times, 0)).toBe(Math.min(count, 61));
    }
  });

  test('says the same of an event that comes again later, and another of one that differs', () => {
    const event = numbered(1, 1);
    expect(eventIdentity({ ...event, timeNs: 1n })).toBe(eventIdentity(event));
    const differing = [{ connection: 'x' }, { channel: 2 }, { vhost: 'x' }].map((change) => ({ ...event, ...change }));
    const delivery = {
      ...event,
      event: 'deliver' as const,
      queue: 'q',
      redelivered: false,
      deliveryCount: 0,
      streamOffset: null,
    };
    const deliveries = [
      {},
      { queue: 'r' },
      { redelivered: true },
      { deliveryCount: 1 },
      { streamOffset: 0 },
      { streamOffset: 1 },
    ];
    const all = [event, numbered(1, 2), ...differing, ...deliveries.map((change) => ({ ...delivery, ...change }))];
    expect(new Set(all.map(eventIdentity)).size).toBe(all.length);
  });
});
