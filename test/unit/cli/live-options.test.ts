/** Settings as a command's options: what is given on the command line, in the environment and in a file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { readLiveSetUp } from '../../../src/cli/live-options.ts';
import { addSettings, placing, readCommand } from '../../../src/cli/settings-options.ts';
import { Misuse } from '../../../src/errors.ts';
import { scratch } from '../../support/cli.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const PATHS = ['amqp', 'api', 'tls', 'tap'];

function readLine(...args: readonly string[]) {
  const command = addSettings(new Command(), PATHS)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parse(args, { from: 'user' });
  return readCommand(command, PATHS);
}

function setUpOf(...args: readonly string[]) {
  const reading = readLine(...args);
  const { settings } = reading;
  if (settings === null) throw new Misuse(reading.faults.join('\n'));
  return placing(reading, () => readLiveSetUp(settings, 1_000));
}

test.each([
  [[], undefined, false],
  [['--keep-queue'], undefined, true],
  [['--keep-queue'], '0', true],
  [['--no-keep-queue'], '1', false],
  [[], '1', true],
  [[], 'true', true],
  [[], '0', false],
  [[], 'False', false],
  [[], 'no', false],
  [[], '', false],
])('a flag with %j and a variable that says %j: %s', (args, variable, expected) => {
  vi.stubEnv('OSLOTAP_KEEP_QUEUE', variable);
  expect(readLine(...args).settings?.tap.keepQueue).toBe(expected);
});

test('a variable that says neither yes nor no is refused', () => {
  vi.stubEnv('OSLOTAP_KEEP_QUEUE', 'maybe');
  expect(readLine().faults).toEqual(['OSLOTAP_KEEP_QUEUE: it is true or false']);
});

test.each([
  [['--api', 'http://u@a', 'http://u@b'], undefined],
  [['--api', 'http://u@a,http://u@b'], undefined],
  [['--api', 'http://u@a', '--api', 'http://u@b'], undefined],
  [[], 'http://u@a, http://u@b'],
  [['--api', 'http://u@a', 'http://u@b'], 'http://u@c'],
])('a list with %j and a variable that says %j', (args, variable) => {
  vi.stubEnv('OSLOTAP_API', variable);
  expect(setUpOf(...args).apis.map(({ at }) => at)).toEqual(['http://a', 'http://b']);
});

test('the file is found by the environment too, and by the command line first', () => {
  const [one, other] = ['one', 'other'].map((vhost) => {
    const file = join(scratch(), `${vhost}.yaml`);
    writeFileSync(file, `amqp: { vhosts: [${vhost}] }`);
    return file;
  });
  vi.stubEnv('OSLOTAP_CONFIG', one);
  expect(setUpOf().brokers.map(({ vhost }) => vhost)).toEqual(['one']);
  expect(setUpOf('--config', other ?? '').brokers.map(({ vhost }) => vhost)).toEqual(['other']);
  vi.stubEnv('OSLOTAP_CONFIG', '');
  expect(setUpOf().brokers.map(({ vhost, user }) => [vhost, user])).toEqual([['/', 'guest']]);
  expect(() => setUpOf('--config', '')).toThrow('--config: it names no file');
});

test.each([
  [['--vhost', 'a', 'a'], /^--vhost: a vhost is named twice$/],
  [['--vhost', ','], /^--vhost: it names none$/],
  [['--amqp', 'http://h'], /^--amqp: not a broker/],
  [['--api', 'http://h:15672'], /^--api: http:\/\/h:15672 names no user/],
  [['--api', 'nonsense'], /^--api: a management API's address is not a URL/],
  [['--ca', '/nowhere.pem'], /^--ca: \/nowhere.pem cannot be read: ENOENT$/],
  [['--cert', '/nowhere.pem'], /^--cert and --key belong together$/],
  [['--queue-length', '0'], /^--queue-length: it is a whole number from 1$/],
])('%j is one line', (args, line) => {
  expect(() => setUpOf(...args)).toThrow(Misuse);
  expect(() => setUpOf(...args)).toThrow(line);
});

test('what is refused names the variable that it stands in', () => {
  vi.stubEnv('OSLOTAP_AMQP', 'http://u:s3cr3t@h');
  expect(() => setUpOf()).toThrow(/^OSLOTAP_AMQP: not a broker/);
});
