/**
 * One storm on a real broker: the webhook, the log, /status and /metrics of a sidecar tell it alike, Prometheus rings for as long as it lasts, and
 * none of them tells a secret. Skipped, loudly, where RabbitMQ or Prometheus is not installed.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Status } from '../../src/service/status-shape.ts';
import type { StormNotice } from '../../src/service/storm-shape.ts';
import { Prometheus } from '../dashboards/support/prometheus-server.ts';
import { describeWithBroker } from '../support/broker.ts';
import { scratch } from '../support/cli.ts';
import { seriesOf } from '../support/prometheus.ts';
import { runLoad } from '../support/rpc-load.ts';
import { Sidecar, until } from '../support/sidecar.ts';
import { bodyOf, serve } from '../unit/management/server.ts';

const LONG = { timeout: 240_000 };
const hasPrometheus = spawnSync('prometheus', ['--version']).error === undefined;
if (!hasPrometheus) console.warn('SKIPPED: an alert for a storm: apt-get install prometheus');
const [TOKEN, PATH] = ['s3cr3t-token', '/services/s3cr3t-path'];

await describeWithBroker('a sidecar with a webhook', { trace: true }, (broker) => {
  test('tells of a storm when it begins and when it has ended', LONG, async () => {
    await broker.ctl('trace_on');
    const told: { readonly notice: StormNotice; readonly authorization: string | undefined }[] = [];
    const receiver = await serve((request, response) => {
      void bodyOf(request).then((notice) => {
        told.push({ notice: notice as StormNotice, authorization: request.headers.authorization });
        response.writeHead(204).end();
      });
    });
    const tokenFile = join(scratch(), 'token');
    writeFileSync(tokenFile, `${TOKEN}\n`, { mode: 0o400 });
    // Whatever comes is more than nothing, which is usual here.
    const quick = ['--storms-warm-up', '0s', '--storms-hold', '2s'];
    const args = ['--store', `chdb:${join(scratch(), 'data')}`, '--storms-webhook-token-file', tokenFile, ...quick];
    const sidecar = await Sidecar.start(args, {
      OSLOTAP_AMQP: broker.amqp,
      OSLOTAP_STORMS_WEBHOOK: `${new URL(receiver).origin}${PATH}`,
    });
    await sidecar.says(/are at http/);
    const url = /are at (http:[^"\s]+)/.exec(sidecar.log)?.[1] ?? '';
    const page = async (path: string) => (await fetch(`${url}${path}`)).text();
    const prometheus = hasPrometheus ? await Prometheus.start({ oslotap: new URL(url).host }) : null;
    onTestFinished(() => prometheus?.stop());
    const alert = async () => (await prometheus?.rules())?.find(({ name }) => name === 'RpcStorm')?.state;
    const rings = (state: string) =>
      until(
        async () => prometheus === null || (await alert()) === state,
        () => `RpcStorm is not ${state}: ${sidecar.log}`,
      );

    const load = runLoad({ amqp: broker.amqp, rate: 150, seconds: 15, casts: 0, fanouts: 0, notifications: 0 });
    await until(
      async () => told.length > 0,
      () => sidecar.log,
    );
    await rings('firing');
    const during = [await page('/status'), await page('/metrics')] as const;
    await load;
    const ends = () => told.filter(({ notice }) => notice.event === 'end');
    const begins = () => told.filter(({ notice }) => notice.event === 'begin');
    await until(
      async () => ends().length >= begins().length,
      () => `${JSON.stringify(told)} ${sidecar.log}`,
    );

    await rings('inactive');
    const [first] = told;
    expect([first?.notice.event, first?.authorization]).toEqual(['begin', `Bearer ${TOKEN}`]);
    expect(first?.notice.storm.until).toBe(null);
    const { storms } = JSON.parse(during[0]) as Status;
    expect(storms?.open.map(({ id }) => id)).toContain(first?.notice.storm.id);
    expect(seriesOf(during[1])('oslotap_storms_open')).toBeGreaterThanOrEqual(1);
    const end = ends().find(({ notice }) => notice.storm.id === first?.notice.storm.id)?.notice.storm;
    expect(Date.parse(end?.until ?? '')).toBeGreaterThan(Date.parse(end?.since ?? ''));
    expect(end?.messages).toBeGreaterThan(100);
    const ids = (event: string) => told.filter(({ notice }) => notice.event === event).map(({ notice }) => notice.storm.id);
    expect(new Set(ids('begin')).size).toBe(ids('begin').length);
    expect(ids('end').toSorted()).toEqual(ids('begin').toSorted());
    const logged = sidecar.log.split('\n').filter((line) => line.includes('"event":"storm_'));
    expect(logged).toHaveLength(told.length);
    const after = await page('/metrics');
    expect(seriesOf(after)('oslotap_storm_webhook_requests_total{outcome="delivered"}')).toBe(told.length);
    expect(await sidecar.stop()).toBe(0);
    expect([sidecar.log, ...during, after].join()).not.toContain('s3cr3t');
  });
});
