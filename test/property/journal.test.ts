/** Whatever can be decoded is in the journal as it was, and is recovered so. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Journal, type JournalEvent, journalKey } from '../../src/journal/journal.ts';
import { decodeEvent, encodeEvent } from '../../src/journal/record.ts';
import { decode } from '../../src/oslo/decode.ts';
import { CAPTURES, capturePath, tappedOf } from '../support/captures.ts';
import { scratch } from '../support/cli.ts';
import { anyEvent } from '../unit/journal/arbitrary.ts';

function readBack(event: JournalEvent): JournalEvent | null {
  const line = encodeEvent(event, journalKey(event));
  expect(line.indexOf('\n')).toBe(line.length - 1);
  return decodeEvent(line.trimEnd());
}

test('an event of any kind with any text in it is one line, and is read as it was', () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      expect(readBack(event)).toStrictEqual(event);
    }),
    { numRuns: 5_000, seed: 20261121 },
  );
});

test('a line of which a part is missing is read as nothing, or as what it still says in full', () => {
  const cut = fc.tuple(anyEvent, fc.nat(), fc.nat());
  fc.assert(
    fc.property(cut, ([event, from, length]) => {
      const line = encodeEvent(event, journalKey(event)).trimEnd();
      const begin = from % line.length;
      const read = decodeEvent(line.slice(0, begin) + line.slice(begin + 1 + (length % line.length)));
      if (read !== null) expect(read.event).toBe(event.event);
    }),
    { numRuns: 2_000, seed: 20261121 },
  );
});

test('events of any kind, settled in any order, are recovered in theirs with the right marks', async () => {
  const step = fc.oneof({ weight: 3, arbitrary: anyEvent }, { weight: 1, arbitrary: fc.nat() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const directory = scratch();
      const journal = await Journal.open(directory, { segmentBytesMax: 1_000, segmentsMax: 1_000 });
      const events: JournalEvent[] = [];
      const settled = new Set<string>();
      for (const what of steps) {
        if (typeof what === 'number') {
          const event = events[what % (events.length || 1)];
          if (event === undefined) continue;
          journal.settle([journalKey(event)]);
          settled.add(journalKey(event));
        } else {
          journal.append(what);
          events.push(what);
          settled.delete(journalKey(what));
        }
        await journal.commit();
      }
      await journal.close();
      const again = await Journal.open(directory);
      const recovered = await Array.fromAsync(again.recover());
      await again.close();
      expect(recovered).toStrictEqual(events.map((event) => ({ event, isSettled: settled.has(journalKey(event)) })));
    }),
    { numRuns: 60, seed: 20261121 },
  );
});

describe.each(CAPTURES)('%s', (name) => {
  test('every event of the capture is recovered as it was decoded', async () => {
    const events = (await tappedOf(capturePath(name))).map(decode);
    const directory = scratch();
    const journal = await Journal.open(directory, { segmentBytesMax: 50_000, segmentsMax: 1_000 });
    for (const event of events) {
      journal.append(event);
      if (event.timeNs % 97n === 0n) await journal.commit();
    }
    await journal.close();
    const again = await Journal.open(directory);
    expect((await Array.fromAsync(again.recover())).map(({ event }) => event)).toStrictEqual(events);
    expect(again.damagedLines).toBe(0);
    await again.close();
  });
});
