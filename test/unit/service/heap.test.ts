/** What V8 holds of the system after a burst, with the HeapReducer and without. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { NODE_FLAGS } from '../../support/executable.ts';

const CHILD = new URL('../../support/heap-child.ts', import.meta.url).pathname;

/** The share of what it held right after the burst. */
function shareHeld(...args: string[]): number {
  return Number(execFileSync(process.execPath, ['--expose-gc', ...NODE_FLAGS, CHILD, ...args], { encoding: 'utf8' }));
}

describe('HeapReducer', () => {
  it('has V8 close the holes that a burst left, and give its pages back', () => {
    expect(shareHeld('20')).toBeLessThan(0.6);
  });

  it('is needed for it', () => {
    expect(shareHeld()).toBeGreaterThan(0.6);
  });
});
