/** The kinds of panels, each with what all of its kind have in common. */
import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import {
  GraphDrawStyle,
  GraphGradientMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DynamicConfigValue,
  MappingType,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as nodegraph from '@grafana/grafana-foundation-sdk/nodegraph';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { CLICKHOUSE, query } from './clickhouse.ts';

export interface PanelOptions {
  readonly title: string;
  /** How it is read, and what is not in it. */
  readonly description: string;
  /** Grafana's name of the unit of every numeric field that has none of its own. */
  readonly unit: string;
}

/** The roll-ups' grain: no point is of less than a minute. */
const INTERVAL_MIN = '1m';

export interface SeriesOptions extends PanelOptions {
  /** What names a series: a column of text. Without one, columns are the series. */
  readonly label?: string;
  /** What stands for some of the query's parameters instead of a variable. */
  readonly fixed?: Readonly<Record<string, string>>;
}

/** Lines over time. */
export function lines({ label, fixed = {}, ...options }: SeriesOptions, sql: string): timeseries.PanelBuilder {
  const target = query(sql, { queryType: 'timeseries', fixed });
  const panel = timeSeries(options).datasource(CLICKHOUSE).interval(INTERVAL_MIN).withTarget(target);
  return label === undefined ? panel : panel.displayName(`\${__field.labels.${label}}`);
}

/** Bars over time, one upon the other: for counts. */
export function bars(options: SeriesOptions, sql: string): timeseries.PanelBuilder {
  return lines(options, sql)
    .drawStyle(GraphDrawStyle.Bars)
    .fillOpacity(70)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
}

/** A panel over time, of any data source. */
export function timeSeries({ title, description, unit }: PanelOptions): timeseries.PanelBuilder {
  return new timeseries.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .min(0)
    .lineWidth(1)
    .fillOpacity(8)
    .gradientMode(GraphGradientMode.None)
    .showPoints(VisibilityMode.Auto)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
}

export function tableOf({ title, description, unit }: PanelOptions, sql: string): table.PanelBuilder {
  return new table.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(CLICKHOUSE)
    .filterable(true)
    .withTarget(query(sql));
}

/** Each column of the query's one row as a figure. */
export function figures(options: PanelOptions, sql: string): stat.PanelBuilder {
  return stats(options).datasource(CLICKHOUSE).withTarget(query(sql));
}

export function stats({ title, description, unit }: PanelOptions): stat.PanelBuilder {
  return new stat.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .noValue('–')
    .thresholds(thresholds('text'))
    .reduceOptions(new ReduceDataOptionsBuilder().values(false).calcs(['lastNotNull']).fields(''));
}

/** @param sql the names of the queries of nodes and of edges. */
export function nodeGraph(
  { title, description, unit }: PanelOptions,
  sql: { readonly nodes: string; readonly edges: string },
): nodegraph.PanelBuilder {
  return new nodegraph.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(CLICKHOUSE)
    .withTarget(query(sql.nodes, { refId: 'nodes' }))
    .withTarget(query(sql.edges, { refId: 'edges' }))
    .overrideByName('arc__ok', [fixedColor('green')])
    .overrideByName('arc__failed', [fixedColor('red')]);
}

/** One bar a row: its name is the column of text. */
export function barChart({ title, description, unit }: PanelOptions, sql: string): barchart.PanelBuilder {
  return new barchart.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(CLICKHOUSE)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single).sort(SortOrder.None))
    .withTarget(query(sql));
}

/** The first colour, then others from each value on. */
export function thresholds(
  first: string,
  ...steps: readonly (readonly [value: number, color: string])[]
): ThresholdsConfigBuilder {
  const base: Threshold = { value: null, color: first };
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([base, ...steps.map(([value, color]) => ({ value, color }))]);
}

export function unitOf(unit: string): DynamicConfigValue {
  return { id: 'unit', value: unit };
}

export function named(name: string): DynamicConfigValue {
  return { id: 'displayName', value: name };
}

/** What some values are called. */
export function texts(byValue: Readonly<Record<number, string>>): DynamicConfigValue {
  const options = Object.fromEntries(Object.entries(byValue).map(([value, text]) => [value, { text }]));
  return { id: 'mappings', value: [{ type: MappingType.ValueToText, options }] };
}

export function fixedColor(color: string): DynamicConfigValue {
  return { id: 'color', value: { mode: 'fixed', fixedColor: color } };
}

function legend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)
    .calcs([]);
}

/** Colours a figure by steps of its own. */
export function steps(first: string, ...rest: readonly (readonly [value: number, color: string])[]): DynamicConfigValue {
  return { id: 'thresholds', value: thresholds(first, ...rest).build() };
}

/** How a share of what was seen is coloured: below 95 % counts mislead. */
export const COVERAGE: readonly DynamicConfigValue[] = [steps('red', [0.95, 'orange'], [0.999, 'green'])];

/** A column that links need and nobody reads. */
export function hidden(): DynamicConfigValue {
  return { id: 'custom.hidden', value: true };
}
