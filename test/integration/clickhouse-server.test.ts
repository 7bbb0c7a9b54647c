/** A ClickHouse server as the store: the same figures as the embedded engine's, whatever happens to the server or the way to it. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openChdb } from '../../src/store/chdb.ts';
import { rewrite } from '../../src/store/cluster-ddl.ts';
import { HttpStore } from '../../src/store/http.ts';
import { migrate } from '../../src/store/migrate.ts';
import { capturePath } from '../support/captures.ts';
import { oslotap, type Ran, ROOT, scratch, startOslotap } from '../support/cli.ts';
import { ClickHouseServer } from '../support/clickhouse-server.ts';
import type { SeenRequest, ServerOptions } from '../support/clickhouse-server-child.ts';
import { type Figures, figuresOf, rollUpDifferences, withStore } from '../support/figures.ts';

const BOOT = capturePath('boot-1');
const STORM = capturePath('storm');
const LOGIN = { user: 'tap', password: 's3cr3t' };

// Each of them runs the command line many times.
vi.setConfig({ testTimeout: 180_000 });

interface Served {
  readonly server: ClickHouseServer;
  readonly directory: string;
  readonly store: string;
}

async function serve(options: ServerOptions = {}): Promise<Served> {
  const directory = join(scratch(), 'server');
  const server = await ClickHouseServer.start(directory, options);
  onTestFinished(() => server.kill());
  return { server, directory, store: server.url };
}

function succeed({ code, stdout, stderr }: Ran): string {
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** Of an undisturbed replay into the embedded store. */
function embedded(...captures: string[]): string {
  const directory = join(scratch(), 'embedded');
  succeed(oslotap(['replay', ...captures, '--store', `chdb:${directory}`]));
  return directory;
}

async function figuresOfServer({ server, directory }: Served): Promise<Figures> {
  await server.end();
  expect(await withStore(directory, rollUpDifferences)).toEqual([]);
  return await figuresOf(directory);
}

function insertsOf(seen: readonly SeenRequest[], table: string): SeenRequest[] {
  return seen.filter(({ statement }) => statement.startsWith(`INSERT INTO ${table} (`));
}

test('the same captures give the same rows, and the same answers, to the byte', async () => {
  const served = await serve();
  const { store, server } = served;
  const directory = embedded(BOOT, STORM);
  succeed(oslotap(['replay', BOOT, STORM, '--store', store]));

  const seen = await server.seen();
  const commands = seen.map(({ statement }) => statement).filter((sql) => !/^(--.*\n)*(SELECT|WITH)\b|FORMAT \w+$/.test(sql));
  expect(commands.filter((sql) => sql.includes('INSERT INTO')).length).toBeGreaterThan(10);
  for (const sql of commands) rewrite(sql, { cluster: 'cloud', isReplicated: true, database: 'default' });

  const batches = insertsOf(seen, 'oslo_messages').filter(({ encoding }) => encoding !== '');
  expect(batches.length).toBeGreaterThan(1);
  for (const { encoding, settings } of batches) {
    expect([encoding, settings.async_insert, settings.wait_end_of_query]).toEqual(['gzip', '0', '1']);
  }
  expect(new Set(batches.map(({ settings }) => settings.insert_deduplication_token)).size).toBe(batches.length);

  const [{ request_id: id } = { request_id: '' }] = JSON.parse(oslotap(['requests', '--json', '--store', store]).stdout);
  for (const args of [
    ['requests', '--all', '--limit', '0'],
    ['show', id],
    ['explain', id],
    ['messages', '--json'],
    ['report', '--format', 'json'],
  ]) {
    expect(succeed(oslotap([...args, '--store', store]))).toBe(succeed(oslotap([...args, '--store', `chdb:${directory}`])));
  }
  succeed(oslotap(['replay', BOOT, '--store', store]));
  expect(await figuresOfServer(served)).toEqual(await figuresOf(directory));
});

test('answers that are lost, refusals and delays: nothing is there twice, and nothing is missing', async () => {
  const served = await serve();
  const { store, server } = served;
  succeed(oslotap(['migrate', '--store', store]));
  await server.seen();
  await server.setFaults(
    { kind: 'lose_answer', statement: '^INSERT INTO otel_traces ', times: 2 },
    { kind: 'lose_answer', statement: '^INSERT INTO oslo_messages .*FORMAT', times: 1 },
    { kind: 'unavailable', statement: '^INSERT INTO oslo_messages .*FORMAT', times: 1 },
    { kind: 'overloaded', statement: '^INSERT INTO oslo_links', times: 1 },
    { kind: 'lose_answer', statement: '^INSERT INTO oslo_minutes', times: 1 },
    { kind: 'lose_answer', statement: 'INSERT INTO oslo_methods_1m', times: 2 },
    { kind: 'slow', statement: '^INSERT INTO oslo_critical_path', times: 1, waitMs: 500 },
    { kind: 'lose_answer', statement: '^INSERT INTO oslo_critical_path', times: 1 },
  );
  succeed(oslotap(['replay', BOOT, '--store', store]));
  const tries = insertsOf(await server.seen(), 'otel_traces');
  expect(tries.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(tries.map(({ settings }) => settings.insert_deduplication_token)).size).toBe(1);
  expect(await figuresOfServer(served)).toEqual(await figuresOf(embedded(BOOT)));
});

test('a server that is killed in the middle and comes again: the replay goes on, or the next one completes it', async () => {
  const served = await serve();
  const { store, server } = served;
  succeed(oslotap(['migrate', '--store', store]));
  let kills = 0;
  for (const table of ['otel_traces', 'oslo_messages', 'oslo_methods_1m']) {
    await server.setFaults({ kind: 'slow', statement: `INSERT INTO ${table}`, times: 1, waitMs: 300 });
    const child = startOslotap(['replay', STORM, '--store', store]);
    const exited = once(child, 'exit');
    child.stdout.resume();
    child.stderr.resume();
    await Promise.race([sleep(1_400), exited]);
    if (child.exitCode === null) kills++;
    await server.kill();
    await sleep(300);
    await server.restart();
    await exited;
  }
  expect(kills).toBeGreaterThan(0);
  succeed(oslotap(['replay', STORM, '--store', store]));
  expect(await figuresOfServer(served)).toEqual(await figuresOf(embedded(STORM)));
});

test('a replay that is killed in the middle, then the same again', async () => {
  const served = await serve();
  const { store, server } = served;
  succeed(oslotap(['migrate', '--store', store]));
  for (const table of ['otel_traces', 'oslo_messages']) {
    await server.seen();
    await server.setFaults({ kind: 'slow', statement: `^INSERT INTO ${table} .*FORMAT`, times: 1, waitMs: 2_000 });
    const child = startOslotap(['replay', BOOT, '--store', store]);
    const exited = once(child, 'exit');
    while (!(await hasBegun(server, 'oslo_minutes'))) await sleep(50);
    await sleep(300);
    child.kill('SIGKILL');
    await exited;
    // A server goes on with what it was given; what it writes later, beside the next replay, nobody can know of.
    await sleep(2_500);
  }
  await server.setFaults();
  succeed(oslotap(['replay', BOOT, '--store', store]));
  expect(await figuresOfServer(served)).toEqual(await figuresOf(embedded(BOOT)));
});

async function hasBegun(server: ClickHouseServer, table: string): Promise<boolean> {
  return insertsOf(await server.seen(), table).length > 0;
}

test('a set-up that is wrong is one line that says what to do, without the password', async () => {
  const { server } = await serve(LOGIN);
  const at = (user: string, database = '') => `http://${user}@127.0.0.1:${server.port}/${database}`;
  const replay = (store: string) => oslotap(['replay', BOOT], { OSLOTAP_STORE: store });
  const host = `127.0.0.1:${server.port}`;
  expect(replay(at('tap:s3cr3t2'))).toMatchObject({
    code: 2,
    stderr: `oslotap: ClickHouse at ${host} refuses the user tap: give clickhouse.user and clickhouse.passwordFile as they are there\n`,
  });
  expect(replay(at('tap:s3cr3t', 'oslo'))).toMatchObject({
    code: 2,
    stderr: `oslotap: ClickHouse at ${host} has no database oslo: 'oslotap migrate' makes it, or CREATE DATABASE oslo\n`,
  });
  expect(oslotap(['requests'], { OSLOTAP_STORE: at('tap:s3cr3t') })).toMatchObject({
    code: 2,
    stderr: "oslotap: the store's schema lacks 0001_messages: run 'oslotap migrate'\n",
  });
  succeed(oslotap(['migrate'], { OSLOTAP_STORE: at('tap:s3cr3t') }));
  await server.setFaults({ kind: 'denied', statement: '^INSERT', times: 1 });
  expect(replay(at('tap:s3cr3t'))).toMatchObject({
    code: 2,
    stderr: `oslotap: ClickHouse at ${host}: the user tap may not do what it has to: INSERT(unique_id) ON default.oslo_messages; docs/clickhouse.md has the rights\n`,
  });
  await server.end();
  expect(replay(at('tap:s3cr3t'))).toMatchObject({
    code: 2,
    stderr: `oslotap: ClickHouse at ${host} does not answer: ECONNREFUSED: is it there, and is the address right? (--store)\n`,
  });
});

test('migrate makes the database, and says what it did; a second time there is nothing to do', async () => {
  const { server } = await serve(LOGIN);
  const env = { OSLOTAP_STORE: `${server.url}/oslo`, OSLOTAP_CLICKHOUSE_USER: 'tap', OSLOTAP_CLICKHOUSE_PASSWORD: 's3cr3t' };
  const first = oslotap(['migrate', '--ttl-spans', '30d'], env);
  expect(first).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(
      /^oslotap: applied the database oslo, 0001_messages, .*, TTL of otel_traces, TTL of otel_traces_trace_id_ts\n$/,
    ),
  });
  expect(oslotap(['migrate', '--ttl-spans', '30d'], env).stderr).toBe('oslotap: the schema is up to date\n');
  expect(oslotap(['migrate', '--clickhouse-replicated'], env)).toMatchObject({
    code: 2,
    stderr: 'oslotap: clickhouse.replicated: the tables that are there are not replicated\n',
  });
});

test('the password from a file, by flag, environment and YAML; one on the command line is warned about', async () => {
  const { server } = await serve(LOGIN);
  const folder = scratch();
  const [secret, config] = [join(folder, 'password'), join(folder, 'oslotap.yaml')];
  writeFileSync(secret, 's3cr3t\n', { mode: 0o600 });
  writeFileSync(config, `store: http://tap@127.0.0.1:${server.port}/oslo\nclickhouse: { passwordFile: ${secret} }\n`);
  const store = `http://127.0.0.1:${server.port}/oslo`;

  expect(oslotap(['migrate', '--config', config]).code).toBe(0);
  expect(oslotap(['replay', BOOT, '--config', config]).code).toBe(0);
  const wanted = succeed(oslotap(['requests'], { OSLOTAP_CONFIG: config }));
  expect(wanted).toContain('server.create');
  const env = { OSLOTAP_CLICKHOUSE_USER: 'tap', OSLOTAP_CLICKHOUSE_PASSWORD_FILE: secret };
  expect(oslotap(['requests', '--store', store], env)).toEqual({ code: 0, stdout: wanted, stderr: '' });
  const flags = ['--clickhouse-user', 'tap', '--clickhouse-password-file', secret];
  expect(oslotap(['migrate', '--store', store, ...flags]).stderr).toBe('oslotap: the schema is up to date\n');

  const shown = oslotap(['requests', '--store', `http://tap:s3cr3t@127.0.0.1:${server.port}/oslo`]);
  expect(shown).toEqual({
    code: 0,
    stdout: wanted,
    stderr: 'oslotap: --store shows its password to every user of this machine: put the URL into OSLOTAP_STORE\n',
  });
});

test('at most two inserts are on their way at once, and lists may be long', async () => {
  const { server } = await serve();
  const store = new HttpStore({
    url: `${server.url}/`,
    database: 'default',
    login: { user: 'default', password: '' },
    name: 'ClickHouse',
    timeoutMs: 30_000,
  });
  await store.command('CREATE TABLE t (id String) ENGINE = MergeTree ORDER BY id');
  await server.setFaults({ kind: 'slow', statement: '^INSERT', times: 6, waitMs: 200 });
  const ids = Array.from({ length: 6_000 }, (_, i) => `it's ${String(i).padStart(40, '0')}`);
  const batches = Array.from({ length: 6 }, (_, i) => ids.slice(i * 1_000, (i + 1) * 1_000).map((id) => JSON.stringify([id])));
  await Promise.all(batches.map((rows) => store.insert('t', ['id'], rows)));
  expect(Math.max(...(await server.seen()).map(({ insertsAtOnce }) => insertsAtOnce))).toBe(2);

  const wanted = ids.filter((_, i) => i % 2 === 0);
  const sql = 'SELECT count() AS n FROM t WHERE id IN {ids:Array(String)}';
  expect(await store.query(sql, { ids: wanted })).toEqual([{ n: 3_000 }]);
  await store.command('DELETE FROM t WHERE id IN {ids:Array(String)}', { ids });
  expect(await store.query('SELECT count() AS n FROM t')).toEqual([{ n: 0 }]);
  await store.close();
});

test('rows that were removed can come again as they were: on a server, and embedded', async () => {
  const { server } = await serve();
  const login = { user: 'default', password: '' };
  const directory = join(scratch(), 'data');
  const stores = [
    new HttpStore({ url: `${server.url}/`, database: 'default', login, name: 'ClickHouse', timeoutMs: 30_000 }),
    await openChdb({ directory, command: 'test', isWriter: true }),
  ];
  for (const store of stores) {
    await migrate(store);
    const row = [JSON.stringify(['1795376903.000000001', 't', 's'])];
    await store.insert('otel_traces', ['Timestamp', 'TraceId', 'SpanId'], row);
    await store.command("DELETE FROM otel_traces WHERE SpanId = 's'");
    await store.insert('otel_traces', ['Timestamp', 'TraceId', 'SpanId'], row);
    expect(await store.query('SELECT count() AS n FROM otel_traces')).toEqual([{ n: 1 }]);
    await store.close();
  }
});

test('the rights in docs/clickhouse.md are enough: the owner makes the schema, the sidecar writes, the reader asks', async () => {
  const guide = readFileSync(join(ROOT, 'docs/clickhouse.md'), 'utf8');
  const grantsOf = (user: string) =>
    [...guide.matchAll(new RegExp(`^(GRANT .*) TO ${user};$`, 'gm'))].map(([, grant = '']) => grant);
  const directory = join(scratch(), 'server');
  const as = async (user: string, ...commands: string[][]): Promise<Ran[]> => {
    const server = await ClickHouseServer.start(directory, { grants: grantsOf(user) });
    const ran = commands.map((args) => oslotap([...args, '--store', `${server.url}/oslotap`]));
    await server.end();
    return ran;
  };
  const first = await ClickHouseServer.start(directory);
  const admin = new HttpStore({
    url: `${first.url}/`,
    database: 'system',
    login: { user: 'default', password: '' },
    name: 'ClickHouse',
    timeoutMs: 30_000,
  });
  await admin.command('CREATE DATABASE oslotap');
  await admin.close();
  await first.end();

  expect(await as('oslotap_owner', ['migrate', '--ttl-spans', '30000d'])).toMatchObject([{ code: 0 }]);
  // The whole of what was cut off removes rows, and writes them anew.
  const half = join(scratch(), 'half.ndjson');
  const lines = gunzipSync(readFileSync(BOOT)).toString().split('\n');
  writeFileSync(half, `${lines.slice(0, 140).join('\n')}\n`);
  const [written, again, refused] = await as(
    'oslotap',
    ['replay', half],
    ['replay', BOOT],
    ['replay', BOOT, '--ttl-spans', '1d'],
  );
  expect([written, again]).toMatchObject([{ code: 0 }, { code: 0 }]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/the user default may not do what it has to: ALTER/) });
  const [asked, denied] = await as('reader', ['requests'], ['replay', BOOT]);
  expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining('server.create') });
  expect(denied).toMatchObject({ code: 2, stderr: expect.stringMatching(/may not do what it has to: INSERT/) });
});
