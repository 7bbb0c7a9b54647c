/**
 * What `oslotap run` is to those who query it, without a broker: holds a data directory, answers queries, and inserts all the while.
 *
 * usage: query-server.ts DIRECTORY [JSON of host, port, login]      forked: see query-process.ts
 *
 * Each message asks for one: `state` is answered with State, as is `silent`, which takes the address out of oslotap.json; `end` closes all
 * in order, `exit` ends the process at once. The first message is the state at the beginning.
 */
import { createLog } from '../../src/log.ts';
import type { QueryCounters } from '../../src/query/counters.ts';
import { QueryEndpoint } from '../../src/query/endpoint.ts';
import { openChdb } from '../../src/store/chdb.ts';
import { migrate } from '../../src/store/migrate.ts';

export interface State {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  /** Of 1,000 rows each, acknowledged, since the last look. */
  readonly inserts: number;
  /** The longest of them. */
  readonly insertMsMax: number;
  /** The longest that the event loop was held up, since the last look. */
  readonly lagMsMax: number;
  readonly rssMb: number;
  readonly counters: QueryCounters;
}

export type Wish = 'state' | 'silent' | 'end' | 'exit';

const ROWS = Array.from({ length: 1_000 }, (_, i) => JSON.stringify([i, 'x'.repeat(100)]));
const PAUSE_MS = 50;
const TICK_MS = 10;

async function main(): Promise<void> {
  const [directory = '', json = '{}'] = process.argv.slice(2);
  const store = await openChdb({ directory, command: 'run', isWriter: true });
  await migrate(store);
  await store.command('CREATE TABLE IF NOT EXISTS inserted (n UInt64, text String) ENGINE = MergeTree ORDER BY n');
  const reader = await store.openReader();
  const endpoint = await QueryEndpoint.listen({ ...JSON.parse(json), reader, log: createLog() });
  const address = { url: endpoint.url, token: endpoint.token };
  store.announce(address);

  let [inserts, insertMsMax, lagMsMax, isEnding] = [0, 0, 0, false];
  let tickMs = performance.now();
  setInterval(() => {
    lagMsMax = Math.max(lagMsMax, performance.now() - tickMs - TICK_MS);
    tickMs = performance.now();
  }, TICK_MS).unref();
  const inserting = (async () => {
    while (!isEnding) {
      const startedMs = performance.now();
      await store.insert('inserted', ['n', 'text'], ROWS);
      inserts++;
      insertMsMax = Math.max(insertMsMax, performance.now() - startedMs);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  })();
  const tell = () => {
    const rssMb = Math.round(process.memoryUsage.rss() / 1e6);
    const state: State = { ...address, pid: process.pid, inserts, insertMsMax, lagMsMax, rssMb, counters: endpoint.counters };
    process.send?.(state);
    [inserts, insertMsMax, lagMsMax] = [0, 0, 0];
  };
  tell();
  await new Promise<void>((resolve) => {
    process.on('message', (wish: Wish) => {
      if (wish === 'exit') process.exit(0);
      if (wish === 'silent') store.announce(null);
      if (wish === 'end') resolve();
      else tell();
    });
  });
  isEnding = true;
  await inserting;
  store.announce(null);
  await endpoint.close();
  await store.close();
  process.disconnect?.();
}

await main();
