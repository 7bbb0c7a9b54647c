/** Reconstructed spans to a real OTLP receiver that decodes strictly, and that can behave badly: test/support/otlp_receiver.py. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { OTLP_DEFAULTS, OTLP_PROTOCOLS, type OtlpOptions } from '../../src/sinks/otlp/options.ts';
import { OtlpSpans } from '../../src/sinks/otlp/otlp-spans.ts';
import type { ClosedMessage } from '../../src/trace/traced-message.ts';
import { capturePath, run, snapshotOf, tappedOf } from '../support/captures.ts';
import { ROOT, scratch } from '../support/cli.ts';
import { type OtlpReceiver, otlpPython, startReceiver } from '../support/otlp-receiver.ts';
import { flatReceived, inOrder, keptLog, replayTo } from '../support/otlp-spans.ts';

const SECRET = 'Bearer c2VjcmV0LXRva2Vu';
const CAPTURE = 'compute-down'; // it has spans of all kinds, links, events and errors
const BATCH_SPANS = 50;

let python = '';
let missing = '';
let messages: readonly ClosedMessage[] = [];

beforeAll(async () => {
  const found = otlpPython();
  if ('missing' in found) missing = found.missing;
  else python = found.python;
  const path = capturePath(CAPTURE);
  ({ messages } = await run(await tappedOf(path), snapshotOf(path)));
}, 240_000);

async function receiver(context: TestContext, folder?: string): Promise<OtlpReceiver> {
  if (missing !== '') context.skip(missing);
  return await startReceiver(python, folder);
}

/** Sends what a capture's requests make of spans, as a running sidecar does, and ends. */
async function send(endpoint: string, options: Partial<OtlpOptions> = {}) {
  const { log, lines } = keptLog();
  const given = { ...OTLP_DEFAULTS, endpoint, batchSpansMax: BATCH_SPANS, backgroundRatio: 1, ...options };
  const spans = await OtlpSpans.open(given, log);
  spans.take({ messages });
  const taken = spans.tally.queueSpans + spans.tally.inFlightSpans;
  await spans.close(options.timeoutMs === undefined ? 20_000 : 500);
  const { tally } = spans;
  const counted = Object.values(tally.dropped).reduce((sum, count) => sum + count, tally.exported);
  expect({ ...tally, counted }).toMatchObject({ queueSpans: 0, queueBytes: 0, inFlightSpans: 0, counted: taken });
  return { tally, lines, taken };
}

describe.each(OTLP_PROTOCOLS)('over %s', (protocol) => {
  test('an endpoint gets every span that otel_traces has, and nothing else of it', async (context) => {
    const at = await receiver(context);
    const { stored, tally } = await replayTo(CAPTURE, { endpoint: at.endpoint(protocol), protocol });
    const { requests, problems } = await at.received();
    expect(problems).toEqual([]);
    const received = inOrder(flatReceived(requests));
    const roots = received.filter(({ attributes }) => attributes['oslotap.synthesized'] === 'true');
    expect(received.filter((span) => !roots.includes(span))).toEqual(inOrder(stored));
    expect(tally.exported).toBe(received.length);
    expect(new Set(received.map(({ kind }) => kind)).size).toBe(5);
    for (const what of ['links', 'events'] as const) expect(received.some((span) => span[what].length > 0)).toBe(true);
  });

  test('an endpoint that is busy is asked again, until it takes all of it', async (context) => {
    const at = await receiver(context);
    await at.behave({ mode: 'status', code: 503, grpc: 14, times: 1 });
    const { log } = keptLog();
    const options = { ...OTLP_DEFAULTS, endpoint: at.endpoint(protocol), protocol, backgroundRatio: 1 };
    const spans = await OtlpSpans.open(options, log);
    await spans.takePatiently({ messages });
    await spans.flush();
    await spans.close();
    expect(spans.tally.dropped).toEqual({ queue_full: 0, rejected: 0, partly_rejected: 0, expired: 0, closed: 0 });
    expect(spans.tally.retries).toBeGreaterThan(0);
    const received = flatReceived((await at.received()).requests);
    expect(new Set(received.map(({ traceId, spanId }) => `${traceId}${spanId}`)).size).toBe(spans.tally.exported);
    expect(received.length).toBe(spans.tally.exported);
  });

  test('what is refused for good is dropped at once, counted, and told once', async (context) => {
    const at = await receiver(context);
    await at.behave({ mode: 'status', code: 401, grpc: 16 });
    const { tally, lines, taken } = await send(at.endpoint(protocol), { protocol });
    expect(tally).toMatchObject({ exported: 0, retries: 0, dropped: { rejected: taken } });
    expect((await at.received()).attempts).toBe(Math.ceil(taken / BATCH_SPANS));
    expect(lines.map(({ event }) => event)).toEqual(['otlp_dropped']);
    expect(lines[0]?.text).toContain(protocol === 'grpc' ? 'UNAUTHENTICATED' : 'it answered 401');
  });

  test('what an endpoint takes but for some is counted', async (context) => {
    const at = await receiver(context);
    await at.behave({ mode: 'partial', rejected: 3 });
    const { tally, taken } = await send(at.endpoint(protocol), { protocol });
    const rejected = 3 * Math.ceil(taken / BATCH_SPANS);
    expect(tally).toMatchObject({ exported: taken - rejected, dropped: { partly_rejected: rejected } });
  });

  test('neither a log nor an error repeats a header, even where the endpoint does', async (context) => {
    const at = await receiver(context);
    await at.behave({ mode: 'echo' });
    const { lines } = await send(at.endpoint(protocol), { protocol, headers: { authorization: SECRET } });
    const { headers } = await at.received();
    expect(headers.filter(([name]) => name.toLowerCase() === 'authorization')).toEqual([[expect.anything(), SECRET]]);
    expect(lines.length).toBeGreaterThan(0);
    expect(JSON.stringify(lines)).not.toContain('c2VjcmV0');
  });

  test("gets nothing of what the environment has for oslotap's own telemetry", async (context) => {
    const at = await receiver(context);
    process.env.OTEL_EXPORTER_OTLP_HEADERS = `x-own=${encodeURIComponent(SECRET)}`;
    try {
      const { tally, taken } = await send(at.endpoint(protocol), { protocol });
      expect(tally.exported).toBe(taken);
      expect((await at.received()).headers.map(([name]) => name.toLowerCase())).not.toContain('x-own');
      expect(process.env.OTEL_EXPORTER_OTLP_HEADERS).toContain('x-own');
    } finally {
      delete process.env.OTEL_EXPORTER_OTLP_HEADERS;
    }
  });

  test('TLS trusts the authority that is named, and no unknown one', async (context) => {
    const at = await receiver(context, join(scratch(), 'certificates'));
    const trusting = await send(at.endpoint(protocol), { protocol, caFile: at.ca });
    expect(trusting.tally.exported).toBe(trusting.taken);
    const strange = await send(at.endpoint(protocol), { protocol, timeoutMs: 300 });
    expect(strange.tally).toMatchObject({ exported: 0, dropped: { closed: strange.taken } });
  });

  test.each([
    ['never answers', 'hang'],
    ['answers without an end', 'drip'],
  ])('an endpoint that %s holds nothing up', async (_, mode) => {
    if (missing !== '') return;
    const at = await startReceiver(python);
    await at.behave({ mode });
    const { tally, taken } = await send(at.endpoint(protocol), { protocol, timeoutMs: 200 });
    expect(tally).toMatchObject({ exported: 0, dropped: { closed: taken } });
  });
});

test('an endpoint that closes the connection holds nothing up', async (context) => {
  const at = await receiver(context);
  await at.behave({ mode: 'drop' });
  const { tally, taken } = await send(at.endpoint('http/protobuf'), { timeoutMs: 200 });
  expect(tally).toMatchObject({ exported: 0, dropped: { closed: taken } });
});

test('a Retry-After is waited for', async (context) => {
  const at = await receiver(context);
  await at.behave({ mode: 'status', code: 429, retryAfter: 2, times: 1 });
  const startMs = performance.now();
  const { tally, taken } = await send(at.endpoint('http/protobuf'), { batchSpansMax: 10_000 });
  expect(tally).toMatchObject({ exported: taken, retries: 1 });
  expect(performance.now() - startMs).toBeGreaterThan(1_900);
});

test('a replay waits for room where a running sidecar would drop', async (context) => {
  const at = await receiver(context);
  await at.behave({ mode: 'slow', seconds: 0.1 });
  const given = { endpoint: at.endpoint('http/protobuf'), queueSpansMax: 100, batchSpansMax: 40 };
  const { stored, tally } = await replayTo(CAPTURE, given);
  expect(stored.length).toBeGreaterThan(2 * given.queueSpansMax);
  expect(tally).toMatchObject({ exported: stored.length, dropped: { queue_full: 0 } });
});

test('gRPC: a quota that is used up is tried again where the endpoint says so, else not', async (context) => {
  const at = await receiver(context);
  await at.behave({ mode: 'status', grpc: 8 });
  expect((await send(at.endpoint('grpc'), { protocol: 'grpc' })).tally.dropped).toMatchObject({ closed: 0 });
  await at.behave({ mode: 'status', grpc: 8, retryInfo: true });
  expect((await send(at.endpoint('grpc'), { protocol: 'grpc' })).tally.dropped).toMatchObject({ rejected: 0 });
});

test.each(OTLP_PROTOCOLS)('over %s nobody at the endpoint holds nothing up', async (protocol) => {
  const { tally, taken, lines } = await send('http://127.0.0.1:1', { protocol, timeoutMs: 300 });
  expect(tally).toMatchObject({ exported: 0, dropped: { closed: taken } });
  expect(lines.map(({ event }) => event)).toContain('otlp_dropped');
});

describe("oslotap's own telemetry", () => {
  const CHILD = join(ROOT, 'test/support/otlp-telemetry-child.ts');
  const PASSWORD = 'amqp://oslotap:planted-password@broker/';

  async function runChild(env: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [CHILD, PASSWORD], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: child.exitCode, stdout, stderr };
  }

  test('is spans of its steps, under its own name, as the environment says', async (context) => {
    const at = await receiver(context);
    const endpoint = at.endpoint('http/protobuf');
    const names = { OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=lab' };
    const exporters = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_METRICS_EXPORTER: 'none', OTEL_LOG_LEVEL: 'debug' };
    expect(await runChild({ ...exporters, ...names })).toEqual({ code: 0, stdout: '[]', stderr: '' });
    const { requests, problems } = await at.received();
    expect(problems).toEqual([]);
    const spans = flatReceived(requests);
    const resource = { 'service.name': 'oslotap', 'service.version': '1.2.3', 'deployment.environment.name': 'lab' };
    expect(spans).toMatchObject([
      {
        name: 'oslotap.write',
        kind: 'Internal',
        scope: 'oslotap',
        status: 'Unset',
        attributes: { 'oslotap.rows': '7' },
        resource,
      },
      { name: 'oslotap.commit', status: 'Error', attributes: { 'error.type': 'TypeError' }, resource },
    ]);
    expect(JSON.stringify(requests)).not.toContain('planted');
  });

  test('is named by OTEL_SERVICE_NAME', async (context) => {
    const at = await receiver(context);
    await runChild({
      OTEL_EXPORTER_OTLP_ENDPOINT: at.endpoint('grpc'),
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_SERVICE_NAME: 'tap',
    });
    expect(flatReceived((await at.received()).requests)).toMatchObject([
      { resource: { 'service.name': 'tap' } },
      { resource: { 'service.name': 'tap' } },
    ]);
  });

  test('is off where OTEL_SDK_DISABLED says so', async (context) => {
    const at = await receiver(context);
    const { code } = await runChild({ OTEL_EXPORTER_OTLP_ENDPOINT: at.endpoint('http/protobuf'), OTEL_SDK_DISABLED: 'true' });
    expect(code).toBe(0);
    expect((await at.received()).attempts).toBe(0);
  });

  test('tells the log of an endpoint that refuses it, and repeats no header', async (context) => {
    const at = await receiver(context);
    await at.behave({ mode: 'echo' });
    const env = { OTEL_EXPORTER_OTLP_HEADERS: `authorization=${encodeURIComponent(SECRET)}`, OTEL_METRICS_EXPORTER: 'none' };
    const { stdout, stderr } = await runChild({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: at.endpoint('http/protobuf') });
    expect((await at.received()).headers).toContainEqual(['authorization', SECRET]);
    expect({ stdout, stderr }).toEqual({ stdout: expect.stringContaining('OTLPExporterError 400'), stderr: '' });
    expect(stdout).not.toContain('c2VjcmV0');
  });

  test('harms nothing where nobody takes it, and tells the log', async () => {
    const { code, stdout, stderr } = await runChild({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_TIMEOUT: '200',
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ event: 'telemetry_trouble', level: 'warn' }));
  });
});
