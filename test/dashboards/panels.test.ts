/**
 * Every panel, annotation and variable of the dashboards that asks ClickHouse: its query as Grafana and the data source would send it,
 * over HTTP, to a store that all captures were replayed into, and to an empty one.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TraceSummary } from '../../src/queries/traces.ts';
import { choose, type Mode, serverSql } from './support/choices.ts';
import {
  annotationsOf,
  CLICKHOUSE,
  DASHBOARDS,
  type Dashboard,
  type DashboardFile,
  type Panel,
  panelsOf,
  type Target,
  targetsOf,
  titleOf,
} from './support/dashboards.ts';
import { columnsOf, valuesOf } from './support/frames.ts';
import type { QueryRange } from './support/macros.ts';
import { referenceProblems, unitProblems } from './support/references.ts';
import { annotationProblems, problemsOf } from './support/shapes.ts';
import { type Asking, type Frame, PanelStore, rangeOf } from './support/store.ts';
import { rootsOf } from './support/trace-view.ts';
import type { Values } from './support/variables.ts';

/** Panels without a row on the filled store, and why. By dashboard and title. */
const RIGHTLY_EMPTY: Readonly<Record<string, string>> = {
  'oslotap: request · Verdicts': 'no call of this request failed; figures.test.ts has one of which some did',
};

const NO_REQUEST = 'req-00000000-0000-0000-0000-000000000000';
const MINUTE_MS = 60_000;

describe('with all captures', () => {
  let store: PanelStore;
  let traces: TraceSummary[];
  let requestId = '';
  let range: QueryRange;

  beforeAll(async () => {
    store = await PanelStore.open();
    range = await rangeOf(store);
    traces = store.cli<TraceSummary[]>('requests', '--all', '--json', '--limit', '0');
    requestId = traces.find(({ operation }) => operation === 'server.create')?.request_id ?? '';
  });
  afterAll(() => store?.close());

  const chosen = (dashboard: Dashboard, mode: Mode) =>
    choose({ clickhouse: store }, dashboard, { range, mode, typed: { request: requestId } });

  test.each(ofAll((file) => [file]))('%s: its variables offer something', async (_, file) => {
    const { options } = await chosen(file.dashboard, 'default');
    expect(Object.entries(options).filter(([, offered]) => offered.length === 0)).toEqual([]);
    for (const offered of Object.values(options)) expect(new Set(offered).size).toBe(offered.length);
  });

  test.each(clickHousePanels())('%s', async (_, file, panel) => {
    const targets = targetsOf(file.dashboard, panel, CLICKHOUSE);
    const isRightlyEmpty = nameOf(file, panel) in RIGHTLY_EMPTY;
    for (const mode of modesOf(file.dashboard)) {
      const { values } = await chosen(file.dashboard, mode);
      const frames = await framesOf(store, targets, values, range);
      expect([mode, ...problemsOf(panel, targets, frames)]).toEqual([mode]);
      expect([...referenceProblems(panel, frames), ...unitProblems(panel, frames)]).toEqual([]);
      expect([mode, frames.some(saysSomething)]).toEqual([mode, !isRightlyEmpty]);
    }
  });

  test.each(clickHousePanels())('%s: however wide it is, and wherever the server is', async (_, file, panel) => {
    const targets = targetsOf(file.dashboard, panel, CLICKHOUSE);
    const { values } = await chosen(file.dashboard, 'default');
    for (const intervalMs of [MINUTE_MS, 45 * MINUTE_MS]) {
      const wide = { ...range, intervalMs };
      const here = await framesOf(store, targets, values, wide);
      expect(problemsOf(panel, targets, here)).toEqual([]);
      expect(await framesOf(store, targets, values, wide, { timeZone: 'Asia/Kathmandu' })).toEqual(here.map(withoutZones));
    }
  });

  test.each(ofAll((file) => [file]))('%s: graphs and traces, whatever is chosen', async (_, file) => {
    const { values } = await chosen(file.dashboard, 'default');
    const names = file.dashboard.templating.list.map(({ name }) => name);
    const panels = panelsOf(file.dashboard).filter(({ type }) => type === 'nodeGraph' || type === 'traces');
    if (!names.includes('operation') && !names.includes('trace')) expect(panels).toEqual([]);
    else
      for (const { operation, trace_id, request_id } of oneOfEach(traces)) {
        const choice = { ...values, operation: { value: operation }, trace: { value: trace_id } };
        for (const panel of panels) {
          const targets = targetsOf(file.dashboard, panel, CLICKHOUSE);
          const frames = await framesOf(store, targets, choice, range);
          expect([operation, ...problemsOf(panel, targets, frames)]).toEqual([operation]);
          if (panel.type === 'traces' && request_id !== null) expect([operation, frames.map(rootsOf)]).toEqual([operation, [1]]);
        }
      }
  });

  test('a request is found by its id, by a part of it, and by its trace; and nonsense finds nothing', async () => {
    const page = DASHBOARDS.find(({ dashboard }) => dashboard.uid === 'oslotap-request')?.dashboard;
    if (page === undefined) throw new Error('no dashboard of a request');
    const found = async (request: string) => {
      const choices = await choose({ clickhouse: store }, page, { range, mode: 'default', typed: { request } });
      return choices.options.trace;
    };
    const traceId = traces.find(({ request_id }) => request_id === requestId)?.trace_id ?? '';
    const bare = requestId.replace('req-', '');
    for (const typed of [requestId, bare, traceId, ` ${requestId.toUpperCase().replace('REQ', 'req')} `, requestId.slice(0, 18)])
      expect([typed, await found(typed)]).toEqual([typed, [traceId]]);
    for (const typed of [NO_REQUEST, 'nonsense', "it's", 'req-%']) expect([typed, await found(typed)]).toEqual([typed, []]);
    expect((await found(''))?.length).toBeGreaterThan(50);
  });

  test('every panel that is said to be rightly empty is there', () => {
    const titles = DASHBOARDS.flatMap((file) => panelsOf(file.dashboard).map((panel) => nameOf(file, panel)));
    expect(Object.keys(RIGHTLY_EMPTY).filter((title) => !titles.includes(title))).toEqual([]);
  });

  test.each(annotations())('annotation %s', async (_, file, target) => {
    const { values } = await chosen(file.dashboard, 'default');
    const frame = await store.ask(serverSql(target.rawSql ?? '', values, range));
    expect(annotationProblems(frame)).toEqual([]);
    expect(frame.rows.length).toBeGreaterThan(0);
  });
});

describe('with nothing in the store', () => {
  let store: PanelStore;
  const range = { fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2026, 0, 2), intervalMs: MINUTE_MS };

  beforeAll(async () => {
    store = await PanelStore.open([]);
  });
  afterAll(() => store?.close());

  test.each(clickHousePanels())('%s is empty, and no error', async (_, file, panel) => {
    for (const mode of modesOf(file.dashboard)) {
      const targets = targetsOf(file.dashboard, panel, CLICKHOUSE);
      const { values } = await choose({ clickhouse: store }, file.dashboard, { range, mode, typed: { request: NO_REQUEST } });
      const frames = await framesOf(store, targets, values, range);
      expect(problemsOf(panel, targets, frames)).toEqual([]);
      const figures = frames.flatMap(({ rows }) => rows.flat().filter((value) => typeof value === 'number' && value !== 0));
      expect(figures).toEqual([]);
    }
  });

  test.each(annotations())('annotation %s marks nothing, and is no error', async (_, file, target) => {
    const { values } = await choose({ clickhouse: store }, file.dashboard, { range, mode: 'default' });
    const frame = await store.ask(serverSql(target.rawSql ?? '', values, range));
    expect([annotationProblems(frame), frame.rows]).toEqual([[], []]);
  });
});

/** Those that make a difference. */
function modesOf({ templating: { list } }: Dashboard): Mode[] {
  const asked = list.filter(({ type }) => type === 'query');
  const all: Mode[] = asked.some(({ includeAll }) => includeAll) ? ['all'] : [];
  return ['default', ...all, ...(asked.some(({ multi }) => multi) ? ['several' as const] : [])];
}

/** Of each operation the trace with most messages. */
function oneOfEach(traces: readonly TraceSummary[]): TraceSummary[] {
  const ascending = traces.toSorted((a, b) => a.counts.publishes - b.counts.publishes);
  return [...new Map(ascending.map((trace) => [trace.operation, trace])).values()];
}

function ofAll<Row extends readonly unknown[]>(rows: (file: DashboardFile) => Row): [string, ...Row][] {
  return DASHBOARDS.map((file) => [file.name, ...rows(file)]);
}

function clickHousePanels(): [string, DashboardFile, Panel][] {
  return DASHBOARDS.flatMap((file) =>
    panelsOf(file.dashboard)
      .filter((panel) => targetsOf(file.dashboard, panel, CLICKHOUSE).length > 0)
      .map((panel): [string, DashboardFile, Panel] => [titleOf(file, panel), file, panel]),
  );
}

function annotations() {
  return DASHBOARDS.flatMap((file) =>
    annotationsOf(file.dashboard, CLICKHOUSE).map(({ name, target }) => [`${file.name} · ${name}`, file, target] as const),
  );
}

async function framesOf(store: PanelStore, targets: readonly Target[], values: Values, range: QueryRange, asking?: Asking) {
  const frames: Frame[] = [];
  for (const { refId, rawSql = '' } of targets) {
    const frame = await store.ask(serverSql(rawSql, values, range), refId, asking);
    frames.push(asking === undefined ? frame : withoutZones(frame));
  }
  return frames;
}

/** Types without a time zone that only the server's own tells. */
function withoutZones(frame: Frame): Frame {
  return { ...frame, columns: frame.columns.map(({ name, type }) => ({ name, type: type.replace(/'[^']*'/g, 'a zone') })) };
}

/** A number that is neither null nor 0; without numbers, a row. */
function saysSomething(frame: Frame): boolean {
  const numbers = columnsOf(frame, 'number');
  if (numbers.length === 0) return frame.rows.length > 0;
  return numbers.some(({ name }) => valuesOf(frame, name).some((value) => value !== null && value !== 0));
}

function nameOf({ dashboard }: DashboardFile, { title = '' }: Panel): string {
  return `${dashboard.title} · ${title}`;
}
