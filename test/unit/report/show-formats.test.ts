/** One request in the forms of other tools: what each of them must be able to read. */
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { withCapture } from '../../../src/cli/capture-store.ts';
import { timesOf } from '../../../src/queries/trace-times.ts';
import { findTrace, type MessageDetail, messagesOf, type TraceSummary } from '../../../src/queries/traces.ts';
import { chromeTrace, type DrawnSpan, type TraceEvent } from '../../../src/report/show-chrome-trace.ts';
import { renderDot } from '../../../src/report/show-dot.ts';
import { renderMermaid } from '../../../src/report/show-mermaid.ts';
import { renderSvg } from '../../../src/report/show-svg.ts';
import { storedSpans } from '../../../src/sinks/clickhouse/stored-spans.ts';
import type { Span } from '../../../src/sinks/spans/span.ts';
import { BUILT_IN_OPERATIONS } from '../../../src/trace/operations.ts';
import { capturePath } from '../../support/captures.ts';

const BOOT = '707e4331827d4eb799331ef7a3949adb';

interface Shown {
  readonly summary: TraceSummary;
  readonly messages: readonly MessageDetail[];
  readonly spans: readonly Span[];
}

let boot: Shown;
beforeAll(async () => {
  boot = await withCapture(capturePath('boot-1'), BUILT_IN_OPERATIONS, async (store) => {
    const summary = await findTrace(store, BOOT);
    if (summary === null) throw new Error('there is no boot');
    const spans = await storedSpans(store, BOOT, await timesOf(store, [BOOT]));
    return { summary, messages: await messagesOf(store, BOOT), spans };
  });
});

const HOSTILE = [
  '<script>alert(1)</script>',
  '"; end [label="x',
  '`a|b`',
  '\u001b[31mred\nend',
  'x'.repeat(10_000),
  '#35; %% note',
  '\\N\\',
  '',
  'end',
];

/** The boot, with all that senders choose the name of replaced by something nasty. */
function nasty({ summary, messages }: Shown): Omit<Shown, 'spans'> {
  const name = (at: number): string => HOSTILE[at % HOSTILE.length] ?? '';
  return {
    summary: { ...summary, operation: name(0) },
    messages: messages.map((message, at) => ({
      ...message,
      method: name(at),
      object: at % 3 === 0 ? name(at + 1) : message.object,
      routing_key: name(at + 4),
      exchange: name(at + 5),
      http_path: message.http_path === '' ? '' : name(at + 2) || '/',
      failure: at % 7 === 0 ? name(at + 3) : message.failure,
      from: { ...message.from, service: name(at + 2), host: name(at + 3) },
      to: message.to.map((to) => ({ ...to, service: name(at + 6), host: name(at) })),
    })),
  };
}

describe('dot', () => {
  const hasDot = spawnSync('dot', ['-V']).error === undefined;
  const layOut = (text: string) => spawnSync('dot', ['-Tplain'], { input: text, encoding: 'utf8' });

  test.skipIf(!hasDot)('is a graph of services to Graphviz, with every call, cast and fanout on an edge', () => {
    const { status, stdout, stderr } = layOut(renderDot(boot.summary, boot.messages));
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.match(/^node /gm)).toHaveLength(7);
    expect(stdout.match(/^edge /gm)).toHaveLength(8);
    const sum = (kind: string) =>
      [...stdout.matchAll(new RegExp(`(\\d+) ${kind}s?\\b`, 'g'))].reduce((total, [, count]) => total + Number(count), 0);
    const { calls, casts, fanouts } = boot.summary.counts;
    expect([sum('call'), sum('cast'), sum('fanout')]).toEqual([calls, casts, fanouts]);
  });

  test.skipIf(!hasDot)('with names of any characters is still one graph', () => {
    const { summary, messages } = nasty(boot);
    const { status, stdout, stderr } = layOut(renderDot(summary, messages));
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.match(/^graph /gm)).toHaveLength(1);
    expect(stdout).not.toContain('x'.repeat(300));
  });
});

/** The part of Mermaid's grammar that is used (sequenceDiagram.jison): what a line may be, with text that nothing in it ends. */
const MERMAID_LINE =
  /^(sequenceDiagram| {2}title [^\n;]*| {2}participant p\d+ as [^\n;]+| {2}Note over p\d+: [^\n;]+| {2}p\d+(->>|-->>|--x|-\))p\d+: [^\n;]+)$/;

function mermaidLines(text: string): string[] {
  // Mermaid reads `#59;` as a character before it reads anything else.
  return text.trimEnd().replace(/#\d+;/g, 'x').split('\n');
}

describe('mermaid', () => {
  test('is a sequence diagram with an arrow for each call, reply, cast and delivery of a fanout', () => {
    const lines = mermaidLines(renderMermaid(boot.summary, boot.messages));
    expect(lines.filter((line) => !MERMAID_LINE.test(line))).toEqual([]);
    const times = (arrow: string) =>
      lines.filter((line) => line.includes(arrow)).reduce((sum, line) => sum + Number(/ ×(\d+)$/.exec(line)?.[1] ?? 1), 0);
    const { calls, casts, replies } = boot.summary.counts;
    const copies = boot.messages.filter(({ kind }) => kind === 'fanout').reduce((sum, { to }) => sum + to.length, 0);
    expect([times('->>p') - times('-->>p'), times('-->>p'), times('-)p')]).toEqual([calls, replies, casts + copies]);
    expect(lines[1]).toContain(`${calls} calls, ${casts} casts`);
  });

  test('with names of any characters keeps to the grammar', () => {
    const { summary, messages } = nasty(boot);
    const text = renderMermaid(summary, messages);
    expect(mermaidLines(text).filter((line) => !MERMAID_LINE.test(line))).toEqual([]);
    expect(text.replaceAll('\n', '')).not.toMatch(/<script|\p{Cc}|x{300}/u);
  });

  test('is never longer than Mermaid reads, and says what it left out', () => {
    const many = Array.from({ length: 100 }, () => boot.messages).flat();
    const text = renderMermaid(boot.summary, many);
    expect(text.length).toBeLessThan(50_000);
    expect(text.length).toBeGreaterThan(49_000);
    expect(text).toMatch(/Note over p1: \d+ more are left out\n$/);
    expect(mermaidLines(text).filter((line) => !MERMAID_LINE.test(line))).toEqual([]);
  });
});

describe('svg', () => {
  test('is a drawing of its own, with a row for each call, cast and fanout', () => {
    const text = renderSvg(boot.summary, boot.messages);
    expect(text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    for (const kind of ['call', 'cast', 'fanout'] as const) {
      const drawn = text.match(new RegExp(`>${kind} [A-Za-z_.]+<`, 'g')) ?? [];
      expect(drawn).toHaveLength(boot.summary.counts[`${kind}s`]);
    }
  });

  test('with names of any characters has no element of theirs', () => {
    const { summary, messages } = nasty(boot);
    expect(renderSvg(summary, messages).replaceAll('\n', '')).not.toMatch(/<script|\p{Cc}/u);
  });
});

/** What the Trace Event Format demands of the events that are used. */
function assertLoads(events: readonly TraceEvent[]): void {
  const lanes = new Map<string, TraceEvent[]>();
  for (const event of events) {
    expect(Number.isInteger(event.pid) && Number.isInteger(event.tid)).toBe(true);
    if (event.ph !== 'M') expect(event.ts).toBeGreaterThanOrEqual(0);
    if (event.ph !== 'X') continue;
    expect(event.dur).toBeGreaterThanOrEqual(0);
    const key = `${event.pid} ${event.tid}`;
    lanes.set(key, [...(lanes.get(key) ?? []), event]);
  }
  const endOf = ({ ts = 0, dur = 0 }: TraceEvent) => Math.round((ts + dur) * 1_000);
  for (const slices of lanes.values()) {
    const open: TraceEvent[] = [];
    for (const slice of slices) {
      while (open.length > 0 && endOf(open.at(-1) as TraceEvent) <= Math.round((slice.ts ?? 0) * 1_000)) open.pop();
      const around = open.at(-1);
      if (around !== undefined) expect(endOf(slice)).toBeLessThanOrEqual(endOf(around));
      open.push(slice);
    }
  }
  const named = (what: string) =>
    new Set(
      events.filter(({ name }) => name === what).map(({ pid, tid }) => (what === 'thread_name' ? `${pid} ${tid}` : `${pid}`)),
    );
  expect(
    [...lanes.keys()].filter((lane) => !named('thread_name').has(lane) || !named('process_name').has(lane.split(' ')[0] ?? '')),
  ).toEqual([]);
}

describe('chrome-trace', () => {
  test('has a slice for each span, which nest in their lanes, and an arrow to each that was caused elsewhere', () => {
    const { traceEvents, otherData } = chromeTrace(boot.spans, { trace_id: BOOT });
    assertLoads(traceEvents);
    const of = (ph: TraceEvent['ph']) => traceEvents.filter((event) => event.ph === ph);
    expect(of('X')).toHaveLength(boot.spans.length);
    expect(of('i')).toHaveLength(boot.spans.flatMap(({ events }) => events).length);
    expect(of('s').map(({ id }) => id)).toEqual(of('f').map(({ id }) => id));
    expect(of('s').length).toBeGreaterThan(30);
    expect(otherData).toEqual({ trace_id: BOOT });
    const ns = (us = 0) => Math.round(us * 1_000);
    const isWithin =
      (arrow: TraceEvent) =>
      ({ pid, tid, ts, dur }: TraceEvent) =>
        pid === arrow.pid && tid === arrow.tid && ns(ts) <= ns(arrow.ts) && ns(arrow.ts) <= ns(ts) + ns(dur);
    expect(of('s').filter((arrow) => !of('X').some(isWithin(arrow)))).toEqual([]);
    expect(
      of('f').filter((arrow) => !of('X').some(({ pid, tid, ts }) => pid === arrow.pid && tid === arrow.tid && ts === arrow.ts)),
    ).toEqual([]);
  });

  test('times are microseconds after the first span, to the nanosecond', () => {
    const { traceEvents } = chromeTrace(
      [
        drawn('a', 1_795_290_943_491_747_535n, 1_795_290_943_491_748_536n),
        drawn('b', 1_795_290_943_491_747_536n, 1_795_290_943_491_747_537n),
      ],
      {},
    );
    expect(traceEvents.filter(({ ph }) => ph === 'X').map(({ ts, dur }) => [ts, dur])).toEqual([
      [0, 1.001],
      [0.001, 0.001],
    ]);
  });

  test('spans that overlap without nesting stand in lanes of their own', () => {
    const spans = [drawn('a', 0n, 10n), drawn('b', 5n, 15n), drawn('c', 6n, 9n), drawn('d', 10n, 12n), drawn('e', 20n, 10n)];
    const { traceEvents } = chromeTrace(spans, {});
    assertLoads(traceEvents);
    expect(traceEvents.filter(({ ph }) => ph === 'X').map(({ name, tid }) => `${name}${tid}`)).toEqual([
      'a1',
      'b2',
      'c1',
      'd1',
      'e1',
    ]);
  });
});

function drawn(name: string, startNs: bigint, endNs: bigint): DrawnSpan {
  const process = { id: 'p', service: 's', host: 'h' };
  return {
    spanId: name,
    parentSpanId: '',
    name,
    kind: 'Client',
    process,
    startNs,
    endNs,
    attributes: {},
    isError: false,
    events: [],
  };
}
