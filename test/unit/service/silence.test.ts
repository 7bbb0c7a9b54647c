/** What is said of a store that lets the tap wait. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { tellSilence } from '../../../src/service/silence.ts';
import { keptLog } from '../../support/otlp-spans.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('tellSilence', () => {
  it('tells once that the store is slow, and that it has answered', async () => {
    vi.useFakeTimers();
    const { log, lines } = keptLog();
    const { promise, resolve } = Promise.withResolvers<number>();
    const answer = tellSilence(promise, log);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(lines).toEqual([]);
    await vi.advanceTimersByTimeAsync(37_001);
    resolve(7);
    expect(await answer).toBe(7);
    expect(lines.map(({ event, text }) => [event, text])).toEqual([
      ['store_slow', "the store has not answered for 10 s; the tap's queue holds what comes"],
      ['store_back', 'the store has answered, after 47 s'],
    ]);
  });

  it('passes a failure on, and says nothing where the answer comes in time', async () => {
    const { log, lines } = keptLog();
    const failing = sleep(1).then(() => Promise.reject(new Error('disk full')));
    await expect(tellSilence(failing, log)).rejects.toThrow('disk full');
    expect(lines).toEqual([]);
  });
});
