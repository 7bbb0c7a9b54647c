/** The schema, as numbered `.sql` files applied in order, each once. */
import { readdirSync, readFileSync } from 'node:fs';
import { Misuse } from '../errors.ts';
import { type Layout, ONE_SERVER } from './cluster-ddl.ts';
import type { Store } from './store.ts';
import { applyTtl, type Ttl } from './ttl.ts';

const DIRECTORY = new URL('./migrations/', import.meta.url);

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

const LEDGER = `CREATE TABLE IF NOT EXISTS oslotap_migrations
(version UInt32, name String, applied_at DateTime DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY version`;

export interface MigrateOptions {
  /** @default one server */
  readonly layout?: Layout;
  /** How long rows are kept. @default as it is */
  readonly ttl?: Ttl;
}

/**
 * Brings the schema up to date, and says how long rows are kept. What is as it should be is not touched: that needs no right to change it.
 * @returns what was done, for people: names of migrations, and of tables whose TTL was changed.
 */
export async function migrate(store: Store, { layout = ONE_SERVER, ttl = {} }: MigrateOptions = {}): Promise<readonly string[]> {
  const ledger = await ledgerOf(store);
  if (ledger === null) await store.command(LEDGER);
  else assertLayout(ledger, layout);
  const applied = await appliedVersions(store);
  const pending = migrations().filter(({ version }) => !applied.has(version));
  for (const { version, name, statements } of pending) {
    for (const statement of statements) await store.command(statement);
    await store.insert('oslotap_migrations', ['version', 'name'], [JSON.stringify([version, name])]);
  }
  const changed = await applyTtl(store, ttl, layout);
  return [...pending.map(({ name }) => name), ...changed.map((table) => `TTL of ${table}`)];
}

/** @throws Misuse where the store's schema is not the one that this release reads. */
export async function assertMigrated(store: Store): Promise<void> {
  const applied = (await ledgerOf(store)) === null ? new Set<number>() : await appliedVersions(store);
  const known = migrations();
  const missing = known.find(({ version }) => !applied.has(version));
  if (missing !== undefined) throw new Misuse(`the store's schema lacks ${missing.name}: run 'oslotap migrate'`);
  if (applied.size > known.length) throw new Misuse('the store was written by a newer release: update oslotap');
}

/** The engine of the table that says what was applied; null: there is none. */
async function ledgerOf(store: Store): Promise<string | null> {
  const [row] = await store.query<{ engine: string }>(
    "SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'oslotap_migrations'",
  );
  return row?.engine ?? null;
}

/** @throws Misuse where the tables that are there are laid out in another way. */
function assertLayout(ledger: string, { cluster, isReplicated }: Layout): void {
  const isSpread = ledger === 'Distributed';
  if (isSpread && cluster === null) throw new Misuse('clickhouse.cluster: the tables are spread over a cluster: name it');
  if (!isSpread && cluster !== null)
    throw new Misuse('clickhouse.cluster: the tables that are there are of one server: give another database');
  if (!isSpread && ledger.startsWith('Replicated') !== isReplicated)
    throw new Misuse(`clickhouse.replicated: the tables that are there are ${isReplicated ? 'not ' : ''}replicated`);
}

async function appliedVersions(store: Store): Promise<Set<number>> {
  const rows = await store.query<{ version: number }>('SELECT DISTINCT version FROM oslotap_migrations');
  return new Set(rows.map(({ version }) => version));
}

function migrations(): Migration[] {
  const files = readdirSync(DIRECTORY).filter((file) => file.endsWith('.sql'));
  return files.sort().map((file) => ({
    version: Number.parseInt(file, 10),
    name: file.replace(/\.sql$/, ''),
    statements: statementsOf(readFileSync(new URL(file, DIRECTORY), 'utf8')),
  }));
}

/** Of a migration's text: each ends with a semicolon at the end of a line. */
export function statementsOf(text: string): string[] {
  return text
    .split(/;\s*$/m)
    .map((statement) => statement.replace(/^--.*$/gm, '').trim())
    .filter((statement) => statement !== '');
}
