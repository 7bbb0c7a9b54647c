/** What a sidecar has learned of storms outlives it. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Log } from '../../../src/log.ts';
import { LiveStorms } from '../../../src/service/storms.ts';
import { baselineToJson } from '../../../src/storms/baseline-json.ts';
import { DEFAULT_THRESHOLDS } from '../../../src/storms/thresholds.ts';
import { Processes } from '../../../src/trace/processes.ts';
import { scratch } from '../../support/cli.ts';

const PARTS = { thresholds: DEFAULT_THRESHOLDS, baseline: null };
const LEARNED = { seconds: 600, hosts: 5, untilSecond: Math.floor(Date.now() / 1_000), series: new Map() };

function open(directory: string | null, parts: Parameters<typeof LiveStorms.open>[0] = PARTS) {
  const warnings: string[] = [];
  const log = { warn: (event: string) => void warnings.push(event) } as unknown as Log;
  return LiveStorms.open(parts, { directory, processes: new Processes(), log }).then((storms) => ({ storms, warnings }));
}

test('a start goes on with what was learned before, without a warm-up, and keeps it for its owner alone', async () => {
  const directory = scratch();
  const file = join(directory, 'usual.json');
  writeFileSync(file, baselineToJson(LEARNED));
  const { storms, warnings } = await open(directory);
  expect(storms.silentReason).toBeNull();
  expect(warnings).toEqual([]);
  await storms.close();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ seconds: 600, hosts: 5 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a file that cannot be used is said so, and all is learned anew', async () => {
  const directory = scratch();
  writeFileSync(join(directory, 'usual.json'), '{"version":0}');
  const { storms, warnings } = await open(directory);
  expect(storms.silentReason).toMatch(/^warming up/);
  expect(warnings).toEqual(['usual_unreadable']);
  await storms.close();
});

test('what is older than a week is not gone on with', async () => {
  const directory = scratch();
  writeFileSync(join(directory, 'usual.json'), baselineToJson({ ...LEARNED, untilSecond: LEARNED.untilSecond - 8 * 86_400 }));
  const { storms } = await open(directory);
  expect(storms.silentReason).toMatch(/^warming up/);
  await storms.close();
});

test('with a baseline there is no warm-up, and without a directory nothing is kept', async () => {
  const { storms, warnings } = await open(null, { ...PARTS, baseline: { ...LEARNED, seconds: 100 } });
  expect(storms.silentReason).toBeNull();
  await storms.close();
  expect(warnings).toEqual([]);
});
