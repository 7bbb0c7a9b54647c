/** What can be chosen at the head of a dashboard. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  type VariableModel,
  type VariableOption,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { CLICKHOUSE, sqlOf } from './clickhouse.ts';

export function clickHouseSource(): Builder<VariableModel> {
  return new DatasourceVariableBuilder('datasource')
    .label('ClickHouse')
    .description('The data source of oslotap’s store: a ClickHouse server, or what answers for it')
    .type('grafana-clickhouse-datasource');
}

export function prometheusSource(): Builder<VariableModel> {
  return new DatasourceVariableBuilder('prometheus')
    .label('Prometheus')
    .description('The Prometheus that scrapes oslotap and RabbitMQ’s rabbitmq_prometheus')
    .type('prometheus');
}

export interface Chosen {
  readonly name: string;
  readonly label: string;
  readonly description: string;
}

/** From a query of src/queries/dashboards: one column, or a value and its text. Asked anew with each time range. */
export function fromQuery({ name, label, description }: Chosen, sql: string): QueryVariableBuilder {
  const rawSql = sqlOf(sql);
  return new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(CLICKHOUSE)
    .query({ refId: name, editorType: 'sql', queryType: 'sql', rawSql })
    .definition(rawSql)
    .refresh(VariableRefresh.OnTimeRangeChanged);
}

/** @param text what stands there at first. */
export function textBox({ name, label, description }: Chosen, text = ''): Builder<VariableModel> {
  return new TextBoxVariableBuilder(name).label(label).description(description).defaultValue(text).current(option(text, text));
}

/** A fixed list of [text, value]; the first is chosen. */
export function oneOf(
  { name, label, description }: Chosen,
  choices: readonly (readonly [string, string])[],
): Builder<VariableModel> {
  const options = choices.map(([text, value], i) => option(text, value, i === 0));
  const [first] = options;
  const builder = new CustomVariableBuilder(name)
    .label(label)
    .description(description)
    .values(choices.map(([text, value]) => `${text} : ${value}`).join(', '))
    .options(options);
  return first === undefined ? builder : builder.current(first);
}

export function option(text: string, value: string, selected = true): VariableOption {
  return { text, value, selected };
}
