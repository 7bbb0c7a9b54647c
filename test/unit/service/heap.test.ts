/** What V8 holds of the system after a burst. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { NODE_FLAGS } from '../../support/executable.ts';

const CHILD = new URL('../../support/heap-child.ts', import.meta.url).pathname;

/** The share of what it held right after the burst. */
function shareHeld(pauseMs: number): number {
  const program = ['--expose-gc', ...NODE_FLAGS, CHILD, String(pauseMs)];
  return Number(execFileSync(process.execPath, program, { encoding: 'utf8' }));
}

describe('HeapReducer', () => {
  // Left alone, V8 holds 0.4 to 1.4 of it, mostly 0.9.
  it('has V8 close the holes that a burst left, and give its pages back', () => {
    expect(shareHeld(20)).toBeLessThan(0.6);
  });
});
