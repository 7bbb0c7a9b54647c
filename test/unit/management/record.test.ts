import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ArmedRecord } from '../../../collectors/management/record.ts';
import { ROOT, scratch } from '../../support/cli.ts';

const ENTRY = {
  node: 'rabbit@a',
  peers: ['rabbit@b'],
  vhost: '/',
  wasTracing: false,
  pid: 1,
  host: 'ctl',
  at: '2026-11-21T00:00:00Z',
};

test('what was put is there for whoever comes after, and for nobody else on the machine', () => {
  const directory = join(scratch(), 'new', 'state');
  new ArmedRecord(directory).put(ENTRY);
  expect(new ArmedRecord(directory).entries()).toEqual([ENTRY]);
  expect(statSync(join(directory, 'armed.json')).mode & 0o777).toBe(0o600);
});

test('one entry for each node and vhost; after the last nothing is left', () => {
  const directory = scratch();
  const record = new ArmedRecord(directory);
  record.put(ENTRY);
  record.put({ ...ENTRY, vhost: 'nova' });
  record.put({ ...ENTRY, wasTracing: true });
  expect(record.entries().map(({ vhost, wasTracing }) => [vhost, wasTracing])).toEqual([
    ['nova', false],
    ['/', true],
  ]);
  record.remove(ENTRY);
  expect(record.find('rabbit@a', '/')).toBe(null);
  record.remove({ ...ENTRY, vhost: 'nova' });
  record.remove(ENTRY);
  expect(record.entries()).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});

test.each([
  '',
  '{',
  '[]',
  '{"version":2,"entries":[]}',
  '{"version":1,"entries":[{"node":"rabbit@a"}]}',
  '{"version":1,"entries":[null]}',
])('from %j nothing is concluded, and it is not overwritten', (text) => {
  const directory = scratch();
  const path = join(directory, 'armed.json');
  writeFileSync(path, text);
  const record = new ArmedRecord(directory);
  expect(() => record.entries()).toThrow('is not a record of armed nodes');
  expect(() => record.put(ENTRY)).toThrow('is not a record of armed nodes');
  expect(readFileSync(path, 'utf8')).toBe(text);
  expect(existsSync(`${path}.lock`)).toBe(false);
});

test('a directory that cannot be written stops before anything is switched', () => {
  const file = join(scratch(), 'file');
  writeFileSync(file, '');
  expect(() => new ArmedRecord(file).put(ENTRY)).toThrow(/nothing is switched/);
});

test('a lock left by a process that was killed is taken over', () => {
  const directory = scratch();
  const lock = join(directory, 'armed.json.lock');
  writeFileSync(lock, '');
  utimesSync(lock, new Date(0), new Date(0));
  new ArmedRecord(directory).put(ENTRY);
  expect(readdirSync(directory)).toEqual(['armed.json']);
});

test('several processes lose none of each other’s entries', async () => {
  const directory = scratch();
  const script = `
    import { ArmedRecord } from ${JSON.stringify(join(ROOT, 'collectors/management/record.ts'))};
    const record = new ArmedRecord(${JSON.stringify(directory)});
    for (let i = 0; i < 20; i++) record.put({ ...${JSON.stringify(ENTRY)}, vhost: process.argv[1] + i });`;
  const children = ['a', 'b', 'c'].map((name) =>
    spawn(process.execPath, ['--input-type=module', '-e', script, name], { stdio: ['ignore', 'inherit', 'inherit'] }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  expect(codes).toEqual([0, 0, 0]);
  expect(new Set(new ArmedRecord(directory).entries().map(({ vhost }) => vhost)).size).toBe(60);
});
