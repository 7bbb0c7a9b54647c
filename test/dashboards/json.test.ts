/** The committed dashboards as JSON: generated, whole, and without anything that only fits one place. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../support/cli.ts';
import { variableSql } from './support/choices.ts';
import {
  CLICKHOUSE,
  DASHBOARDS,
  type Dashboard,
  type DashboardFile,
  FOLDER,
  type Panel,
  panelsOf,
  pluginOf,
} from './support/dashboards.ts';
import { PROVISIONED } from './support/provisioning.ts';
import { firstLineOf, QUERY_FILES } from './support/query-files.ts';
import { urlsOf } from './support/references.ts';
import { namesIn } from './support/variables.ts';

const COLUMNS = 24;
/** What Grafana 11.6 to 12 write; older ones are migrated on the way in, which nobody has tried. */
const SCHEMA_VERSIONS = [39, 40, 41];
/** Panels that ask nothing. */
const WITHOUT_QUERY = ['text', 'dashlist'];

test('the files are what the source generates', () => {
  const { status, stderr } = spawnSync('node', ['scripts/generate-dashboards.ts', '--check'], { cwd: ROOT, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(DASHBOARDS.length).toBeGreaterThan(4);
});

test('uids and titles are there once', () => {
  const uids = DASHBOARDS.map(({ dashboard }) => dashboard.uid);
  expect(uids.filter((uid) => !/^oslotap-[a-z-]+$/.test(uid))).toEqual([]);
  expect(new Set(uids).size).toBe(uids.length);
  expect(new Set(DASHBOARDS.map(({ dashboard }) => dashboard.title)).size).toBe(uids.length);
});

test('every query file is used, and every query comes from one', () => {
  const files = QUERY_FILES.map(({ name, sql }) => ({ name, firstLine: firstLineOf(sql) }));
  const used = new Set(DASHBOARDS.flatMap(({ dashboard }) => sqlOf(dashboard).map(firstLineOf)));
  expect(files.filter(({ firstLine }) => !used.has(firstLine))).toEqual([]);
  expect(new Set(files.map(({ firstLine }) => firstLine)).size).toBe(files.length);
  const known = new Set(files.map(({ firstLine }) => firstLine));
  expect([...used].filter((firstLine) => !known.has(firstLine))).toEqual([]);
});

test('the README has a chapter for each dashboard, and names no other', () => {
  const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  const chapters = [...readme.matchAll(/^## .*\(`(\w+\.json)`\)$/gm)].map(([, name]) => name);
  expect(chapters.sort()).toEqual(DASHBOARDS.map(({ name }) => name));
});

describe.each(DASHBOARDS.map((file): [string, DashboardFile] => [file.name, file]))('%s', (_, { text, dashboard }) => {
  const panels = panelsOf(dashboard);

  test('it is a dashboard of Grafana 11.6 and later, for whoever imports it', () => {
    expect(SCHEMA_VERSIONS).toContain(dashboard.schemaVersion);
    expect(dashboard).not.toHaveProperty('id');
    expect(text.match(/https?:\/\/|\blocalhost\b|\b\d+\.\d+\.\d+\.\d+\b/g)).toBe(null);
  });

  test('ids are there once, and no panel lies on another or beside the grid', () => {
    const ids = [...dashboard.panels, ...panels].map(({ id }) => id);
    expect(new Set(ids).size).toBe(new Set([...dashboard.panels, ...panels]).size);
    for (const together of [dashboard.panels, ...dashboard.panels.map(({ panels: inner = [] }) => inner)]) {
      const outside = together.filter(({ gridPos: { x, y, w, h } }) => x < 0 || y < 0 || w < 1 || h < 1 || x + w > COLUMNS);
      expect(outside.map(({ title }) => title)).toEqual([]);
      expect(overlapsIn(together)).toEqual([]);
    }
  });

  test('everything has a description', () => {
    expect(dashboard.description ?? '').not.toBe('');
    const silent = [...panels, ...dashboard.templating.list].filter(({ description = '' }) => description.trim().length < 10);
    expect(silent.map((one) => ('name' in one ? one.name : one.title))).toEqual([]);
  });

  test('data sources are a variable of the dashboard, or one that is provisioned', () => {
    const variables = dashboard.templating.list.filter(({ type }) => type === 'datasource').map(({ name }) => `\${${name}}`);
    const allowed = [...variables, ...PROVISIONED.map(({ uid }) => uid)];
    const asking = panels.filter(({ type }) => !WITHOUT_QUERY.includes(type));
    const references = [
      ...asking.flatMap(({ targets = [], datasource }) => targets.map((target) => target.datasource ?? datasource)),
      ...dashboard.templating.list.filter(({ type }) => type === 'query').map(({ datasource }) => datasource),
      ...(dashboard.annotations?.list ?? []).filter(({ builtIn }) => builtIn !== 1).map(({ datasource }) => datasource),
    ];
    expect(references.filter((reference) => !allowed.includes(reference?.uid ?? ''))).toEqual([]);
    expect(asking.filter(({ targets = [] }) => targets.length === 0).map(({ title }) => title)).toEqual([]);
  });

  test('variables that are used are there, and those that are there are used', () => {
    const names = dashboard.templating.list.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const { list } = dashboard.templating;
    const used = new Set(namesIn(JSON.stringify({ ...dashboard, templating: list.map(variableSql) })));
    expect([...used].filter((name) => /^[a-z]/i.test(name) && !names.includes(name))).toEqual([]);
    expect(names.filter((name) => !used.has(name))).toEqual([]);
    list.forEach((variable, place) => {
      const later = names.slice(place);
      expect(namesIn(variableSql(variable)).filter((name) => later.includes(name))).toEqual([]);
    });
  });

  test('links lead to dashboards and variables that are there', () => {
    const ofDashboard = (dashboard.links ?? []).flatMap(({ type, url = '' }) => (type === 'link' ? [url] : []));
    const urls = [...ofDashboard, ...panels.flatMap(urlsOf)];
    expect(urls.flatMap(linkProblems)).toEqual([]);
    for (const { type, title, ...link } of dashboard.links ?? [])
      if (type === 'dashboards') expect([title, linkedByTag(link)]).toEqual([title, DASHBOARDS.length]);
  });
});

/** Of panels, variables and annotations. */
function sqlOf(dashboard: Dashboard): string[] {
  const targets = panelsOf(dashboard).flatMap(({ targets: all = [] }) => all);
  const annotations = (dashboard.annotations?.list ?? []).map(({ target }) => target?.rawSql);
  const asked = dashboard.templating.list.filter(({ type }) => type === 'query');
  const variables = asked.filter(({ datasource }) => pluginOf(dashboard, datasource) === CLICKHOUSE).map(variableSql);
  return [...targets.map(({ rawSql }) => rawSql), ...variables, ...annotations].filter((sql) => sql !== undefined);
}

function overlapsIn(panels: readonly Panel[]): string[] {
  return panels.flatMap((one, place) =>
    panels
      .slice(place + 1)
      .filter((other) => isOverlap(one.gridPos, other.gridPos))
      .map((other) => `${one.title} and ${other.title}`),
  );
}

function isOverlap(a: Panel['gridPos'], b: Panel['gridPos']): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** Of one URL: a dashboard that is not there, a variable that it has not, or a place outside of this Grafana. */
function linkProblems(url: string): string[] {
  if (url.startsWith('/explore?')) return exploreProblems(url);
  const uid = /^\/?d\/([\w-]+)/.exec(url)?.[1];
  const target = DASHBOARDS.find(({ dashboard }) => dashboard.uid === uid)?.dashboard;
  if (target === undefined) return [`${url} leads to no dashboard of these`];
  const names = target.templating.list.map(({ name }) => name);
  const given = [...url.matchAll(/[?&]var-(\w+)=|\$\{(\w+):queryparam\}/g)].map(([, plain, whole]) => plain ?? whole ?? '');
  return given
    .filter((name) => !names.includes(name) && !name.startsWith('__'))
    .map((name) => `${url}: ${uid} has no variable ${name}`);
}

/** What Explore is to open is JSON once it is decoded. */
function exploreProblems(url: string): string[] {
  const panes = new URLSearchParams(url.slice(url.indexOf('?'))).get('panes') ?? '';
  try {
    const opened: object = JSON.parse(panes);
    return Object.keys(opened).length === 1 ? [] : [`${url} does not open one pane`];
  } catch {
    return [`${url}: what it opens is no JSON`];
  }
}

function linkedByTag(link: object): number {
  const { tags = [] } = link as { tags?: readonly string[] };
  return DASHBOARDS.filter(({ dashboard }) => tags.every((tag) => tagsOf(dashboard).includes(tag))).length;
}

function tagsOf(dashboard: Dashboard): readonly string[] {
  return (dashboard as { tags?: readonly string[] }).tags ?? [];
}
