/** Two requests of each operation, whole: a typical one, and the slowest. */
import { readFileSync } from 'node:fs';
import { messagesOf, summariesOf, type TraceSummary } from '../queries/traces.ts';
import type { Store } from '../store/store.ts';
import type { Sample } from './report-shape.ts';
import { sampleOf } from './report-waterfall.ts';

export interface Samples {
  readonly typical: Sample | null;
  readonly slowest: Sample | null;
}

/** Operations that have them: those with the requests of most messages. Each costs four queries. */
const OPERATIONS_MAX = 25;
const SQL = readFileSync(new URL('../queries/report-samples.sql', import.meta.url), 'utf8');

/** By operation. */
export async function readSamples(store: Store): Promise<Map<string, Samples>> {
  const rows = await store.query<{ operation: string; typical: string; slowest: string }>(SQL, { limit: OPERATIONS_MAX });
  const wanted = [...new Set(rows.flatMap(({ typical, slowest }) => [typical, slowest]))];
  const summaries = new Map((await summariesOf(store, wanted)).map((summary) => [summary.trace_id, summary]));
  const samples = new Map<string, Samples>();
  for (const { operation, typical, slowest } of rows) {
    const first = await sampleAt(store, summaries.get(typical));
    const last = slowest === typical ? first : await sampleAt(store, summaries.get(slowest));
    samples.set(operation, { typical: first, slowest: last });
  }
  return samples;
}

async function sampleAt(store: Store, summary: TraceSummary | undefined): Promise<Sample | null> {
  return summary === undefined ? null : sampleOf(summary, await messagesOf(store, summary.trace_id));
}
