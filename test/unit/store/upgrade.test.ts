/** A store that an earlier release wrote, opened by this one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openChdb } from '../../../src/store/chdb.ts';
import { statementsOf } from '../../../src/store/migrate.ts';
import { capturePath } from '../../support/captures.ts';
import { oslotap, scratch } from '../../support/cli.ts';
import { figuresOf, rollUpDifferences, withStore } from '../../support/figures.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../src/store/migrations/', import.meta.url));
/** The last one without sums of minutes. */
const FORMER = 6;
const CAPTURES = ['boot-1', 'compute-down'].map(capturePath);
const WRITTEN = ['oslo_messages', 'oslo_unmatched', 'oslo_links', 'oslo_gaps', 'oslo_critical_path', 'otel_traces'];
/** What that release did not write: the names of arguments, which are a step of knowledge. */
const COLUMNS: Readonly<Record<string, string>> = {
  oslo_messages: "* EXCEPT (arguments, revision), revision - if(arguments = '', 0, 2) AS revision",
};

type Row = Readonly<Record<string, unknown>>;

test('a store of an earlier schema, with data in it: the figures are the same, and the sums of minutes are made', async () => {
  const folder = scratch();
  const [now, former] = [join(folder, 'now'), join(folder, 'former')];
  expect(oslotap(['replay', ...CAPTURES, '--store', `chdb:${now}`]).code).toBe(0);
  await writeFormer(former, await contentsOf(now));

  const { code, stderr } = oslotap(['migrate', '--store', `chdb:${former}`]);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/applied 0007_.*0008_/)]);
  // Whatever writes next computes what is due; and rows that know no arguments are replaced by those that do.
  expect(oslotap(['replay', ...CAPTURES, '--store', `chdb:${former}`]).code).toBe(0);
  expect(await figuresOf(former)).toEqual(await figuresOf(now));
  expect(await withStore(former, rollUpDifferences)).toEqual([]);
});

async function contentsOf(directory: string): Promise<Map<string, readonly Row[]>> {
  const store = await openChdb({ directory, command: 'test', isWriter: true });
  const contents = new Map<string, readonly Row[]>();
  for (const table of WRITTEN) contents.set(table, await store.query<Row>(`SELECT ${COLUMNS[table] ?? '*'} FROM ${table}`));
  await store.close();
  return contents;
}

async function writeFormer(directory: string, contents: ReadonlyMap<string, readonly Row[]>): Promise<void> {
  const store = await openChdb({ directory, command: 'test', isWriter: true });
  await store.command(
    'CREATE TABLE oslotap_migrations (version UInt32, name String, applied_at DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY version',
  );
  for (const file of readdirSync(MIGRATIONS).sort().slice(0, FORMER)) {
    for (const statement of statementsOf(readFileSync(MIGRATIONS + file, 'utf8'))) await store.command(statement);
    const version = Number.parseInt(file, 10);
    await store.insert('oslotap_migrations', ['version', 'name'], [JSON.stringify([version, file.replace('.sql', '')])]);
  }
  for (const [table, rows] of contents) {
    const columns = Object.keys(rows[0] ?? {});
    await store.insert(
      table,
      columns,
      rows.map((row) => JSON.stringify(Object.values(row))),
    );
  }
  await store.close();
}
