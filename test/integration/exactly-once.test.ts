/** Whatever was there before, and whenever a replay was killed: each message is in the store exactly once. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { capturePath } from '../support/captures.ts';
import { oslotap, scratch, startOslotap } from '../support/cli.ts';
import { figuresOf, rollUpDifferences, withStore } from '../support/figures.ts';

function replay(directory: string, ...captures: string[]): void {
  const { code, stderr } = oslotap(['replay', ...captures, '--store', `chdb:${directory}`]);
  if (code !== 0) throw new Error(stderr);
}

test('replaying the same captures again changes no figure', async () => {
  const directory = join(scratch(), 'data');
  const captures = ['boot-1', 'storm', 'compute-down'].map(capturePath);
  replay(directory, ...captures);
  const first = await figuresOf(directory);
  replay(directory, ...captures);
  expect(await figuresOf(directory)).toEqual(first);
});

test('a capture that was cut off, then the whole of it, gives what the whole gives', async () => {
  const folder = scratch();
  const lines = gunzipSync(readFileSync(capturePath('boot-1')))
    .toString()
    .trimEnd()
    .split('\n');
  const [half, whole] = [join(folder, 'half.ndjson'), join(folder, 'whole.ndjson')];
  writeFileSync(half, `${lines.slice(0, 140).join('\n')}\n`);
  writeFileSync(whole, `${lines.join('\n')}\n`);
  const snapshot = readFileSync(capturePath('boot-1').replace('.ndjson.gz', '.connections.json'));
  for (const name of ['half', 'whole']) writeFileSync(join(folder, `${name}.connections.json`), snapshot);

  replay(join(folder, 'grown'), half, whole);
  replay(join(folder, 'at-once'), whole);
  expect(await figuresOf(join(folder, 'grown'))).toEqual(await figuresOf(join(folder, 'at-once')));
});

test('kill -9 in the middle of a replay, then the same replay: the figures of an undisturbed one', async () => {
  const folder = scratch();
  const capture = manyBoots(join(folder, 'many.ndjson'), 40);
  replay(join(folder, 'undisturbed'), capture);
  const wanted = await figuresOf(join(folder, 'undisturbed'));

  const directory = join(folder, 'killed');
  let kills = 0;
  for (const afterMs of [700, 1_100, 1_500, 1_900]) {
    const child = startOslotap(['replay', capture, '--store', `chdb:${directory}`]);
    await Promise.race([sleep(afterMs), once(child, 'exit')]);
    if (child.exitCode !== null) break;
    child.kill('SIGKILL');
    await once(child, 'exit');
    kills++;
  }
  expect(kills).toBeGreaterThan(0);
  replay(directory, capture);
  expect(await figuresOf(directory)).toEqual(wanted);
  expect(await withStore(directory, rollUpDifferences)).toEqual([]);
});

/** One boot many times, under new ids and one minute after the other. */
function manyBoots(path: string, copies: number): string {
  const text = gunzipSync(readFileSync(capturePath('boot-1'))).toString();
  const parts = Array.from({ length: copies }, (_, copy) => renew(text, copy));
  writeFileSync(path, parts.join(''));
  writeFileSync(
    path.replace('.ndjson', '.connections.json'),
    readFileSync(capturePath('boot-1').replace('.ndjson.gz', '.connections.json')),
  );
  return path;
}

/** Ids are hex: another head makes another id, consistently. */
function renew(text: string, copy: number): string {
  const head = copy.toString(16).padStart(4, '0');
  return text
    .replace(/\b[0-9a-f]{4}([0-9a-f]{28}|[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b/g, `${head}$1`)
    .replace(/"ts":"(\d+)"/g, (_, ts: string) => `"ts":"${BigInt(ts) + BigInt(copy) * 60_000_000_000n}"`);
}
