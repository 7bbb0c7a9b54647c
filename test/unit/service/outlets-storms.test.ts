/** Storms at /status and /metrics of a sidecar's own server, and the last news that its end still sends. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { StormsView } from '../../../src/metrics/storm-view.ts';
import { Outlets } from '../../../src/service/outlets.ts';
import type { StormWebhookOptions } from '../../../src/service/storm-webhook-request.ts';
import type { Storm } from '../../../src/storm.ts';
import { BUILT_IN_OPERATIONS } from '../../../src/trace/operations.ts';
import { keptLog } from '../../support/otlp-spans.ts';
import { seriesOf } from '../../support/prometheus.ts';
import { stormOf } from '../../support/storms.ts';

const sender = (host: string) => ({ service: 'nova-compute', host, messages: 60, share: 0.005 });
const HOSTS = ['cmp1', 'cmp2', 'cmp3', 'cmp4', 'cmp5', 'cmp6'];
/** One that lasts, unless it is told otherwise. */
const storm = (given: Partial<Storm> = {}) => stormOf({ isOpen: true, senders: HOSTS.map(sender), ...given });

async function open(stormWebhook: StormWebhookOptions | null = null) {
  const { log, lines } = keptLog();
  const outlets = await Outlets.open({
    http: { host: '127.0.0.1', port: 0, isGiven: true },
    query: null,
    otlp: null,
    stormWebhook,
    metrics: {},
    hasTelemetry: false,
    operations: BUILT_IN_OPERATIONS,
    version: '1.2.3',
    log: { ...log, suppressedCount: 0 },
  });
  onTestFinished(() => outlets.close());
  outlets.tell();
  const url = /http:[^"\s]+/.exec(lines.at(-1)?.text ?? '')?.[0] ?? '';
  const status = async () => (await (await fetch(`${url}/status`)).json()) as Record<string, unknown>;
  const metrics = async () => seriesOf(await (await fetch(`${url}/metrics`)).text());
  return { outlets, lines, status, metrics };
}

function viewOf(told: Partial<StormsView>): StormsView {
  return { silentReason: null, open: [], begun: new Map([['rate', 31]]), rateOf: () => 7, ...told };
}

test('/status has each storm that lasts, with whom it comes from and what started it', async () => {
  const { outlets, status } = await open();
  const lasting = [storm(), ...Array.from({ length: 30 }, (_, nth) => storm({ id: String(nth), vhost: 'cell1' }))];
  outlets.showStorms(viewOf({ open: lasting }));
  const { storms } = await status();
  expect(storms).toMatchObject({ is_ready: true, silent_reason: null, begun: { rate: 31 } });
  const { open: shown } = storms as { open: Record<string, unknown>[] };
  expect(shown).toHaveLength(20);
  expect(shown[0]).toEqual({
    id: '4f1d00c0ffee0123',
    vhost: '/',
    since: '2026-11-22T12:00:00.123Z',
    method: 'object_class_action_versions',
    exchange: 'nova',
    topic: 'conductor',
    senders: HOSTS.slice(0, 5).map(sender),
    senders_count: 200,
    peak_per_second: 523.5,
    usual_per_second: 12,
    trigger: {
      kind: 'restarts',
      detail: '200 processes of nova-compute on 200 hosts were started',
      trace_id: null,
      count: 200,
    },
  });
});

test('/status says why it is silent; without a detector there is nothing of storms', async () => {
  const silent = await open();
  silent.outlets.showStorms(viewOf({ begun: new Map(), silentReason: 'it learns what is usual, for 480 s more' }));
  expect((await silent.status()).storms).toEqual({
    is_ready: false,
    silent_reason: 'it learns what is usual, for 480 s more',
    open: [],
    begun: {},
  });
  const without = await open();
  expect(Object.keys(await without.status())).not.toContain('storms');
  expect((await without.metrics())('oslotap_storms_open')).toBe(undefined);
});

test('/metrics has them, and what became of the notices; the end sends what waits', async () => {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    bodies.push(text);
    response.end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { outlets, metrics, status } = await open({ url, token: null, caFile: null, timeoutMs: 5_000 });
  outlets.showStorms(viewOf({ open: [storm()] }));
  outlets.storms.take([storm()]);
  while (bodies.length === 0) await setImmediate();
  const of = await metrics();
  expect([of('oslotap_storms_open'), of('oslotap_storms_total{signal="rate"}'), of('oslotap_storm_detector_ready')]).toEqual([
    1, 31, 1,
  ]);
  expect(of('oslotap_storm_webhook_requests_total{outcome="dropped"}')).toBe(0);
  expect((await status()).storm_webhook).toMatchObject({ failed: 0, dropped: 0, waiting: 0 });
  outlets.storms.take([storm({ isOpen: false })]);
  await outlets.close();
  expect(bodies.map((body) => (JSON.parse(body) as { event: string }).event)).toEqual(['begin', 'end']);
});
