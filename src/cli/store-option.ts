/** The `--store` option, and opening what it names. */
import { Option } from 'commander';
import { Misuse } from '../errors.ts';
import type { Settings } from '../settings/schema.ts';
import { type EmbeddedStore, openChdb } from '../store/chdb.ts';
import type { Layout } from '../store/cluster-ddl.ts';
import { assertMigrated, migrate } from '../store/migrate.ts';
import { openForReading } from '../store/reader.ts';
import { DEFAULT_STORE, parseStore, type ServerTarget, type Store } from '../store/store.ts';

export interface StoreOptions {
  /** '' where it was not given. */
  readonly store: string;
}

/** Where the data is, and how it is kept there. */
export type StoreSettings = Pick<Settings, 'store' | 'clickhouse' | 'ttl'>;

/** By section: what `StoreSettings` are read from. */
export const STORE_SETTINGS = ['store', 'clickhouse', 'ttl'];

export function storeOption(): Option {
  return new Option(
    '--store <STORE>',
    'where the data is: chdb:DIRECTORY, or http[s]://USER@HOST:8123/DATABASE (its password: OSLOTAP_CLICKHOUSE_PASSWORD, …_FILE)',
  )
    .env('OSLOTAP_STORE')
    .default('', DEFAULT_STORE);
}

/** Opens the store for reading, through the sidecar that holds it if there is one; runs, and closes it, come what may. */
export async function withReader<T>(options: StoreOptions, command: string, run: (store: Store) => Promise<T>): Promise<T> {
  const settings = await readerSettings(options.store);
  const target = parseStore(settings.store);
  if (target.kind === 'none') throw new Misuse(`--store none holds nothing to ${command}: use chdb:DIRECTORY`);
  const store =
    target.kind === 'chdb'
      ? await openForReading(target.directory, command)
      : await openServerAt(target, settings.clickhouse, { mayCreate: false });
  try {
    await assertMigrated(store);
    return await run(store);
  } finally {
    await store.close();
  }
}

export interface OpenedWriter {
  readonly store: Store;
  /** The same, where it is the embedded one. */
  readonly embedded: EmbeddedStore | null;
  /** What was changed of its schema, for people. */
  readonly changes: readonly string[];
}

/** Opens the store for writing with its schema up to date; `none` gives null. Close it. */
export async function openWriter(
  settings: StoreSettings,
  command: string,
  { mayCreate = false } = {},
): Promise<OpenedWriter | null> {
  const target = parseStore(settings.store);
  if (target.kind === 'none') return null;
  if (target.kind === 'server') return await openServerWriter(target, settings, mayCreate);
  const store = await openChdb({ directory: target.directory, command, isWriter: true });
  return await closedOnFailure(store, async () => {
    const changes = await migrate(store, { ttl: settings.ttl });
    return { store, embedded: store, changes };
  });
}

async function openServerWriter(target: ServerTarget, settings: StoreSettings, mayCreate: boolean): Promise<OpenedWriter> {
  const changes: string[] = [];
  const onCreated = (what: string) => changes.push(what);
  const store = await openServerAt(target, settings.clickhouse, { mayCreate, onCreated });
  return await closedOnFailure(store, async () => {
    const { asMisuse } = await import('../store/server.ts');
    try {
      changes.push(...(await migrate(store, { layout: layoutOf(settings.clickhouse, target), ttl: settings.ttl })));
      await store.command(MAY_INSERT);
    } catch (error) {
      throw asMisuse(error, target);
    }
    return { store, embedded: null, changes };
  });
}

/** Inserts nothing: that a user may not is told now, and not with the first batch. */
const MAY_INSERT = 'INSERT INTO oslo_messages (unique_id) SELECT generateUUIDv4() WHERE 0';

interface Creation {
  readonly mayCreate: boolean;
  readonly onCreated?: (what: string) => void;
}

async function openServerAt(target: ServerTarget, clickhouse: Settings['clickhouse'], creation: Creation): Promise<Store> {
  // Its library takes longer to load than most commands to run.
  const { openServer } = await import('../store/server.ts');
  return await openServer({ target, caFile: clickhouse.ca ?? null, layout: layoutOf(clickhouse, target), ...creation });
}

function layoutOf({ cluster, replicated }: Settings['clickhouse'], { database }: ServerTarget): Layout {
  return { cluster: cluster ?? null, isReplicated: replicated, database };
}

async function closedOnFailure<T>(store: Store, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * Commands that read have one option; for a server the environment, and the file that OSLOTAP_CONFIG names, have the rest.
 * @param given '' where it was not.
 */
async function readerSettings(given: string): Promise<Pick<Settings, 'store' | 'clickhouse'>> {
  const { OSLOTAP_CONFIG: file = '', OSLOTAP_STORE: variable } = process.env;
  const isServer = given.startsWith('http');
  if (!isServer && (given !== '' || file === '')) return { store: given || DEFAULT_STORE, clickhouse: NO_SERVER };
  // Its libraries take as long to load as most commands to run.
  const { readSettings, settingsOf } = await import('../settings/read.ts');
  const { LEAVES } = await import('../settings/schema.ts');
  const paths = LEAVES.map(({ path }) => path).filter((path) => path === 'store' || path.startsWith('clickhouse.'));
  const flags = new Map(given === '' || given === variable ? [] : [['store', given] as const]);
  const reading = readSettings({ file: file === '' ? null : file, env: process.env, flags, paths });
  const settings = settingsOf(reading);
  for (const warning of reading.warnings) process.stderr.write(`oslotap: ${warning}\n`);
  return settings;
}

const NO_SERVER: Settings['clickhouse'] = { replicated: false };
