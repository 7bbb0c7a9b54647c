/** `oslotap fingerprint` and `oslotap diff`, as their users run them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TraceSummary } from '../../../src/queries/traces.ts';
import type { OperationDiff } from '../../../src/report/diff.ts';
import type { Comparison } from '../../../src/report/diff-sides.ts';
import type { Fingerprint } from '../../../src/report/fingerprint.ts';
import { COUNT_NAMES, type Report } from '../../../src/report/report-shape.ts';
import { capturePath } from '../../support/captures.ts';
import { oslotap, scratch } from '../../support/cli.ts';
import { ClickHouseServer } from '../../support/clickhouse-server.ts';
import { editCapture } from '../../support/edit-capture.ts';
import { fingerprint, rpc } from '../../support/fingerprints.ts';

const ZED = capturePath('boot-1');
const EPOXY = capturePath('2025.1-boot-1');

function compare(...args: string[]): { code: number | null; stderr: string; json: Comparison } {
  const { code, stdout, stderr } = oslotap(['diff', ...args, '--json']);
  return { code, stderr, json: JSON.parse(stdout) as Comparison };
}

function boot({ operations }: Comparison): OperationDiff {
  const found = operations.find(({ operation }) => operation === 'server.create');
  if (found === undefined) throw new Error('there is no boot');
  return found;
}

describe('two captures', () => {
  test('of a boot with Zed and with 2025.1: one call more, three fanouts more, fewer notifications, and which', () => {
    const { code, stderr, json } = compare(ZED, EPOXY);
    expect([code, stderr]).toEqual([1, 'oslotap: regression beyond gained, messages in server.create, server.list\n']);
    const { counts, rpcs, notifications, routes, versions, arguments: shapes, a, b } = boot(json);
    expect([a.requests, b.requests]).toEqual([1, 1]);
    expect(Object.fromEntries(counts.map(({ count, a: from, b: to }) => [count, to.mean - from.mean]))).toMatchObject({
      calls: 1,
      fanouts: 3,
      notifications: -4,
      publishes: 1,
      deliveries: 6,
    });
    expect(
      rpcs.map(({ change, rpc: { kind, method, from, to }, a: was, b: is }) => [
        change,
        kind,
        method,
        from,
        to,
        was.mean,
        is.mean,
      ]),
    ).toEqual([
      ['gained', 'call', 'get_ports', ['neutron-dhcp-agent'], ['neutron-server'], 0, 1],
      ['gained', 'fanout', 'push', ['neutron-server'], ['neutron-openvswitch-agent'], 0, 3],
    ]);
    expect(notifications.map(({ change, event_type, a: was, b: is }) => [change, event_type, is.mean - was.mean])).toEqual([
      ['reduced', 'audit.http.request', -2],
      ['reduced', 'audit.http.response', -2],
    ]);
    expect(routes.map(({ rpc: { method }, b: is }) => [method, is])).toEqual([
      ['port_update', [{ from: 'neutron-server', to: [] }]],
      ['security_groups_member_updated', [{ from: 'neutron-server', to: [] }]],
    ]);
    expect([versions, shapes]).toEqual([[], []]);
  });

  test('of which one is the other: no difference, exit code 0', () => {
    const { code, stderr, json } = compare(ZED, ZED);
    expect([code, stderr]).toEqual([0, '']);
    expect(json).toMatchObject({ is_empty: true, only_in_a: [], only_in_b: [], regressions: [] });
    expect(json.operations.map(({ operation }) => operation)).toContain('server.create');
  });

  test('of which one is the other with two calls more and an argument renamed: those, and nothing else', () => {
    const edited = join(scratch(), 'edited.ndjson.gz');
    editCapture(ZED, edited, {
      calls: [
        { like: ['object_class_action_versions', 'get_by_compute_host'], method: 'get_quota_plan' },
        { like: ['object_action', 'refresh'] },
      ],
      renamed: [{ method: 'build_and_run_instance', from: 'filter_properties', to: 'filters' }],
    });
    const { code, json } = compare(ZED, edited);
    expect(code).toBe(1);
    const { rpcs, arguments: shapes, counts, ...rest } = boot(json);
    expect(rpcs.map(({ change, rpc: { method, object }, a, b }) => [change, object ?? method, a.mean, b.mean])).toEqual([
      ['gained', 'get_quota_plan', 0, 1],
      ['multiplied', 'InstanceInfoCache.refresh', 2, 3],
    ]);
    expect(shapes).toMatchObject([
      { change: 'renamed', name: 'filter_properties', to: 'filters', rpc: { method: 'build_and_run_instance' } },
    ]);
    expect(
      counts.map(({ count, a, b }) => [count, b.mean - a.mean]).filter(([count]) => !String(count).startsWith('bytes')),
    ).toEqual([
      ['calls', 2],
      ['replies', 2],
      ['publishes', 4],
      ['deliveries', 4],
    ]);
    expect(rest).toMatchObject({ notifications: [], http: [], versions: [], routes: [], latencies: [] });
    expect(
      json.operations.filter(({ operation }) => operation !== 'server.create').flatMap(({ counts: others }) => others),
    ).toEqual([]);
    expect(json.regressions.map(({ threshold, text }) => [threshold, text])).toEqual([
      ['gained', 'gained call get_quota_plan at conductor'],
    ]);
    const patient = oslotap(['diff', ZED, edited, '--threshold', 'gained=1']);
    expect([patient.code, patient.stderr]).toEqual([0, '']);
  });

  test('leave nothing behind, and a damaged one is no side of a comparison', () => {
    const [folder, temporary] = [scratch(), scratch()];
    const half = join(folder, 'half.ndjson.gz');
    writeFileSync(half, readFileSync(ZED).subarray(0, 20_000));
    expect(oslotap(['diff', half, ZED], { TMPDIR: temporary })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^oslotap: half\.ndjson\.gz: line \d+ is not JSON: it is not compared\. .*\n$/),
    });
    expect(oslotap(['fingerprint', 'server.create', ZED], { TMPDIR: temporary }).code).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe('a store', () => {
  const filled = (...captures: string[]): string => {
    const store = `chdb:${scratch()}/data`;
    for (const capture of captures) expect(oslotap(['replay', capture, '--store', store]).code).toBe(0);
    return store;
  };

  test("gives fingerprints with the figures of 'report' and 'requests', and no name of a host, id or address", () => {
    const store = filled(capturePath('boot-10-parallel'));
    const file = join(scratch(), 'boots.json');
    expect(oslotap(['fingerprint', 'server.create', '--store', store, '-o', file])).toEqual({ code: 0, stdout: '', stderr: '' });
    const text = readFileSync(file, 'utf8');
    const print = JSON.parse(text) as Fingerprint;
    const report = JSON.parse(oslotap(['report', '--format', 'json', '--store', store]).stdout) as Report;
    const operation = report.operations.find(({ operation: name }) => name === 'server.create');
    expect(print.requests).toBe(operation?.requests);
    for (const name of COUNT_NAMES) {
      const { min, median, mean, max } = print.counts[name];
      const { min: least, p50, max: most, mean: average } = operation?.counts[name] ?? {};
      expect([name, min, median, max]).toEqual([name, least, p50, most]);
      expect(mean).toBeCloseTo(average ?? -1, 6);
    }
    const sums = new Map<string, number>();
    for (const { kind, method, object, count } of print.rpcs) {
      const key = `${kind} ${method} ${object}`;
      sums.set(key, (sums.get(key) ?? 0) + count.mean);
    }
    const wanted = operation?.methods.filter(({ kind }) => kind !== 'notification') ?? [];
    expect(sums.size).toBe(wanted.length);
    for (const { kind, method, object, mean } of wanted) expect(sums.get(`${kind} ${method} ${object}`)).toBeCloseTo(mean, 6);

    const requests = JSON.parse(oslotap(['requests', '--limit', '0', '--json', '--store', store]).stdout) as TraceSummary[];
    const starts = requests.filter(({ operation: name }) => name === 'server.create').map(({ start }) => start);
    expect([print.from, print.to]).toEqual([starts.at(-1), starts[0]]);

    expect(text.match(/[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{32}|\b(ctl|cmp\d|net1)\b|\d+\.\d+\.\d+\.\d+/)).toBeNull();
    expect(text).toContain('compute.{host}');

    const slow = join(scratch(), 'slow.json');
    const slower = (each: Fingerprint['rpcs'][number]) =>
      each.object !== 'Instance.save' || each.latency_ms === null
        ? each
        : { ...each, latency_ms: { ...each.latency_ms, by_request: each.latency_ms.by_request.map((ms) => 3 * ms) } };
    writeFileSync(slow, JSON.stringify({ ...print, rpcs: print.rpcs.map(slower) }));
    const { code, json } = compare(file, slow);
    expect([code, json.regressions.map(({ text: why }) => why)]).toEqual([
      1,
      ['call Instance.save at conductor 200 % more time'],
    ]);
    expect(compare(file, slow, '--threshold', 'slower=off').code).toBe(0);
  });

  test('is the same on a server', async () => {
    const store = filled(ZED);
    const server = await ClickHouseServer.start(store.slice('chdb:'.length));
    onTestFinished(() => server.kill());
    const { code, json } = compare(server.url, ZED);
    expect([code, json.is_empty]).toEqual([0, true]);
    expect(boot(json).a.requests).toBe(1);
  });

  test('is compared by time: the requests that began in it', () => {
    const store = filled(ZED, EPOXY);
    const { json } = compare(
      '2026-11-21..2026-11-21T20:00Z',
      '2026-11-21T20:00..',
      '--store',
      store,
      '--operation',
      'server.create',
    );
    expect(json.operations.map(({ operation, a, b }) => [operation, a.requests, b.requests])).toEqual([['server.create', 1, 1]]);
    expect(boot(json).rpcs.map(({ rpc: { method } }) => method)).toEqual(['get_ports', 'push']);
    const all = compare(store, '..', '--store', store);
    expect([all.code, all.json.is_empty]).toEqual([0, true]);
    expect(boot(all.json).a.requests).toBe(2);
    expect(oslotap(['diff', '1h..', '..', '--store', store])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has no request of a user that is over'),
    });
    expect(oslotap(['fingerprint', 'server.fly', '--store', store])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^oslotap: chdb:data has no request of 'server\.fly' that is over; there are .*server\.create.*\n$/,
      ),
    });
  });
});

describe('fingerprints', () => {
  test('of captures are compared with each other, as the captures are', () => {
    const folder = scratch();
    const [a, b] = [join(folder, 'zed.json'), join(folder, 'epoxy.json')];
    expect(oslotap(['fingerprint', 'server.create', ZED, '-o', a]).code).toBe(0);
    expect(oslotap(['fingerprint', 'server.create', EPOXY, '--output', b]).code).toBe(0);
    const text = oslotap(['diff', a, b]);
    expect([text.code, text.stderr]).toEqual([1, 'oslotap: regression beyond gained in server.create\n']);
    expect(text.stdout).toContain(
      'gained  fanout push at neutron-vo-Port-1.10  neutron-server → neutron-openvswitch-agent  0  3      +3',
    );
    expect(compare(a, EPOXY).json.operations).toEqual(compare(a, b).json.operations);
  });

  test('with names of any characters print as lines, and as Markdown without markup', () => {
    const folder = scratch();
    const hostile = [
      '<script>alert(1)</script>',
      '`a|b`',
      '\u001b[31mred\nline',
      `${'x'.repeat(10_000).slice(0, 1_000)}`,
      '"quoted" #1; **bold**',
    ];
    const [a, b] = [join(folder, 'a.json'), join(folder, 'b.json')];
    const http = hostile.map((name) => ({ service: name, request: name, count: rpc('', [1]).count }));
    writeFileSync(a, JSON.stringify(fingerprint({ requests: 1 })));
    writeFileSync(
      b,
      JSON.stringify(fingerprint({ requests: 1, rpcs: hostile.map((name) => rpc(name, [1], { topic: name })), http })),
    );
    const text = oslotap(['diff', a, b]);
    expect(text.stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(text.stdout.split('\n').filter((line) => line.includes('gained  call'))).toHaveLength(hostile.length);
    const { stdout } = oslotap(['diff', a, b, '--format', 'md']);
    expect(stdout).not.toMatch(/<script|\*\*bold|(?<!\\)`/);
    const cells = stdout.split('\n').filter((line) => line.startsWith('| gained | call'));
    expect(cells.map((line) => line.split(/(?<!\\)\|/).length)).toEqual(hostile.map(() => 9));
  });
});

test.each([
  [['diff', 'missing.json', 'x.json'], 'missing.json: no such file'],
  [
    ['diff', 'somewhere', 'x.json'],
    "'somewhere' is no fingerprint (X.json), capture (X.ndjson.gz), store (chdb:DIRECTORY) or time",
  ],
  [['diff', '2026-11-22..2026-11-21', '..'], "'2026-11-22..2026-11-21' ends before it begins"],
  [['diff', 'package.json', '..'], 'package.json is no fingerprint that can be read: it is no fingerprint'],
  [['diff', '..', '..', '--threshold', 'speed=1'], 'is none: use gained, messages, deliveries, bytes, slower'],
  [['diff', '..', '..', '--store', 'none'], '--store none holds nothing to compare'],
  [['fingerprint', 'server.create', '--between', 'yesterday'], "'yesterday' is no range of time"],
  [['fingerprint', 'server.create', 'package.json'], 'package.json is no fingerprint that can be read'],
])('%j is wrong usage, said in a line', (args, why) => {
  const { code, stdout, stderr } = oslotap(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^oslotap: .*\n$/);
  expect(stderr).toContain(why);
});

test('a password in a store that is compared is not printed', () => {
  const { code, stdout, stderr } = oslotap([
    'diff',
    'http://reader:hunter2@127.0.0.1:9/db',
    '..',
    '--store',
    'http://reader:hunter2@127.0.0.1:9/db',
  ]);
  expect(code).not.toBe(0);
  expect(stdout + stderr).not.toContain('hunter2');
});
