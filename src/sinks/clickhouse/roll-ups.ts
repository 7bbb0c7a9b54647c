/**
 * What dashboards read: sums of each minute, in tables of their own (`oslo_*_1m`). A minute that a message of it was written or
 * replaced in is computed as a whole, from the messages, and replaces what was computed before. So sums are right however often
 * a batch was tried and whenever the process was killed: a minute is noted before anything of it is written, and until its
 * tables have it.
 *
 *   touch (oslo_minutes) → rows are written → … → compute, by operation → note it as rolled up
 */
import { readFileSync } from 'node:fs';
import type { Store } from '../../store/store.ts';

interface RollUp {
  readonly table: string;
  readonly sql: string;
  /** What a row is by, beside its minute. */
  readonly key: readonly string[];
}

const REQUESTS = rollUp('requests', ['trace_id']);
/** By the operations of their requests: after those. */
const OTHERS: readonly RollUp[] = [
  rollUp('methods', ['is_request', 'operation', 'kind', 'method', 'object', 'from_service']),
  rollUp('edges', ['is_request', 'operation', 'kind', 'from_service', 'to_service']),
  rollUp('queues', ['vhost', 'queue', 'kind']),
  rollUp('reply_queues', ['reply_queue', 'service', 'host']),
  rollUp('fanouts', ['exchange', 'method', 'from_service']),
  rollUp('verdicts', ['is_request', 'operation', 'verdict', 'method', 'culprit_service', 'culprit_host', 'culprit_queue']),
  rollUp('senders', ['from_service', 'from_host', 'kind', 'method']),
  rollUp('coverage', []),
];
const OTHER_MINUTES = sqlOf('other-minutes');

/** Messages that are computed at once, as far as whole minutes allow: some 100 MB of memory. */
const MESSAGES_MAX = 200_000;
/** Minutes at once: their list is part of each query. */
const MINUTES_MAX = 1_000;
/** Where several write to a store, what another left to do for so long is done here. Nanoseconds, by the store's clock. */
const LEFT_NS = 120_000_000_000n;

export class RollUps {
  readonly #store: Store;
  /** Minutes that this process has touched since they were computed: seconds since the epoch. */
  readonly #due = new Set<number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Minutes that wait to be computed. */
  get dueCount(): number {
    return this.#due.size;
  }

  /**
   * Call it before anything is written. @param timesNs of what will be: publishes, receipts of what is unmatched.
   * @throws Failed where the store fails.
   */
  async touch(timesNs: readonly bigint[]): Promise<void> {
    const minutes = new Set(timesNs.map(minuteOf));
    const fresh = [...minutes].filter((minute) => !this.#due.has(minute));
    if (fresh.length === 0) return;
    await this.#note('touched_at', fresh, NOW);
    for (const minute of fresh) this.#due.add(minute);
  }

  /**
   * Computes what is due, also what a run before this one left; one call at a time, and none while a batch is written.
   * @throws Failed where the store fails; what is not done stays due.
   */
  async compute(): Promise<void> {
    for (const minute of await this.#left(this.#store.isExclusive ? 0n : LEFT_NS)) this.#due.add(minute);
    for (const minutes of await this.#portions()) await this.#computeMinutes(minutes);
  }

  async #computeMinutes(minutes: readonly number[]): Promise<void> {
    const version = await this.#now();
    await this.#note('begun_at', minutes, version);
    const params = { minutes: minutes.map(String), version };
    await this.#store.command(REQUESTS.sql, params);
    await this.#removeOutdated(REQUESTS, params);
    const others = await this.#store.query<{ minute: number }>(OTHER_MINUTES, params);
    if (others.length > 0) return await this.#computeMinutes([...minutes, ...others.map(({ minute }) => minute)]);
    for (const rollUp of OTHERS) {
      await this.#store.command(rollUp.sql, params);
      await this.#removeOutdated(rollUp, params);
    }
    const contested = new Set(await this.#contested(params));
    const done = minutes.filter((minute) => !contested.has(minute));
    await this.#note('rolled_up_at', done, version);
    for (const minute of done) this.#due.delete(minute);
  }

  /** Keys that these minutes do not have any more: a trace that became part of another, an operation that got its name. */
  async #removeOutdated({ table, key }: RollUp, params: { readonly minutes: string[]; readonly version: string }): Promise<void> {
    const columns = ['minute', ...key].join(', ');
    await this.#store.command(
      `INSERT INTO ${table} (${columns}, version, is_deleted)
       SELECT ${columns}, {version:UInt64}, 1 FROM ${table} FINAL
       WHERE minute IN (SELECT arrayJoin({minutes:Array(DateTime('UTC'))})) AND version < {version:UInt64}`,
      params,
    );
  }

  async #note(column: 'touched_at' | 'begun_at' | 'rolled_up_at', minutes: readonly number[], at: string): Promise<void> {
    if (minutes.length === 0) return;
    await this.#store.command(
      `INSERT INTO oslo_minutes (minute, ${column}) SELECT arrayJoin({minutes:Array(DateTime('UTC'))}), ${at}`,
      { minutes: minutes.map(String) },
    );
  }

  /** Minutes that were touched so long ago and are not computed since. */
  async #left(agoNs: bigint): Promise<number[]> {
    return await this.#minutes(`HAVING max(touched_at) > max(rolled_up_at) AND max(touched_at) <= ${NOW} - {ago:UInt64}`, {
      ago: String(agoNs),
    });
  }

  /** Minutes that somebody else began to compute after this: their rows may be newer, and their end have come before ours. */
  async #contested({ minutes, version }: { readonly minutes: string[]; readonly version: string }): Promise<number[]> {
    return await this.#minutes(
      'HAVING max(begun_at) > {version:UInt64}',
      { minutes, version },
      "WHERE minute IN (SELECT arrayJoin({minutes:Array(DateTime('UTC'))}))",
    );
  }

  async #minutes(having: string, params: Record<string, string | string[]>, where = ''): Promise<number[]> {
    const rows = await this.#store.query<{ at: number }>(
      `SELECT toUnixTimestamp(minute) AS at FROM oslo_minutes ${where} GROUP BY minute ${having}`,
      params,
    );
    return rows.map(({ at }) => at);
  }

  /** What is due, in portions that fit into memory, oldest first. */
  async #portions(): Promise<number[][]> {
    const due = [...this.#due].toSorted((a, b) => a - b);
    if (due.length === 0) return [];
    const rows = await this.#store.query<{ minute: number; messages: number }>(
      `SELECT toUnixTimestamp(toStartOfMinute(published_at)) AS minute, count() AS messages FROM oslo_messages
       WHERE toStartOfMinute(published_at) IN (SELECT arrayJoin({minutes:Array(DateTime('UTC'))})) GROUP BY minute`,
      { minutes: due.map(String) },
    );
    const counts = new Map(rows.map(({ minute, messages }) => [minute, messages]));
    const portions: number[][] = [];
    let portion: number[] = [];
    let messages = 0;
    for (const minute of due) {
      const count = counts.get(minute) ?? 0;
      if (portion.length > 0 && (messages + count > MESSAGES_MAX || portion.length >= MINUTES_MAX)) {
        portions.push(portion);
        [portion, messages] = [[], 0];
      }
      portion.push(minute);
      messages += count;
    }
    return [...portions, portion];
  }

  async #now(): Promise<string> {
    const [row] = await this.#store.query<{ now: string }>(`SELECT toString(${NOW}) AS now`);
    return (row as { now: string }).now;
  }
}

/** The store's clock, by which several sidecars agree. Nanoseconds. */
const NOW = 'toUInt64(toUnixTimestamp64Nano(now64(9)))';

function rollUp(name: string, key: readonly string[]): RollUp {
  return { table: `oslo_${name}_1m`, sql: sqlOf(name.replace('_', '-')), key };
}

function sqlOf(name: string): string {
  return readFileSync(new URL(`./roll-ups/${name}.sql`, import.meta.url), 'utf8');
}

/** Seconds since the epoch. */
function minuteOf(timeNs: bigint): number {
  return Number(timeNs / 60_000_000_000n) * 60;
}
