/**
 * /metrics, /healthz, /readyz and /status of a running sidecar, against a real broker: what they say is what happened, nothing of
 * it is a secret, and no client harms the tap. Skipped, loudly, where RabbitMQ is not installed.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Status } from '../../src/service/status-shape.ts';
import { describeWithBroker } from '../support/broker.ts';
import { scratch } from '../support/cli.ts';
import { ATTACK_NAMES, hammer } from '../support/http-hammer.ts';
import { seriesOf, sumOf } from '../support/prometheus.ts';
import { runLoad } from '../support/rpc-load.ts';
import { Sidecar, truthOf, until } from '../support/sidecar.ts';

const LONG = { timeout: 240_000 };
const PATHS = ['/metrics', '/healthz', '/readyz', '/status'];

await describeWithBroker('what a running sidecar shows of itself', { trace: true }, (broker) => {
  const env = { OSLOTAP_AMQP: broker.amqp, OSLOTAP_API: broker.api.replace('://', `://${broker.user}:${broker.password}@`) };

  async function start(...args: readonly string[]) {
    const truth = join(scratch(), 'truth.ndjson');
    const store = `chdb:${join(scratch(), 'data')}`;
    const sidecar = await Sidecar.start(['--store', store, '--http-listen', '127.0.0.1:0', ...args], env);
    await sidecar.says(/are at http/);
    const url = /are at (http:[^"\s]+)/.exec(sidecar.log)?.[1] ?? '';
    const get = async (path: string) => {
      const answer = await fetch(`${url}${path}`);
      return { status: answer.status, text: await answer.text() };
    };
    return { sidecar, truth, url, get, status: async () => JSON.parse((await get('/status')).text) as Status };
  }

  test('metrics and status tell what passed', LONG, async () => {
    await broker.ctl('trace_on');
    const { sidecar, truth, get, status } = await start('--oslo-metrics-compat');
    await until(
      async () => (await get('/readyz')).status === 200,
      () => sidecar.log,
    );
    const { events } = await runLoad({ amqp: broker.amqp, rate: 100, seconds: 4, casts: 0, fanouts: 0, truth });
    const calls = truthOf(truth).filter(({ kind }) => kind === 'call').length;
    let page = '';
    await until(
      async () => {
        page = (await get('/metrics')).text;
        return sumOf(page, 'oslotap_rpc_calls_total') >= calls;
      },
      () => `${calls} calls, counted ${sumOf(page, 'oslotap_rpc_calls_total')}: ${sidecar.log}`,
    );
    const of = seriesOf(page);
    expect(sumOf(page, 'oslotap_rpc_calls_total')).toBe(calls);
    expect(sumOf(page, 'oslo_messaging_rpc_client_invocation_start_total')).toBe(calls);
    expect(of('oslotap_events_total')).toBe(events);
    expect(of('oslotap_store_rows_total{table="oslo_messages"}')).toBeGreaterThanOrEqual(calls);
    expect(of('oslotap_tap_tier{tier="full"}')).toBe(1);
    expect(of('oslotap_coverage_share{window="1h"}')).toBe(1);
    expect(sumOf(page, 'oslotap_tap_active')).toBe(1);
    expect(of('oslotap_journal_commit_seconds_count')).toBeGreaterThan(0);
    expect(promtool(page)).toEqual({ status: 0, output: '' });

    const told = await status();
    expect(told).toMatchObject({
      phase: 'tapping',
      is_ready: true,
      is_healthy: true,
      tier: { level: 'full', reason: 'as told' },
    });
    expect(told.taps).toMatchObject([{ vhost: '/', state: 'active', alarm: null, connections_lost: 0 }]);
    expect(told.events).toMatchObject({ total: events, undecodable: {}, unmatched: {} });
    expect(told.coverage).toMatchObject({ last_hour: 1, open_gaps: [], ended_gaps: [] });
    expect(told.store).toMatchObject({ failures: 0, failing_seconds: 0 });
    expect(told.journal?.bytes).toBeGreaterThan(0);
    expect(told.tables?.connections?.entries).toBeGreaterThan(0);
    expect(await sidecar.stop()).toBe(0);
  });

  test('a broker that is away makes it not ready, and not unhealthy; what was lost is a gap', LONG, async () => {
    await broker.ctl('trace_on');
    const { sidecar, get, status } = await start();
    await until(
      async () => (await get('/readyz')).status === 200,
      () => sidecar.log,
    );
    await broker.kill();
    await until(
      async () => (await get('/readyz')).status === 503,
      () => sidecar.log,
    );
    expect(await get('/readyz')).toEqual({ status: 503, text: 'no tap is connected to the broker; trying again\n' });
    expect(await get('/healthz')).toEqual({ status: 200, text: 'healthy\n' });
    expect((await status()).taps).toMatchObject([{ state: 'disconnected', connections_lost: 1 }]);
    await broker.start();
    await broker.ctl('trace_on');
    await until(
      async () => (await get('/readyz')).status === 200,
      () => sidecar.log,
    );
    // Connected again, it tells the pipeline, which has what came before to go through first.
    await until(
      async () => {
        const { coverage } = await status();
        const gaps = [...(coverage?.open_gaps ?? []), ...(coverage?.ended_gaps ?? [])];
        return gaps.some(({ reason }) => reason === 'disconnected');
      },
      () => sidecar.log,
    );
    expect(seriesOf((await get('/metrics')).text)('oslotap_gaps_total{reason="disconnected"}')).toBe(1);
    await sidecar.stop();
  });

  test(
    'hammered at every path it goes on as if nothing was: no event is missing, memory stays, no secret gets out',
    LONG,
    async () => {
      await broker.ctl('trace_on');
      const { sidecar, truth, url, get, status } = await start();
      const port = Number(new URL(url).port);
      const before = await status();
      const load = runLoad({ amqp: broker.amqp, rate: 50, seconds: 12, truth });
      for (const path of PATHS) {
        const count = 25 * ATTACK_NAMES.length;
        const { sent, answers } = await hammer({ host: '127.0.0.1', port, path, count, together: 250 });
        expect(sent).toBe(count);
        expect(answers['500']).toBe(undefined);
      }
      const { events } = await load;
      await until(
        async () => ((await status()).events?.total ?? 0) >= events,
        () => sidecar.log,
      );
      const after = await status();
      expect(after.events).toMatchObject({ total: events, unmatched: {}, undecodable: {} });
      expect(after.process.rss_bytes - before.process.rss_bytes).toBeLessThan(300e6);
      await until(
        async () => ((await status()).process.file_handles ?? 0) < (before.process.file_handles ?? 0) + 20,
        () => 'connections were left open',
      );
      const pages = await Promise.all(PATHS.map(get));
      for (const { text } of pages) expect(text).not.toContain(broker.password);
      expect(sidecar.log).not.toContain(broker.password);
      expect(await sidecar.stop()).toBe(0);
      expect(truthOf(truth).length).toBeGreaterThan(500);
    },
  );

  test('a store none, and http off', LONG, async () => {
    const quiet = await Sidecar.start(['--store', 'none', '--http-listen', 'off'], env);
    expect(quiet.log).not.toContain('http_listening');
    expect(await quiet.stop()).toBe(0);
  });
});

function promtool(page: string) {
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    console.warn('SKIPPED: promtool is not installed: apt-get install prometheus');
    return { status: 0, output: '' };
  }
  return { status, output: stdout + stderr };
}
