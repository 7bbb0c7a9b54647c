/** What panels show is what the command line says of the same store: counts exactly, quantiles within their 1 %. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredStorm } from '../../src/queries/storms.ts';
import type { Message, TraceSummary } from '../../src/queries/traces.ts';
import type { PathStep } from '../../src/report/path.ts';
import { COUNT_NAMES, type CountName, type OperationReport, type Spread } from '../../src/report/report.ts';
import { choose, serverSql } from './support/choices.ts';
import { CLICKHOUSE, DASHBOARDS, panelsOf, targetsOf } from './support/dashboards.ts';
import type { QueryRange } from './support/macros.ts';
import { type Choice, choiceOf, fileOf, rowsOfFile, runFile } from './support/query-files.ts';
import { PanelStore, rangeOf } from './support/store.ts';

interface Report {
  readonly window: { readonly messages: number };
  readonly coverage: number;
  readonly operations: readonly OperationReport[];
}

/** Of quantilesDD, as the roll-ups have it. */
const ACCURACY = 0.01;
const RANKS = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;
const DAY_MS = 86_400_000;
const KINDS = ['calls', 'casts', 'fanouts', 'notifications'] as const;

let store: PanelStore;
let range: QueryRange;
let report: Report;
let traces: TraceSummary[];
let requests: TraceSummary[];
let messages: Message[];

beforeAll(async () => {
  store = await PanelStore.open();
  range = await rangeOf(store);
  report = store.cli<Report>('report', '--format', 'json');
  traces = store.cli<TraceSummary[]>('requests', '--all', '--json', '--limit', '0');
  requests = traces.filter(({ request_id }) => request_id !== null);
  messages = store.cliLines<Message>('messages', '--json');
});
afterAll(() => store?.close());

const rows = <Row>(name: string, choice: Choice = {}) => rowsOfFile<Row>(store, name, range, choice);
const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
const total = (count: CountName) => sum(traces.map(({ counts }) => counts[count]));
const seconds = () => range.intervalMs / 1_000;

test('each panel gives what its file gives, run with parameters', async () => {
  const [newest] = requests;
  const compared: string[] = [];
  for (const { dashboard } of DASHBOARDS) {
    const typed = { request: newest?.request_id ?? '' };
    const { values } = await choose({ clickhouse: store }, dashboard, { range, mode: 'default', typed });
    for (const { rawSql = '' } of panelsOf(dashboard).flatMap((panel) => targetsOf(dashboard, panel, CLICKHOUSE))) {
      const { name } = fileOf(rawSql);
      const ofFile = await runFile(store, name, range, choiceOf(values));
      expect([name, await store.ask(serverSql(rawSql, values, range))]).toEqual([name, ofFile]);
      compared.push(name);
    }
  }
  expect(compared.length).toBeGreaterThan(30);
});

describe('all that passed', () => {
  test('in this time range', async () => {
    const [shown] = await rows<Record<string, number>>('totals.sql');
    expect(shown).toMatchObject({
      requests: requests.length,
      messages: report.window.messages,
      replies: total('replies'),
      bytes_published: total('bytes_published'),
      failures: total('failures'),
      timeouts: total('timeouts'),
    });
    expect(report.coverage).toBeLessThan(1);
    expect(shown?.coverage).toBeCloseTo(report.coverage, 9);
    const gaps = await rows<{ reason: string; lost_estimate: number }>('gaps.sql');
    expect(gaps.map(({ reason, lost_estimate }) => [reason, lost_estimate])).toEqual([['not_armed', 40]]);
  });

  test('storms, in the table and along the time axis', async () => {
    const [storm, ...others] = store.cli<StoredStorm[]>('storms', '--json', '--limit', '1');
    if (storm === undefined) throw new Error('no storm');
    expect([others, storm.is_open]).toEqual([[], true]);
    const [shown] = await rows<Record<string, unknown>>('storms.sql');
    expect(shown).toMatchObject({
      storm: storm.id,
      state: 'open',
      duration_s: storm.duration_ms / 1_000,
      grew: 'call object_class_action_versions (Service.get_by_host_and_binary, ComputeNodeList.get_all_by_host) at conductor, and 1 more',
      times: storm.factor,
      senders: 'nova-compute, neutron-linuxbridge-agent, most cmp17 (1 %)',
      senders_count: storm.senders_count,
      trigger: 'restarts',
      detail: storm.trigger.detail,
      trace: '',
      messages: storm.messages,
      bytes_copied: storm.bytes_copied,
      queue_wait_ms: storm.queue_wait_ms.during,
    });
    const marks = await rows<{ time: number; timeEnd: number; title: string; text: string; tags: string }>(
      'storm-annotations.sql',
    );
    const mark = marks.find(({ text }) => text.endsWith(storm.id));
    expect((mark?.timeEnd ?? 0) - (mark?.time ?? 0)).toBeCloseTo(60, 3);
    expect(mark).toMatchObject({
      title: 'Storm: call object_class_action_versions at conductor ×44, open',
      text: `12 → 523.5 messages a second from nova-compute@cmp17 and 199 more; ${storm.trigger.detail}; oslotap storms ${storm.id}`,
      tags: 'storm,restarts,rate,queue_wait',
    });
  });

  test('messages by kind, however wide the points are', async () => {
    for (const intervalMs of [60_000, 7_200_000]) {
      const wide = { ...range, intervalMs };
      const shown = await rowsOfFile<Record<string, number>>(store, 'messages-by-kind.sql', wide);
      for (const kind of [...KINDS, 'replies'] as const)
        expect([kind, Math.round(sum(shown.map((row) => row[kind] ?? 0)) * (intervalMs / 1_000))]).toEqual([kind, total(kind)]);
    }
  });

  test('requests by operation, with the others together', async () => {
    const shown = await rows<{ operation: string; value: number }>('requests-by-operation.sql');
    const names = [...new Set(shown.map(({ operation }) => operation))];
    expect(names).toHaveLength(11);
    expect(Math.round(sum(shown.map(({ value }) => value)) * seconds())).toBe(requests.length);
    for (const name of names.filter((one) => one !== 'others')) {
      const own = shown.filter(({ operation }) => operation === name).map(({ value }) => value);
      expect([name, Math.round(sum(own) * seconds())]).toEqual([
        name,
        requests.filter(({ operation }) => operation === name).length,
      ]);
    }
  });

  test('senders, fanouts, reply queues, queues: each message and each delivery once', async () => {
    const senders = await rows<{ messages: number }>('senders.sql');
    expect(sum(senders.map(({ messages: own }) => own))).toBe(messages.length);
    const fanouts = await rows<{ messages: number; deliveries: number }>('fanouts.sql');
    const published = messages.filter(({ kind }) => kind === 'fanout');
    expect(sum(fanouts.map(({ messages: own }) => own))).toBe(published.length);
    expect(sum(fanouts.map(({ deliveries }) => deliveries))).toBe(sum(published.map(({ to }) => to.length)));
    const callers = await rows<{ calls: number; replies: number }>('reply-queues.sql');
    expect(sum(callers.map(({ calls }) => calls))).toBe(total('calls'));
    expect(sum(callers.map(({ replies }) => replies))).toBe(total('replies'));
    const queues = await rows<{ deliveries: number }>('queues.sql', { vhosts: [] });
    expect(sum(queues.map(({ deliveries }) => deliveries))).toBe(sum(messages.map(({ to }) => to.length)));
  });

  test('verdicts', async () => {
    const failed = messages.filter(({ verdict }) => verdict !== null);
    expect(failed.length).toBeGreaterThan(0);
    const culprits = await rows<{ verdict: string; calls: number }>('culprits.sql');
    const overTime = await rows<{ verdict: string; value: number }>('failures-by-verdict.sql');
    for (const name of new Set(failed.map(({ verdict }) => verdict))) {
      const calls = failed.filter(({ verdict }) => verdict === name).length;
      const shown = culprits.filter(({ verdict }) => verdict === name);
      expect([name, sum(shown.map((row) => row.calls))]).toEqual([name, calls]);
      expect(sum(overTime.filter(({ verdict }) => verdict === name).map(({ value }) => value))).toBe(calls);
    }
  });

  test('how long calls take, and how long messages wait', async () => {
    const whole = { ...range, intervalMs: 30 * DAY_MS };
    const [calls, ...others] = await rowsOfFile<Quantiles>(store, 'call-latency.sql', whole);
    expect(others).toEqual([]);
    const answered = messages.filter(({ kind, status }) => kind === 'call' && (status === 'ok' || status === 'failed'));
    expectNear(
      calls,
      answered.flatMap(({ duration_ms }) => duration_ms ?? []),
    );
    const [waits] = await rowsOfFile<Quantiles>(store, 'queue-wait.sql', whole);
    const taken = messages.filter(({ kind }) => kind === 'call' || kind === 'cast');
    expectNear(
      waits,
      taken.flatMap(({ to }) => to.map(({ queue_wait_ms }) => queue_wait_ms)),
    );
  });
});

describe('operations', () => {
  test('the list of them', async () => {
    const shown = await rows<{ operation: string; requests: number; duration_p50_ms: number; publishes_p50: number }>(
      'operations.sql',
    );
    const told = report.operations.map(({ operation, requests: own, duration_ms, counts }) => ({
      operation,
      requests: own,
      duration_p50_ms: duration_ms.p50,
      publishes_p50: counts.publishes.p50,
    }));
    const picked = shown.map((row) => ({
      operation: row.operation,
      requests: row.requests,
      duration_p50_ms: row.duration_p50_ms,
      publishes_p50: row.publishes_p50,
    }));
    expect(picked).toEqual(told);
  });

  test('what one request of each costs, what it is made of, and how it is spread', async () => {
    for (const { operation, requests: own, duration_ms, counts, methods } of report.operations) {
      const costs = await rows<Spread & { cost: string }>('operation-costs.sql', { operation });
      const told = [{ cost: 'duration_ms', ...duration_ms }, ...COUNT_NAMES.map((cost) => ({ cost, ...counts[cost] }))];
      expect([operation, costs.map(withoutMean)]).toEqual([operation, told.map(withoutMean)]);
      costs.forEach(({ mean }, place) => void expect(mean).toBeCloseTo(told[place]?.mean ?? Number.NaN, 6));
      const shown = await rows<{ kind: string; method: string; messages: number }>('operation-methods.sql', { operation });
      const toldMethods = methods.map(({ kind, method, object, messages: made }) => `${kind} ${object ?? method} ${made}`);
      expect([operation, ...shown.map((row) => `${row.kind} ${row.method} ${row.messages}`).sort()]).toEqual([
        operation,
        ...toldMethods.sort(),
      ]);
      const distribution = await rows<{ requests: number }>('operation-distribution.sql', { operation });
      expect(sum(distribution.map((row) => row.requests))).toBe(own);
    }
  });

  test('who asks whom', async () => {
    for (const { operation, edges } of report.operations) {
      const shown = await rows<{ source: string; target: string; detail__calls: number }>('operation-edges.sql', { operation });
      const calls = edges.filter(({ kind, from, to }) => kind === 'call' && from !== to);
      const told = calls.map(({ from, to, deliveries }) => `${from || 'unknown'} ${to || 'unknown'} ${deliveries}`);
      const asked = shown.filter(({ detail__calls }) => detail__calls > 0);
      expect([operation, ...asked.map((row) => `${row.source} ${row.target} ${row.detail__calls}`).sort()]).toEqual([
        operation,
        ...told.sort(),
      ]);
    }
  });
});

describe('one request', () => {
  test('the bill of the greatest two of each operation, the background included', async () => {
    const descending = traces.toSorted((a, b) => b.counts.publishes - a.counts.publishes);
    const two = Object.values(Object.groupBy(descending, ({ operation }) => operation)).flatMap((own = []) => own.slice(0, 2));
    expect(two.length).toBeGreaterThan(80);
    for (const { trace_id: trace, operation, counts } of two) {
      const bill = await rows<{ what: string; messages: number; deliveries: number; bytes: number }>('request-bill.sql', {
        trace,
      });
      const shown = Object.fromEntries(bill.map(({ what, messages: made }) => [what, made]));
      const together = bill.find(({ what }) => what === 'together');
      const told = {
        ...Object.fromEntries([...KINDS, 'replies' as const].map((name) => [name, counts[name]])),
        together: counts.publishes,
      };
      expect([trace, operation, shown]).toEqual([trace, operation, told]);
      expect([trace, together?.deliveries]).toEqual([trace, counts.deliveries]);
    }
  });

  test('messages, spans, critical path and verdicts of the greatest of some operations', async () => {
    const chosen = ['server.create', 'server.live_migrate', 'volume.attach', 'network.create'].map((name) => greatest(name));
    const failing = messages.find(({ verdict, request_id }) => verdict !== null && request_id !== null)?.trace_id;
    for (const trace of [...chosen, failing ?? '']) {
      const told = store.cli<{ messages: Message[]; critical_path: PathStep[] }>('show', trace, '--json');
      const shown = await rows<{ unique_id: string; duration_ms: number | null }>('request-messages.sql', { trace });
      expect(shown.map(({ unique_id }) => unique_id).sort()).toEqual(told.messages.map(({ unique_id }) => unique_id).sort());
      const path = await rows<{ ms: number }>('request-critical-path.sql', { trace });
      expect(sum(path.map(({ ms }) => ms))).toBeCloseTo(sum(told.critical_path.map(({ ms }) => ms)), 3);
      const spans = await rows<{ statusCode: number }>('request-spans.sql', { trace });
      const stored = await store.ask(`SELECT count(), countIf(StatusCode = 'Error') FROM otel_traces WHERE TraceId = '${trace}'`);
      expect([trace, [spans.length, spans.filter(({ statusCode }) => statusCode === 2).length]]).toEqual([trace, stored.rows[0]]);
      if (trace === failing) expect(stored.rows[0]?.[1]).toBeGreaterThan(0);
      const verdicts = await rows('request-verdicts.sql', { trace });
      expect([trace, verdicts.length]).toEqual([trace, told.messages.filter(({ verdict }) => verdict !== null).length]);
    }
    expect(failing).toBeDefined();
  });
});

function greatest(name: string): string {
  const own = requests.filter(({ operation }) => operation === name).sort((a, b) => b.counts.publishes - a.counts.publishes);
  if (own[0] === undefined) throw new Error(`no ${name} in the captures`);
  return own[0].trace_id;
}

interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Within the accuracy of a value at that rank, or at one beside it. */
function expectNear(shown: Quantiles | undefined, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b);
  expect(sorted.length).toBeGreaterThan(100);
  for (const [name, share] of RANKS) {
    const rank = Math.round(share * (sorted.length - 1));
    const [low = 0, high = 0] = [sorted[rank - 1], sorted[rank + 1] ?? sorted[rank]];
    expect(shown?.[name], name).toBeGreaterThanOrEqual(low * (1 - ACCURACY));
    expect(shown?.[name], name).toBeLessThanOrEqual(high * (1 + ACCURACY));
  }
}

/** A sum of fractions depends on its order, in its last digits. */
function withoutMean({ mean: _, ...rest }: Spread & { cost: string }) {
  return rest;
}
