/**
 * What a soak has left in the store, beside what was sent and what was done: outside the gaps everything is there once, and every
 * gap has its cause.
 *
 * What went lost has no time of its own. It was sent between two messages that are there, as each truth is in the order of sending;
 * a gap in that stretch explains it.
 */
import { Journal, journalKey } from '../../src/journal/journal.ts';
import { RollUps } from '../../src/sinks/clickhouse/roll-ups.ts';
import { openChdb } from '../../src/store/chdb.ts';
import type { Store } from '../../src/store/store.ts';
import { rollUpDifferences } from '../support/figures.ts';
import { readStencils } from '../support/rpc-load-messages.ts';
import { type Comparison, compare, readTruth, type StoredGap, type WrongOutcome } from './live-check.ts';
import type { Act } from './soak-acts.ts';
import type { Part } from './soak-load.ts';
import { KINDS, type Made } from './soak-plan.ts';

/** Clients have connections of their own, and what waits in the tap's queue is seen late. */
const SLACK_MS = 1_000;
/** A story that a gap cut: so long after its first message it has all of its events. */
const STORY_MS = 5_000;
/** The watch looks at the firehose so often, and as long again it may take to learn of it: such a gap begins early. */
const NOTICED_MS = 15_000;

export interface ToldGap extends StoredGap {
  /** By which act; null: nobody knows. */
  readonly cause: string | null;
  /** Messages that were sent in it and are not there. */
  readonly missing: number;
}

export interface Minute {
  readonly start: string;
  readonly fromMs: number;
  readonly coverage: number;
}

export interface Found {
  readonly comparison: Comparison;
  readonly gaps: readonly ToldGap[];
  /** Acts that should have made a gap, and have none. */
  readonly withoutGap: readonly Act[];
  readonly missingOutside: readonly Stretch[];
  readonly wrongOutside: readonly WrongOutcome[];
  /** With a coverage below 1, and no gap. */
  readonly minutesOutside: readonly Minute[];
  readonly minutes: number;
  /** Events without their other half, far from any gap: `reason at 07:29:01`. */
  readonly unmatchedOutside: readonly string[];
  readonly undecodable: number;
  readonly spans: number;
  readonly spansTwice: number;
  /** Calls, casts and fanouts without their sender's span. */
  readonly withoutSpan: number;
  /** Where the minutes' sums say something else than the messages. */
  readonly wrongSums: readonly string[];
  /** Stories that the journal keeps for the next start, and what it takes. */
  readonly journalStories: number;
  readonly open: number;
}

export interface Played {
  readonly directory: string;
  readonly parts: readonly Part[];
  readonly acts: readonly Act[];
  /** When the last sidecar was told to end. */
  readonly endMs: number;
}

export async function check({ directory, parts, acts, endMs }: Played): Promise<Found> {
  const comparison = await compare(
    directory,
    parts.map(({ truth }) => truth),
  );
  const { gaps } = comparison;
  const timeoutsMs = await readTimeouts();
  const lost = await lossesOf(parts, comparison);
  const near = (fromMs: number, toMs: number) => gaps.some((gap) => gap.fromMs <= toMs && gap.toMs >= fromMs);
  const store = await openChdb({ directory, command: 'bench', isWriter: false });
  try {
    const minutes = await minutesOf(store);
    const unmatched = await unmatchedOf(store);
    const decodable = unmatched.filter(({ isUndecodable, ms }) => !isUndecodable && !near(ms - STORY_MS, ms + SLACK_MS));
    const [counts] = await store.query<Counts>(COUNTS);
    // What the last stop had no time for is due, for the next start.
    await new RollUps(store).compute();
    return {
      comparison,
      gaps: gaps.map((gap, nth) => ({ ...gap, cause: causeOf(gap, acts), missing: lost.byGap[nth] ?? 0 })),
      withoutGap: acts.filter((act) => isWithoutGap(act, gaps)),
      missingOutside: lost.outside,
      wrongOutside: comparison.wrongOutcomes.filter(
        (wrong) => !isStillOpen(wrong, timeoutsMs, endMs) && !near(wrong.publishedMs - SLACK_MS, wrong.publishedMs + STORY_MS),
      ),
      minutesOutside: minutes.filter(
        ({ fromMs, coverage }) => coverage < 1 && !near(fromMs - SLACK_MS, fromMs + 60_000 + STORY_MS),
      ),
      minutes: minutes.length,
      unmatchedOutside: decodable.map(({ reason, ms }) => `${reason} at ${new Date(ms).toISOString().slice(11, 23)}`),
      undecodable: unmatched.filter(({ isUndecodable }) => isUndecodable).length,
      spans: Number(counts?.spans),
      spansTwice: Number(counts?.spansTwice),
      withoutSpan: Number(counts?.withoutSpan),
      open: Number(counts?.open),
      wrongSums: await rollUpDifferences(store),
      journalStories: await storiesIn(`${directory}/journal`),
    };
  } finally {
    await store.close();
  }
}

interface Losses {
  readonly byGap: readonly number[];
  readonly outside: readonly Stretch[];
}

/** Between two messages that are there. Epoch milliseconds. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  missing: number;
}

async function lossesOf(parts: readonly Part[], { publishedMs, gaps }: Comparison): Promise<Losses> {
  const byGap = gaps.map(() => 0);
  const outside: Stretch[] = [];
  for (const { truth, fromMs: beganMs, toMs: endedMs } of parts) {
    const sent = await readTruth(truth);
    const times = sent.map(({ uniqueId }) => publishedMs.get(uniqueId) ?? null);
    const laterMs = earliestLater(times, endedMs);
    let earlierMs = beganMs;
    for (const [nth, ms] of times.entries()) {
      if (ms !== null) {
        earlierMs = Math.max(earlierMs, ms);
        continue;
      }
      const untilMs = laterMs[nth] ?? endedMs;
      // What waits in the tap's queue while nobody is there is seen late: then the later one has the earlier time.
      const [fromMs, toMs] = [Math.min(earlierMs, untilMs), Math.max(earlierMs, untilMs)];
      const gap = mostCovering(gaps, fromMs - SLACK_MS, toMs + SLACK_MS);
      if (gap !== -1) byGap[gap] = (byGap[gap] ?? 0) + 1;
      else if (outside.at(-1)?.fromMs === fromMs) (outside.at(-1) as Stretch).missing++;
      else outside.push({ fromMs, toMs, missing: 1 });
    }
  }
  return { byGap, outside };
}

/** @returns the index of the gap that covers most of a stretch; -1 where none touches it. */
function mostCovering(gaps: readonly StoredGap[], fromMs: number, toMs: number): number {
  let [best, mostMs] = [-1, -1];
  for (const [index, gap] of gaps.entries()) {
    const coveredMs = Math.min(gap.toMs, toMs) - Math.max(gap.fromMs, fromMs);
    if (coveredMs > mostMs) [best, mostMs] = [index, coveredMs];
  }
  return mostMs < 0 ? -1 : best;
}

/** For each message the earliest time of those that were sent after it. */
function earliestLater(times: readonly (number | null)[], endMs: number): number[] {
  let earliest = endMs;
  return times
    .toReversed()
    .map((ms) => {
      const before = earliest;
      if (ms !== null) earliest = Math.min(earliest, ms);
      return before;
    })
    .reverse();
}

/** Nobody answered it, and its time is not over. */
function isStillOpen({ method, outcome, status, publishedMs }: WrongOutcome, timeoutMs: TimeoutsMs, endMs: number): boolean {
  return outcome === 'timeout' && status === 'open' && publishedMs + (timeoutMs.get(method) ?? 0) > endMs - STORY_MS;
}

/** How long callers wait at most, by method. Milliseconds. */
type TimeoutsMs = ReadonlyMap<string, number>;

async function readTimeouts(): Promise<TimeoutsMs> {
  const longest = new Map<string, number>();
  const { calls } = await readStencils();
  for (const { method, expirationMs } of calls) longest.set(method, Math.max(expirationMs ?? 0, longest.get(method) ?? 0));
  return longest;
}

function causeOf(gap: StoredGap, acts: readonly Act[]): string | null {
  return acts.find((act) => isCause(act, gap))?.kind ?? null;
}

function isCause({ kind, fromMs, toMs }: Act, gap: StoredGap): boolean {
  const { gap: always, mayBe }: Made = KINDS[kind];
  return (gap.reason === always || gap.reason === mayBe) && gap.fromMs >= fromMs - NOTICED_MS && gap.toMs <= toMs + NOTICED_MS;
}

function isWithoutGap(act: Act, gaps: readonly StoredGap[]): boolean {
  const { gap: always }: Made = KINDS[act.kind];
  return always !== undefined && !gaps.some((gap) => gap.reason === always && isCause(act, gap));
}

async function minutesOf(store: Store): Promise<Minute[]> {
  return store.query<Minute>(
    `SELECT formatDateTime(minute, '%H:%i') AS start, toUnixTimestamp(minute) * 1000. AS fromMs, coverage + 0. AS coverage
     FROM oslo_coverage ORDER BY minute`,
  );
}

interface Unmatched {
  readonly ms: number;
  readonly reason: string;
  readonly isUndecodable: boolean;
}

/** What has no story may be half of one that a gap cut; what cannot be decoded is none. */
async function unmatchedOf(store: Store): Promise<Unmatched[]> {
  return store.query<Unmatched>(
    `SELECT toUnixTimestamp64Milli(received_at) + 0. AS ms, toString(reason) AS reason, reason NOT IN (${HALVES}) AS isUndecodable
     FROM oslo_unmatched FINAL`,
  );
}

const HALVES = "'delivery_without_publish', 'reply_without_request'";

interface Counts {
  readonly spans: number;
  readonly spansTwice: number;
  readonly withoutSpan: number;
  readonly open: number;
}

const COUNTS = `SELECT
  (SELECT count() FROM otel_traces) AS spans,
  (SELECT count() - uniqExact(SpanId) FROM otel_traces) AS spansTwice,
  (SELECT count() FROM oslo_messages FINAL
    WHERE kind != 'notification' AND left(lower(hex(unique_id)), 16) NOT IN (SELECT SpanId FROM otel_traces)) AS withoutSpan,
  (SELECT count() FROM oslo_messages FINAL WHERE closed = 'end_of_input') AS open`;

/** Stories whose events the journal would bring again to the next start, as not being in the store for good. */
async function storiesIn(directory: string): Promise<number> {
  const journal = await Journal.open(directory);
  try {
    const stories = new Set<string>();
    for await (const { event, isSettled } of journal.recover()) if (!isSettled) stories.add(journalKey(event));
    return stories.size;
  } finally {
    await journal.close();
  }
}
