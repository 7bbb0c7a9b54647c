/** Captures whose placeholders are secrets again (see test/integration/secrets.test.ts): nothing of them is on the page at /metrics. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { CloudMetrics } from '../../../src/metrics/cloud.ts';
import { MetricsPage } from '../../../src/metrics/page.ts';
import { type Batch, runPipeline } from '../../../src/pipeline.ts';
import { CAPTURES, capturePath, tappedOf } from '../../support/captures.ts';
import { scratch } from '../../support/cli.ts';

const MARK = '!S3cr3t';

test.each(CAPTURES.filter((name) => !name.endsWith('-gzip')))('%s: nothing of its secrets is on the page', async (name) => {
  const file = join(scratch(), 'planted.ndjson');
  const text = gunzipSync(readFileSync(capturePath(name))).toString();
  const planted = text.replace(/x{10,}/g, (placeholder) => MARK.padEnd(placeholder.length, '!').slice(0, placeholder.length));
  expect(planted).toContain(MARK);
  writeFileSync(file, planted);

  let nowMs = 0;
  const cloud = new CloudMetrics({ osloMetricsCompat: true, hosts: true, top: 100_000, nowMs: () => nowMs });
  const written: Batch[] = [];
  await runPipeline(from(await tappedOf(file)), { write: async (batch) => void written.push(batch), close: async () => {} });
  // What a recording cuts off counts too here: the page is to hold all that it could.
  const messages = written.flatMap((batch) => batch.messages);
  cloud.take(messages.map((closed) => ({ ...closed, reason: 'settled' })));
  nowMs += 61_000;
  const page = new MetricsPage();
  page.add(cloud.sources);
  page.addDistributions(cloud.distributions);
  const shown = (await page.text()).toString();
  expect(shown).toContain('oslotap_requests_total{');
  expect(shown.match(new RegExp(`.{0,60}${MARK}.{0,10}`, 'g')) ?? []).toEqual([]);
});

async function* from<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
