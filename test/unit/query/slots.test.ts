/** So many queries at once; the others wait, so many and so long. */
import { expect, test } from 'vitest';
import { Slots } from '../../../src/query/slots.ts';

const NEVER = new AbortController().signal;

test('a slot that is given back goes to who waits longest', async () => {
  const slots = new Slots({ running: 1, waiting: 2, waitMs: 60_000 });
  const first = await slots.take(NEVER);
  const order: string[] = [];
  const second = slots.take(NEVER).then((release) => {
    order.push('second');
    return release;
  });
  const third = slots.take(NEVER).then((release) => {
    order.push('third');
    return release;
  });
  expect([slots.running, slots.waiting]).toEqual([1, 2]);
  first?.();
  first?.(); // twice is once
  (await second)?.();
  (await third)?.();
  expect(order).toEqual(['second', 'third']);
  expect([slots.running, slots.waiting]).toEqual([0, 0]);
});

test('who finds the queue full, waits too long, or goes away has none', async () => {
  const slots = new Slots({ running: 1, waiting: 1, waitMs: 20 });
  await slots.take(NEVER);
  const gone = new AbortController();
  const waiting = slots.take(gone.signal);
  expect(await slots.take(NEVER)).toBeNull();
  gone.abort();
  expect(await waiting).toBeNull();
  expect(await slots.take(NEVER)).toBeNull(); // after 20 ms
  expect(slots.waiting).toBe(0);
});
