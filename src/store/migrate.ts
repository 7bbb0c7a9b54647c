/** The schema, as numbered `.sql` files applied in order, each once. */
import { readdirSync, readFileSync } from 'node:fs';
import { Misuse } from '../errors.ts';
import type { Store } from './store.ts';

const DIRECTORY = new URL('./migrations/', import.meta.url);

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

const LEDGER = `CREATE TABLE IF NOT EXISTS oslotap_migrations
(version UInt32, name String, applied_at DateTime DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY version`;

/** Brings the schema up to date. @returns the names of what was applied. */
export async function migrate(store: Store): Promise<readonly string[]> {
  await store.command(LEDGER);
  const applied = await appliedVersions(store);
  const pending = migrations().filter(({ version }) => !applied.has(version));
  for (const { version, name, statements } of pending) {
    for (const statement of statements) await store.command(statement);
    await store.insert('oslotap_migrations', ['version', 'name'], [JSON.stringify([version, name])]);
  }
  return pending.map(({ name }) => name);
}

/** @throws Misuse where the store's schema is not the one that this release reads. */
export async function assertMigrated(store: Store): Promise<void> {
  const hasLedger = await store.query(
    "SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = 'oslotap_migrations'",
  );
  const applied = hasLedger.length === 0 ? new Set<number>() : await appliedVersions(store);
  const known = migrations();
  const missing = known.find(({ version }) => !applied.has(version));
  if (missing !== undefined) throw new Misuse(`the store's schema lacks ${missing.name}: run 'oslotap migrate'`);
  if (applied.size > known.length) throw new Misuse('the store was written by a newer release: update oslotap');
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
    statements: readFileSync(new URL(file, DIRECTORY), 'utf8')
      .split(/;\s*$/m)
      .map((statement) => statement.replace(/^--.*$/gm, '').trim())
      .filter((statement) => statement !== ''),
  }));
}
