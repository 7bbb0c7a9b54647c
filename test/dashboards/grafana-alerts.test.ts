/**
 * Grafana's alert rules, as Grafana provisions them. There is no Grafana here: so their shape is held against its documentation
 * ("Use configuration files to provision alerting resources") and its source (pkg/services/provisioning/alerting/rules_types.go).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ALERTS } from './support/alerts.ts';
import { FOLDER } from './support/dashboards.ts';
import { PROVISIONED } from './support/provisioning.ts';

const DURATION = z.string().regex(/^\d+[smh]$/);
const EXPRESSION_SOURCE = z.strictObject({ type: z.literal('__expr__'), uid: z.literal('__expr__') });

/** util.ValidateUID: these characters, and no more than 40 of them. */
const UID = z.string().regex(/^[a-zA-Z0-9\-_]{1,40}$/);

const QUERY = z.strictObject({
  refId: z.literal('A'),
  datasourceUid: UID,
  relativeTimeRange: z.strictObject({ from: z.int().positive(), to: z.literal(0) }),
  model: z.strictObject({
    refId: z.literal('A'),
    datasource: z.strictObject({ type: z.literal('prometheus'), uid: UID }),
    expr: z.string().min(1),
    instant: z.literal(true),
    range: z.literal(false),
  }),
});
const MATH = z.strictObject({
  refId: z.literal('B'),
  datasourceUid: z.literal('__expr__'),
  model: z.strictObject({
    refId: z.literal('B'),
    datasource: EXPRESSION_SOURCE,
    type: z.literal('math'),
    expression: z.literal('is_number($A) || is_nan($A) || is_inf($A)'),
  }),
});
const THRESHOLD = z.strictObject({
  refId: z.literal('C'),
  datasourceUid: z.literal('__expr__'),
  model: z.strictObject({
    refId: z.literal('C'),
    datasource: EXPRESSION_SOURCE,
    type: z.literal('threshold'),
    expression: z.literal('B'),
    conditions: z.tuple([
      z.strictObject({ evaluator: z.strictObject({ type: z.literal('gt'), params: z.tuple([z.literal(0)]) }) }),
    ]),
  }),
});
const RULE = z.strictObject({
  uid: UID,
  title: z.string().min(1).max(190),
  condition: z.literal('C'),
  data: z.tuple([QUERY, MATH, THRESHOLD]),
  noDataState: z.literal('OK'),
  missing_series_evals_to_resolve: z.literal(1),
  execErrState: z.literal('Error'),
  for: DURATION,
  annotations: z.record(z.string(), z.string()),
  labels: z.record(z.string(), z.string()),
  isPaused: z.literal(true),
});
const PROVISIONING = z.strictObject({
  apiVersion: z.literal(1),
  groups: z.array(
    z.strictObject({ orgId: z.int(), name: z.string(), folder: z.string(), interval: DURATION, rules: z.array(RULE).min(1) }),
  ),
});

const TEXT = readFileSync(join(FOLDER, 'provisioning/alerting/oslotap.yaml'), 'utf8');
const { groups } = PROVISIONING.parse(parse(TEXT));
const RULES = groups.flatMap(({ rules }) => rules);

/** Of Go's templates and of those that Grafana has in annotations: "Annotation and label template reference". */
const FUNCTIONS = ['if', 'else', 'end', 'printf', 'humanize', 'humanizeDuration', 'humanizePercentage'];

test("Grafana has each of Prometheus' alerts once: expression, time, labels and texts", () => {
  const ofGrafana = RULES.map(({ title, data: [{ model }], for: time, labels, annotations }) => ({
    alert: title,
    expr: model.expr,
    for: time,
    labels,
    annotations: Object.values(annotations).map((text) => text.replaceAll('$values.A.Value', '$value')),
  }));
  const ofPrometheus = ALERTS.map(({ expr, annotations, ...rule }) => ({
    for: '0s',
    ...rule,
    expr: expr.trim(),
    annotations: Object.values(annotations).map((text) => text.trim()),
  }));
  expect(ofGrafana).toEqual(ofPrometheus);
});

test('uids stay, so that what was provisioned before is found again', () => {
  expect(RULES.map(({ uid }) => uid).sort()).toEqual(UIDS);
});

test('each asks the Prometheus that is provisioned, as often as Grafana can look', () => {
  const sources = PROVISIONED.filter(({ type }) => type === 'prometheus').map(({ uid }) => uid);
  const asked = RULES.flatMap(({ data: [{ datasourceUid, model }] }) => [datasourceUid, model.datasource.uid]);
  expect(asked.filter((uid) => !sources.includes(uid))).toEqual([]);
  // scheduler.go: an interval is so many times ten seconds.
  expect(groups.filter(({ interval }) => Number.parseInt(interval, 10) % 10 !== 0)).toEqual([]);
});

test('annotations are templates that Grafana can fill in, and nothing in them is taken for its environment', () => {
  for (const { title, annotations } of RULES) {
    const text = Object.values(annotations).join('\n');
    // Grafana's $value is a text; and only ${…} is taken from the environment.
    expect([title, text.match(/\$value\b|\$\{/g)]).toEqual([title, null]);
    const words = [...text.matchAll(/\{\{(.*?)\}\}/g)].flatMap(
      ([, inner = '']) => inner.replaceAll(/"[^"]*"|\$[\w.]+/g, '').match(/\w+/g) ?? [],
    );
    expect([title, words.filter((word) => !FUNCTIONS.includes(word))]).toEqual([title, []]);
  }
});

test('a label that a text names is one that the expression leaves', () => {
  for (const { title, annotations, data } of RULES) {
    const named = [
      ...Object.values(annotations)
        .join('\n')
        .matchAll(/\$labels\.(\w+)/g),
    ].map(([, label]) => label);
    const kept = [...data[0].model.expr.matchAll(/^(?:\w+\(\d\.\d+, )?(?:max|sum) by \(([^)]*)\)/gm)].flatMap(([, list = '']) =>
      list.split(', '),
    );
    const left = kept.length === 0 ? ['job', 'instance', 'vhost', 'queue', 'window'] : kept;
    expect([title, named.filter((label = '') => !left.includes(label))]).toEqual([title, []]);
  }
});

/** A rule that is renamed is another to Grafana: the old one has to be taken out there (deleteRules). */
const UIDS = [
  'oslotap-coverage-low',
  'oslotap-down',
  'oslotap-journal-forgets',
  'oslotap-lags',
  'oslotap-not-tapping',
  'oslotap-rabbitmq-alarm',
  'oslotap-rabbitmq-down',
  'oslotap-rpc-calls-fail',
  'oslotap-rpc-calls-not-consumed',
  'oslotap-rpc-calls-time-out',
  'oslotap-rpc-reply-lost',
  'oslotap-rpc-service-deaf',
  'oslotap-rpc-storm',
  'oslotap-rpc-unroutable',
  'oslotap-rpc-waits-in-queues',
  'oslotap-store-fails',
  'oslotap-storm-detector-blind',
  'oslotap-tap-degraded',
  'oslotap-tap-queue-fills',
  'oslotap-tap-switched-off',
];
