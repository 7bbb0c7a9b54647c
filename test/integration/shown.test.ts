/** What is open is in the store as it stands, seconds after it became quiet; and what is written of it in the end is what it would have been. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decode } from '../../src/oslo/decode.ts';
import { Pipeline } from '../../src/pipeline.ts';
import { ClickHouseWriter } from '../../src/sinks/clickhouse/writer.ts';
import { openChdb } from '../../src/store/chdb.ts';
import { migrate } from '../../src/store/migrate.ts';
import { Processes } from '../../src/trace/processes.ts';
import { capturePath, snapshotOf, tappedOf } from '../support/captures.ts';
import { scratch } from '../support/cli.ts';
import { figuresOf } from '../support/figures.ts';

const WINDOW = { windowMs: 500, eventsMax: 20_000 };

interface Run {
  readonly directory: string;
  /** Messages that were handed on as first seen, and as ended. */
  readonly first: readonly string[];
  readonly ended: readonly string[];
  readonly shownCount: number;
}

/** Runs a capture into a store of its own, looking for quiet stories every so many events; 0: never. */
async function run(capture: string, every: number): Promise<Run> {
  const directory = join(scratch(), 'data');
  const store = await openChdb({ directory, command: 'test', isWriter: true });
  await migrate(store);
  const writer = await ClickHouseWriter.open(store);
  const [first, ended]: [string[], string[]] = [[], []];
  writer.onFirst = (messages) => first.push(...messages.map(({ traced }) => traced.uniqueId));
  writer.onEnded = (messages) => ended.push(...messages.map(({ traced }) => traced.uniqueId));
  const path = capturePath(capture);
  const pipeline = new Pipeline(writer, { processes: new Processes(snapshotOf(path)), window: WINDOW });
  let shownCount = 0;
  for (const [nth, tapped] of (await tappedOf(path)).entries()) {
    pipeline.take(decode(tapped));
    if (every === 0 || nth % every > 0) continue;
    const before = pipeline.waitingCount;
    pipeline.showQuiet();
    shownCount += pipeline.waitingCount - before;
    await pipeline.write();
  }
  await pipeline.end();
  await store.close();
  return { directory, first: first.sort(), ended: ended.sort(), shownCount };
}

/** All but how a message's story ended, and the number of the row: a row that was right already is left alone. */
async function rowsOf({ directory }: Run): Promise<readonly string[]> {
  const { rows } = await figuresOf(directory);
  return rows.map((row) => row.replace(/,"(closed|revision)":[^,}]+/g, '')).sort();
}

test.each(['boot-5-multi', 'compute-down', 'resize-confirm', 'storm'])(
  '%s, shown while it goes on, ends as the same rows',
  async (capture) => {
    const undisturbed = await run(capture, 0);
    const shown = await run(capture, 15);
    expect(shown.shownCount).toBeGreaterThan(1);
    expect(await rowsOf(shown)).toEqual(await rowsOf(undisturbed));
    expect(shown.first).toEqual(undisturbed.first);
    expect(new Set(shown.first).size).toBe(shown.first.length);
    expect(shown.ended).toEqual(undisturbed.ended);
  },
);
