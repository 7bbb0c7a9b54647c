import { expect, test } from 'vitest';
import { Backlog } from '../../../collectors/amqp/backlog.ts';

const SECOND = 1_000_000_000n;

function passing(backlog: Backlog, count: number): bigint | null {
  for (let nth = 0; nth < count; nth++) backlog.pass();
  return backlog.nowNs;
}

test('what waited for a hundred seconds is taken to have come evenly', () => {
  const backlog = new Backlog(1_000, 100n * SECOND, 200n * SECOND);
  expect(passing(backlog, 250)).toBe(125n * SECOND);
  expect(passing(backlog, 250)).toBe(150n * SECOND);
  expect(backlog.isOver).toBe(false);
  expect(passing(backlog, 500)).toBe(200n * SECOND);
  expect(backlog.isOver).toBe(true);
});

test('a marker that a run before left says the time exactly; what follows comes evenly from there', () => {
  const backlog = new Backlog(1_000, 100n * SECOND, 200n * SECOND);
  passing(backlog, 200);
  backlog.pin(180n * SECOND);
  expect(backlog.nowNs).toBe(180n * SECOND);
  expect(passing(backlog, 400)).toBe(190n * SECOND);
});

test('our own first marker, sent after it was found, says nothing of it', () => {
  const backlog = new Backlog(10, 100n * SECOND, 200n * SECOND);
  backlog.pin(201n * SECOND);
  expect(passing(backlog, 5)).toBe(150n * SECOND);
});

test('without a sign of life before, nobody knows; a marker tells', () => {
  const backlog = new Backlog(10, null, 200n * SECOND);
  expect(passing(backlog, 5)).toBeNull();
  backlog.pin(190n * SECOND);
  expect(passing(backlog, 1)).toBe(192n * SECOND);
});
