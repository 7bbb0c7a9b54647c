/**
 * Panels that ask Prometheus, and its alert rules: on Debian's Prometheus, with the configuration of deploy/, which scrapes a real
 * sidecar and a real rabbitmq_prometheus. Skipped, loudly, where RabbitMQ or Prometheus is not installed.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Broker, describeWithBroker } from '../support/broker.ts';
import { ROOT, scratch } from '../support/cli.ts';
import { testWith } from '../support/deploy-tools.ts';
import { runLoad } from '../support/rpc-load.ts';
import { Sidecar, until } from '../support/sidecar.ts';
import { selectorsOf } from './support/alerts.ts';
import { choose } from './support/choices.ts';
import { DASHBOARDS, PROMETHEUS, panelsOf, targetsOf, titleOf } from './support/dashboards.ts';
import { Prometheus, type Rule } from './support/prometheus-server.ts';
import { interpolate } from './support/variables.ts';

/** Expressions, by the metric in them, that rightly have no series here, and why. */
const RIGHTLY_WITHOUT: Readonly<Record<string, string>> = {
  oslotap_events_undecodable_total: 'a series for each reason, from its first event on',
  oslotap_events_unmatched_total: 'a series for each reason, from its first event on',
  oslotap_otlp_spans_total: 'there is no OTLP endpoint',
};
/** Series that alert rules ask for, which are rightly not there, and why. */
const RIGHTLY_ABSENT: Readonly<Record<string, string>> = {
  'oslotap_rpc_calls_total{status="failed"}': 'no call failed',
  'oslotap_rpc_calls_total{status="timeout"}': 'no call has timed out yet',
  oslotap_rpc_verdicts_total: 'no call failed',
  'oslotap_rpc_verdicts_total{verdict="not_consumed"}': 'no call failed',
  'oslotap_rpc_verdicts_total{verdict="reply_lost"}': 'no call failed',
  'oslotap_rpc_verdicts_total{verdict="unroutable"}': 'no call failed',
  oslotap_storm_messages_per_second: 'there is no storm',
};
/** It learns what is usual for ten minutes. */
const STILL_LEARNS = 'OslotapStormDetectorBlind';
/** As RabbitMQ 3.10 has them; RabbitmqAlarm looks at each. */
const BROKER_ALARMS = ['memory_used_watermark', 'free_disk_space_watermark', 'file_descriptor_limit'];

const isInstalled = spawnSync('prometheus', ['--version']).error === undefined;
const RANGE = { fromMs: Date.now() - 60_000, toMs: Date.now(), intervalMs: 15_000 };

testWith(['promtool'], 'the alert rules are sound, ring where they should, and are quiet where all is well', () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'test/dashboards/alerts.yml'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect([status, stdout.includes('SUCCESS'), stderr]).toEqual([0, true, '']);
});

if (!isInstalled) {
  console.warn('SKIPPED: panels and alerts on Prometheus: apt-get install prometheus');
  test.skip('panels and alerts on Prometheus: apt-get install prometheus');
} else {
  const plugins = ['rabbitmq_management', 'rabbitmq_prometheus'];
  await describeWithBroker('on Prometheus', { plugins, trace: true }, (broker) => {
    test('every panel has series, and no rule rings until the sidecar is gone', { timeout: 120_000 }, async () => {
      const sidecar = await startSidecar(broker);
      const prometheus = await Prometheus.start({ oslotap: sidecar.host, rabbitmq: new URL(broker.prometheus ?? '').host });
      onTestFinished(() => prometheus.stop());
      // Some are never answered: so there are calls that wait, until after the test.
      await runLoad({ amqp: broker.amqp, rate: 50, seconds: 6, timeoutShare: 0.05 });
      await until(
        async () => (await prometheus.range('sum(increase(oslotap_rpc_calls_total[1m])) > 0')).result.length > 0,
        () => `no call was counted: ${sidecar.process.log}`,
      );

      const problems: string[] = [];
      for (const panel of await panels(prometheus)) problems.push(...(await panelProblems(prometheus, panel)));
      expect(problems).toEqual([]);
      await until(
        async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'),
        () => 'the rules were not evaluated',
      );
      const rules = await prometheus.rules();
      expect(rules.length).toBeGreaterThan(10);
      expect(
        rules.filter(
          ({ health, state, name }) =>
            health !== 'ok' || !(state === 'inactive' || (name === STILL_LEARNS && state === 'pending')),
        ),
      ).toEqual([]);
      const absent = await absentSeries(prometheus, rules);
      expect(absent.filter((selector) => !(selector in RIGHTLY_ABSENT))).toEqual([]);
      const alarm = rules.find(({ name }) => name === 'RabbitmqAlarm')?.query ?? '';
      for (const name of BROKER_ALARMS) {
        expect(alarm).toContain(name);
        expect([name, (await prometheus.now(`rabbitmq_alarms_${name}`)).result.length]).toEqual([name, 1]);
      }

      await sidecar.process.kill();
      const ringing = async () => (await prometheus.rules()).filter(({ state }) => state !== 'inactive').map(({ name }) => name);
      await until(
        async () => (await ringing()).includes('OslotapDown'),
        () => 'nobody noticed',
      );
    });
  });
}

async function startSidecar(broker: Broker) {
  const api = broker.api.replace('://', `://${broker.user}:${broker.password}@`);
  const sidecar = await Sidecar.start(['--store', `chdb:${join(scratch(), 'data')}`], {
    OSLOTAP_AMQP: broker.amqp,
    OSLOTAP_API: api,
  });
  await sidecar.says(/are at http/);
  return { process: sidecar, host: /are at http:\/\/([^"\s/]+)/.exec(sidecar.log)?.[1] ?? '' };
}

interface Asked {
  readonly title: string;
  readonly expr: string;
  readonly isInstant: boolean;
}

/** Of each dashboard as it opens, and with one of each variable's values. */
async function panels(prometheus: Prometheus): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const file of DASHBOARDS) {
    for (const mode of ['default', 'several'] as const) {
      const { values, options } = await choose({ prometheus }, file.dashboard, { range: RANGE, mode });
      for (const [name, offered] of Object.entries(options)) expect([name, offered.length]).toEqual([name, 1]);
      const targets = panelsOf(file.dashboard).flatMap((panel) =>
        targetsOf(file.dashboard, panel, PROMETHEUS).map((target) => ({ title: titleOf(file, panel), ...target })),
      );
      for (const { title, expr = '', instant = false } of targets)
        asked.push({ title, expr: interpolate(expr, values, 'regex'), isInstant: instant });
    }
  }
  return asked;
}

/** Wrong are an error, another type than a panel takes, and no series or no number in any of them, unless that is known. */
async function panelProblems(prometheus: Prometheus, { title, expr, isInstant }: Asked): Promise<string[]> {
  try {
    const { resultType, result } = isInstant ? await prometheus.now(expr) : await prometheus.range(expr);
    if (resultType !== (isInstant ? 'vector' : 'matrix')) return [`${title}: ${expr} is a ${resultType}`];
    const points = result.flatMap(({ value, values = [] }) => (value === undefined ? values : [value]));
    const isThere = points.some(([, text]) => Number.isFinite(Number(text)));
    const isRightlyEmpty = Object.keys(RIGHTLY_WITHOUT).some((part) => expr.includes(part));
    if (isThere !== isRightlyEmpty) return [];
    return [`${title}: ${expr} ${isThere ? 'is said to be without series' : 'has no series'}`];
  } catch (error) {
    return [`${title}: ${error}`];
  }
}

/** Series that the rules ask for and nobody gives, sorted. */
async function absentSeries(prometheus: Prometheus, rules: readonly Rule[]): Promise<string[]> {
  const absent: string[] = [];
  const selectors = rules.map(({ query }) => selectorsOf(query));
  expect(selectors.filter((ofRule) => ofRule.length === 0)).toEqual([]);
  for (const selector of new Set(selectors.flat()))
    if ((await prometheus.now(selector)).result.length === 0) absent.push(selector);
  return absent.sort();
}
