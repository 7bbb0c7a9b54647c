/**
 * Grafana's own alert rules, made from Prometheus' (deploy/compose/prometheus/rules), as a file that Grafana provisions.
 *
 * Prometheus rings for each series that an expression gives, Grafana for each that is above 0. So three steps, as Grafana's own
 * importer of Prometheus rules has them (pkg/services/ngalert/prom/convert.go):
 *
 *   A  the expression, now
 *   B  1 for each series of A, whatever its value
 *   C  above 0: the condition
 *
 * Shape: Grafana's "Use configuration files to provision alerting resources", and pkg/services/provisioning/alerting/rules_types.go.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { type Query, QueryBuilder } from '@grafana/grafana-foundation-sdk/alerting';
import { TypeMathBuilder, TypeThresholdBuilder } from '@grafana/grafana-foundation-sdk/expr';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

/** What a rule of Prometheus may say here. What is not in it would be lost on the way: so it is refused. */
const PROMETHEUS_RULE = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().default('0s'),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
});
const PROMETHEUS_GROUPS = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(PROMETHEUS_RULE) })),
});
type PrometheusRule = z.infer<typeof PROMETHEUS_RULE>;

const RULES = new URL('../../deploy/compose/prometheus/rules/', import.meta.url);
const FOLDER = 'oslotap';
/** A multiple of 10 s, which is how often Grafana looks for what is due. */
const EVERY = '30s';
/** As in dashboards/provisioning/datasources. */
const PROMETHEUS = { type: 'prometheus', uid: 'oslotap-prometheus' };
const EXPRESSIONS = { type: '__expr__', uid: '__expr__' };
/** Of an instant query only the end counts. Seconds. */
const RANGE = { from: 600, to: 0 };

const HEAD = `# Grafana's own alert rules: the same as Prometheus' in deploy/compose/prometheus/rules, and made from them (node scripts/generate-dashboards.ts).
# They are paused, since the same alert from both would ring twice. Where Prometheus has no rules of its own let these ring:
#
#   sed -i 's/isPaused: true/isPaused: false/' oslotap.yaml          and restart Grafana
`;

/** The text of dashboards/provisioning/alerting/oslotap.yaml. */
export function grafanaAlertRules(): string {
  const files = readdirSync(RULES)
    .filter((name) => name.endsWith('.yml'))
    .sort();
  const groups = files.flatMap((name) => PROMETHEUS_GROUPS.parse(parse(readFileSync(new URL(name, RULES), 'utf8'))).groups);
  const provisioned = groups.map(({ name, rules }) => ({
    orgId: 1,
    name,
    folder: FOLDER,
    interval: EVERY,
    rules: rules.map(grafanaRule),
  }));
  return HEAD + stringify({ apiVersion: 1, groups: provisioned }, { lineWidth: 0 });
}

function grafanaRule(rule: PrometheusRule): object {
  return {
    uid: uidOf(rule.alert),
    title: rule.alert,
    condition: 'C',
    data: [expressionOf(rule), oneForEach(), aboveZero()].map(withoutMethods),
    // No series is what Prometheus has while all is well; one that is gone has ended, at once.
    noDataState: 'OK',
    missing_series_evals_to_resolve: 1,
    // Prometheus away: Grafana tells that as an alert of its own, DatasourceError.
    execErrState: 'Error',
    for: rule.for,
    annotations: Object.fromEntries(Object.entries(rule.annotations).map(([name, text]) => [name, inGrafanasWords(text)])),
    labels: rule.labels,
    isPaused: true,
  };
}

/** RpcStorm: oslotap-rpc-storm. It stays as long as the alert's name does. */
function uidOf(alert: string): string {
  const words = alert.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  return words.startsWith('oslotap-') ? words : `oslotap-${words}`;
}

function expressionOf({ expr }: PrometheusRule): Query {
  const query = new DataqueryBuilder().datasource(PROMETHEUS).refId('A').expr(expr.trim()).instant();
  return new QueryBuilder('A').datasourceUid(PROMETHEUS.uid).relativeTimeRange(RANGE).model(query).build();
}

function oneForEach(): Query {
  const math = new TypeMathBuilder().datasource(EXPRESSIONS).refId('B').expression('is_number($A) || is_nan($A) || is_inf($A)');
  return new QueryBuilder('B').datasourceUid(EXPRESSIONS.uid).model(math).build();
}

function aboveZero(): Query {
  const threshold = new TypeThresholdBuilder()
    .datasource(EXPRESSIONS)
    .refId('C')
    .expression('B')
    .conditions([{ evaluator: { type: 'gt', params: [0] } }]);
  return new QueryBuilder('C').datasourceUid(EXPRESSIONS.uid).model(threshold).build();
}

/** The builders leave methods in what they build, which YAML cannot hold. */
function withoutMethods(query: Query): unknown {
  return JSON.parse(JSON.stringify(query));
}

/** Prometheus' $value is a number; Grafana's is a text with all values, and has the numbers in $values. */
function inGrafanasWords(text: string): string {
  return text.replaceAll(/\$value\b/g, '$values.A.Value').trim();
}
