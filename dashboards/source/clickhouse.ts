/** Queries of src/queries/dashboards as Grafana's ClickHouse data source (grafana-clickhouse-datasource, 4.0 and newer) takes them. */
import { readFileSync } from 'node:fs';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { variable } from './interpolation.ts';

/** The data source that the dashboard's variable names. */
export const CLICKHOUSE = { type: 'grafana-clickhouse-datasource', uid: variable('datasource') };

/** What the plugin makes of the rows; source: QueryType and Format in its src/types and sqlds' query.go. */
const FORMATS = { timeseries: 0, table: 1, traces: 3 } as const;

export type QueryType = keyof typeof FORMATS;

/** Older releases of the plugin than this read the query all the same. */
const PLUGIN_VERSION = '4.0.0';

/** What stands for a ClickHouse parameter in Grafana: the plugin's macros, and dashboard variables of the same names. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  '{from:DateTime64(3)}': '$__fromTime_ms',
  '{to:DateTime64(3)}': '$__toTime_ms',
  '{interval:UInt32}': '$__interval_s',
  '{shift:UInt32}': variable('shift'),
  '{baseline:UInt32}': variable('baseline'),
  '{operation:String}': variable('operation', 'sqlstring'),
  '{request:String}': variable('request', 'sqlstring'),
  '{trace:String}': variable('trace', 'sqlstring'),
  '{vhosts:Array(String)}': `[${variable('vhost', 'sqlstring')}]`,
};

export interface QueryOptions {
  /** @default table */
  readonly queryType?: QueryType;
  /** Frames of a node graph are called `nodes` and `edges`. @default A */
  readonly refId?: string;
  /** What stands for some parameters instead of a variable. */
  readonly fixed?: Readonly<Record<string, string>>;
}

export function query(name: string, { queryType = 'table', refId = 'A', fixed = {} }: QueryOptions = {}): Builder<Dataquery> {
  const target = {
    refId,
    datasource: CLICKHOUSE,
    editorType: 'sql',
    queryType,
    format: FORMATS[queryType],
    rawSql: sqlOf(name, fixed),
    pluginVersion: PLUGIN_VERSION,
    _implementsDataqueryVariant() {},
  };
  return { build: () => target };
}

/**
 * The text of src/queries/dashboards/NAME.sql with Grafana's placeholders.
 * @throws where it has a parameter that Grafana has nothing for.
 */
export function sqlOf(name: string, fixed: Readonly<Record<string, string>> = {}): string {
  const text = readFileSync(new URL(`../../src/queries/dashboards/${name}.sql`, import.meta.url), 'utf8').trim();
  return text.replace(/\{\w+:[^}]+\}/g, (parameter) => {
    const placeholder = fixed[parameter] ?? PLACEHOLDERS[parameter];
    if (placeholder === undefined) throw new Error(`src/queries/dashboards/${name}.sql: nothing stands for ${parameter}`);
    return placeholder;
  });
}
