/** The dashboards' queries as the files that they come from, run as the command line runs them: with ClickHouse's own parameters. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/cli.ts';
import { recordsOf } from './frames.ts';
import type { QueryRange } from './macros.ts';
import type { Frame, PanelStore } from './store.ts';
import type { Values } from './variables.ts';

export const QUERIES = join(ROOT, 'src/queries/dashboards');

export interface QueryFile {
  readonly name: string;
  readonly sql: string;
}

export const QUERY_FILES: readonly QueryFile[] = readdirSync(QUERIES)
  .filter((name) => name.endsWith('.sql'))
  .sort()
  .map((name) => ({ name, sql: readFileSync(join(QUERIES, name), 'utf8') }));

/** The comment that each of them begins with; it stays in the dashboard. */
export function firstLineOf(sql: string): string {
  return sql.split('\n', 1)[0] ?? '';
}

/** Where a panel's query comes from. */
export function fileOf(rawSql: string): QueryFile {
  const found = QUERY_FILES.find(({ sql }) => firstLineOf(sql) === firstLineOf(rawSql));
  if (found === undefined) throw new Error(`of no file: ${firstLineOf(rawSql)}`);
  return found;
}

/** What stands in the files beside the time range, by its name there. */
export type Choice = Readonly<Record<string, string | number | readonly string[]>>;

/** @param choice parameters that a file has not are left out. */
export async function runFile(store: PanelStore, name: string, range: QueryRange, choice: Choice = {}): Promise<Frame> {
  const file = QUERY_FILES.find((one) => one.name === name);
  if (file === undefined) throw new Error(`no file ${name}`);
  const all: Choice = {
    from: timeOf(range.fromMs),
    to: timeOf(range.toMs),
    interval: Math.max(1, Math.floor(range.intervalMs / 1_000)),
    ...choice,
  };
  const names = [...file.sql.matchAll(/\{(\w+):\w+/g)].map(([, parameter = '']) => parameter);
  const given = [...new Set(names)].map((parameter) => [parameter, textOf(all[parameter])]);
  return await store.ask(file.sql, 'A', { parameters: Object.fromEntries(given) });
}

/** Its rows, by column. */
export async function rowsOfFile<Row>(store: PanelStore, name: string, range: QueryRange, choice: Choice = {}): Promise<Row[]> {
  return recordsOf(await runFile(store, name, range, choice)) as Row[];
}

/** What was chosen in a dashboard, by the names that its files have for it. */
export function choiceOf(values: Values): Choice {
  const entries = Object.entries(values).map(([name, { value }]) => [name, value] as const);
  const { vhost = [] } = Object.fromEntries(entries);
  return { ...Object.fromEntries(entries), vhosts: vhost };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}

function textOf(value: string | number | readonly string[] | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'object') return `[${value.map((one) => `'${one}'`).join(',')}]`;
  return String(value);
}
