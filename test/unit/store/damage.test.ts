/** A part that a full disk left without its marks: the store falls back to what it was made of, and goes on. */
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import type { Store } from '../../../src/store/store.ts';
import { scratch } from '../../support/cli.ts';

const SPANS = "SELECT count() AS spans, countIf(SpanId = '7') AS deleted FROM otel_traces";

/** Reads a column: a count alone reads nothing. */
const READS = 'SELECT uniq(SpanId) FROM otel_traces';

/** As a DELETE may leave the part that it rewrote, when the disk fills. */
async function damage(store: Store): Promise<void> {
  const [part] = await store.query<{ path: string }>("SELECT path FROM system.parts WHERE table = 'otel_traces' AND active");
  const path = part?.path ?? '';
  for (const file of readdirSync(path).filter((name) => name.includes('mrk'))) truncateSync(join(path, file), 0);
}

test('a part that was rewritten and is damaged is taken from what it was before, and rewritten again', async () => {
  const store = await openChdb({ directory: join(scratch(), 'data'), command: 'test', isWriter: true });
  try {
    await migrate(store);
    await store.command(
      "INSERT INTO otel_traces (Timestamp, TraceId, SpanId) SELECT toDateTime(1795000000), 'a', toString(number) FROM numbers(100)",
    );
    await store.command("DELETE FROM otel_traces WHERE SpanId = '7'");
    await damage(store);

    await expect(store.query(READS)).rejects.toThrow('CORRUPTED_DATA');
    await expect(store.query(READS)).resolves.toHaveLength(1);
    const giveUpMs = performance.now() + 20_000;
    while (performance.now() < giveUpMs) {
      const [row] = await store.query<{ deleted: number }>(SPANS);
      if (row?.deleted === 0) break;
      await sleep(100);
    }
    expect(await store.query(SPANS)).toEqual([{ spans: 99, deleted: 0 }]);
  } finally {
    await store.close();
  }
});
