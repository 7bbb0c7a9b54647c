import { expect, test } from 'vitest';
import { Ratio } from '../../../src/storms/ratio.ts';

test('the share is of the last 10 to 20 seconds', () => {
  const failed = new Ratio();
  for (let at = 0; at < 30; at++) failed.add(1, 100);
  expect(failed.casesAt(109)).toBe(30);
  for (let at = 0; at < 10; at++) failed.add(0, 112);
  expect(failed.shareAt(115)).toBe(0.75);
  expect(failed.shareAt(121)).toBe(0);
  expect(failed.shareAt(140)).toBeNull();
});

test('what is usual is learned, at first at once and then slowly, and not from a few cases', () => {
  const failed = new Ratio();
  failed.add(1, 100);
  failed.learn(100);
  expect(failed.usual).toBeNull();
  for (let at = 0; at < 20; at++) failed.add(0, 101);
  failed.learn(101);
  expect(failed.usual).toBeCloseTo(1 / 21);
  for (let at = 0; at < 100; at++) failed.add(1, 201);
  failed.learn(201);
  expect(failed.usual).toBeLessThan(0.1);
});
