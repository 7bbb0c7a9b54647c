import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { flag, isSet } from '../../../src/cli/live-options.ts';
import { Misuse } from '../../../src/errors.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

function isQueueKept(args: readonly string[], variable?: string): boolean {
  if (variable !== undefined) vi.stubEnv('OSLOTAP_KEEP_QUEUE', variable);
  const command = new Command().addOption(flag('--keep-queue', '')).parse(args, { from: 'user' });
  return isSet(command, 'keepQueue');
}

test.each([
  [[], undefined, false],
  [['--keep-queue'], undefined, true],
  [['--keep-queue'], '0', true],
  [[], '1', true],
  [[], 'true', true],
  [[], '0', false],
  [[], 'False', false],
  [[], 'no', false],
  [[], '', false],
])('a flag with %j and a variable that says %j: %s', (args, variable, expected) => {
  expect(isQueueKept(args, variable)).toBe(expected);
});

test('a variable that says neither yes nor no is refused', () => {
  expect(() => isQueueKept([], 'maybe')).toThrow(new Misuse('OSLOTAP_KEEP_QUEUE: it is 1 or 0'));
});
