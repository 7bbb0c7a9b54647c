/** The `--store` option, and opening what it names. */
import { Option } from 'commander';
import { Misuse } from '../errors.ts';
import { type EmbeddedStore, openChdb } from '../store/chdb.ts';
import { assertMigrated, migrate } from '../store/migrate.ts';
import { openForReading } from '../store/reader.ts';
import { DEFAULT_STORE, parseStore, type Store } from '../store/store.ts';

export interface StoreOptions {
  readonly store: string;
}

export function storeOption(): Option {
  return new Option('--store <STORE>', 'where the data is: chdb:DIRECTORY').env('OSLOTAP_STORE').default(DEFAULT_STORE);
}

/** Opens the store for reading, through the sidecar that holds it if there is one; runs, and closes it, come what may. */
export async function withReader<T>(
  { store: text }: StoreOptions,
  command: string,
  run: (store: Store) => Promise<T>,
): Promise<T> {
  const target = parseStore(text);
  if (target.kind === 'none') throw new Misuse(`--store none holds nothing to ${command}: use chdb:DIRECTORY`);
  const store = await openForReading(target.directory, command);
  try {
    await assertMigrated(store);
    return await run(store);
  } finally {
    await store.close();
  }
}

/** Opens the store for writing with its schema up to date; `none` gives null. Close it. */
export async function openWriter({ store: text }: StoreOptions, command: string): Promise<EmbeddedStore | null> {
  const target = parseStore(text);
  if (target.kind === 'none') return null;
  const store = await openChdb({ directory: target.directory, command, isWriter: true });
  try {
    await migrate(store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
