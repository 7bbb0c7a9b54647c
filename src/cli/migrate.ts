/** `oslotap migrate`: brings the store's schema up to date. */
import { Command } from 'commander';
import { Misuse } from '../errors.ts';
import { openChdb } from '../store/chdb.ts';
import { migrate } from '../store/migrate.ts';
import { parseStore } from '../store/store.ts';
import { type StoreOptions, storeOption } from './store-option.ts';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description("create or update the store's schema (replay does so by itself)")
    .addOption(storeOption())
    .action(async (options: StoreOptions) => {
      const target = parseStore(options.store);
      if (target.kind === 'none') throw new Misuse('--store none has no schema: use chdb:DIRECTORY');
      const store = await openChdb({ directory: target.directory, command: 'migrate', isWriter: true });
      try {
        const applied = await migrate(store);
        process.stderr.write(
          applied.length === 0 ? 'oslotap: the schema is up to date\n' : `oslotap: applied ${applied.join(', ')}\n`,
        );
      } finally {
        await store.close();
      }
    });
}
