/** Who is told of which alert, and what is not told beside its cause: deploy's configuration in Debian's Alertmanager. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { DEPLOY, run, testWith } from '../support/deploy-tools.ts';
import { until } from '../support/sidecar.ts';
import { ALERTS } from './support/alerts.ts';
import { freePort } from './support/prometheus-server.ts';

const CONFIG = join(DEPLOY, 'compose/alertmanager.yml');
/** As Debian calls it. */
const ALERTMANAGER = 'prometheus-alertmanager';

/** What follows from what, and so is not told beside it. */
const FOLLOWS: readonly (readonly [cause: string, follows: string])[] = [
  ['RpcStorm', 'RpcWaitsInQueues'],
  ['RpcServiceDeaf', 'RpcCallsNotConsumed'],
  ['RpcServiceDeaf', 'RpcCallsTimeOut'],
  ['RpcServiceDeaf', 'RpcWaitsInQueues'],
  ['RpcUnroutable', 'RpcCallsTimeOut'],
  ['RpcCallsNotConsumed', 'RpcCallsTimeOut'],
  ['RabbitmqDown', 'OslotapNotTapping'],
  ['RabbitmqAlarm', 'OslotapTapDegraded'],
  ['RabbitmqAlarm', 'OslotapTapSwitchedOff'],
  ['OslotapDown', 'OslotapCoverageLow'],
  ['OslotapDown', 'OslotapNotTapping'],
  ['OslotapDown', 'OslotapStormDetectorBlind'],
  ['OslotapNotTapping', 'OslotapCoverageLow'],
  ['OslotapNotTapping', 'OslotapStormDetectorBlind'],
  ['OslotapTapDegraded', 'OslotapCoverageLow'],
  ['OslotapTapDegraded', 'OslotapStormDetectorBlind'],
  ['OslotapTapSwitchedOff', 'OslotapCoverageLow'],
  ['OslotapTapSwitchedOff', 'OslotapStormDetectorBlind'],
  ['OslotapStoreFails', 'OslotapLags'],
  ['OslotapStoreFails', 'OslotapTapQueueFills'],
  ['OslotapStoreFails', 'OslotapStormDetectorBlind'],
  ['OslotapLags', 'OslotapTapQueueFills'],
  ['OslotapLags', 'OslotapStormDetectorBlind'],
];
/** What is told although something like a cause is there. */
const TOLD: readonly (readonly [other: string, told: string])[] = [
  ['RpcStorm', 'RpcCallsTimeOut'],
  ['RpcStorm', 'RpcServiceDeaf'],
  ['OslotapDown', 'RpcStorm'],
  ['RabbitmqDown', 'OslotapDown'],
  ['OslotapStoreFails', 'OslotapJournalForgets'],
];

test('routes and inhibitions name alerts that there are', () => {
  const named = [...readFileSync(CONFIG, 'utf8').matchAll(/\b(?:Rpc|Oslotap|Rabbitmq)[A-Z]\w+/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => ALERTS.every(({ alert }) => alert !== name))).toEqual([]);
});

testWith(['amtool'], 'what is critical goes to whoever is on call, all else waits for the day', () => {
  for (const { alert, labels } of ALERTS) {
    const receiver = labels.severity === 'critical' ? 'page' : 'mail';
    const labelled = [`alertname=${alert}`, `severity=${labels.severity}`];
    const { stdout, code } = run('amtool', ['config', 'routes', 'test', `--config.file=${CONFIG}`, ...labelled]);
    expect([alert, code, stdout.trim()]).toEqual([alert, 0, receiver]);
  }
});

test('all methods of a storm are told together', () => {
  const { route } = parse(readFileSync(CONFIG, 'utf8')) as { route: { group_by: string[]; routes: { group_by?: string[] }[] } };
  for (const { group_by = route.group_by } of route.routes) expect(group_by).toEqual(['alertname', 'cluster']);
});

testWith(
  [ALERTMANAGER],
  'what follows from a cause is not told beside it: of the same cluster and service, and nothing else',
  async () => {
    const alertmanager = await Alertmanager.start();
    onTestFinished(() => alertmanager.stop());
    const cases = [...FOLLOWS, ...TOLD].flatMap(([cause, follows], place) => [
      { alertname: cause, cluster: `together-${place}` },
      { alertname: follows, cluster: `together-${place}` },
      { alertname: follows, cluster: `apart-${place}` },
    ]);
    const ofServices = [
      { alertname: 'RpcServiceDeaf', cluster: 'services', service: 'nova-compute' },
      { alertname: 'RpcCallsTimeOut', cluster: 'services', service: 'nova-compute' },
      { alertname: 'RpcCallsTimeOut', cluster: 'services', service: 'nova-scheduler' },
      { alertname: 'OslotapDown' },
      { alertname: 'OslotapCoverageLow' },
    ];
    await alertmanager.post([...cases, ...ofServices]);
    const expected = [
      ...FOLLOWS.map(([, follows], place) => `${follows} together-${place} `),
      'RpcCallsTimeOut services nova-compute',
      'OslotapCoverageLow  ',
    ].sort();
    await until(
      async () => (await alertmanager.inhibited()).length >= expected.length,
      () => 'less is inhibited than should be',
    );
    expect(await alertmanager.inhibited()).toEqual(expected);
  },
);

interface Shown {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly inhibitedBy: readonly string[] };
}

class Alertmanager {
  readonly #url: string;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(url: string, child: ChildProcess, directory: string) {
    this.#url = url;
    this.#child = child;
    this.#directory = directory;
  }

  static async start(): Promise<Alertmanager> {
    const directory = mkdtempSync(join(tmpdir(), 'oslotap-alertmanager-'));
    const address = `127.0.0.1:${await freePort()}`;
    const alone = '--cluster.listen-address=';
    const args = [`--config.file=${CONFIG}`, `--storage.path=${directory}`, `--web.listen-address=${address}`, alone];
    const child = spawn(ALERTMANAGER, args, { stdio: 'ignore' });
    const alertmanager = new Alertmanager(`http://${address}`, child, directory);
    const isReady = async () => (await fetch(`http://${address}/-/ready`).catch(() => null))?.ok === true;
    await until(
      async () => child.exitCode !== null || (await isReady()),
      () => 'Alertmanager is not ready',
    );
    if (child.exitCode !== null) throw new Error('Alertmanager ended');
    return alertmanager;
  }

  async post(labels: readonly Readonly<Record<string, string>>[]): Promise<void> {
    const response = await fetch(`${this.#url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(labels.map((ofOne) => ({ labels: ofOne }))),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  /** `alertname cluster service` of those that something inhibits, sorted. */
  async inhibited(): Promise<string[]> {
    const shown = (await (await fetch(`${this.#url}/api/v2/alerts`)).json()) as Shown[];
    return shown
      .filter(({ status }) => status.inhibitedBy.length > 0)
      .map(({ labels: { alertname, cluster = '', service = '' } }) => `${alertname} ${cluster} ${service}`)
      .sort();
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null && this.#child.kill('SIGKILL')) await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
