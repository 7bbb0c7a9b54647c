/**
 * The statements of the schema, and those that remove rows, for tables that are spread over a cluster:
 *
 *   CREATE TABLE t              →  t_local on each node, and t over all of them (Distributed)
 *   CREATE VIEW                 →  on each node, of the tables over all
 *   CREATE MATERIALIZED VIEW    →  on each node, from its own part to its own part
 *   ALTER TABLE t, DELETE FROM t  →  t_local on each node; columns of t, too
 *   INSERT INTO t SELECT        →  as it is: t sends each row to its shard
 *
 * Statements are plain, one form for each kind (migrations/*.sql): what is not of such a form is an error, never passed on.
 */
import { Failed } from '../errors.ts';

/** How tables are laid out on a server. */
export interface Layout {
  /** A name of `remote_servers` of its configuration; null: one server. */
  readonly cluster: string | null;
  /** Tables have replicas, by ClickHouse's Keeper. */
  readonly isReplicated: boolean;
  /** That the tables are in, on each node. */
  readonly database: string;
}

export const ONE_SERVER: Layout = { cluster: null, isReplicated: false, database: 'default' };

/** By what a row finds its shard. Rows that replace each other, and those that are counted together, are in one. */
const SHARDING: Readonly<Record<string, string>> = {
  oslotap_migrations: 'version',
  oslo_messages: 'cityHash64(unique_id)',
  oslo_unmatched: 'cityHash64(event_id)',
  oslo_links: 'cityHash64(unique_id)',
  oslo_gaps: 'cityHash64(id)',
  oslo_storms: 'cityHash64(id)',
  oslo_critical_path: 'cityHash64(trace_id)',
  otel_traces: 'cityHash64(TraceId)',
  otel_traces_trace_id_ts: 'cityHash64(TraceId)',
  oslo_minutes: 'cityHash64(minute)',
};
/** Of `oslo_*_1m`. */
const SHARDING_OF_MINUTES = 'cityHash64(minute)';

/** The name of the table that holds rows. */
export function localName(table: string, { cluster }: Layout): string {
  return cluster === null ? table : `${table}_local`;
}

/** The same statement for a layout, as one or several. @throws Failed where it is of no known form. */
export function rewrite(statement: string, layout: Layout): string[] {
  if (layout.cluster === null && !layout.isReplicated) return [statement];
  const text = statement.replace(/^\s*--.*\n/gm, '').trim();
  const form = FORMS.find(({ pattern }) => pattern.test(text));
  const match = form?.pattern.exec(text);
  if (form === undefined || !match) throw unknown(text);
  return form.rewrite(match, layout);
}

interface Form {
  readonly pattern: RegExp;
  readonly rewrite: (match: RegExpExecArray, layout: Layout) => string[];
}

const FORMS: readonly Form[] = [
  { pattern: /^CREATE TABLE IF NOT EXISTS (\w+)\s*(\(.*\))\s*ENGINE = (\w*MergeTree)\b(.*)$/s, rewrite: createTable },
  { pattern: /^CREATE (VIEW IF NOT EXISTS|OR REPLACE VIEW) (\w+) AS\s+(.*)$/s, rewrite: createView },
  { pattern: /^CREATE MATERIALIZED VIEW IF NOT EXISTS (\w+) TO (\w+) AS\s+(.*)$/s, rewrite: createMaterializedView },
  { pattern: /^ALTER TABLE (\w+) MODIFY QUERY\s+(.*)$/s, rewrite: alterMaterializedView },
  { pattern: /^ALTER TABLE (\w+)\s+(.*)$/s, rewrite: alterTable },
  { pattern: /^DELETE FROM (\w+) WHERE (.*)$/s, rewrite: deleteRows },
  { pattern: /^INSERT INTO (\w+)\b.*\bSELECT\b.*$/s, rewrite: insertRows },
];

function createTable([, table = '', columns, engine = '', rest]: RegExpExecArray, layout: Layout): string[] {
  const shardingKey = shardingKeyOf(table);
  // Without a path, replicas meet at the server's default one, by the table's uuid: nothing that two tables could share.
  const replicated = layout.isReplicated ? `Replicated${engine}` : engine;
  const local = `CREATE TABLE IF NOT EXISTS ${localName(table, layout)}${onCluster(layout)}\n${columns}\nENGINE = ${replicated}${rest}`;
  if (layout.cluster === null) return [local];
  const database = layout.database.replace(/['\\]/g, '\\$&');
  const distributed = `Distributed('${layout.cluster}', '${database}', '${localName(table, layout)}', ${shardingKey})`;
  return [
    local,
    `CREATE TABLE IF NOT EXISTS ${table}${onCluster(layout)} AS ${localName(table, layout)}\nENGINE = ${distributed}`,
  ];
}

function createView([, how, view, select]: RegExpExecArray, layout: Layout): string[] {
  return [`CREATE ${how} ${view}${onCluster(layout)} AS\n${select}`];
}

function createMaterializedView([, view, target = '', select = '']: RegExpExecArray, layout: Layout): string[] {
  shardingKeyOf(target);
  const name = `${view}${onCluster(layout)}`;
  return [`CREATE MATERIALIZED VIEW IF NOT EXISTS ${name} TO ${localName(target, layout)} AS\n${ofOwnPart(select, layout)}`];
}

function alterMaterializedView([, view, select = '']: RegExpExecArray, layout: Layout): string[] {
  return [`ALTER TABLE ${view}${onCluster(layout)} MODIFY QUERY\n${ofOwnPart(select, layout)}`];
}

/** A node's view sees what is inserted there: of one table, and what it makes of a row goes with the row. */
function ofOwnPart(select: string, layout: Layout): string {
  if (/\b(JOIN|IN|UNION)\b/.test(select)) throw unknown(select);
  return select.replace(/\bFROM (\w+)/g, (_, table: string) => {
    shardingKeyOf(table);
    return `FROM ${localName(table, layout)}`;
  });
}

/** What an ALTER does: each of its parts begins so. */
const PART = /(?:^|,)\s*((?:ADD|DROP|MODIFY|MATERIALIZE|CLEAR|COMMENT|RENAME|REMOVE|RESET|UPDATE|DELETE) \w+)/g;
const OF_COLUMNS: ReadonlySet<string> = new Set(['ADD COLUMN', 'MODIFY COLUMN', 'DROP COLUMN']);
const OF_STORAGE: ReadonlySet<string> = new Set([
  ...['MODIFY SETTING', 'RESET SETTING', 'MODIFY TTL', 'REMOVE TTL'],
  ...['ADD INDEX', 'MATERIALIZE INDEX', 'DROP INDEX', 'ADD PROJECTION', 'MATERIALIZE PROJECTION', 'DROP PROJECTION'],
]);

function alterTable([text, table = '', changes = '']: RegExpExecArray, layout: Layout): string[] {
  shardingKeyOf(table);
  const parts = [...changes.matchAll(PART)].map(([, part = '']) => part);
  const local = `ALTER TABLE ${localName(table, layout)}${onCluster(layout)} ${changes}`;
  if (parts.length > 0 && parts.every((part) => OF_STORAGE.has(part))) return [local];
  if (parts.length === 0 || !parts.every((part) => OF_COLUMNS.has(part))) throw unknown(text);
  return layout.cluster === null ? [local] : [local, `ALTER TABLE ${table}${onCluster(layout)} ${changes}`];
}

function deleteRows([, table = '', condition]: RegExpExecArray, layout: Layout): string[] {
  shardingKeyOf(table);
  return [`DELETE FROM ${localName(table, layout)}${onCluster(layout)} WHERE ${condition}`];
}

function insertRows([text, table = '']: RegExpExecArray): string[] {
  shardingKeyOf(table);
  return [text];
}

/** @throws Failed for a table that nobody said how to spread. */
function shardingKeyOf(table: string): string {
  const key = table.endsWith('_1m') ? SHARDING_OF_MINUTES : SHARDING[table];
  if (key === undefined) throw new Failed(`the table ${table} has no sharding key (src/store/cluster-ddl.ts)`);
  return key;
}

function onCluster({ cluster }: Layout): string {
  return cluster === null ? '' : ` ON CLUSTER \`${cluster}\``;
}

function unknown(text: string): Failed {
  return new Failed(
    `this statement has no form for a cluster (src/store/cluster-ddl.ts): ${text.slice(0, 80).replace(/\s+/g, ' ')}`,
  );
}
