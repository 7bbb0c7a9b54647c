/**
 * Writes stories to ClickHouse so that each is there exactly once, whatever was there before: the same capture replayed,
 * or one whose replay was killed in the middle.
 *
 * A story's spans are inserted first, its message row last: that row is what says "this story is in". Before a batch goes
 * in, the store is asked what it has of it. A message whose row knows as much is left out; spans without such a row are
 * what a killed run left behind, and a row that knows less is of a shorter recording: both are removed and written anew.
 */
import type { Batch, Sink, Unmatched } from '../../pipeline.ts';
import type { Store } from '../../store/store.ts';
import { BUILT_IN_OPERATIONS, type Operations } from '../../trace/operations.ts';
import type { ClosedMessage } from '../../trace/traced-message.ts';
import { GAP_COLUMNS, gapRow } from './gap-rows.ts';
import {
  knowledgeOf,
  LINK_COLUMNS,
  linkRows,
  MESSAGE_COLUMNS,
  messageRow,
  revisionOf,
  UNMATCHED_COLUMNS,
  unmatchedId,
  unmatchedRow,
} from './message-rows.ts';

import { RollUps } from './roll-ups.ts';
import { formerSpans, SPAN_COLUMNS, type SpanRow, spanRows } from './span-rows.ts';
import { STORM_COLUMNS, stormRow } from './storm-rows.ts';

/** What the writer did. */
export interface WriteTally {
  messages: number;
  spans: number;
  /** Messages that the store had already. */
  known: number;
}

interface TimeRange {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

const EVER: TimeRange = { fromNs: 0n, toNs: 2n ** 63n - 1n };

/** Ids in one DELETE: a replicated table keeps its text in Keeper, which takes 1 MB. */
const REMOVED_MAX = 5_000;

/** A span that is in the store, and is written anew. */
interface Leftover {
  readonly key: string;
  readonly traceId: string;
}

export interface WriterOptions {
  /** The rules that name them. */
  readonly operations?: Operations;
  /** What is written is due there. */
  readonly rollUps?: RollUps;
}

/** Stories in a batch for a server: about 10,000 spans, as servers like them. The embedded store has smaller ones. */
const SERVER_BATCH_STORIES = 7_000;

/** How a pipeline is to hand its stories to this store. */
export function batchingFor({ isExclusive }: Store): { readonly batchStories?: number } {
  return isExclusive ? {} : { batchStories: SERVER_BATCH_STORIES };
}

export class ClickHouseWriter implements Sink {
  readonly tally: WriteTally = { messages: 0, spans: 0, known: 0 };
  /** What is written is due there; whoever has the time for it computes it. */
  readonly rollUps: RollUps;
  /** Called with messages once their first rows are in, without those that the store had of a run before this one. */
  onFirst: (messages: readonly ClosedMessage[]) => void = () => {};
  /** The same with messages that have ended, once their last rows are in. */
  onEnded: (messages: readonly ClosedMessage[]) => void = () => {};
  /** Messages that were written while they were open: how much was known of them. */
  readonly #shown = new Map<string, number>();
  readonly #store: Store;
  readonly #operations: Operations;
  /** The times of what may be in the store already: of a run before this one, or of a batch that failed half-way. */
  #before: TimeRange | null;

  private constructor(store: Store, { operations, rollUps }: Required<WriterOptions>, before: TimeRange | null) {
    this.#store = store;
    this.#operations = operations;
    this.#before = before;
    this.rollUps = rollUps;
  }

  static async open(store: Store, given: WriterOptions = {}): Promise<ClickHouseWriter> {
    const options = { operations: BUILT_IN_OPERATIONS, rollUps: new RollUps(store), ...given };
    // What others write meanwhile may be of any time.
    if (!store.isExclusive) return new ClickHouseWriter(store, options, EVER);
    const [row] = await store.query<{ from: string; to: string; rows: number }>(
      `SELECT toString(toUnixTimestamp64Nano(min(at))) AS from, toString(toUnixTimestamp64Nano(max(at))) AS to, count() AS rows
       FROM (SELECT published_at AS at FROM oslo_messages
             UNION ALL SELECT received_at FROM oslo_unmatched
             UNION ALL SELECT toDateTime64(Timestamp, 9, 'UTC') FROM otel_traces)`,
    );
    if (row === undefined || Number(row.rows) === 0) return new ClickHouseWriter(store, options, null);
    return new ClickHouseWriter(store, options, { fromNs: BigInt(row.from), toNs: BigInt(row.to) });
  }

  /** Ends the gaps that a run left open when it was killed: how far it had seen them is all that is known. */
  endGaps(): Promise<void> {
    return this.#endOpen('oslo_gaps', GAP_COLUMNS);
  }

  /** The same with storms. */
  endStorms(): Promise<void> {
    return this.#endOpen('oslo_storms', STORM_COLUMNS);
  }

  /** @throws Failed where the store fails; the same batch can then be written again. */
  async write(batch: Batch): Promise<void> {
    try {
      await this.rollUps.touch(timesOf(batch));
      await this.#writeMessages(batch.messages);
      await this.#writeUnmatched(batch.unmatched);
      await this.#store.insert('oslo_gaps', GAP_COLUMNS, batch.gaps.map(gapRow));
      await this.#store.insert('oslo_storms', STORM_COLUMNS, batch.storms.map(stormRow));
    } catch (error) {
      this.#doubt(batch);
      throw error;
    }
  }

  async close(): Promise<void> {}

  async #endOpen(table: string, columns: readonly string[]): Promise<void> {
    const kept = columns.filter((column) => column !== 'is_open' && column !== 'revision').join(', ');
    await this.#store.command(
      `INSERT INTO ${table} (${kept}, is_open, revision) SELECT ${kept}, false, revision + 1 FROM ${table} FINAL WHERE is_open`,
    );
  }

  async #writeMessages(messages: readonly ClosedMessage[]): Promise<void> {
    const first = messages.filter(({ traced }) => !this.#shown.has(traced.uniqueId));
    const changed = messages.filter((closed) => this.#isChanged(closed));
    const fresh = await this.#writeRows(first, this.#before);
    await this.#writeRows(changed, EVER);
    this.tally.known += first.length - fresh.length;
    const ended = messages.filter(({ reason }) => reason !== 'end_of_input');
    const known = new Set(first);
    for (const closed of fresh) known.delete(closed);
    this.#noteShown(messages);
    this.onFirst(fresh);
    this.onEnded(ended.filter((closed) => !known.has(closed)));
  }

  /** Whether its row is not what it was written as while it was open. */
  #isChanged(closed: ClosedMessage): boolean {
    const knowledge = this.#shown.get(closed.traced.uniqueId);
    return knowledge !== undefined && knowledge !== knowledgeOf(closed);
  }

  #noteShown(messages: readonly ClosedMessage[]): void {
    for (const closed of messages) {
      const { uniqueId } = closed.traced;
      if (closed.reason !== 'end_of_input') this.#shown.delete(uniqueId);
      else this.#shown.set(uniqueId, knowledgeOf(closed));
    }
  }

  /** @param before the times of what may be in the store already. @returns those that were not. */
  async #writeRows(messages: readonly ClosedMessage[], before: TimeRange | null): Promise<readonly ClosedMessage[]> {
    const fresh = await this.#leaveOutKnown(messages, before);
    const spans = fresh.flatMap((closed) => spanRows(closed, this.#operations));
    await this.#removeLeftovers(fresh, spans, before);
    await this.#insertAll([
      ['otel_traces', SPAN_COLUMNS, spans.map(({ json }) => json)],
      ['oslo_links', LINK_COLUMNS, fresh.flatMap(linkRows)],
    ]);
    await this.#store.insert(
      'oslo_messages',
      MESSAGE_COLUMNS,
      fresh.map((closed) => messageRow(closed, this.#operations)),
    );
    this.tally.messages += fresh.length;
    this.tally.spans += spans.length;
    return fresh;
  }

  /** At once, where the store takes more than one. */
  async #insertAll(inserts: readonly Parameters<Store['insert']>[]): Promise<void> {
    if (!this.#store.isExclusive) await Promise.all(inserts.map((insert) => this.#store.insert(...insert)));
    else for (const insert of inserts) await this.#store.insert(...insert);
  }

  async #leaveOutKnown(messages: readonly ClosedMessage[], before: TimeRange | null): Promise<readonly ClosedMessage[]> {
    const range = overlap(
      messages.map(({ traced }) => traced.publish.timeNs),
      before,
    );
    if (range === null) return messages;
    const rows = await this.#store.query<{ id: string; revision: number }>(
      `SELECT lower(hex(unique_id)) AS id, max(revision) AS revision FROM oslo_messages
       WHERE ${within('published_at')} AND unique_id IN (SELECT toUUID(arrayJoin({ids:Array(String)})))
       GROUP BY unique_id`,
      { ...bounds(range), ids: messages.map(({ traced }) => traced.uniqueId) },
    );
    if (rows.length === 0) return messages;
    const known = new Map(rows.map(({ id, revision }) => [id, revision]));
    const fresh = messages.filter((closed) => (known.get(closed.traced.uniqueId) ?? 0) < revisionOf(closed));
    const outdated = fresh.map(({ traced }) => traced.uniqueId).filter((id) => known.has(id));
    await this.#remove(
      'oslo_messages',
      'published_at',
      'unique_id IN (SELECT toUUID(arrayJoin({ids:Array(String)})))',
      range,
      outdated,
    );
    return fresh;
  }

  async #removeLeftovers(messages: readonly ClosedMessage[], spans: readonly SpanRow[], before: TimeRange | null): Promise<void> {
    const wanted = [...spans, ...messages.flatMap(formerSpans)];
    const range = overlap(
      wanted.map(({ timeNs }) => timeNs),
      before,
    );
    if (range === null) return;
    const keys = [...new Set(wanted.map(({ spanId, timeNs }) => `${spanId}${timeNs}`))];
    const rows = await this.#store.query<Leftover>(
      `SELECT ${SPAN_KEY} AS key, TraceId AS traceId FROM otel_traces WHERE ${within('Timestamp')} AND key IN {ids:Array(String)}`,
      { ...bounds(range), ids: keys },
    );
    const found = rows.map(({ key }) => key);
    await this.#forgetTraces(rows, new Set(spans.map(({ traceId }) => traceId)));
    await this.#remove('otel_traces', 'Timestamp', `${SPAN_KEY} IN {ids:Array(String)}`, range, found);
  }

  /** A trace that turned out to be part of another is no more once its last span stands there. */
  async #forgetTraces(leftovers: readonly Leftover[], written: ReadonlySet<string>): Promise<void> {
    const left = new Set(leftovers.map(({ traceId }) => traceId).filter((traceId) => !written.has(traceId)));
    if (left.size === 0) return;
    const rows = await this.#store.query<{ traceId: string }>(
      `SELECT DISTINCT TraceId AS traceId FROM otel_traces
       WHERE TraceId IN {traces:Array(String)} AND ${SPAN_KEY} NOT IN {ids:Array(String)}`,
      { traces: [...left], ids: leftovers.map(({ key }) => key) },
    );
    for (const { traceId } of rows) left.delete(traceId);
    if (left.size === 0) return;
    await this.#store.command('DELETE FROM otel_traces_trace_id_ts WHERE TraceId IN {ids:Array(String)}', { ids: [...left] });
  }

  async #remove(table: string, time: string, condition: string, range: TimeRange, ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += REMOVED_MAX) {
      const params = { ...bounds(range), ids: ids.slice(at, at + REMOVED_MAX) };
      await this.#store.command(`DELETE FROM ${table} WHERE ${within(time)} AND ${condition}`, params);
    }
  }

  async #writeUnmatched(unmatched: readonly Unmatched[]): Promise<void> {
    const range = overlap(
      unmatched.map(({ event }) => event.timeNs),
      this.#before,
    );
    const known = range === null ? new Set<string>() : await this.#knownUnmatched(unmatched, range);
    const fresh = unmatched.filter((item) => !known.has(unmatchedId(item)));
    await this.#store.insert('oslo_unmatched', UNMATCHED_COLUMNS, fresh.map(unmatchedRow));
  }

  async #knownUnmatched(unmatched: readonly Unmatched[], range: TimeRange): Promise<Set<string>> {
    const rows = await this.#store.query<{ id: string }>(
      `SELECT event_id AS id FROM oslo_unmatched WHERE ${within('received_at')} AND event_id IN {ids:Array(String)}`,
      { ...bounds(range), ids: unmatched.map(unmatchedId) },
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Part of it may be in: from now on the store is asked for these times. */
  #doubt(batch: Batch): void {
    const deliveries = batch.messages.flatMap(({ traced }) => traced.deliveries.map(({ event }) => event.timeNs));
    const range = rangeOf([...timesOf(batch), ...deliveries]);
    this.#before = range === null || this.#before === null ? (range ?? this.#before) : union(range, this.#before);
  }
}

/** Of publishes, and of what is unmatched. */
function timesOf({ messages, unmatched }: Batch): bigint[] {
  return [...messages.map(({ traced }) => traced.publish.timeNs), ...unmatched.map(({ event }) => event.timeNs)];
}

/** The batch's own times, or null where the store held nothing of them before. */
function overlap(times: readonly bigint[], before: TimeRange | null): TimeRange | null {
  const range = rangeOf(times);
  if (before === null || range === null) return null;
  return range.toNs < before.fromNs || range.fromNs > before.toNs ? null : range;
}

function rangeOf(times: readonly bigint[]): TimeRange | null {
  if (times.length === 0) return null;
  let [fromNs, toNs] = [times[0] as bigint, times[0] as bigint];
  for (const time of times) {
    if (time < fromNs) fromNs = time;
    if (time > toNs) toNs = time;
  }
  return { fromNs, toNs };
}

function union(a: TimeRange, b: TimeRange): TimeRange {
  return { fromNs: a.fromNs < b.fromNs ? a.fromNs : b.fromNs, toNs: a.toNs > b.toNs ? a.toNs : b.toNs };
}

/** A span id is unique in its trace; with its time, in the store. */
const SPAN_KEY = 'concat(SpanId, toString(toUnixTimestamp64Nano(Timestamp)))';

function within(column: string): string {
  return `${column} BETWEEN fromUnixTimestamp64Nano({from:Int64}, 'UTC') AND fromUnixTimestamp64Nano({to:Int64}, 'UTC')`;
}

function bounds({ fromNs, toNs }: TimeRange): { from: string; to: string } {
  return { from: String(fromNs), to: String(toNs) };
}
