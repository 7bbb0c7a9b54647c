/** `oslotap storms`, as its users run it: on the embedded store, beside a sidecar, and on a server. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { StoredStorm } from '../../../src/queries/storms.ts';
import { ClickHouseWriter } from '../../../src/sinks/clickhouse/writer.ts';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import type { Storm } from '../../../src/storm.ts';
import { oslotap, scratch } from '../../support/cli.ts';
import { ClickHouseServer } from '../../support/clickhouse-server.ts';
import { QueryProcess } from '../../support/query-process.ts';
import { hostileStorm, stormOf } from '../../support/storms.ts';

const HOUR_NS = 3_600_000_000_000n;

async function storeWith(directory: string, ...storms: readonly Storm[]): Promise<string> {
  const store = await openChdb({ directory, command: 'test', isWriter: true });
  await migrate(store);
  await (await ClickHouseWriter.open(store)).write({ messages: [], unmatched: [], gaps: [], storms });
  await store.close();
  return `chdb:${directory}`;
}

/** Of now: an hour and a half ago, for a minute and a half; and one that lasts. */
function recentStorms(): Storm[] {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const former = stormOf({ id: '4f1d00c0ffee0123', fromNs: nowNs - (3n * HOUR_NS) / 2n });
  const lasting = stormOf({ id: '4f99000000000000', fromNs: nowNs - 60_000_000_000n, toNs: nowNs, isOpen: true });
  return [former, lasting];
}

test('storms are listed, newest first, and shown by the beginning of their ids', async () => {
  const store = await storeWith(join(scratch(), 'data'), ...recentStorms());
  const run = (...args: string[]) => oslotap(['storms', ...args, '--store', store]);
  const { code, stdout, stderr } = run();
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^START .* ID$/),
    expect.stringMatching(/ 60\.00 s, open {2}call object_class_action_versions .*×44 .* 4f99000000000000$/),
    expect.stringMatching(/ 90\.00 s {2}call object_class_action_versions .*200 processes of nova-compute .* 4f1d00c0ffee0123$/),
  ]);
  expect(run('--limit', '1').stdout).not.toContain('4f1d00c0ffee0123');
  expect(run('--since', '30m').stdout).not.toContain('4f1d00c0ffee0123');
  expect(run('--since', '2h').stdout).toBe(stdout);

  expect(run('4F1D')).toMatchObject({ code: 0, stdout: expect.stringContaining('storm 4f1d00c0ffee0123 on vhost /') });
  expect(run('4f')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^START[\s\S]*4f1d00c0ffee0123\noslotap: 4f is the beginning of 2 storms: show one of them\n$/),
  });
  expect(run('4f2')).toMatchObject({ code: 1, stderr: "oslotap: storm 4f2 is not in the store: 'oslotap storms' lists them\n" });
  expect(run("4f' OR 1")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^oslotap: '4f' OR 1' is no id of a storm: .*\n$/),
  });
  expect(run('--since', 'long')).toMatchObject({ code: 2, stderr: expect.stringContaining('30m, 24h, 7d or 4w') });
  expect(run('--limit', '-1')).toMatchObject({ code: 2 });
});

test('as JSON: an array, or one object', async () => {
  const store = await storeWith(join(scratch(), 'data'), ...recentStorms());
  const json = (...args: string[]): unknown => JSON.parse(oslotap(['storms', '--json', ...args, '--store', store]).stdout);
  const storms = json() as StoredStorm[];
  expect(storms.map(({ id, is_open, factor }) => [id, is_open, factor])).toEqual([
    ['4f99000000000000', true, 43.625],
    ['4f1d00c0ffee0123', false, 43.625],
  ]);
  for (const storm of storms) {
    expect(storm.start).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    expect(Date.parse(storm.detected) - Date.parse(storm.start)).toBe(4_000);
    expect(Date.parse(storm.end) - Date.parse(storm.start)).toBe(storm.duration_ms);
    expect(json(storm.id)).toEqual(storm);
  }
  expect(json('--since', '30m')).toEqual(storms.slice(0, 1));
});

test('a store without storms says so, and is no error', async () => {
  const store = await storeWith(join(scratch(), 'data'));
  expect(oslotap(['storms', '--store', store])).toEqual({ code: 0, stdout: '', stderr: 'oslotap: no storm in the store\n' });
  expect(oslotap(['storms', '--since', '24h', '--store', store]).stderr).toBe('oslotap: no storm in the store of this time\n');
  expect(oslotap(['storms', '--json', '--store', store])).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
  expect(oslotap(['storms', '--store', 'none'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^oslotap: --store none .*\n$/),
  });
});

test('names of any characters make a line each, and JSON that has them whole', async () => {
  const hostile = hostileStorm();
  const store = await storeWith(join(scratch(), 'data'), hostile);
  const { stdout } = oslotap(['storms', '--store', store]);
  expect(stdout.split('\n')).toHaveLength(3);
  expect((stdout + oslotap(['storms', hostile.id, '--store', store]).stdout).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  const [storm] = JSON.parse(oslotap(['storms', '--json', '--store', store]).stdout) as StoredStorm[];
  expect(storm?.methods[0]?.method).toBe(hostile.methods[0]?.method);
});

test('beside a sidecar that holds the directory, and on a server, it is the same to the byte', async () => {
  const directory = join(scratch(), 'data');
  const store = await storeWith(directory, ...recentStorms(), hostileStorm());
  const commands = [['storms'], ['storms', '--json'], ['storms', '4f1d'], ['storms', 'bad', '--json']];
  const run = (where: string) => commands.map((args) => oslotap([...args, '--store', where]));
  const alone = run(store);
  expect(alone.map(({ code }) => code)).toEqual([0, 0, 0, 0]);

  const sidecar = await QueryProcess.start(directory, { port: 0 });
  onTestFinished(() => sidecar.kill());
  expect(run(store)).toEqual(alone);
  expect(await sidecar.end()).toBe(0);

  const server = await ClickHouseServer.start(directory);
  onTestFinished(() => server.kill());
  expect(run(server.url)).toEqual(alone);
});
