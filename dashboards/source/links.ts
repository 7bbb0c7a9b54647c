/** How the dashboards lead to each other. Times and data sources go along. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  type DynamicConfigValue,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { variable } from './interpolation.ts';

export const UID = {
  glance: 'oslotap-glance',
  operation: 'oslotap-operation',
  request: 'oslotap-request',
  storms: 'oslotap-storms',
  queues: 'oslotap-queues',
  broker: 'oslotap-broker',
} as const;

/** To all the others: in the dashboard's head. */
export function dashboardLinks(): Builder<DashboardLink>[] {
  const { placement: _, ...link } = new DashboardLinkBuilder('oslotap')
    .type(DashboardLinkType.Dashboards)
    .icon('external link')
    .tooltip('The other dashboards, with the same time range')
    .tags(['oslotap'])
    .asDropdown(true)
    .includeVars(false)
    .keepTime(true)
    .targetBlank(false)
    .build();
  return [{ build: () => link }];
}

/** A cell that holds an operation, as a link to its dashboard. */
export function toOperation(): DynamicConfigValue {
  return linkTo('The operation', `/d/${UID.operation}?var-operation=${CELL}&${KEPT}`);
}

/** A cell that holds a request id or a trace id, as a link to its dashboard. The time range need not hold it. */
export function toRequest(): DynamicConfigValue {
  return linkTo('The request', `/d/${UID.request}?var-request=${CELL}&${KEPT}`);
}

/** A cell of a storm, as a link to the same dashboard at the storm's own time. The row says from when to when. */
export function toItsTime(): DynamicConfigValue {
  const [from, to] = [variable('__data.fields.from_ms.numeric'), variable('__data.fields.to_ms.numeric')];
  const sources = [variable('datasource', 'queryparam'), variable('prometheus', 'queryparam')].join('&');
  return linkTo('The time of this storm', `/d/${UID.storms}?${sources}&from=${from}&to=${to}`);
}

/** A cell that holds a request id, as a link to what Loki has of it. The row says from when to when. */
export function toLogs(): DynamicConfigValue {
  const uid = variable('loki');
  const query = { refId: 'A', datasource: { type: 'loki', uid }, expr: `SELECTOR |= \`${CELL}\`` };
  const range = { from: variable('__data.fields.logs_from_ms.numeric'), to: variable('__data.fields.logs_to_ms.numeric') };
  // Grafana puts values in before the address is read: only what is not a variable is encoded here.
  const panes = JSON.stringify({ logs: { datasource: uid, queries: [query], range } })
    .split(/(\$\{[^}]+\})/)
    .map((part) => (part.startsWith('${') ? part : encodeURIComponent(part)))
    .join('')
    .replace('SELECTOR', variable('logs_selector', 'percentencode'));
  return linkTo('Its log lines', `/explore?schemaVersion=1&panes=${panes}`);
}

/** The value of the cell itself. */
const CELL = variable('__value.raw');
/** What goes along: the data source and the time range. */
const KEPT = `${variable('datasource', 'queryparam')}&${variable('__url_time_range')}`;

function linkTo(title: string, url: string): DynamicConfigValue {
  return { id: 'links', value: [{ title, url, targetBlank: false }] };
}
