/** docs/runbooks: a page for each alert, all of the same make, and what they tell people to type and to look at is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DEFINITIONS } from '../../src/metrics/definitions.ts';
import { LEAVES } from '../../src/settings/schema.ts';
import { oslotap, ROOT } from '../support/cli.ts';
import { run, testWith } from '../support/deploy-tools.ts';
import { ALERTS, kebab } from './support/alerts.ts';
import { DASHBOARDS, panelsOf } from './support/dashboards.ts';
import { PanelStore } from './support/store.ts';

const FOLDER = join(ROOT, 'docs/runbooks');
const HEADINGS = ['What it means', 'Confirm', 'Do first', 'Do not', 'Tune or silence'];

const README = readFileSync(join(FOLDER, 'README.md'), 'utf8');
const PAGES = readdirSync(FOLDER)
  .filter((name) => name !== 'README.md')
  .map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }));
const ALL = [...PAGES, { name: 'README.md', text: README }];

test('each alert has a page, each page an alert, and the list has all of them', () => {
  expect(PAGES.map(({ name }) => name).sort()).toEqual(ALERTS.map(({ alert }) => `${kebab(alert)}.md`).sort());
  for (const { alert, annotations, labels } of ALERTS) {
    const page = `${kebab(alert)}.md`;
    expect(annotations).toEqual({
      summary: expect.stringMatching(/\w/),
      description: expect.stringMatching(/\w/),
      runbook: `docs/runbooks/${page}`,
    });
    expect(README).toContain(`| [${alert}](${page}) | ${labels.severity} |`);
    expect(PAGES.find(({ name }) => name === page)?.text).toMatch(new RegExp(`^# ${alert}\n`));
  }
});

describe.each(PAGES)('$name', ({ text }) => {
  test('it has the headings that all have, and something below each', () => {
    const parts = text.split(/^## /m).slice(1);
    expect(parts.map((part) => part.slice(0, part.indexOf('\n')))).toEqual(HEADINGS);
    expect(parts.filter((part) => part.split('\n').filter((line) => line !== '').length < 2)).toEqual([]);
  });
});

test('panels, metrics, settings and files that the pages name are there', () => {
  const leaves = LEAVES.map(({ path }) => path);
  const sections = new Set(leaves.map((path) => path.split('.')[0]));
  for (const { name, text } of ALL) {
    const missing = [
      ...panelsNamed(text).filter(([file, title]) => !hasPanel(file, title)),
      ...[...text.matchAll(/\boslotap_\w+/g)].map(([metric]) => metric).filter((metric) => !(metric in DEFINITIONS)),
      ...codeIn(text)
        .flatMap((code) => /^([a-z]\w*(?:\.\w+)+)(?<!\.json)(?:: \w+)?$/.exec(code)?.slice(1) ?? [])
        .filter((key) => sections.has(key.split('.')[0] ?? '') && !leaves.includes(key)),
      ...[...text.matchAll(/\]\(([^)#]+)/g)]
        .map(([, link = '']) => link)
        .filter((link) => !existsSync(join(FOLDER, dirname(name), link))),
    ];
    expect([name, missing]).toEqual([name, []]);
  }
  expect(ALL.flatMap(({ text }) => panelsNamed(text)).length).toBeGreaterThan(20);
});

test('oslotap has the commands that the pages name, with their options', () => {
  const commands = typedOn('oslotap');
  expect(commands.length).toBeGreaterThan(4);
  for (const { command, options } of commands) {
    const { code, stdout } = oslotap([...command.split(' '), '--help']);
    expect([command, code, options.filter((option) => !stdout.includes(option))]).toEqual([command, 0, []]);
  }
});

testWith(['rabbitmqctl', 'rabbitmq-diagnostics', 'rabbitmq-plugins'], 'so has RabbitMQ', () => {
  for (const program of ['rabbitmqctl', 'rabbitmq-diagnostics', 'rabbitmq-plugins']) {
    const { stdout, stderr } = run(program, ['help']);
    const known = [...`${stdout}${stderr}`.matchAll(/^ {3}(\w+) /gm)].map(([, command]) => command);
    const typed = typedOn(program).map(({ command }) => command);
    expect(typed.length).toBeGreaterThan(0);
    expect([program, typed.filter((command) => !known.includes(command))]).toEqual([program, []]);
  }
});

test('each query is one that the store takes', { timeout: 120_000 }, async () => {
  const store = await PanelStore.open([]);
  onTestFinished(() => store.close());
  const queries = ALL.flatMap(({ text }) => [...text.matchAll(/^```sql\n(.*?)^```/gms)].map(([, sql = '']) => sql));
  expect(queries.length).toBeGreaterThan(3);
  for (const sql of queries) expect((await store.ask(sql)).columns.length).toBeGreaterThan(2);
});

/** Of "Storms (`storms.json`): *Who sends*, *Wait in queues*.": the file and each title, to the end of the line or the next file. */
function panelsNamed(text: string): [file: string, title: string][] {
  return [...text.matchAll(/`(\w+\.json)`([^\n`]*)/g)].flatMap(([, file = '', rest = '']) =>
    [...rest.matchAll(/\*([^*]+)\*/g)].map(([, title = '']): [string, string] => [file, title]),
  );
}

function hasPanel(file: string, title: string): boolean {
  const dashboard = DASHBOARDS.find(({ name }) => name === file)?.dashboard;
  return dashboard !== undefined && panelsOf(dashboard).some((panel) => panel.title === title);
}

/** What stands between backticks, on one line. */
function codeIn(text: string): string[] {
  return [...text.replaceAll(/^```.*?^```/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** Commands of a program that the pages have, each with its options: its first word, of `oslotap tap` its first two. */
function typedOn(program: string): { command: string; options: string[] }[] {
  const typed = ALL.flatMap(({ text }) => codeIn(text)).filter((code) => code.startsWith(`${program} `));
  return [...new Set(typed)].map((code) => {
    const words = code.split(' ').slice(1);
    return {
      command: words.slice(0, words[0] === 'tap' ? 2 : 1).join(' '),
      options: words.filter((word) => word.startsWith('--')),
    };
  });
}
