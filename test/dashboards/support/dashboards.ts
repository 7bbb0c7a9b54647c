/** The committed dashboards, as far as the tests look at them, and what stands in each of their panels. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/cli.ts';

export const CLICKHOUSE = 'grafana-clickhouse-datasource';
export const PROMETHEUS = 'prometheus';
export const FOLDER = join(ROOT, 'dashboards');

export interface DataSourceRef {
  readonly type?: string;
  readonly uid?: string;
}

export interface Target {
  readonly refId: string;
  readonly datasource?: DataSourceRef;
  readonly hide?: boolean;
  /** ClickHouse's. */
  readonly rawSql?: string;
  readonly format?: number;
  readonly editorType?: string;
  /** Prometheus'. */
  readonly expr?: string;
  readonly instant?: boolean;
}

export interface Link {
  readonly title: string;
  readonly url?: string;
  readonly type?: string;
}

export interface FieldOptions {
  readonly unit?: string;
  readonly links?: readonly Link[];
}

export interface Override {
  readonly matcher: { readonly id: string; readonly options?: unknown };
  readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly collapsed?: boolean;
  readonly panels?: readonly Panel[];
  readonly repeat?: string;
  readonly interval?: string;
  readonly timeFrom?: string;
  readonly datasource?: DataSourceRef;
  readonly targets?: readonly Target[];
  readonly links?: readonly Link[];
  readonly fieldConfig?: { readonly defaults: FieldOptions; readonly overrides: readonly Override[] };
  readonly transformations?: readonly { readonly id: string; readonly options?: unknown }[];
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
  readonly description?: string;
  readonly datasource?: DataSourceRef;
  readonly query?: string | { readonly rawSql?: string; readonly query?: string };
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly regex?: string;
  readonly current?: { readonly value?: string | readonly string[] };
}

export interface Annotation {
  readonly name: string;
  readonly builtIn?: number;
  readonly datasource?: DataSourceRef;
  readonly target?: Target;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description?: string;
  readonly schemaVersion: number;
  readonly timezone?: string;
  readonly panels: readonly Panel[];
  readonly links?: readonly Link[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations?: { readonly list: readonly Annotation[] };
}

export interface DashboardFile {
  /** glance.json */
  readonly name: string;
  readonly text: string;
  readonly dashboard: Dashboard;
}

export const DASHBOARDS: readonly DashboardFile[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    return { name, text, dashboard: JSON.parse(text) as Dashboard };
  });

/** Its panels and those of collapsed rows; without rows themselves. */
export function panelsOf(dashboard: Dashboard): Panel[] {
  return dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]).filter(({ type }) => type !== 'row');
}

/** The plugin that is asked: by the reference itself, or by the variable that it names. */
export function pluginOf(dashboard: Dashboard, reference: DataSourceRef | undefined): string {
  const name = /^\$\{?(\w+)\}?$/.exec(reference?.uid ?? '')?.[1];
  const variable = dashboard.templating.list.find((one) => one.type === 'datasource' && one.name === name);
  return variable === undefined ? (reference?.type ?? '') : String(variable.query);
}

/** Targets of a panel that ask a plugin, hidden ones included: other panels may read them. */
export function targetsOf(dashboard: Dashboard, panel: Panel, plugin: string): Target[] {
  return (panel.targets ?? []).filter((target) => pluginOf(dashboard, target.datasource ?? panel.datasource) === plugin);
}

/** Annotations that ask a plugin, and what they ask. */
export function annotationsOf(dashboard: Dashboard, plugin: string): { readonly name: string; readonly target: Target }[] {
  const list = dashboard.annotations?.list ?? [];
  return list.flatMap(({ name, datasource, target }) =>
    target !== undefined && pluginOf(dashboard, datasource) === plugin ? [{ name, target }] : [],
  );
}

/** A title for a test. */
export function titleOf({ name }: DashboardFile, panel: Panel): string {
  return `${name} · ${panel.title ?? ''} (${panel.type} ${panel.id})`;
}
