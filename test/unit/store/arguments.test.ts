/** Names of arguments in the store: a row that has them is not replaced by one without. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { allMessages } from '../../../src/queries/traces.ts';
import { ClickHouseWriter } from '../../../src/sinks/clickhouse/writer.ts';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import type { Store } from '../../../src/store/store.ts';
import { scratch } from '../../support/cli.ts';
import { closedStory, type Story } from '../../support/stories.ts';

const ID = '0123456789abcdef0123456789abcdef';

async function emptyStore(): Promise<Store> {
  const store = await openChdb({ directory: join(scratch(), 'data'), command: 'test', isWriter: true });
  onTestFinished(() => store.close());
  await migrate(store);
  return store;
}

/** As a run of its own. */
async function write(store: Store, ...stories: readonly Story[]): Promise<void> {
  const writer = await ClickHouseWriter.open(store);
  await writer.write({ messages: stories.map(closedStory), unmatched: [], gaps: [], storms: [] });
}

test('they come back as an object; null where they were not read', async () => {
  const store = await emptyStore();
  const other = ID.replaceAll('0', '1');
  await write(store, { id: ID, arguments: '{"host":"string","instance":"object<Instance>"}' }, { id: other });
  const messages = await Array.fromAsync(allMessages(store));
  expect(messages.map(({ unique_id, arguments: given }) => [unique_id, given])).toEqual([
    [ID, { host: 'string', instance: 'object<Instance>' }],
    [other, null],
  ]);
});

test('the row of an older journal gets them from a later one, and the other way round they stay', async () => {
  const store = await emptyStore();
  const [bare, told] = [{ id: ID }, { id: ID, arguments: '{"host":"string"}' }];
  for (const story of [bare, told, bare]) await write(store, story);
  const messages = await Array.fromAsync(allMessages(store));
  expect(messages.map(({ arguments: given }) => given)).toEqual([{ host: 'string' }]);
});
