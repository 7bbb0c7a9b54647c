/** What a cluster gets, given to the real engine: it knows each statement, and makes what can be made without Keeper and other nodes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Session } from 'chdb';
import { afterAll, expect, test } from 'vitest';
import { type Layout, rewrite } from '../../../src/store/cluster-ddl.ts';
import { statementsOf } from '../../../src/store/migrate.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../src/store/migrations/', import.meta.url));
const SCHEMA = readdirSync(MIGRATIONS)
  .sort()
  .flatMap((file) => statementsOf(readFileSync(MIGRATIONS + file, 'utf8')));
const DELETES = [
  'DELETE FROM oslo_messages WHERE unique_id IN (SELECT toUUID(arrayJoin({ids:Array(String)})))',
  'DELETE FROM otel_traces WHERE SpanId IN {ids:Array(String)}',
];
const LAYOUT: Layout = { cluster: 'cloud', isReplicated: true, database: 'default' };

const folder = mkdtempSync(join(tmpdir(), 'oslotap-'));
writeFileSync(
  join(folder, 'config.xml'),
  `<clickhouse>
    <remote_servers><cloud><shard><replica><host>localhost</host><port>1</port></replica></shard></cloud></remote_servers>
    <profiles><default/></profiles><quotas><default/></quotas>
    <users><default><password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default></users>
  </clickhouse>`,
);
const session = new Session(join(folder, 'data'), { connectionArgs: [`--config-file=${join(folder, 'config.xml')}`] });
afterAll(() => {
  session.close();
  rmSync(folder, { recursive: true, force: true });
});

async function rowsOf(sql: string): Promise<unknown[]> {
  const text = (await session.queryAsync(sql, { format: 'JSONCompactEachRow' })).text();
  return text === '' ? [] : (JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as unknown[]);
}

test('each statement is ClickHouse', async () => {
  const statements = [...SCHEMA, ...DELETES].flatMap((statement) => rewrite(statement, LAYOUT));
  expect(statements.length).toBeGreaterThan(SCHEMA.length);
  await session.queryAsync("SET param_ids = '[]'");
  for (const statement of statements) await session.queryAsync(`EXPLAIN AST ${statement}`);
});

test('on one node, without its neighbours, all tables and views can be made', async () => {
  const spread = SCHEMA.flatMap((statement) => rewrite(statement, { ...LAYOUT, isReplicated: false }));
  for (const statement of spread) {
    // Rows would go to a node that is not there.
    if (!statement.startsWith('INSERT')) await session.queryAsync(statement.replace(' ON CLUSTER `cloud`', ''));
  }
  const tables = await rowsOf("SELECT name, engine FROM system.tables WHERE database = 'default' ORDER BY name");
  const engines = new Map(tables as [string, string][]);
  const distributed = [...engines].filter(([, engine]) => engine === 'Distributed').map(([name]) => name);
  expect(distributed).toContain('oslo_messages');
  for (const name of distributed)
    expect([name, engines.get(`${name}_local`)]).toEqual([name, expect.stringMatching(/MergeTree$/)]);
  for (const name of distributed) expect([name, await columnsOf(name)]).toEqual([name, await columnsOf(`${name}_local`)]);
});

async function columnsOf(table: string): Promise<unknown[]> {
  return await rowsOf(
    `SELECT name, type FROM system.columns WHERE database = 'default' AND table = '${table}' ORDER BY position`,
  );
}
