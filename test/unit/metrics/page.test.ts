import { expect, test } from 'vitest';
import { Distribution } from '../../../src/metrics/definition.ts';
import { MetricsPage } from '../../../src/metrics/page.ts';

const open = (value: number) => ({ oslotap_messages_open: () => [{ labels: {}, value }] });

test('whoever asks while a page is made, or within a second, gets the same one', async () => {
  let [nowMs, made] = [0, 0];
  const page = new MetricsPage(() => nowMs);
  page.add({ oslotap_messages_open: () => [{ labels: {}, value: ++made }] });
  const [one, other] = await Promise.all([page.text(), page.text()]);
  expect(other).toBe(one);
  nowMs += 900;
  expect(await page.text()).toBe(one);
  nowMs += 200;
  expect((await page.text()).toString()).toContain('oslotap_messages_open 2');
});

test('a page that fails is made anew the next time', async () => {
  let isBroken = true;
  const page = new MetricsPage();
  page.add({
    oslotap_messages_open: () => {
      if (isBroken) throw new Error('not now');
      return [{ labels: {}, value: 7 }];
    },
  });
  await expect(page.text()).rejects.toThrow('not now');
  isBroken = false;
  expect((await page.text()).toString()).toContain('oslotap_messages_open 7');
});

test('what is not known has no series, and what is no number is left out', async () => {
  const page = new MetricsPage();
  page.add({ oslotap_tap_queue_share: () => [], oslotap_broker_memory_share: () => [{ labels: {}, value: Number.NaN }] });
  const lines = (await page.text()).toString().split('\n');
  expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
});

test('text in labels is escaped', async () => {
  const page = new MetricsPage();
  page.add({ oslotap_build_info: () => [{ labels: { version: 'a"b\\c\nd', node: '' }, value: 1 }] });
  expect((await page.text()).toString()).toContain('oslotap_build_info{version="a\\"b\\\\c\\nd",node=""} 1');
});

test('buckets add up, a value on a bound counts below it', async () => {
  const distribution = new Distribution([1, 2.5]);
  for (const value of [0.5, 1, 2, 9, Number.NaN, -1]) distribution.observe(value);
  const page = new MetricsPage();
  page.add(open(0));
  page.addDistributions({ oslotap_store_write_seconds: () => [{ labels: {}, distribution }] });
  expect((await page.text()).toString().match(/^oslotap_store.*$/gm)).toEqual([
    'oslotap_store_write_seconds_bucket{le="1.0"} 2',
    'oslotap_store_write_seconds_bucket{le="2.5"} 3',
    'oslotap_store_write_seconds_bucket{le="+Inf"} 4',
    'oslotap_store_write_seconds_sum 12.5',
    'oslotap_store_write_seconds_count 4',
  ]);
});
