/** What oslotap serves of the same RPCs as a real oslo.messaging with a real oslo.metrics behind it. */
import { expect, test } from 'vitest';
import { CloudMetrics } from '../../../src/metrics/cloud.ts';
import { MetricsPage } from '../../../src/metrics/page.ts';
import { python } from '../../support/cli.ts';
import { uid } from '../../support/events.ts';
import { closedStory } from '../../support/stories.ts';

/** The RPCs that oslo_metrics_page.py makes; only those whose server's side it tells too are delivered. */
const RPCS = [
  { id: uid('a'), method: 'greet', to: [['nova-compute', 'cmp1']] as const },
  { id: uid('b'), method: 'greet', routingKey: 'conductor.ctl1', to: [] },
  { id: uid('c'), method: 'greet', kind: 'cast' as const, to: [] },
  {
    ...{ id: uid('d'), method: 'update', kind: 'fanout' as const, to: [] },
    ...{ exchange: 'scheduler_fanout', routingKey: '', namespace: 'baseapi', version: '4.0' },
  },
  { id: uid('e'), method: 'fail', to: [['nova-compute', 'cmp1']] as const, failure: 'builtins.ValueError' },
  {
    ...{ id: uid('f'), method: 'greet', routingKey: 'conductor.nobody', to: [] },
    ...{ tookMs: null, status: 'timeout' as const, reason: 'timed_out' as const },
  },
];

test('names, types, labels, buckets and counts are those of oslo.metrics', { timeout: 240_000 }, async (context) => {
  const { code, stdout, stderr } = python('oslo_metrics_page.py', [], 220_000);
  if (code === 2) return context.skip(`SKIPPED: ${stderr.trim()}`);
  expect(code, stderr).toBe(0);
  const cloud = new CloudMetrics({ osloMetricsCompat: true, hosts: true });
  cloud.take(RPCS.map((rpc) => closedStory(rpc)));
  const page = new MetricsPage();
  page.add(cloud.sources);
  page.addDistributions(cloud.distributions);
  const ours = (await page.text()).toString();
  expect(typesOf(ours)).toEqual(typesOf(stdout));
  expect(typesOf(ours)).toHaveLength(8);
  const told = seriesOf(ours);
  expect(told).toEqual(seriesOf(stdout));
  expect(told.length).toBeGreaterThan(70);
});

test('an exception of a service is raised as NAME_Remote by its client, and is NAME at its server', async () => {
  const cloud = new CloudMetrics({ osloMetricsCompat: true });
  cloud.take([closedStory({ id: uid('a'), failure: 'nova.exception.InstanceNotFound' })]);
  const page = new MetricsPage();
  page.add(cloud.sources);
  const text = (await page.text()).toString();
  expect(text).toMatch(/rpc_client_exception_total\{.*exception="InstanceNotFound_Remote"\} 1/);
  expect(text).toMatch(/rpc_server_exception_total\{.*exception="InstanceNotFound"\} 1/);
});

function typesOf(page: string): string[] {
  return (page.match(/^# TYPE oslo_messaging.*$/gm) ?? []).filter((line) => !line.includes('_created ')).sort();
}

/**
 * Every series with its labels in order, and what it counts: seconds are not compared, nor how they fall into buckets. A cast's
 * duration is how long it took to be sent, which the wire does not tell.
 */
function seriesOf(page: string): string[] {
  const lines = page.match(/^oslo_messaging.*$/gm) ?? [];
  return lines
    .filter((line) => !line.includes('_created{') && !/processing_seconds.*call_type="cast"/.test(line))
    .map((line) => {
      const [, name = '', labels = '', value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
      const isCount = !/_(bucket|sum)$/.test(name) || labels.includes('le="+Inf"');
      return `${name} ${(labels.match(/\w+="[^"]*"/g) ?? []).sort().join(' ')} ${isCount ? Number(value) : ''}`;
    })
    .sort();
}
