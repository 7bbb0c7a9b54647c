/** The storms' figures on the page. */
import { expect, test } from 'vitest';
import { MetricsPage } from '../../../src/metrics/page.ts';
import { STORM_SERIES_MAX, stormSources } from '../../../src/metrics/storm-sources.ts';
import type { StormsView } from '../../../src/metrics/storm-view.ts';
import { STORM_METHOD, stormOf } from '../../support/storms.ts';

const CALM: StormsView = { silentReason: null, open: [], begun: new Map(), rateOf: () => 0 };

async function pageOf(view: Partial<StormsView>) {
  const page = new MetricsPage();
  page.add(stormSources({ ...CALM, ...view }));
  const lines = (await page.text()).toString().split('\n');
  return lines.filter((line) => line.startsWith('oslotap_'));
}

test('without a storm every signal is at 0, and no method has a series', async () => {
  expect(await pageOf({ silentReason: 'it learns' })).toEqual([
    ...['rate', 'host_rate', 'fanout', 'retries', 'per_request', 'failures', 'queue_wait'].map(
      (signal) => `oslotap_storms_total{signal="${signal}"} 0`,
    ),
    'oslotap_storms_open 0',
    'oslotap_storm_detector_ready 0',
  ]);
});

test('an open storm shows what its methods send now, beside what they usually send', async () => {
  const rateOf: StormsView['rateOf'] = (_, { kind }) => (kind === 'call' ? 310 : 12);
  const lines = await pageOf({ open: [stormOf()], begun: new Map([['rate', 3]]), rateOf });
  expect(lines).toEqual(
    expect.arrayContaining([
      'oslotap_storms_total{signal="rate"} 3',
      'oslotap_storms_open 1',
      'oslotap_storm_detector_ready 1',
      'oslotap_storm_messages_per_second{exchange="nova",topic="conductor",method="object_class_action_versions"} 310',
      'oslotap_storm_usual_messages_per_second{exchange="nova",topic="conductor",method="object_class_action_versions"} 12',
      'oslotap_storm_messages_per_second{exchange="neutron",topic="q-reports-plugin",method="report_state"} 12',
    ]),
  );
});

test('the same method in two vhosts is one series', async () => {
  const open = [stormOf({ id: 'a', vhost: 'cell1' }), stormOf({ id: 'b', vhost: 'cell2' })];
  const lines = await pageOf({ open, rateOf: () => 10 });
  expect(lines.filter((line) => line.startsWith('oslotap_storm_messages_per_second'))).toEqual([
    'oslotap_storm_messages_per_second{exchange="nova",topic="conductor",method="object_class_action_versions"} 20',
    'oslotap_storm_messages_per_second{exchange="neutron",topic="q-reports-plugin",method="report_state"} 20',
  ]);
});

test('beyond sixteen methods those that send most are shown; long names are cut', async () => {
  const methods = Array.from({ length: 40 }, (_, nth) => {
    return { ...STORM_METHOD, method: `${String(nth).padStart(2, '0')}${'x'.repeat(200)}` };
  });
  const lines = await pageOf({ open: [stormOf({ methods })], rateOf: (_, { method }) => Number(method.slice(0, 2)) });
  const shown = lines.filter((line) => line.startsWith('oslotap_storm_messages_per_second'));
  expect(shown.map((line) => Number(line.split(' ')[1]))).toEqual(Array.from({ length: STORM_SERIES_MAX }, (_, nth) => 39 - nth));
  for (const line of lines) expect(line.length).toBeLessThan(220);
});
