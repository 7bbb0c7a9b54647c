/** The cloud's figures are of rows that are new in the store: whoever starts again, or writes again, counts nothing twice. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CloudMetrics } from '../../../src/metrics/cloud.ts';
import { MetricsPage } from '../../../src/metrics/page.ts';
import { runPipeline } from '../../../src/pipeline.ts';
import { ClickHouseWriter } from '../../../src/sinks/clickhouse/writer.ts';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { capturePath, tappedOf } from '../../support/captures.ts';
import { scratch } from '../../support/cli.ts';
import { sumOf } from '../../support/prometheus.ts';

test('what a run before this one had stored does not count again', async () => {
  const store = await openChdb({ directory: join(scratch(), 'data'), command: 'test', isWriter: true });
  await migrate(store);
  const run = async () => {
    const writer = await ClickHouseWriter.open(store);
    const cloud = new CloudMetrics();
    writer.onEnded = (messages) => cloud.take(messages);
    await runPipeline(from(await tappedOf(capturePath('boot-1'))), writer);
    const page = new MetricsPage();
    page.add(cloud.sources);
    return { counted: sumOf((await page.text()).toString(), 'oslotap_messages_total'), ...writer.tally };
  };
  const first = await run();
  const second = await run();
  await store.close();
  expect(first.counted).toBeGreaterThan(10);
  expect(second).toMatchObject({ counted: 0, messages: 0, known: first.messages });
});

async function* from<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
