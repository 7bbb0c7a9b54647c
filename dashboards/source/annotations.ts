/** What is marked along the time axis of a dashboard's panels. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { type AnnotationQuery, AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { CLICKHOUSE, query } from './clickhouse.ts';
import { PROMETHEUS } from './prometheus.ts';

/** Each storm from its beginning to its end. Grafana knows the query's columns by their names: time, timeEnd, title, text, tags. */
export function stormMarks(): Builder<AnnotationQuery> {
  return marks()
    .datasource(CLICKHOUSE)
    .target(query('storm-annotations', { refId: 'Storms' }));
}

/** Where no store is asked: the times in which a storm lasted. Grafana takes values that follow each other for one stretch. */
export function stormTimes(selector: string): Builder<AnnotationQuery> {
  const target = new DataqueryBuilder()
    .datasource(PROMETHEUS)
    .refId('Storms')
    .expr(`sum(oslotap_storms_open{${selector}}) > 0`)
    .interval(SCRAPE_INTERVAL)
    .format(PromQueryFormat.TimeSeries)
    .range();
  return marks().datasource(PROMETHEUS).target(target).titleFormat('Storm').textFormat('who, and what: the dashboard of storms');
}

/** As Prometheus has it in deploy/. */
const SCRAPE_INTERVAL = '15s';

function marks(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder().name('Storms').enable(true).hide(false).iconColor('red');
}
