/** What is chosen in a dashboard's variables: each query is asked, with what was chosen in those before it. */
import { CLICKHOUSE, type Dashboard, PROMETHEUS, pluginOf, type Variable } from './dashboards.ts';
import { expandMacros, type QueryRange } from './macros.ts';
import type { Prometheus } from './prometheus-server.ts';
import type { Frame, PanelStore } from './store.ts';
import { builtIns, conditionalAll, interpolate, type Value, type Values } from './variables.ts';

/** `default`: what the dashboard opens with; `all` and `several`: that of each variable that takes it. */
export type Mode = 'default' | 'all' | 'several';

/** Typed in by hand: by the variable's name. */
export type Typed = Readonly<Record<string, string>>;

export interface Choices {
  readonly values: Values;
  /** Of each variable that is asked for: what came. */
  readonly options: Readonly<Record<string, readonly string[]>>;
}

export interface Choosing {
  readonly range: QueryRange;
  readonly mode: Mode;
  readonly typed?: Typed;
}

/** Who answers the queries of variables; those of others offer nothing. */
export interface Sources {
  readonly clickhouse?: Pick<PanelStore, 'ask'>;
  readonly prometheus?: Prometheus;
}

/** Asks on the way; throws where a query fails. */
export async function choose(sources: Sources, dashboard: Dashboard, { range, mode, typed = {} }: Choosing): Promise<Choices> {
  const values: Record<string, Value> = { ...builtIns(range) };
  const options: Record<string, readonly string[]> = {};
  for (const variable of dashboard.templating.list) {
    const isAsked = sourceOf(sources, dashboard, variable) !== undefined;
    const offered = isAsked ? await asked(sources, dashboard, variable, { range, values }) : fixedOptions(variable);
    if (isAsked) options[variable.name] = offered;
    values[variable.name] = chosen(variable, offered, mode, typed[variable.name]);
  }
  return { values, options };
}

/** The query as the server gets it: the browser's part first, then the plugin's. */
export function serverSql(rawSql: string, values: Values, range: QueryRange): string {
  return expandMacros(interpolate(conditionalAll(rawSql, values), values), range);
}

/** @returns a variable's query: a text, or an object of the plugin's. */
export function variableSql({ query }: Variable): string {
  return (typeof query === 'string' ? query : (query?.rawSql ?? query?.query)) ?? '';
}

function sourceOf({ clickhouse, prometheus }: Sources, dashboard: Dashboard, { type, datasource }: Variable) {
  if (type !== 'query') return undefined;
  return { [CLICKHOUSE]: clickhouse, [PROMETHEUS]: prometheus }[pluginOf(dashboard, datasource)];
}

interface At {
  readonly range: QueryRange;
  readonly values: Values;
}

async function asked(sources: Sources, dashboard: Dashboard, variable: Variable, { range, values }: At): Promise<string[]> {
  const query = variableSql(variable);
  if (pluginOf(dashboard, variable.datasource) === CLICKHOUSE) {
    const frame = await sources.clickhouse?.ask(serverSql(query, values, range));
    return frame === undefined ? [] : optionsOf(frame, variable);
  }
  const [, metric, label] = /^label_values\((.+), *(\w+)\)$/.exec(query) ?? [];
  if (metric === undefined || label === undefined) throw new Error(`variable ${variable.name}: ${query} is not understood here`);
  const selector = interpolate(metric, values, 'regex');
  return (await sources.prometheus?.get<string[]>(`label/${label}/values`, { 'match[]': selector })) ?? [];
}

/** Of a variable that asks nobody. */
function fixedOptions(variable: Variable): string[] {
  return variable.type === 'custom' || variable.type === 'interval' ? customOptions(variableSql(variable)) : [];
}

/** Of one column each is both; of two the first is the value, the second what is shown. */
function optionsOf({ columns, rows }: Frame, { name, regex = '' }: Variable): string[] {
  if (columns.length < 1 || columns.length > 2) throw new Error(`variable ${name}: ${columns.length} columns`);
  if (regex !== '') throw new Error(`variable ${name}: a regex is not understood here`);
  return rows.map(([value]) => String(value));
}

/** `1h, a day : 24h` */
function customOptions(text: string): string[] {
  return text.split(',').map((part) => (part.split(' : ')[1] ?? part).trim());
}

function chosen(variable: Variable, offered: readonly string[], mode: Mode, typed: string | undefined): Value {
  const { multi = false, includeAll = false, allValue = '', current } = variable;
  const all = { value: offered, isAll: true, ...(allValue === '' ? {} : { allValue }) };
  if (mode === 'all' && includeAll) return all;
  if (mode === 'several' && multi) return { value: offered.slice(0, 2) };
  const before = [current?.value ?? []].flat();
  if (before[0] === '$__all') return all;
  const known = variable.type === 'query' ? before.filter((value) => offered.includes(value)) : before;
  if (variable.type === 'textbox' || variable.type === 'constant') return { value: typed ?? before[0] ?? variableSql(variable) };
  const first = known.length > 0 ? known : offered.slice(0, 1);
  return { value: multi ? first : (first[0] ?? '') };
}
