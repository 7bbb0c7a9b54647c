/** `oslotap migrate`: brings the store's schema up to date. */
import { Command } from 'commander';
import { Misuse } from '../errors.ts';
import { addSettings, settingsFor } from './settings-options.ts';
import { openWriter, STORE_SETTINGS } from './store-option.ts';

export function migrateCommand(): Command {
  const command = new Command('migrate').description(
    "create or update the store's schema, and how long rows are kept (run and replay do so by themselves); on a server also the database",
  );
  return addSettings(command, STORE_SETTINGS).action(async (_options: unknown, self: Command) => {
    const { settings } = settingsFor(self, STORE_SETTINGS);
    const opened = await openWriter(settings, 'migrate', { mayCreate: true });
    if (opened === null) throw new Misuse('--store none has no schema: use chdb:DIRECTORY');
    await opened.store.close();
    const { changes } = opened;
    process.stderr.write(
      changes.length === 0 ? 'oslotap: the schema is up to date\n' : `oslotap: applied ${changes.join(', ')}\n`,
    );
  });
}
