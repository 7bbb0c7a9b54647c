/** What is told of a recorded boot: why, how long and what waits, printed and stored. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Message, TraceSummary } from '../../../src/queries/traces.ts';
import type { Explanation } from '../../../src/report/explain.ts';
import type { PathStep } from '../../../src/report/path.ts';
import { openChdb } from '../../../src/store/chdb.ts';
import { capturePath } from '../../support/captures.ts';
import { oslotap, scratch } from '../../support/cli.ts';

const REQUEST = 'req-707e4331-827d-4eb7-9933-1ef7a3949adb';
const TRACE = REQUEST.slice('req-'.length).replaceAll('-', '');

type Shown = TraceSummary & { critical_path: PathStep[]; links: unknown[]; messages: Message[]; linked?: Shown[] };

function lines(): string[] {
  return gunzipSync(readFileSync(capturePath('boot-1')))
    .toString()
    .trimEnd()
    .split('\n');
}

/** A part of the boot's recording, with the processes' names. */
function recording(path: string, kept: readonly string[]): string {
  writeFileSync(path, `${kept.join('\n')}\n`);
  const snapshot = readFileSync(capturePath('boot-1').replace('.ndjson.gz', '.connections.json'));
  writeFileSync(path.replace('.ndjson', '.connections.json'), snapshot);
  return path;
}

function replay(directory: string, file: string): void {
  expect(oslotap(['replay', file, '--store', `chdb:${directory}`])).toMatchObject({ code: 0 });
}

function json<T>(directory: string, ...args: string[]): T {
  const { code, stdout, stderr } = oslotap([...args, '--json', '--store', `chdb:${directory}`]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

async function ask<Row>(directory: string, sql: string): Promise<Row[]> {
  const store = await openChdb({ directory, command: 'test', isWriter: false });
  try {
    return await store.query<Row>(sql);
  } finally {
    await store.close();
  }
}

function withoutAudits(): string[] {
  return lines().filter((line) => !line.includes('audit.http.'));
}

interface Root {
  name: string;
  service: string;
  ns: string;
}

const ROOTS = `SELECT SpanName AS name, ServiceName AS service, toString(Duration) AS ns FROM otel_traces
  WHERE SpanAttributes['oslotap.synthesized'] = 'true' AND TraceId = '${TRACE}' AND ParentSpanId = ''`;

test('explain and show of one boot tell the same messages, and the whole of its time', async () => {
  const directory = join(scratch(), 'data');
  replay(directory, capturePath('boot-1'));
  const shown = json<Shown>(directory, 'show', REQUEST, '--follow');
  const explained = json<Explanation>(directory, 'explain', REQUEST);

  expect(explained.messages.map(({ unique_id }) => unique_id)).toEqual(shown.messages.map(({ unique_id }) => unique_id));
  expect(explained.evidence.reduce((sum, { certain, likely }) => sum + certain + likely, 0)).toBe(shown.messages.length);
  const save = explained.messages.find(({ from, object }) => from.service === 'nova-compute' && object === 'Instance.save');
  expect(save).toMatchObject({
    evidence: 'shared_id',
    candidates: 1,
    why: 'nova-compute@cmp2 was handling build_and_run_instance, the only one there with its request id',
  });
  expect(explained.links).toEqual(shown.links);
  expect(shown.linked?.length).toBe(shown.links.length);

  expect(shown).toMatchObject({ state: 'done', open_calls: [] });
  expect(shown.critical_path.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(shown.duration_ms, 3);
  expect(shown.critical_path.some(({ what, service }) => what === 'work' && service === 'nova-scheduler')).toBe(true);

  const stored = await ask<{ what: string; ms: number }>(
    directory,
    `SELECT what, ms FROM oslo_critical_path FINAL WHERE trace_id = toUUID('${TRACE}') ORDER BY seq`,
  );
  expect(stored).toEqual(shown.critical_path.map(({ what, ms }) => ({ what, ms })));
  expect(await ask(directory, ROOTS)).toEqual([]); // its HTTP request was audited
});

test('without audits the root is synthesized, once, and grows with what becomes known', async () => {
  const folder = scratch();
  const directory = join(folder, 'data');
  const all = withoutAudits();
  const figures = () =>
    ask<{ rows: number; twice: number }>(
      directory,
      'SELECT count() AS rows, count() - uniqExact(trace_id, seq) AS twice FROM oslo_critical_path',
    );
  replay(directory, recording(join(folder, 'half.ndjson'), all.slice(0, Math.floor(all.length / 2))));
  const [early, ...none] = await ask<Root>(directory, ROOTS);
  expect(none).toEqual([]);

  replay(directory, recording(join(folder, 'whole.ndjson'), all));
  const roots = await ask<Root>(directory, ROOTS);
  const { duration_ms } = json<Shown>(directory, 'show', REQUEST);
  expect(roots).toMatchObject([{ name: 'server.create', service: 'nova-api' }]);
  expect(Number(roots[0]?.ns) / 1e6).toBeCloseTo(duration_ms, 3);
  expect(Number(roots[0]?.ns)).toBeGreaterThan(Number(early?.ns));

  const before = await figures();
  expect(before[0]?.twice).toBe(0);
  replay(directory, join(folder, 'whole.ndjson'));
  expect(await figures()).toEqual(before);
  expect(await ask<Root>(directory, ROOTS)).toEqual(roots);
});

test('a request that waits for an answer at the end of the recording is running', () => {
  const folder = scratch();
  const all = lines();
  const at = all.findIndex((line) => line.includes('"deliver.scheduler"') && line.includes('select_destinations'));
  expect(at).toBeGreaterThan(0);
  replay(join(folder, 'data'), recording(join(folder, 'cut.ndjson'), all.slice(0, at + 1)));
  const [boot] = json<TraceSummary[]>(join(folder, 'data'), 'requests').filter(({ request_id }) => request_id === REQUEST);
  expect(boot).toMatchObject({ state: 'running', open_calls: [{ method: 'select_destinations', to: 'nova-scheduler@ctl' }] });
  expect(boot?.open_calls[0]?.waiting_ms).toBeGreaterThan(0);
  const { stdout } = oslotap(['show', REQUEST, '--store', `chdb:${join(folder, 'data')}`]);
  expect(stdout).toMatch(/running for .*\n(.*\n)?waiting for .* ms: call select_destinations → nova-scheduler@ctl/);
});

test('an id that is nowhere is refused with what is near it', () => {
  const directory = join(scratch(), 'data');
  replay(directory, capturePath('boot-1'));
  const { code, stderr } = oslotap(['explain', 'req-707e4331-0000', '--store', `chdb:${directory}`]);
  expect(code).toBe(1);
  expect(stderr).toContain(REQUEST);
});
