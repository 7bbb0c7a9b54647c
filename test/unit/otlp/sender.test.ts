/** Batches, bounds, pauses and the end of sending spans, by a clock that stands still. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Sender } from '../../../src/sinks/otlp/sender.ts';
import type { Span } from '../../../src/sinks/spans/span.ts';
import { keptLog } from '../../support/otlp-spans.ts';
import { ACCEPTED, Endpoint, FAILED, REJECTED, spans } from './arbitrary.ts';

const BOUNDS = { queueSpansMax: 100, queueBytesMax: 1024 * 1024, batchSpansMax: 10 };
const MINUTE = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function sending(bounds: Partial<typeof BOUNDS> = {}) {
  const endpoint = new Endpoint();
  const { log, lines } = keptLog();
  const sender = new Sender(endpoint, { ...BOUNDS, ...bounds }, log);
  const add = (given: readonly Span[]) => {
    for (const span of given) sender.add(span);
  };
  return { endpoint, sender, add, lines, sizes: () => endpoint.batches.map(({ length }) => length) };
}

describe('a batch', () => {
  test('goes when it is full', async () => {
    const { sender, add, sizes } = sending();
    add(spans(25));
    expect(sizes()).toEqual([10, 10]);
    await vi.advanceTimersByTimeAsync(0);
    expect(sender.tally).toMatchObject({ exported: 20, queueSpans: 5, inFlightSpans: 0 });
  });

  test('goes after a second, full or not', async () => {
    const { add, sizes } = sending();
    add(spans(3));
    await vi.advanceTimersByTimeAsync(999);
    expect(sizes()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sizes()).toEqual([3]);
  });

  test('is never larger than what a gRPC server takes, but for a single span that is', async () => {
    const { add, endpoint } = sending({ queueBytesMax: 100 * 1024 * 1024 });
    const heavy = spans(5).map((span, nth) => ({ ...span, attributes: { text: 'x'.repeat(nth === 0 ? 2_000_000 : 400_000) } }));
    add(heavy);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(endpoint.batches.map(({ length }) => length)).toEqual([1, 2, 2]);
    expect(endpoint.batches.flat()).toEqual(heavy);
  });

  test('waits while four are under way', async () => {
    const { endpoint, add, sender } = sending();
    endpoint.outcome = null;
    add(spans(90));
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(endpoint.batches.length).toBe(4);
    expect(sender.tally).toMatchObject({ inFlightSpans: 40, queueSpans: 50 });
  });
});

describe('a bound', () => {
  test('of spans drops what comes, keeps what waits, and is told once a minute', async () => {
    const { endpoint, add, sender, lines } = sending();
    endpoint.outcome = null;
    add(spans(200));
    expect(sender.tally).toMatchObject({ queueSpans: 100, inFlightSpans: 40, dropped: { queue_full: 60 } });
    expect(lines.map(({ event }) => event)).toEqual(['otlp_dropped']);
    await vi.advanceTimersByTimeAsync(MINUTE);
    add(spans(1));
    expect(lines.length).toBe(2);
    expect(lines[1]?.text).toContain('61 spans dropped so far');
  });

  test('of bytes does the same', () => {
    const { endpoint, add, sender } = sending({ queueBytesMax: 10_000, batchSpansMax: 1_000 });
    endpoint.outcome = null;
    add(spans(50).map((span) => ({ ...span, attributes: { text: 'x'.repeat(1_000) } })));
    const { queueSpans, queueBytes, dropped } = sender.tally;
    expect(queueBytes).toBeLessThanOrEqual(10_000);
    expect(queueSpans + dropped.queue_full).toBe(50);
    expect(queueSpans).toBeGreaterThan(5);
  });
});

describe('an endpoint that fails', () => {
  test('is asked with one batch at a time, after pauses that grow to half a minute', async () => {
    const { endpoint, add, sender, lines } = sending();
    endpoint.outcome = FAILED;
    add(spans(40));
    const gaps: number[] = [];
    let [before, lastMs] = [endpoint.batches.length, performance.now()];
    while (performance.now() < 4 * MINUTE) {
      await vi.advanceTimersByTimeAsync(100);
      if (endpoint.batches.length === before) continue;
      expect(endpoint.batches.length).toBe(before + 1);
      gaps.push(performance.now() - lastMs);
      [before, lastMs] = [endpoint.batches.length, performance.now()];
    }
    expect(gaps.length).toBeGreaterThan(8);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_100);
    expect(gaps.at(-1)).toBeGreaterThan(14_900);
    expect(lines.map(({ event }) => event)).toEqual(['otlp_failing']);
    expect(sender.tally).toMatchObject({ inFlightSpans: 40, retries: endpoint.batches.length - 4 });
  });

  test('gets everything, each span once, when it works again', async () => {
    const { endpoint, add, sender, lines } = sending();
    endpoint.outcome = FAILED;
    const given = spans(80);
    add(given);
    await vi.advanceTimersByTimeAsync(MINUTE);
    endpoint.batches.length = 0;
    endpoint.outcome = ACCEPTED;
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(new Set(endpoint.batches.flat())).toEqual(new Set(given));
    expect(sender.tally).toMatchObject({ exported: 80, queueSpans: 0, inFlightSpans: 0 });
    expect(lines.map(({ event }) => event)).toEqual(['otlp_failing', 'otlp_works_again']);
  });

  test('loses what is older than five minutes, and nothing before it was tried', async () => {
    const { endpoint, add, sender } = sending();
    endpoint.outcome = FAILED;
    add(spans(60));
    await vi.advanceTimersByTimeAsync(4 * MINUTE);
    expect(sender.tally.dropped.expired).toBe(0);
    await vi.advanceTimersByTimeAsync(6 * MINUTE);
    expect(sender.tally).toMatchObject({ exported: 0, queueSpans: 0, inFlightSpans: 0, dropped: { expired: 60 } });
    expect(new Set(endpoint.batches.flat()).size).toBe(60);
  });
});

test('what is refused for good is not tried again, and stops nothing', async () => {
  const { endpoint, add, sender, lines } = sending();
  endpoint.outcome = REJECTED;
  add(spans(20));
  await vi.advanceTimersByTimeAsync(0);
  endpoint.outcome = ACCEPTED;
  add(spans(10));
  await vi.advanceTimersByTimeAsync(0);
  expect(sender.tally).toMatchObject({ exported: 10, retries: 0, dropped: { rejected: 20 } });
  expect(lines.length).toBe(1);
});

test('spans that an endpoint refused of a batch are not counted as exported', async () => {
  const { endpoint, add, sender } = sending();
  endpoint.outcome = { kind: 'accepted', rejectedCount: 4 };
  add(spans(10));
  await vi.advanceTimersByTimeAsync(0);
  expect(sender.tally).toMatchObject({ exported: 6, dropped: { partly_rejected: 4 } });
});

describe('the end', () => {
  test('sends what waits, without waiting for a full batch', async () => {
    const { endpoint, add, sender } = sending();
    add(spans(7));
    await sender.close(5_000);
    expect(sender.tally).toMatchObject({ exported: 7, dropped: { closed: 0 } });
    expect(endpoint.isClosed).toBe(true);
  });

  test.each([
    ['does not answer', null, 5_000],
    ['fails', FAILED, 0],
  ])('comes in time where the endpoint %s: the rest is dropped and counted', async (_, outcome, afterMs) => {
    const { endpoint, add, sender } = sending();
    endpoint.outcome = outcome;
    add(spans(70));
    let hasEnded = false;
    const closing = sender.close(5_000).then(() => {
      hasEnded = true;
    });
    await vi.advanceTimersByTimeAsync(Math.max(0, afterMs - 1));
    expect(hasEnded).toBe(outcome !== null);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
    expect(sender.tally).toMatchObject({ exported: 0, queueSpans: 0, inFlightSpans: 0, dropped: { closed: 70 } });
  });

  test('takes nothing more', async () => {
    const { add, sender } = sending();
    await sender.close(5_000);
    add(spans(3));
    expect(sender.tally).toMatchObject({ queueSpans: 0, dropped: { closed: 3 } });
    expect(vi.getTimerCount()).toBe(0);
  });
});
