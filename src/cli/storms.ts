/** `oslotap storms [ID]`: the RPC storms in the store, newest first; or all that is known of one. */
import { Command } from 'commander';
import { Failed } from '../errors.ts';
import { listStorms, type StoredStorm } from '../queries/storms.ts';
import { stormPicture } from '../report/storm-picture.ts';
import { stormTable } from '../report/storm-table.ts';
import type { Store } from '../store/store.ts';
import { toAgoMs, toLimit } from './list-options.ts';
import { type StoreOptions, storeOption, withReader } from './store-option.ts';

interface StormsOptions extends StoreOptions {
  readonly limit: number;
  /** Milliseconds. */
  readonly since?: number;
  readonly json?: true;
}

export function stormsCommand(): Command {
  return new Command('storms')
    .description('list RPC storms, newest first; or show one: what grew, from whom, what started it, what it cost')
    .argument('[ID]', "a storm's id, or the beginning of one")
    .addOption(storeOption())
    .option('--limit <N>', 'at most so many; 0: no limit', toLimit, 50)
    .option('--since <TIME>', 'those that lasted into the last 30m, 24h, 7d, 4w', toAgoMs)
    .option('--json', 'as a JSON array; one storm as one object')
    .addHelpText('after', HELP)
    .action(async (id: string | undefined, options: StormsOptions) => {
      if (id === undefined) await list(options);
      else await show(id, options);
    });
}

const HELP = `
A storm is a stretch of time in which services sent, or the broker copied, many times what they usually do. 'oslotap run'
learns what is usual, and finds storms as they begin; 'oslotap replay' finds those in recordings. docs/storms.md says how.

  LASTED      until it was last above its bounds; 'open': it goes on
  WHAT GREW   the method that grew most (what it does to which object) at its topic
  USUAL/S     messages a second of all that grew: as usual, in the worst ten seconds, and how many times as many
  FROM        who sends it: service ×senders, and the one that sends most, with its share
  STARTED BY  what was seen just before: processes that were started, a fanout, a request, the broker, or unknown

  oslotap storms 4f1d               one storm, by the beginning of its id
  oslotap storms --since 24h --json | jq -r '.[] | [.start, .factor, .methods[0].method, .trigger.detail] | @tsv'`;

async function list({ limit, since, json, ...store }: StormsOptions): Promise<void> {
  const sinceNs = since === undefined ? 0n : BigInt(Date.now() - since) * 1_000_000n;
  const storms = await withReader(store, 'list', (reader) => listStorms(reader, { limit, sinceNs }));
  process.stdout.write(json ? `${JSON.stringify(storms)}\n` : stormTable(storms));
  if (json || storms.length > 0) return;
  process.stderr.write(`oslotap: no storm in the store${since === undefined ? '' : ' of this time'}\n`);
}

async function show(id: string, { json, ...store }: StormsOptions): Promise<void> {
  const storm = await withReader(store, 'show', (reader) => find(reader, id));
  process.stdout.write(json ? `${JSON.stringify(storm)}\n` : stormPicture(storm));
}

/** @throws Failed where the id means no storm, or several (which are listed on stderr). */
async function find(store: Store, id: string): Promise<StoredStorm> {
  if (!/^[0-9a-f]{1,16}$/i.test(id)) throw new Failed(`'${id}' is no id of a storm: 'oslotap storms' lists them`);
  const [only, ...others] = await listStorms(store, { id: id.toLowerCase() });
  if (only === undefined) throw new Failed(`storm ${id} is not in the store: 'oslotap storms' lists them`);
  if (others.length === 0) return only;
  process.stderr.write(stormTable([only, ...others]));
  throw new Failed(`${id} is the beginning of ${1 + others.length} storms: show one of them`);
}
