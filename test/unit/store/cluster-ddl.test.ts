/** The schema and the statements that remove rows, as a cluster gets them. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Layout, rewrite } from '../../../src/store/cluster-ddl.ts';
import { statementsOf } from '../../../src/store/migrate.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../src/store/migrations/', import.meta.url));
const SCHEMA = readdirSync(MIGRATIONS)
  .sort()
  .flatMap((file) => statementsOf(readFileSync(MIGRATIONS + file, 'utf8')));

const SPREAD: Layout = { cluster: 'cloud', isReplicated: false, database: 'oslo' };
const BOTH: Layout = { ...SPREAD, isReplicated: true };
const REPLICATED: Layout = { ...BOTH, cluster: null };

test.each([
  ['spread and replicated', BOTH, 'cluster-replicated.sql'],
  ['replicated, without a cluster', REPLICATED, 'replicated.sql'],
])('the schema, %s', async (_, layout, file) => {
  const statements = SCHEMA.flatMap((statement) => rewrite(statement, layout));
  await expect(`${statements.join(';\n\n')};\n`).toMatchFileSnapshot(`snapshots/${file}`);
});

test('one server has the schema as it is written', () => {
  expect(SCHEMA.flatMap((statement) => rewrite(statement, { ...SPREAD, cluster: null }))).toEqual(SCHEMA);
});

test('rows are removed where they are: on each node', () => {
  expect(rewrite('DELETE FROM otel_traces WHERE SpanId IN {ids:Array(String)}', BOTH)).toEqual([
    'DELETE FROM otel_traces_local ON CLUSTER `cloud` WHERE SpanId IN {ids:Array(String)}',
  ]);
});

test('what is computed is inserted through the table over all nodes', () => {
  const sql = 'INSERT INTO oslo_minutes (minute, touched_at) SELECT arrayJoin({minutes:Array(DateTime)}), 1';
  expect(rewrite(`-- Said before.\n${sql}`, BOTH)).toEqual([sql]);
});

test('columns change in both tables, the storage where the rows are', () => {
  expect(rewrite('ALTER TABLE oslo_messages ADD COLUMN a UInt8, ADD COLUMN b DateTime CODEC(Delta(4), ZSTD(3))', SPREAD)).toEqual(
    [
      'ALTER TABLE oslo_messages_local ON CLUSTER `cloud` ADD COLUMN a UInt8, ADD COLUMN b DateTime CODEC(Delta(4), ZSTD(3))',
      'ALTER TABLE oslo_messages ON CLUSTER `cloud` ADD COLUMN a UInt8, ADD COLUMN b DateTime CODEC(Delta(4), ZSTD(3))',
    ],
  );
  expect(rewrite('ALTER TABLE oslo_gaps MODIFY TTL toDateTime(ended_at) + toIntervalSecond(60)', SPREAD)).toEqual([
    'ALTER TABLE oslo_gaps_local ON CLUSTER `cloud` MODIFY TTL toDateTime(ended_at) + toIntervalSecond(60)',
  ]);
});

test.each([
  'DROP TABLE oslo_messages',
  'OPTIMIZE TABLE oslo_messages FINAL',
  'CREATE TABLE oslo_messages (a UInt8) ENGINE = MergeTree ORDER BY a',
  'CREATE TABLE IF NOT EXISTS oslo_messages (a UInt8) ENGINE = Memory',
  'CREATE TABLE IF NOT EXISTS oslo_strange (a UInt8) ENGINE = MergeTree ORDER BY a',
  'CREATE MATERIALIZED VIEW IF NOT EXISTS v TO oslo_gaps AS SELECT 1 FROM oslo_messages JOIN oslo_links USING trace_id',
  'ALTER TABLE oslo_messages UPDATE bytes = 0 WHERE 1',
  'ALTER TABLE oslo_messages ADD COLUMN a UInt8, MODIFY SETTING b = 1',
  'ALTER TABLE oslo_messages RENAME COLUMN a TO b',
  'DELETE FROM oslo_strange WHERE 1',
  'TRUNCATE TABLE oslo_messages',
])('%s: what has no form is refused, and not passed on', (sql) => {
  expect(() => rewrite(sql, BOTH)).toThrow(/src\/store\/cluster-ddl\.ts/);
});
