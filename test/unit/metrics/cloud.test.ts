import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { CloudMetrics, type CloudMetricsOptions } from '../../../src/metrics/cloud.ts';
import { MetricsPage } from '../../../src/metrics/page.ts';
import type { ClosedMessage } from '../../../src/trace/traced-message.ts';
import { REQUEST, uid } from '../../support/events.ts';
import { seriesOf, sumOf } from '../../support/prometheus.ts';
import { closedStory, largeCloud } from '../../support/stories.ts';

async function pageOf(messages: Iterable<ClosedMessage>, options: CloudMetricsOptions = {}, laterMs = 0): Promise<string> {
  let nowMs = 0;
  const cloud = new CloudMetrics({ ...options, nowMs: () => nowMs });
  cloud.take([...messages]);
  nowMs += laterMs;
  const page = new MetricsPage();
  page.add(cloud.sources);
  page.addDistributions(cloud.distributions);
  return (await page.text()).toString();
}

test('a call is counted by who sent it, for whom, and what it does', async () => {
  const of = seriesOf(await pageOf([closedStory({ id: uid('a'), object: 'Instance.save', waitMs: 5, tookMs: 20 })]));
  const labels = 'kind="call",producer="nova-compute",consumer="nova-conductor",method="Instance.save"';
  expect(of(`oslotap_messages_total{${labels}}`)).toBe(1);
  expect(of(`oslotap_message_bytes_total{${labels}}`)).toBe(150);
  expect(of(`oslotap_deliveries_total{${labels}}`)).toBe(1);
  expect(of(`oslotap_delivery_bytes_total{${labels}}`)).toBe(150);
  expect(of('oslotap_rpc_calls_total{service="nova-conductor",method="Instance.save",status="ok"}')).toBe(1);
  const rpc = 'service="nova-conductor",method="Instance.save"';
  expect(of(`oslotap_rpc_duration_seconds_sum{${rpc}}`)).toBeCloseTo(0.02, 6);
  expect(of(`oslotap_rpc_duration_seconds_bucket{le="0.03",${rpc}}`)).toBe(1);
  expect(of(`oslotap_rpc_duration_seconds_bucket{le="0.01",${rpc}}`)).toBe(0);
  expect(of(`oslotap_rpc_queue_wait_seconds_sum{${rpc}}`)).toBeCloseTo(0.005, 6);
});

test('a call that failed, one that nobody answered: by status, and by the verdict on it', async () => {
  const of = seriesOf(
    await pageOf([
      closedStory({ id: uid('a'), method: 'm', failure: 'nova.exception.ImageNotFound' }),
      closedStory({ id: uid('b'), method: 'm', tookMs: null, status: 'timeout', reason: 'timed_out' }),
    ]),
  );
  const rpc = 'service="nova-conductor",method="m"';
  expect(of(`oslotap_rpc_calls_total{${rpc},status="failed"}`)).toBe(1);
  expect(of(`oslotap_rpc_calls_total{${rpc},status="timeout"}`)).toBe(1);
  expect(of('oslotap_rpc_verdicts_total{verdict="no_reply",service="nova-conductor"}')).toBe(1);
  expect(of(`oslotap_rpc_duration_seconds_count{${rpc}}`)).toBe(1);
});

test('while the tap lags, nothing is said of how long anything took', async () => {
  const page = await pageOf([closedStory({ id: uid('a'), isLagging: true })]);
  expect(page).toContain('oslotap_messages_total{');
  expect(page).not.toContain('oslotap_rpc_duration_seconds_count');
});

test('a call that is open does not count yet; all else counts once, open or not', async () => {
  const call = { id: uid('a'), kind: 'call', method: 'm' } as const;
  const cast = { id: uid('b'), kind: 'cast', method: 'm' } as const;
  const fanout = { id: uid('c'), kind: 'fanout', method: 'm' } as const;
  const open = [call, cast].map((story) => closedStory({ ...story, reason: 'end_of_input' }));
  expect(sumOf(await pageOf(open), 'oslotap_messages_total')).toBe(1);
  const ended = [call, cast, fanout].map((story) => closedStory(story));
  expect(sumOf(await pageOf([...open, ...open, ...ended]), 'oslotap_messages_total')).toBe(3);
});

test('a request counts once, by its best name, when it is quiet', async () => {
  const traceId = '1'.repeat(32);
  const story = { requestId: REQUEST, traceId, kind: 'cast' as const, routingKey: 'scheduler' };
  const messages = [
    closedStory({ ...story, id: uid('a'), method: 'unheard_of' }),
    closedStory({ ...story, id: uid('b'), method: 'schedule_and_build_instances', routingKey: 'conductor' }),
  ];
  expect(await pageOf(messages)).not.toContain('oslotap_requests_total{');
  const of = seriesOf(await pageOf(messages, {}, 61_000));
  expect(of('oslotap_requests_total{operation="server.create"}')).toBe(1);
});

test('hosts are folded, and told where that is asked for', async () => {
  const story = closedStory({ id: uid('a'), method: 'm', routingKey: 'compute.cmp7', to: [['nova-compute', 'cmp7']] });
  expect(await pageOf([story], { osloMetricsCompat: true })).not.toMatch(/cmp7|cmp1/);
  const of = seriesOf(await pageOf([story], { osloMetricsCompat: true, hosts: true }));
  expect(of('oslotap_rpc_calls_total{service="nova-compute",method="m",status="ok",host="cmp7"}')).toBe(1);
});

test('5,000 hosts and 300 methods: at most top series of each metric, less than 2 MB, no sum lost', {
  timeout: 120_000,
}, async () => {
  const messages = [...largeCloud({ hosts: 5_000, methods: 300, step: 37 })];
  for (const hosts of [false, true]) {
    const page = await pageOf(messages, { osloMetricsCompat: true, hosts }, 61_000);
    expect(page.length).toBeLessThan(2_000_000);
    const samples = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(new Set(samples.map((line) => line.slice(0, line.lastIndexOf(' ')))).size).toBe(samples.length);
    const counts = samples.filter((line) => line.startsWith('oslotap_messages_total{'));
    expect(counts).toHaveLength(201);
    expect(counts.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)).toBe(messages.length);
    const buckets = samples.filter((line) => line.startsWith('oslo_messaging_rpc_server_processing_seconds_count'));
    expect(buckets.length).toBeLessThanOrEqual(51);
  }
});

test('promtool finds nothing to complain about', async () => {
  const page = new MetricsPage();
  const cloud = new CloudMetrics({ osloMetricsCompat: true });
  cloud.take([...largeCloud({ hosts: 50, methods: 30 })]);
  page.addProcess();
  page.add(cloud.sources);
  page.addDistributions(cloud.distributions);
  expect(promtool(await page.text())).toEqual({ status: 0, output: '' });
});

function promtool(page: Buffer) {
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    console.warn('SKIPPED: promtool is not installed: apt-get install prometheus');
    return { status: 0, output: '' };
  }
  return { status, output: stdout + stderr };
}
