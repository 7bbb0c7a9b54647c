/**
 * Answers queries over a data directory until it is told to end: `panel-server.ts DIRECTORY`, forked by store.ts. Its one message is the
 * URL. A process of its own, since the command line asks it too while the test waits. Captures have no gaps, and storms only where it is
 * known what is usual; panels show both: so where messages are it notes one of each first, as a live tap would.
 */
import type { Gap } from '../../../src/gap.ts';
import { createLog } from '../../../src/log.ts';
import { QueryEndpoint } from '../../../src/query/endpoint.ts';
import { GAP_COLUMNS, gapRow } from '../../../src/sinks/clickhouse/gap-rows.ts';
import { STORM_COLUMNS, stormRow } from '../../../src/sinks/clickhouse/storm-rows.ts';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { stormOf } from '../../support/storms.ts';

const MINUTE_NS = 60_000_000_000n;

async function main(): Promise<void> {
  const [directory = ''] = process.argv.slice(2);
  const store = await openChdb({ directory, command: 'run', isWriter: true });
  await migrate(store);
  const [ended] = await store.query<{ ns: string }>(
    'SELECT toString(max(toUnixTimestamp64Nano(ended_at))) AS ns FROM oslo_messages HAVING count() > 0',
  );
  if (ended !== undefined) {
    const toNs = BigInt(ended.ns);
    await store.insert('oslo_gaps', GAP_COLUMNS, [gapRow(gapAt(toNs))]);
    await store.insert('oslo_storms', STORM_COLUMNS, [stormRow(stormOf({ fromNs: toNs - MINUTE_NS, toNs, isOpen: true }))]);
  }
  const endpoint = await QueryEndpoint.listen({ port: 0, reader: await store.openReader(), log: createLog() });
  store.announce({ url: endpoint.url, token: endpoint.token });
  process.send?.(endpoint.url);
  // Whoever forked it is gone, or wants it gone.
  process.once('disconnect', () => process.exit(0));
}

/** The half minute before `toNs`. */
function gapAt(toNs: bigint): Gap {
  const lost = { share: 0.5, lostMin: 3, lostEstimate: 40 };
  const node = 'rabbit@ctl1';
  return {
    id: '00112233445566aa',
    reason: 'not_armed',
    vhost: '/',
    node,
    fromNs: toNs - 30_000_000_000n,
    toNs,
    isOpen: false,
    detail: '',
    ...lost,
  };
}

await main();
