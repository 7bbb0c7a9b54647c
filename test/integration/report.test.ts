/** The report of all captures, in every format: the same figures everywhere, and none that others do not tell too. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Message, TraceSummary } from '../../src/queries/traces.ts';
import { figure } from '../../src/report/report-figures.ts';
import { COUNT_NAMES, type Report, type Spread } from '../../src/report/report-shape.ts';
import { CAPTURES, capturePath } from '../support/captures.ts';
import { oslotap } from '../support/cli.ts';
import { figuresOf } from '../support/report-page.ts';

const NAMES = ['min', 'p50', 'p95', 'max', 'mean'] as const;

const directory = mkdtempSync(join(tmpdir(), 'oslotap-report-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const STORE = `chdb:${join(directory, 'data')}`;
let report: Report;
let html = '';
let markdown = '';
let requests: TraceSummary[] = [];
let messages: Message[] = [];

function run(...args: string[]): string {
  const { code, stdout, stderr } = oslotap([...args, '--store', STORE]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

beforeAll(() => {
  run('replay', ...CAPTURES.map(capturePath));
  report = JSON.parse(run('report', '--format', 'json')) as Report;
  html = run('report', '--format', 'html');
  markdown = run('report');
  requests = JSON.parse(run('requests', '--limit', '0', '--json')) as TraceSummary[];
  messages = run('messages', '--json')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Message);
}, 300_000);

describe('the JSON', () => {
  test('has each operation with the figures of its requests', () => {
    const byOperation = Map.groupBy(requests, ({ operation }) => operation);
    expect(report.operations.map(({ operation }) => operation).sort()).toEqual([...byOperation.keys()].sort());
    for (const { operation, requests: count, counts, duration_ms } of report.operations) {
      const own = byOperation.get(operation) ?? [];
      expect(count).toBe(own.length);
      for (const name of COUNT_NAMES)
        expectSpread(
          counts[name],
          own.map((request) => request.counts[name]),
        );
      expectSpread(
        duration_ms,
        own.map((request) => request.duration_ms),
      );
    }
  });

  test('shows a request that took as long as the p50, and the one that took longest', () => {
    const byTrace = new Map(requests.map((request) => [request.trace_id, request]));
    const shown = report.operations.filter(({ typical }) => typical !== null);
    expect(shown.length).toBeGreaterThan(20);
    for (const { operation, typical, slowest, duration_ms } of shown) {
      for (const sample of [typical, slowest]) {
        const request = byTrace.get(sample?.trace_id ?? '');
        expect(request).toMatchObject({ operation, duration_ms: sample?.duration_ms, counts: sample?.counts });
      }
      expect(typical?.duration_ms).toBeCloseTo(duration_ms.p50, 6);
      expect(slowest?.duration_ms).toBeCloseTo(duration_ms.max, 6);
    }
  });

  test('has a row of the waterfall for every message of a request, or counts it as left out', () => {
    const byTrace = Map.groupBy(messages, ({ trace_id }) => trace_id);
    for (const { operation, typical } of report.operations) {
      if (typical === null || typical.rows_left_out > 0) continue;
      const own = byTrace.get(typical.trace_id) ?? [];
      const rpcs = own.filter(({ kind }) => kind !== 'notification');
      const drawn = typical.rows.filter(({ kind }) => kind !== 'notification' && kind !== 'http');
      expect(sum(drawn.map(({ times }) => times)), operation).toBe(rpcs.length);
      const first = own.find(({ unique_id }) => unique_id === drawn[0]?.unique_id);
      if (first?.duration_ms != null && drawn[0]?.times === 1) expect(drawn[0].took_ms).toBeCloseTo(first.duration_ms, 2);
    }
  });

  test('has in the background what is in no request: by method, and by host', () => {
    const own = new Set(requests.map(({ trace_id }) => trace_id));
    const others = messages.filter(({ trace_id }) => !own.has(trace_id));
    expect(sum(report.background.map(({ messages: count }) => count))).toBe(others.length);
    expect(sum(report.background_hosts.map(({ messages: count }) => count))).toBe(others.length);
    for (const { service, host, messages: count } of report.background_hosts) {
      expect(others.filter(({ from }) => from.service === service && from.host === host)).toHaveLength(count);
    }
  });

  test('has every delivery of a fanout', () => {
    const fanouts = messages.filter(({ kind }) => kind === 'fanout');
    expect(sum(report.fanouts.map(({ messages: count }) => count))).toBe(fanouts.length);
    expect(sum(report.fanouts.map(({ deliveries }) => deliveries))).toBe(sum(fanouts.map(({ to }) => to.length)));
    for (const one of report.fanouts) expect(one.amplification).toBeCloseTo(one.deliveries / one.messages, 9);
  });

  test('has every call that failed, with its verdict', () => {
    const failed = messages.filter(({ status }) => status === 'failed' || status === 'timeout');
    expect(sum(report.failures.map(({ calls }) => calls))).toBe(failed.length);
    expect(failed.length).toBeGreaterThan(0);
    for (const { verdict, method, object, failure, status, culprit, calls } of report.failures) {
      const same = failed.filter(
        (message) =>
          message.verdict === verdict && message.method === method && message.object === object && message.status === status,
      );
      expect(same.filter((message) => message.failure === failure).length).toBeGreaterThanOrEqual(calls);
      expect(same[0]?.culprit ?? null).toEqual(culprit);
    }
  });

  test('has of each queue what went in: the same messages as the operations and the background', () => {
    const inOperations = report.operations.flatMap(({ queues }) => queues);
    for (const { queue, messages: count, contents, bytes } of report.queues) {
      expect(sum(contents.map((content) => content.messages))).toBe(count);
      expect(sum(contents.map((content) => content.bytes))).toBe(bytes);
      expect(count).toBeGreaterThanOrEqual(sum(inOperations.filter((use) => use.queue === queue).map((use) => use.messages)));
      for (const { bytes_p50, bytes_p95, bytes_max } of contents) {
        expect(bytes_p50).toBeLessThanOrEqual(bytes_p95);
        expect(bytes_p95).toBeLessThanOrEqual(bytes_max);
      }
    }
  });

  test("has names and types of a method's arguments, and no value", () => {
    const conductor = report.queues.find(({ queue }) => queue === 'conductor');
    const save = conductor?.contents.find(({ object }) => object === 'ComputeNode.save');
    expect(save?.arguments).toEqual({
      args: ['array'],
      kwargs: ['object'],
      objinst: ['object<ComputeNode>'],
      objmethod: ['string'],
    });
  });
});

describe('the page', () => {
  test("has the JSON's own figures in the bill of each operation", () => {
    for (const { operation, counts, duration_ms } of report.operations) {
      const rows = figuresOf(html, `bill ${operation}`);
      const expected = [...COUNT_NAMES.map((name) => counts[name]), duration_ms];
      expect(rows, operation).toEqual(expected.map((spread) => NAMES.map((name) => spread[name])));
    }
  });

  test("has the JSON's own figures in its other tables", () => {
    const { background, background_hosts: hosts, fanouts, queues, failures, operations } = report;
    expect(figuresOf(html, 'background')).toEqual(
      background.map((row) => [row.hosts, row.messages, row.bytes, row.per_second, row.per_second_and_host]),
    );
    expect(figuresOf(html, 'background hosts')).toEqual(
      hosts.map((row) => [row.methods, row.messages, row.per_second, row.bytes, row.bytes_per_second]),
    );
    expect(figuresOf(html, 'fanouts').map(([messages, deliveries]) => [messages, deliveries])).toEqual(
      fanouts.map((row) => [row.messages, row.deliveries]),
    );
    expect(figuresOf(html, 'queues')).toEqual(queues.map((row) => [row.messages, row.bytes, row.contents.length]));
    expect(figuresOf(html, 'failures')).toEqual(failures.map(({ calls }) => [calls]));
    for (const { operation, edges, methods } of operations) {
      const links = edges.map((edge) => [edge.mean, edge.deliveries, edge.duration_p95_ms, edge.queue_wait_p95_ms]);
      expect(figuresOf(html, `edges ${operation}`)).toEqual(links.map((link) => link.filter((value) => value !== null)));
      expect(figuresOf(html, `methods ${operation}`)).toEqual(methods.map((method) => [method.mean, method.messages]));
    }
  });

  test('has every row of a waterfall in the table behind it', () => {
    for (const [index, { typical }] of report.operations.entries()) {
      if (typical === null) continue;
      const rows = figuresOf(html, `waterfall-${index + 1}-typical ${typical.trace_id}`);
      expect(rows).toEqual(
        typical.rows.map(({ at_ms, wait_ms, took_ms }) => [at_ms, ...(wait_ms === null ? [] : [wait_ms]), took_ms]),
      );
    }
  });

  test('writes on the lines of the call graph what the table says', () => {
    const boot = report.operations.find(({ operation }) => operation === 'server.create');
    const graph = /<svg(?:(?!<svg)[\s\S])*?Who asks whom in server\.create[\s\S]*?<\/svg>/.exec(html)?.[0] ?? '';
    expect(boot?.edges.length).toBeGreaterThan(5);
    for (const { kind, mean } of boot?.edges ?? []) expect(graph).toContain(`>${kind} ${figure(mean)} · `);
  });

  test('is the same, byte for byte, each time', () => {
    expect(run('report', '--format', 'html')).toBe(html);
  });
});

describe('the Markdown', () => {
  test("has the JSON's figures in the bill of each operation", () => {
    for (const { operation, counts, duration_ms } of report.operations) {
      const section = sectionOf(operation);
      for (const [name, spread] of [
        ...COUNT_NAMES.map((name) => [name, counts[name]] as const),
        ['duration_ms', duration_ms] as const,
      ]) {
        const words = name.replace('_', ' ');
        expect(section).toContain(`| ${words} | ${NAMES.map((each) => figure(spread[each])).join(' | ')} |`);
      }
    }
  });

  test('draws every edge of an operation in Mermaid', () => {
    for (const { operation, edges } of report.operations) {
      const [, block = ''] = /```mermaid\n([\s\S]*?)```/.exec(sectionOf(operation)) ?? [];
      const services = new Map([...block.matchAll(/(s\d+)\["(.*)"\]/g)].map(([, id = '', name]) => [id, name]));
      const drawn = [...block.matchAll(/(s\d+) -->\|"(.*)"\| (s\d+)/g)].flatMap(([, from = '', text = '', to = '']) =>
        text.split('<br>').map((line) => `${services.get(from)} ${line.split(' · ')[0]} ${services.get(to)}`),
      );
      expect(drawn.sort()).toEqual(
        edges.map(({ from, to, kind, mean }) => `${from || '?'} ${kind} ${figure(mean)} ${to || '?'}`).sort(),
      );
    }
  });

  test('has the background, the fanouts and the failures', () => {
    for (const { kind, method, object, service, messages: count, hosts, per_second } of report.background) {
      const name = object === null ? method : `${method} ${object}`;
      const figures = `${figure(hosts)} | ${figure(count)} | ${per_second.toFixed(3)}`;
      expect(markdown).toContain(`| ${kind} | \`${name}\` | ${service || '?'} | ${figures} |`);
    }
    for (const { amplification, messages: count, deliveries } of report.fanouts) {
      expect(markdown).toContain(`| ${figure(count)} | ${figure(deliveries)} | ${figure(amplification)} |`);
    }
    for (const { verdict, calls, operation } of report.failures) {
      const words = `| ${verdict ?? 'expected'} | ${calls} | ${operation?.replaceAll('_', '\\_') ?? 'background'} |`;
      expect(markdown).toContain(words);
    }
  });
});

describe('--anonymise', () => {
  const formats = ['json', 'html', 'md'] as const;
  const key = join(directory, 'key');
  let anonymous: string[] = [];

  beforeAll(() => {
    writeFileSync(key, 'a key of thirty-two bytes, no less');
    anonymous = formats.map((format) => run('report', '--format', format, '--anonymise-key-file', key));
  }, 100_000);

  test('leaves no host, address or id of the captures in any format', () => {
    for (const text of anonymous) {
      expect(namesIn(text)).toEqual([]);
      expect(text).toContain('host-');
    }
    // Without it they are there.
    for (const text of [JSON.stringify(report), html, markdown]) expect(namesIn(text).length).toBeGreaterThan(10);
  });

  test('changes no figure', () => {
    expect(numbersOf(JSON.parse(anonymous[0] ?? ''))).toEqual(numbersOf(report));
  });

  test('gives the same pseudonyms with the same key file, others without one', () => {
    expect(run('report', '--format', 'json', '--anonymise-key-file', key)).toBe(anonymous[0]);
    expect(run('report', '--format', 'json', '--anonymise')).not.toBe(anonymous[0]);
    expect(anonymous.join()).not.toContain(readFileSync(key, 'utf8'));
  });

  test('a key that can be guessed, or is not there, is wrong usage', () => {
    const short = join(directory, 'short');
    writeFileSync(short, 'too short');
    for (const name of [short, join(directory, 'nowhere')]) {
      const { code, stderr, stdout } = oslotap(['report', '--anonymise-key-file', name, '--store', STORE]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^oslotap: --anonymise-key-file: .*\n$/);
      expect(stderr).not.toContain('too short');
      expect(stdout).toBe('');
    }
  });
});

/** Hosts and ids of the captures that stand in a text, and addresses. */
function namesIn(text: string): string[] {
  const hosts = new Set(
    messages.flatMap(({ from, to }) => [from.host, ...to.map(({ host }) => host)]).filter((host) => host !== ''),
  );
  const ids = new Set(messages.flatMap(idsOf).map((id) => id.replace('req-', '').replaceAll('-', '')));
  const words = new Set(text.toLowerCase().match(/[a-z0-9_]+/g));
  const found = text.replaceAll(/(?<=[0-9a-f])-(?=[0-9a-f])/g, '').match(/[0-9a-f]{32}/g) ?? [];
  return [
    ...[...hosts].filter((host) => words.has(host.toLowerCase())),
    ...found.filter((id) => ids.has(id)),
    ...(text.match(/\b(?:127|10|192\.168)(?:\.\d{1,3}){2,3}\b/g) ?? []),
  ];
}

function sectionOf(operation: string): string {
  const title = `### ${operation.replaceAll('_', '\\_')}\n`;
  const at = markdown.indexOf(title);
  expect(at).toBeGreaterThan(0);
  return markdown.slice(at).split(/\n##+ /, 2)[0] ?? '';
}

function idsOf({ trace_id, unique_id, request_id, global_request_id }: Message): string[] {
  return [trace_id, unique_id, request_id ?? '', global_request_id ?? ''].filter((id) => id !== '');
}

function numbersOf(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersOf) : [];
}

function expectSpread(spread: Spread, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  expect(spread.min).toBeCloseTo(sorted[0] ?? 0, 6);
  expect(spread.p50).toBeCloseTo(at(0.5), 6);
  expect(spread.p95).toBeCloseTo(at(0.95), 6);
  expect(spread.max).toBeCloseTo(sorted.at(-1) ?? 0, 6);
  expect(spread.mean).toBeCloseTo(sum(sorted) / sorted.length, 3);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
