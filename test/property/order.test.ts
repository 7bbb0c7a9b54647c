/** The order of arrival changes nothing: shuffled, duplicated and late events give the same stories. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TappedMessage } from '../../src/message.ts';
import { decode } from '../../src/oslo/decode.ts';
import { messageRow } from '../../src/sinks/clickhouse/message-rows.ts';
import { spanRows } from '../../src/sinks/clickhouse/span-rows.ts';
import { rootOf } from '../../src/trace/traces.ts';
import { CAPTURES, capturePath, type Outcome, run, snapshotOf, tappedOf } from '../support/captures.ts';

/** Everything that would be stored, in an order of its own. */
function stored({ messages, unmatched }: Outcome): string[] {
  const rows = messages.flatMap((closed) => [messageRow(closed), ...spanRows(closed).map(({ json }) => json)]);
  return [...rows, ...unmatched.map(({ reason, event }) => `${reason} ${event.timeNs}`)].sort();
}

/** A permutation that fast-check can shrink: each message with a random key, sorted by it. */
function shuffled(tapped: readonly TappedMessage[], keys: readonly number[]): TappedMessage[] {
  return tapped
    .map((message, i) => ({ message, key: keys[i % keys.length] ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ message }) => message);
}

describe.each(CAPTURES)('%s', (name) => {
  const path = capturePath(name);

  test('shuffled as a whole, with a third of it seen twice, gives the same rows', async () => {
    const tapped = await tappedOf(path);
    const expected = stored(await run(tapped, snapshotOf(path)));
    const keys = fc.array(fc.integer(), { minLength: tapped.length, maxLength: tapped.length });
    await fc.assert(
      fc.asyncProperty(keys, async (order) => {
        const twice = tapped.filter((_, i) => (order[i] ?? 0) % 3 === 0);
        const outcome = await run(shuffled([...tapped, ...twice], order), snapshotOf(path));
        expect(stored(outcome)).toEqual(expected);
        expect(outcome.tally.duplicates).toBe(twice.length);
      }),
      { numRuns: 3, seed: 20261121 },
    );
  });

  test('shuffled without a snapshot, the processes found by the traffic are the same too', async () => {
    const tapped = await tappedOf(path);
    const expected = stored(await run(tapped, null));
    const outcome = await run(
      shuffled(
        tapped,
        tapped.map((_, i) => (i * 7919) % 104_729),
      ),
      null,
    );
    expect(stored(outcome)).toEqual(expected);
  });
});

/** What does not depend on the times: who caused what, and how much of it there was. */
function structure({ messages }: Outcome): string[] {
  return messages
    .map(
      ({ traced, status }) =>
        `${traced.uniqueId} ${traced.cause?.uniqueId} ${rootOf(traced.trace).id} ${traced.deliveries.length} ${traced.replyCount} ${status}`,
    )
    .sort();
}

test.each(CAPTURES)('%s: deliveries stamped 50 µs before their own publish change neither parents nor counts', async (name) => {
  const tapped = await tappedOf(capturePath(name));
  const publishedNs = new Map<string, bigint>();
  const early = tapped.map((message) => {
    const event = decode(message);
    if (event.event === 'undecodable') return message;
    const { uniqueId } = event.message;
    if (event.event === 'publish') publishedNs.set(uniqueId, event.timeNs);
    const published = publishedNs.get(uniqueId) ?? event.timeNs;
    return event.event === 'deliver' && event.timeNs - published < 1_000_000n
      ? { ...message, receivedNs: published - 50_000n }
      : message;
  });
  const snapshot = snapshotOf(capturePath(name));
  expect(structure(await run(early, snapshot))).toEqual(structure(await run(tapped, snapshot)));
});
