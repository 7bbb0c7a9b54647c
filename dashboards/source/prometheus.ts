/** Queries of Prometheus. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { variable } from './interpolation.ts';

/** The data source that the dashboard's variable names. */
export const PROMETHEUS = { type: 'prometheus', uid: variable('prometheus') };

/** Series over time. @param legend with `{{label}}`, or a text. */
export function range(expr: string, legend: string, refId = 'A'): Builder<Dataquery> {
  return new DataqueryBuilder()
    .datasource(PROMETHEUS)
    .refId(refId)
    .expr(expr)
    .legendFormat(legend)
    .format(PromQueryFormat.TimeSeries)
    .range();
}

/** The value now. */
export function instant(expr: string, legend: string, refId = 'A'): Builder<Dataquery> {
  return new DataqueryBuilder()
    .datasource(PROMETHEUS)
    .refId(refId)
    .expr(expr)
    .legendFormat(legend)
    .format(PromQueryFormat.TimeSeries)
    .instant();
}
