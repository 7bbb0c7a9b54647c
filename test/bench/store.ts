/** Storing: stories into the embedded store by ClickHouseWriter, against row objects in small batches. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';
import { type Batch, runPipeline } from '../../src/pipeline.ts';
import { MESSAGE_COLUMNS, messageRow } from '../../src/sinks/clickhouse/message-rows.ts';
import { SPAN_COLUMNS, spanRows } from '../../src/sinks/clickhouse/span-rows.ts';
import { ClickHouseWriter } from '../../src/sinks/clickhouse/writer.ts';
import { openChdb } from '../../src/store/chdb.ts';
import { migrate } from '../../src/store/migrate.ts';
import { Processes } from '../../src/trace/processes.ts';
import { loadCaptures, wholeSnapshot } from './captures.ts';
import { Copies } from './copies.ts';
import { race, type Spread } from './measure.ts';
import { number, type Report, ratio, us } from './report.ts';

const EVENTS = 50_000;
const NAIVE_BATCH_ROWS = 500;
const RACE = { rounds: 5, warmups: 1 };

type Row = Record<string, unknown>;

export async function benchStore(): Promise<Report[]> {
  const batches = await closedStories();
  const messages = batches.flatMap((batch) => batch.messages);
  // Made beforehand: the baseline pays for sending its objects only, not for making them.
  const spanObjects = messages.flatMap((message) => spanRows(message)).map(({ json }) => toObject(SPAN_COLUMNS, json));
  const messageObjects = messages.map((message) => toObject(MESSAGE_COLUMNS, messageRow(message)));
  const contenders = [
    { name: 'naive', run: () => inFreshStore((directory) => insertNaively(directory, spanObjects, messageObjects)) },
    { name: 'writer', run: () => inFreshStore((directory) => writeAll(directory, batches)) },
  ];
  const spans = spanObjects.length;
  const rows = spans + messageObjects.length;
  const [naive, ours] = (await race(contenders, { units: spans, ...RACE })) as [Spread, Spread];
  const perSecond = ({ median }: Spread) => number((1e6 / median) * (rows / spans));
  return [
    {
      title: `Storing ${spans.toLocaleString('en-US')} spans and ${messageObjects.length.toLocaleString('en-US')} messages in chDB, median (least–most) of ${RACE.rounds} rounds`,
      rows: [
        ['', 'µs a span', 'rows/s'],
        [`ready row objects, JSONEachRow, batches of ${NAIVE_BATCH_ROWS}`, us(naive), perSecond(naive)],
        ['ClickHouseWriter, rows made from stories', us(ours), perSecond(ours)],
        ['faster by', ratio(naive, ours), ''],
      ],
      verdicts: [],
      figures: { store_us_a_span: ours.median, store_naive_us_a_span: naive.median },
    },
  ];
}

async function closedStories(): Promise<Batch[]> {
  const captures = await loadCaptures();
  const batches: Batch[] = [];
  const sink = { write: async (batch: Batch) => void batches.push(batch), close: async () => {} };
  const processes = new Processes(wholeSnapshot(captures));
  await runPipeline(new Copies(captures).messages({ events: EVENTS, together: 1 }), sink, { processes });
  return batches;
}

/** A new directory each time. @returns what `work` says it took. */
async function inFreshStore(work: (directory: string) => Promise<number>): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'oslotap-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function writeAll(directory: string, batches: readonly Batch[]): Promise<number> {
  const store = await openChdb({ directory, command: 'bench', isWriter: true });
  await migrate(store);
  const writer = await ClickHouseWriter.open(store);
  const beganMs = performance.now();
  for (const batch of batches) await writer.write(batch);
  const tookMs = performance.now() - beganMs;
  await store.close();
  return tookMs;
}

async function insertNaively(directory: string, spans: readonly Row[], messages: readonly Row[]): Promise<number> {
  const store = await openChdb({ directory, command: 'bench', isWriter: true });
  await migrate(store);
  await store.close();
  const session = new Session(join(directory, 'chdb'));
  const beganMs = performance.now();
  await insertObjects(session, 'otel_traces', spans);
  await insertObjects(session, 'oslo_messages', messages);
  const tookMs = performance.now() - beganMs;
  session.close();
  return tookMs;
}

async function insertObjects(session: Session, table: string, rows: readonly Row[]): Promise<void> {
  for (let from = 0; from < rows.length; from += NAIVE_BATCH_ROWS) {
    const values = rows
      .slice(from, from + NAIVE_BATCH_ROWS)
      .map((row) => JSON.stringify(row))
      .join('\n');
    await session.insert({ table, values, format: 'JSONEachRow' });
  }
}

function toObject(columns: readonly string[], json: string): Row {
  const values = JSON.parse(json) as unknown[];
  return Object.fromEntries(columns.map((column, index) => [column, values[index]]));
}
