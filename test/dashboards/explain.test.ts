/**
 * How each panel finds its rows: the tables that it reads, and by which columns of their order, as ClickHouse explains it. A panel that
 * lost its time filter, or filters by what the order does not help with, shows as a change of explain.txt.
 */
import { join } from 'node:path';
import { Session } from 'chdb';
import { expect, test } from 'vitest';
import { capturePath } from '../support/captures.ts';
import { oslotap, scratch } from '../support/cli.ts';
import { choose, serverSql } from './support/choices.ts';
import { annotationsOf, CLICKHOUSE, DASHBOARDS, panelsOf, targetsOf } from './support/dashboards.ts';
import type { Frame } from './support/store.ts';

test('each panel reads what its time and its choices leave, by the order of its tables', async () => {
  const directory = join(scratch(), 'data');
  const { code, stderr } = oslotap([
    'replay',
    ...['boot-1', 'compute-down', 'storm'].map(capturePath),
    '--store',
    `chdb:${directory}`,
  ]);
  if (code !== 0) throw new Error(stderr);
  const session = new Session(join(directory, 'chdb'));
  try {
    const ask = async (sql: string, refId = 'A'): Promise<Frame> => {
      const { meta, data } = JSON.parse((await session.queryAsync(sql, { format: 'JSONCompact' })).text());
      return { refId, columns: meta, rows: data };
    };
    // Of an empty table ClickHouse reads nothing, whatever is asked.
    await session.queryAsync(
      "INSERT INTO oslo_storms (started_at, id, ended_at) SELECT min(published_at), '4f1d00c0ffee0123', max(published_at) FROM oslo_messages",
    );
    const [first] = (await ask('SELECT toUnixTimestamp64Milli(min(published_at)) FROM oslo_messages')).rows;
    const fromMs = Number(first?.[0]) - 60_000;
    const range = { fromMs, toMs: fromMs + 3_600_000, intervalMs: 60_000 };
    const request = 'req-707e4331-827d-4eb7-9933-1ef7a3949adb';
    const lines: string[] = [];
    for (const { dashboard } of DASHBOARDS) {
      const { values } = await choose({ clickhouse: { ask } }, dashboard, { range, mode: 'default', typed: { request } });
      const asked = panelsOf(dashboard).flatMap((panel) =>
        targetsOf(dashboard, panel, CLICKHOUSE).map((target) => ({ title: panel.title, target })),
      );
      for (const { name, target } of annotationsOf(dashboard, CLICKHOUSE)) asked.push({ title: `annotation ${name}`, target });
      for (const { title, target } of asked) {
        const { rows } = await ask(`EXPLAIN indexes = 1 ${serverSql(target.rawSql ?? '', values, range)}`);
        lines.push(`${dashboard.title} · ${title} ${target.refId}`, ...readsOf(rows.map(([line]) => String(line))), '');
      }
    }
    await expect(lines.join('\n')).toMatchFileSnapshot('explain.txt');
  } finally {
    session.close();
  }
});

/** `  oslo_methods_1m by minute`, for each table that is read; the columns are those of its primary key that narrow it. */
function readsOf(explained: readonly string[]): string[] {
  const reads: { table: string; by: string[] }[] = [];
  let isPrimaryKey = false;
  let isKeys = false;
  // A tree is drawn before each line.
  for (const line of explained.map((text) => text.replace(/^[\s│├└─]+/, ''))) {
    const table = /^ReadFromMergeTree \((?:default\.)?(\w+)\)/.exec(line)?.[1];
    if (table !== undefined) reads.push({ table, by: [] });
    if (/^(PrimaryKey|MinMax|Partition|Skip)$/.test(line)) isPrimaryKey = line === 'PrimaryKey';
    if (line.endsWith(':') || line.includes(': ')) isKeys = line === 'Keys:';
    else if (isPrimaryKey && isKeys && /^\w+$/.test(line)) reads.at(-1)?.by.push(line);
  }
  const told = reads.map(({ table, by }) => `  ${table} ${by.length === 0 ? 'WHOLE' : `by ${[...new Set(by)].join(', ')}`}`);
  return [...new Set(told)].sort();
}
