/** `oslotap show` in every form, as its users run it; OTLP/JSON against a real receiver. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snapshotPath } from '../../collectors/capture/snapshot.ts';
import type { TraceSummary } from '../../src/queries/traces.ts';
import type { ChromeTrace } from '../../src/report/show-chrome-trace.ts';
import { capturePath } from '../support/captures.ts';
import { oslotap, scratch } from '../support/cli.ts';
import { otlpPython, startReceiver } from '../support/otlp-receiver.ts';
import { flatReceived, inOrder, type OtlpRequest } from '../support/otlp-spans.ts';

let program: ReturnType<typeof otlpPython>;
beforeAll(() => {
  program = otlpPython();
}, 240_000);

/** The request of a capture that has calls which fail, and links to others. */
function requestIn(store: string): TraceSummary {
  const requests = JSON.parse(oslotap(['requests', '--json', '--store', store]).stdout) as TraceSummary[];
  const [most] = requests.toSorted((a, b) => b.counts.publishes - a.counts.publishes);
  if (most === undefined) throw new Error('there is no request');
  return most;
}

test('otlp-json is what an endpoint was sent of that trace, and a collector takes it', async (context) => {
  if ('missing' in program) return context.skip(program.missing);
  const [sent, posted] = [await startReceiver(program.python), await startReceiver(program.python)];
  const store = `chdb:${scratch()}/data`;
  expect(
    oslotap(['replay', capturePath('compute-down'), '--store', store, '--otlp-endpoint', sent.endpoint('http/protobuf')]).code,
  ).toBe(0);
  const { trace_id } = requestIn(store);

  const { code, stdout } = oslotap(['show', trace_id, '--format', 'otlp-json', '--store', store]);
  expect(code).toBe(0);
  const answer = await fetch(`${posted.endpoint('http/json')}/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: stdout,
  });
  expect(answer.status).toBe(200);
  const { requests, problems } = await posted.received();
  expect(problems).toEqual([]);
  const spans = inOrder(flatReceived(requests));
  expect(spans.length).toBeGreaterThan(20);
  expect(spans).toEqual(inOrder(flatReceived((await sent.received()).requests).filter(({ traceId }) => traceId === trace_id)));

  const [resource] = (JSON.parse(stdout) as OtlpRequest).resourceSpans;
  expect(resource?.scopeSpans[0]?.spans[0]).toMatchObject({ traceId: trace_id, spanId: expect.stringMatching(/^[0-9a-f]{16}$/) });
});

describe('a boot', () => {
  let store = '';
  let boot: TraceSummary;
  const folder = mkdtempSync(join(tmpdir(), 'oslotap-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeAll(() => {
    store = `chdb:${join(folder, 'data')}`;
    expect(oslotap(['replay', capturePath('boot-1'), '--store', store]).code).toBe(0);
    boot = requestIn(store);
  });
  const show = (...args: string[]) => oslotap(['show', boot.trace_id, '--store', store, ...args]);

  test('is text unless told otherwise, and --json is --format json', () => {
    expect(show('--format', 'text').stdout).toBe(show().stdout);
    expect(show('--format', 'json').stdout).toBe(show('--json').stdout);
    expect(JSON.parse(show('--json').stdout)).toMatchObject({ counts: boot.counts, trace_id: boot.trace_id });
  });

  test.each([
    ['mermaid', /^sequenceDiagram\n/],
    ['dot', /^digraph request \{\n/],
    ['svg', /^<svg xmlns=/],
    ['otlp-json', /^\{"resourceSpans":\[/],
    ['chrome-trace', /^\{"traceEvents":\[/],
  ])('as %s goes to a file, or to standard output', (format, beginning) => {
    const file = join(scratch(), 'shown');
    const { code, stdout, stderr } = show('--format', format);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(beginning);
    expect(show('--format', format, '-o', file)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(file, 'utf8')).toBe(stdout);
  });

  test('as chrome-trace says of what it is, and has as many slices as there are spans', () => {
    const { traceEvents, otherData } = JSON.parse(show('--format', 'chrome-trace').stdout) as ChromeTrace;
    expect(otherData).toEqual({ trace_id: boot.trace_id, operation: 'server.create', start: boot.start });
    const { resourceSpans } = JSON.parse(show('--format', 'otlp-json').stdout) as OtlpRequest;
    const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans: each }) => each));
    expect(traceEvents.filter(({ ph }) => ph === 'X')).toHaveLength(spans.length);
  });

  test('is not followed in other forms than text and json', () => {
    expect(show('--follow', '--format', 'dot')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'oslotap: --follow goes with text and json, not with dot\n',
    });
    expect(show('--format', 'png')).toMatchObject({ code: 2, stdout: '' });
    expect(show('-o', '/proc/nowhere')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^oslotap: -o .*\n$/) });
  });
});

test('a request of processes with names of any characters prints as lines, and is drawn as text', () => {
  const folder = scratch();
  const [capture, store] = [join(folder, 'named.ndjson.gz'), `chdb:${folder}/data`];
  const boot = capturePath('boot-1');
  const named = (text: string) =>
    text.replaceAll('nova-compute', '<b>\\u001b[31mnova`|').replaceAll('"compute.cmp2', '"compute.c\\u001b]0;x\\u0007\\nmp2');
  writeFileSync(capture, gzipSync(named(gunzipSync(readFileSync(boot)).toString())));
  writeFileSync(snapshotPath(capture), named(readFileSync(snapshotPath(boot), 'utf8')));
  expect(oslotap(['replay', capture, '--store', store]).code).toBe(0);
  for (const format of ['text', 'mermaid', 'dot', 'svg']) {
    const { code, stdout } = oslotap(['show', 'req-707e4331', '--format', format, '--store', store]);
    expect(code).toBe(0);
    expect(stdout).toContain('\ufffd');
    expect(stdout.replaceAll('\n', '').match(/\p{Cc}/u)).toBeNull();
    if (format !== 'text' && format !== 'dot') expect(stdout).not.toContain('<b>');
  }
  const explained = oslotap(['explain', 'req-707e4331', '--store', store]).stdout;
  expect(explained.replaceAll('\n', '').match(/\p{Cc}/u)).toBeNull();
});
