/** `oslotap messages [ID] --json`: every message, one JSON line each, for jq and scripts. */
import { once } from 'node:events';
import { Command } from 'commander';
import { Misuse } from '../errors.ts';
import { allMessages, messagesOf, toMessage } from '../queries/traces.ts';
import { findTraceId } from './find-trace.ts';
import { type StoreOptions, storeOption, withReader } from './store-option.ts';

interface MessagesOptions extends StoreOptions {
  readonly json?: true;
}

export function messagesCommand(): Command {
  return new Command('messages')
    .description('print every message of one request, or of the whole store, as JSON lines')
    .argument('[ID]', 'as for show')
    .addOption(storeOption())
    .option('--json', 'one JSON object a line (the only form)')
    .action(async (id: string | undefined, options: MessagesOptions) => {
      if (!options.json) throw new Misuse('messages prints JSON lines only: add --json (for people there is show)');
      await withReader(options, 'messages', async (store) => {
        const messages = id === undefined ? allMessages(store) : await messagesOf(store, await findTraceId(store, id));
        for await (const message of messages) {
          if (!process.stdout.write(`${JSON.stringify(toMessage(message))}\n`)) await once(process.stdout, 'drain');
        }
      });
    });
}
