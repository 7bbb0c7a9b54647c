/** `oslotap catalog`: every figure is what `messages --json` and `report --format json` say, counted anew here. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Parser } from '@asyncapi/parser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { CatalogMethod } from '../../src/queries/catalog.ts';
import type { Message } from '../../src/queries/traces.ts';
import type { Catalog } from '../../src/report/catalog.ts';
import type { Report } from '../../src/report/report.ts';
import { targetOf } from '../../src/trace/target.ts';
import { capturePath } from '../support/captures.ts';
import { oslotap } from '../support/cli.ts';

const CAPTURES = ['boot-1', 'live-migrate', 'network-lifecycle', '2025.1-quorum-boot-1-gzip', 'compute-down'].map(capturePath);

const FOLDER = mkdtempSync(join(tmpdir(), 'oslotap-'));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

const seen: { store: string; catalog: Catalog; messages: Message[]; report: Report } = {} as never;

function run(...args: readonly string[]): string {
  const { code, stdout, stderr } = oslotap([...args, '--store', seen.store]);
  expect([args, code, stderr]).toEqual([args, 0, expect.any(String)]);
  return stdout;
}

function filled(): void {
  seen.store = `chdb:${FOLDER}/data`;
  run('replay', ...CAPTURES);
  seen.catalog = JSON.parse(run('catalog', '--format', 'json'));
  seen.messages = run('messages', '--json')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  seen.report = JSON.parse(run('report', '--format', 'json'));
}

type Rpc = Message & { readonly kind: CatalogMethod['kind'] };

function rpcs(): Rpc[] {
  return seen.messages.filter((message): message is Rpc => message.kind !== 'notification');
}

/** By what the catalogue has a row. */
function keyOf(message: Rpc): string {
  const { exchange, routing_key: routingKey, namespace, method, object, version, kind } = message;
  return JSON.stringify([exchange, targetOf({ exchange, routingKey }).topic, namespace, method, object, version, kind]);
}

/** As ClickHouse's quantileExact has it. */
function quantile(values: readonly number[], level: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(level * values.length))] ?? Number.NaN;
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const times = (values: readonly number[]) =>
  values.length === 0 ? null : { p50: expect.closeTo(quantile(values, 0.5), 6), p95: expect.closeTo(quantile(values, 0.95), 6) };

/** A row's figures, from the messages themselves. */
function expectedOf(messages: readonly Rpc[]) {
  const sizes = messages.map(({ bytes }) => bytes);
  const told = messages.flatMap(({ arguments: given }) => (given === null ? [] : [given]));
  const answered = messages.filter(({ status }) => status === 'ok' || status === 'failed');
  return {
    messages: messages.length,
    deliveries: messages.flatMap(({ to }) => to).length,
    callers: counted(messages.map(({ from }) => from.service)),
    callerHosts: new Set(messages.map(({ from }) => `${from.service} ${from.host}`)).size,
    servers: counted(messages.flatMap(({ to }) => to.map(({ service }) => service))),
    serverHosts: new Set(messages.flatMap(({ to }) => to.map(({ service, host }) => `${service} ${host}`))).size,
    read: told.length,
    names: counted(told.flatMap((given) => Object.keys(given))),
    types: counted(told.flatMap((given) => Object.entries(given).map(([name, type]) => `${name} ${type}`))),
    bytes: { p50: quantile(sizes, 0.5), p95: quantile(sizes, 0.95), max: Math.max(...sizes) },
    answered_ms: times(answered.flatMap(({ duration_ms }) => duration_ms ?? [])),
    wait_ms: times(messages.flatMap(({ to }) => to.map(({ queue_wait_ms }) => queue_wait_ms))),
    failed: messages.filter(({ status }) => status === 'failed').length,
    timeouts: messages.filter(({ status }) => status === 'timeout').length,
    open: messages.filter(({ status }) => status === 'open').length,
    failures: counted(messages.flatMap(({ failure }) => failure ?? [])),
  };
}

function toldOf(method: CatalogMethod) {
  const { messages, deliveries, callers, servers, bytes, answered_ms, wait_ms, failed, timeouts, open, failures } = method;
  const { read, names } = method.arguments;
  const sum = (hosts: readonly { hosts: number }[]) => hosts.reduce((total, each) => total + each.hosts, 0);
  return {
    ...{ messages, deliveries, bytes, answered_ms, wait_ms, failed, timeouts, open, read },
    callers: Object.fromEntries(callers.map((caller) => [caller.service, caller.messages])),
    callerHosts: sum(callers),
    servers: Object.fromEntries(servers.map((server) => [server.service, server.deliveries])),
    serverHosts: sum(servers),
    names: Object.fromEntries(names.map((argument) => [argument.name, argument.messages])),
    failures: Object.fromEntries(failures.map((one) => [one.failure, one.messages])),
  };
}

describe('of five captures', () => {
  beforeAll(filled, 120_000);

  test('each method is there, with the figures of its messages', () => {
    const groups = Map.groupBy(rpcs(), keyOf);
    const keys = seen.catalog.methods.map(({ exchange, topic, namespace, method, object, version, kind }) =>
      JSON.stringify([exchange, topic, namespace, method, object, version, kind]),
    );
    expect(keys.toSorted()).toEqual([...groups.keys()].sort());
    expect(keys.length).toBeGreaterThan(50);
    for (const [i, method] of seen.catalog.methods.entries()) {
      const { types, ...expected } = expectedOf(groups.get(keys[i] ?? '') ?? []);
      expect([keys[i], toldOf(method)]).toEqual([keys[i], expected]);
      const told = method.arguments.names.flatMap(({ name, types: each }) => each.map((type) => `${name} ${type}`));
      expect(told.toSorted()).toEqual(Object.keys(types).sort());
      for (const { messages, share } of method.arguments.names) expect(share).toBe(messages / method.arguments.read);
    }
  });

  test('operations, background and coverage are those of the report', () => {
    const { methods, coverage, left_out } = seen.catalog;
    const wanted = seen.report.operations.flatMap(({ operation, methods: of }) =>
      of
        .filter(({ kind }) => kind !== 'notification')
        .map(({ kind, method, object, messages }) => [`${operation} ${kind} ${method} ${object}`, messages]),
    );
    const told: Record<string, number> = {};
    for (const { kind, method, object, operations } of methods)
      for (const { operation, messages } of operations) {
        const key = `${operation} ${kind} ${method} ${object}`;
        told[key] = (told[key] ?? 0) + messages;
      }
    expect(told).toEqual(Object.fromEntries(wanted));
    const background = seen.report.background.filter(({ kind }) => kind !== 'notification');
    const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
    expect(sum(methods.map((method) => method.background))).toBe(sum(background.map(({ messages }) => messages)));
    expect([coverage, left_out]).toEqual([seen.report.coverage, 0]);
  });

  test('the AsyncAPI document has no fault, says the same as YAML and as JSON, and the same each time', {
    timeout: 120_000,
  }, async () => {
    const yaml = run('catalog', '--format', 'asyncapi');
    expect(run('catalog', '--format', 'asyncapi')).toBe(yaml);
    expect(parse(yaml)).toEqual(JSON.parse(run('catalog', '--format', 'asyncapi-json')));
    const { document, diagnostics } = await new Parser().parse(yaml);
    expect(diagnostics).toEqual([]);
    const calls = seen.catalog.methods.filter(({ kind }) => kind === 'call').length;
    const replies = document
      ?.operations()
      .all()
      .filter((operation) => operation.reply() !== undefined);
    expect(replies?.length).toBe(2 * calls);
    expect(document?.operations().all().length).toBe(2 * seen.catalog.methods.length);
  });

  test('the Markdown has an entry for each method, and says what is in the JSON', () => {
    const text = run('catalog');
    expect(text.match(/^### <a id="m\d+">/gm)?.length).toBe(seen.catalog.methods.length);
    const rows = seen.catalog.methods.map(
      ({ topic, method, object, version, kind, messages }, i) =>
        `| \`${topic}\` | [\`${object ?? method}\`](#m${i + 1}) | ${version} | ${kind} | ${messages} |`,
    );
    for (const row of rows) expect(text).toContain(row);
  });

  test('--since leaves out what is older, and an empty catalogue is a valid document', async () => {
    const catalog = JSON.parse(run('catalog', '--format', 'json', '--since', '1m')) as Catalog;
    expect([catalog.methods, catalog.left_out]).toEqual([[], 0]);
    expect(Date.parse(catalog.since ?? '')).toBeGreaterThan(Date.now() - 180_000);
    const { diagnostics } = await new Parser().parse(run('catalog', '--format', 'asyncapi', '--since', '1m'));
    expect(diagnostics).toEqual([]);
  });
});

test('what cannot be is said in a line', () => {
  for (const args of [
    ['--format', 'xml'],
    ['--since', 'yesterday'],
    ['-o', '/nowhere/at/all'],
    ['--store', 'none'],
  ]) {
    const { code, stdout, stderr } = oslotap(['catalog', ...args]);
    expect([code, stdout, stderr.trimEnd().split('\n').length]).toEqual([args[0] === '-o' ? expect.any(Number) : 2, '', 1]);
  }
});
