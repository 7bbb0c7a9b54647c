/** How long rows are kept, by table. ClickHouse removes what is older, when it merges; a table without a TTL keeps everything. */
import { type Layout, localName } from './cluster-ddl.ts';
import type { Store } from './store.ts';

/** Seconds; null: for ever. What is left out stays as it is in the store. */
export interface Ttl {
  /** Messages, unmatched events, and links between traces. */
  readonly messages?: number | null | undefined;
  /** Messages that no user asked for, where they may go sooner. */
  readonly background?: number | null | undefined;
  readonly spans?: number | null | undefined;
  /** Critical paths of requests. */
  readonly requests?: number | null | undefined;
  /** Sums of minutes. */
  readonly minutes?: number | null | undefined;
  readonly gaps?: number | null | undefined;
  readonly storms?: number | null | undefined;
}

interface Rule {
  readonly table: RegExp;
  readonly time: string;
  readonly ttl: keyof Ttl;
}

const RULES: readonly Rule[] = [
  { table: /^oslo_messages$/, time: 'published_at', ttl: 'messages' },
  { table: /^oslo_unmatched$/, time: 'received_at', ttl: 'messages' },
  { table: /^oslo_links$/, time: 'published_at', ttl: 'messages' },
  { table: /^otel_traces$/, time: 'Timestamp', ttl: 'spans' },
  { table: /^otel_traces_trace_id_ts$/, time: 'End', ttl: 'spans' },
  { table: /^oslo_critical_path$/, time: 'started_at', ttl: 'requests' },
  { table: /^oslo_(minutes|\w+_1m)$/, time: 'minute', ttl: 'minutes' },
  { table: /^oslo_gaps$/, time: 'ended_at', ttl: 'gaps' },
  { table: /^oslo_storms$/, time: 'ended_at', ttl: 'storms' },
];

interface Table {
  readonly name: string;
  readonly engine: string;
}

/** Changes what is not as it should be. @returns the tables that were changed. */
export async function applyTtl(store: Store, ttl: Ttl, layout: Layout): Promise<readonly string[]> {
  if (Object.values(ttl).every((seconds) => seconds === undefined)) return [];
  const tables = await store.query<Table>(
    'SELECT name, engine_full AS engine FROM system.tables WHERE database = currentDatabase() ORDER BY name',
  );
  const engines = new Map(tables.map(({ name, engine }) => [name, engine]));
  const changed: string[] = [];
  for (const { name } of tables) {
    const wanted = clauseOf(name, ttl);
    const present = ttlOf(engines.get(localName(name, layout)) ?? '');
    if (wanted === null || plain(wanted) === plain(present)) continue;
    // The parts that are there are looked through in the background.
    await store.command(
      `ALTER TABLE ${name} ${wanted === '' ? 'REMOVE TTL' : `MODIFY TTL ${wanted}`} SETTINGS mutations_sync = 0`,
    );
    changed.push(name);
  }
  return changed;
}

/** @returns the table's TTL, '' for none; null where it is to stay as it is. */
function clauseOf(table: string, ttl: Ttl): string | null {
  const rule = RULES.find((each) => each.table.test(table));
  if (rule === undefined) return null;
  const background = table === 'oslo_messages' ? ttl.background : undefined;
  if (ttl[rule.ttl] === undefined && background === undefined) return null;
  const after = (seconds: number | null | undefined, where: string) =>
    typeof seconds === 'number' ? [`toDateTime(${rule.time}) + toIntervalSecond(${seconds})${where}`] : [];
  return [...after(ttl[rule.ttl], ''), ...after(background, ' DELETE WHERE NOT is_request')].join(', ');
}

/** Of a table's engine as the server writes it: `MergeTree … ORDER BY … TTL … SETTINGS …`. */
function ttlOf(engine: string): string {
  return / TTL (.*?)(?: SETTINGS .*)?$/s.exec(engine)?.[1] ?? '';
}

/** Servers write blanks and brackets, and leave DELETE out, each as it likes. */
function plain(clause: string): string {
  return clause.replace(/\bDELETE\b|[\s()]/g, '');
}
