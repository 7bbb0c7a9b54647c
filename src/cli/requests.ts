/** `oslotap requests`: the API requests in the store, newest first. */
import { Command } from 'commander';
import { listTraces } from '../queries/traces.ts';
import { requestTable } from '../report/request-table.ts';
import { toLimit } from './list-options.ts';
import { type StoreOptions, storeOption, withReader } from './store-option.ts';

interface RequestsOptions extends StoreOptions {
  readonly all?: true;
  readonly limit: number;
  readonly json?: true;
}

export function requestsCommand(): Command {
  return new Command('requests')
    .description('list API requests, newest first')
    .addOption(storeOption())
    .option('--all', 'background work and unattributed traces too')
    .option('--limit <N>', 'at most so many; 0: no limit', toLimit, 50)
    .option('--json', 'as a JSON array')
    .action(async (options: RequestsOptions) => {
      const list = { all: options.all ?? false, limit: options.limit };
      const traces = await withReader(options, 'requests', (store) => listTraces(store, list));
      process.stdout.write(options.json ? `${JSON.stringify(traces)}\n` : requestTable(traces));
      if (!options.json && traces.length === 0)
        process.stderr.write('oslotap: no API request in the store (--all shows background work)\n');
    });
}
