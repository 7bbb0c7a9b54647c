/** What is in a store beside what was sent. Reads row by row: a store may have millions. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { openChdb } from '../../src/store/chdb.ts';
import type { Store } from '../../src/store/store.ts';
import type { Verdict } from './report.ts';

export interface Sent {
  readonly uniqueId: string;
  readonly method: string;
  readonly outcome: string;
}

export interface StoredGap {
  readonly start: string;
  readonly end: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
  readonly isOpen: boolean;
  readonly lostEstimate: number;
  /** Least coverage of the minutes that it touches. */
  readonly coverage: number;
}

export interface WrongOutcome extends Sent {
  readonly publishedMs: number;
  /** What its row says. */
  readonly status: string;
}

export interface Comparison {
  readonly sent: number;
  readonly stored: number;
  /** Sent, and in no row. */
  readonly missing: readonly Sent[];
  /** In a row, and never sent. */
  readonly invented: number;
  /** Rows and spans that are there more than once. */
  readonly twice: number;
  readonly unmatched: number;
  /** Rows that say another outcome than what happened. */
  readonly wrongOutcomes: readonly WrongOutcome[];
  /** Events that the rows stand for. */
  readonly events: number;
  /** Of the whole, and the least of any minute. */
  readonly coverage: number;
  readonly gaps: readonly StoredGap[];
  /** When each message was published, milliseconds since the epoch, by its id. */
  readonly publishedMs: ReadonlyMap<string, number>;
}

/** @param truths files that rpc-load wrote. */
export async function compare(directory: string, truths: readonly string[]): Promise<Comparison> {
  const sent = (await Promise.all(truths.map(readTruth))).flat();
  const sentById = new Map(sent.map((message) => [message.uniqueId, message]));
  const store = await openChdb({ directory, command: 'bench', isWriter: false });
  try {
    const publishedMs = new Map<string, number>();
    const wrongOutcomes: WrongOutcome[] = [];
    let [invented, twice] = [0, 0];
    const rows = store.stream<{ id: string; ms: number; status: string }>(
      'SELECT lower(hex(unique_id)) AS id, toUnixTimestamp64Milli(published_at) + 0. AS ms, toString(status) AS status FROM oslo_messages',
    );
    for await (const { id, ms, status } of rows) {
      const message = sentById.get(id);
      if (publishedMs.has(id)) twice++;
      else if (message === undefined) invented++;
      else if (message.outcome !== status) wrongOutcomes.push({ ...message, publishedMs: ms, status });
      publishedMs.set(id, ms);
    }
    const [counts] = await store.query<Counts>(COUNTS);
    return {
      sent: sent.length,
      stored: publishedMs.size,
      missing: sent.filter(({ uniqueId }) => !publishedMs.has(uniqueId)),
      invented,
      twice: twice + Number(counts?.spansTwice ?? 0),
      unmatched: Number(counts?.unmatched ?? 0),
      wrongOutcomes,
      events: Number(counts?.events ?? 0),
      coverage: Number(counts?.coverage ?? 0),
      gaps: await readGaps(store),
      publishedMs,
    };
  } finally {
    await store.close();
  }
}

interface Counts {
  readonly spansTwice: number;
  readonly unmatched: number;
  readonly events: number;
  readonly coverage: number;
}

const COUNTS = `SELECT
  (SELECT count() - uniqExact(SpanId) FROM otel_traces) AS spansTwice,
  (SELECT count() FROM oslo_unmatched FINAL) AS unmatched,
  (SELECT sum(1 + replies + length(delivered_at) + reply_deliveries) FROM oslo_messages FINAL) AS events,
  (SELECT sum(seen) / sum(seen + missing + lost) FROM oslo_coverage) AS coverage`;

async function readGaps(store: Store): Promise<StoredGap[]> {
  const minutes = await store.query<{ ms: number; coverage: number }>(
    'SELECT toUnixTimestamp(minute) * 1000. AS ms, coverage FROM oslo_coverage ORDER BY minute',
  );
  const gaps = await store.query<Omit<StoredGap, 'coverage'>>(
    `SELECT formatDateTime(started_at, '%H:%i:%S.%f') AS start, formatDateTime(ended_at, '%H:%i:%S.%f') AS end,
       toUnixTimestamp64Milli(started_at) + 0. AS fromMs, toUnixTimestamp64Milli(ended_at) + 0. AS toMs,
       reason, is_open AS isOpen, lost_estimate + 0. AS lostEstimate
     FROM oslo_gaps FINAL ORDER BY started_at`,
  );
  return gaps.map((gap) => {
    const touched = minutes.filter(({ ms }) => ms + 60_000 > gap.fromMs && ms <= gap.toMs);
    return { ...gap, coverage: Math.min(1, ...touched.map(({ coverage }) => coverage)) };
  });
}

export async function readTruth(path: string): Promise<Sent[]> {
  const sent: Sent[] = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const {
      unique_id: uniqueId,
      method = '',
      outcome,
    } = JSON.parse(line) as { unique_id: string; method?: string; outcome: string };
    sent.push({ uniqueId, method, outcome });
  }
  return sent;
}

/** Every message once, with its outcome; and nothing else. */
export function onceEach({ sent, missing, invented, twice, unmatched, wrongOutcomes }: Comparison): Verdict[] {
  return [
    { claim: `messages were sent: ${count(sent)}`, holds: sent > 0 },
    { claim: `none is missing: ${count(missing.length)}`, holds: missing.length === 0 },
    { claim: `none is there that was not sent: ${count(invented)}`, holds: invented === 0 },
    { claim: `none is there twice, nor its spans: ${count(twice)}`, holds: twice === 0 },
    { claim: `no event is without its other half: ${count(unmatched)}`, holds: unmatched === 0 },
    { claim: `each has its outcome; another: ${count(wrongOutcomes.length)}`, holds: wrongOutcomes.length === 0 },
  ];
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
