/**
 * Events through the whole pipeline into a fresh embedded store, with the detector of storms or without it. A program of its own, started
 * by storms.ts. Prints one line of JSON: the CPU time of all threads, the making of the events left out.
 *
 *   node test/bench/storms-child.ts [--events N] [--storms]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runPipeline } from '../../src/pipeline.ts';
import { ClickHouseWriter } from '../../src/sinks/clickhouse/writer.ts';
import { openChdb } from '../../src/store/chdb.ts';
import { migrate } from '../../src/store/migrate.ts';
import { StormDetector } from '../../src/storms/detector.ts';
import { DEFAULT_THRESHOLDS } from '../../src/storms/thresholds.ts';
import { Processes } from '../../src/trace/processes.ts';
import { loadCaptures, wholeSnapshot } from './captures.ts';
import { Copies } from './copies.ts';

/** Copies of the captures at the same time: about six hundred events a second. */
const TOGETHER = 100;

async function run(directory: string, events: number, hasStorms: boolean): Promise<number> {
  const captures = await loadCaptures();
  const copies = new Copies(captures);
  const store = await openChdb({ directory, command: 'bench', isWriter: true });
  await migrate(store);
  const writer = await ClickHouseWriter.open(store);
  const processes = new Processes(wholeSnapshot(captures));
  const thresholds = { ...DEFAULT_THRESHOLDS, warmUpSeconds: 0 };
  const storms = hasStorms ? new StormDetector({ processes, thresholds }) : null;
  const began = process.cpuUsage();
  await runPipeline(copies.messages({ events, together: TOGETHER }), writer, { processes, ...(storms !== null && { storms }) });
  const { user, system } = process.cpuUsage(began);
  await store.close();
  return user + system - copies.makingMs * 1_000;
}

const { values } = parseArgs({
  options: { events: { type: 'string', default: '200000' }, storms: { type: 'boolean', default: false } },
});
const directory = mkdtempSync(join(tmpdir(), 'oslotap-bench-'));
try {
  process.stdout.write(`${JSON.stringify({ cpuUs: await run(directory, Number(values.events), values.storms) })}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
