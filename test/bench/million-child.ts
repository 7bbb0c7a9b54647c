/**
 * Events by the million through the whole pipeline into a fresh embedded store, and what they leave on the disk. A program
 * of its own, started by million.ts, so that nothing else is in its memory. Prints one line of JSON.
 *
 *   node test/bench/million-child.ts [--events N] [--together N] [--keep DIR]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TappedMessage } from '../../src/message.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { ClickHouseWriter } from '../../src/sinks/clickhouse/writer.ts';
import { openChdb } from '../../src/store/chdb.ts';
import { migrate } from '../../src/store/migrate.ts';
import type { Store } from '../../src/store/store.ts';
import { Processes } from '../../src/trace/processes.ts';
import { loadCaptures, wholeSnapshot } from './captures.ts';
import { Copies } from './copies.ts';
import { collectGarbage } from './measure.ts';

const TABLES = ['otel_traces', 'oslo_messages', 'oslo_unmatched', 'otel_traces_trace_id_ts'];
const SAMPLE_MS = 100;

export interface TableSize {
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
}

export interface ColumnSize {
  readonly table: string;
  readonly column: string;
  readonly bytes: number;
}

export type MillionResult = Awaited<ReturnType<typeof run>>;

async function run(directory: string, events: number, together: number) {
  const bareBytes = process.memoryUsage().rss;
  const captures = await loadCaptures();
  const copies = new Copies(captures);
  const rss = new RssSampler();
  collectGarbage();
  const capturesBytes = rss.sample();
  const store = await openChdb({ directory, command: 'bench', isWriter: true });
  await migrate(store);
  const writer = await ClickHouseWriter.open(store);
  const beforeBytes = rss.sample();
  const cpu = process.cpuUsage();
  const beganMs = performance.now();
  const processes = new Processes(wholeSnapshot(captures));
  const tally = await runPipeline(watched(copies.messages({ events, together }), rss), writer, { processes });
  const wallMs = performance.now() - beganMs - copies.makingMs;
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000 - copies.makingMs;
  const replayPeakBytes = rss.stop();
  const mergeBeganMs = performance.now();
  for (const table of TABLES) await store.command(`OPTIMIZE TABLE ${table} FINAL`);
  const result = {
    tally,
    together,
    wallMs,
    cpuMs,
    makingMs: copies.makingMs,
    mergeMs: performance.now() - mergeBeganMs,
    /** The program before and after the captures to be copied are in its memory: the bench's own share. */
    bareBytes,
    capturesBytes,
    /** With the engine loaded. */
    beforeBytes,
    replayPeakBytes,
    /** As the kernel counted it, merges included: no sample can miss it. */
    peakBytes: process.resourceUsage().maxRSS * 1024,
    written: writer.tally,
    tables: await tableSizes(store),
    columns: await columnSizes(store),
  };
  await store.close();
  return result;
}

/** The same messages, the memory looked at from time to time: a timer alone starves while the pipeline is busy. */
async function* watched(messages: AsyncIterable<TappedMessage>, rss: RssSampler): AsyncGenerator<TappedMessage> {
  let count = 0;
  for await (const message of messages) {
    if (++count % 1_000 === 0) rss.sample();
    yield message;
  }
}

class RssSampler {
  #peakBytes = 0;
  readonly #timer = setInterval(() => this.sample(), SAMPLE_MS);

  sample(): number {
    const { rss } = process.memoryUsage();
    this.#peakBytes = Math.max(this.#peakBytes, rss);
    return rss;
  }

  stop(): number {
    clearInterval(this.#timer);
    this.sample();
    return this.#peakBytes;
  }
}

function tableSizes(store: Store): Promise<TableSize[]> {
  return store.query(
    `SELECT table, toUInt32(sum(rows)) AS rows, toFloat64(sum(bytes_on_disk)) AS bytes FROM system.parts
     WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)} GROUP BY table ORDER BY bytes DESC`,
    { tables: TABLES },
  );
}

function columnSizes(store: Store): Promise<ColumnSize[]> {
  return store.query(
    `SELECT table, column, toFloat64(sum(column_data_compressed_bytes)) AS bytes FROM system.parts_columns
     WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)}
     GROUP BY table, column ORDER BY bytes DESC`,
    { tables: TABLES },
  );
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    together: { type: 'string', default: '1' },
    /** A directory for the data, to be looked at later. */
    keep: { type: 'string' },
  },
});
const directory = values.keep ?? mkdtempSync(join(tmpdir(), 'oslotap-bench-'));
try {
  process.stdout.write(`${JSON.stringify(await run(directory, Number(values.events), Number(values.together)))}\n`);
} finally {
  if (values.keep === undefined) rmSync(directory, { recursive: true, force: true });
}
