/** What may be asked, by the query's text alone. What the engine refuses is in test/integration/query.test.ts. */
import { expect, test } from 'vitest';
import { readStatement, refuseIdentifier } from '../../../src/query/statement.ts';

test.each([
  'SELECT 1',
  '(SELECT 1)',
  ' -- a comment\nWITH x AS (SELECT 1) SELECT * FROM x;',
  'SHOW TABLES',
  'DESCRIBE oslo_messages',
  'EXPLAIN SELECT 1',
  "SELECT 'INTO OUTFILE; file(system.processes)'",
  'SELECT * FROM system.tables, `system`."columns"',
  "WITH 'x' as __gf_trace_id, (SELECT min(Start) FROM t WHERE TraceId = __gf_trace_id) as __gf_trace_start SELECT __gf_trace_id",
  'SELECT 1.5, t.1, 0x1F, 1e9, [1], {a:String}, x -> x::UInt8 FROM t WHERE a <=> b',
])('may be asked: %s', (sql) => {
  expect(readStatement(sql)).toHaveProperty('sql');
});

test.each([
  ['INSERT INTO t VALUES (1)', 'READONLY'],
  ['SET readonly = 0', 'READONLY'],
  ['KILL QUERY WHERE 1', 'READONLY'],
  ['SHOW PROCESSLIST', 'READONLY'],
  ['', 'SYNTAX_ERROR'],
  [' ; ', 'SYNTAX_ERROR'],
  ['SELECT 1; SELECT 2', 'SYNTAX_ERROR'],
  ["SELECT 1 INTO/**/outfile 'x'", 'ACCESS_DENIED'],
  ["SELECT file('x')", 'ACCESS_DENIED'],
  ["SELECT `file` ('x')", 'ACCESS_DENIED'],
  ["SELECT * APPLY FILE FROM (SELECT 'x')", 'ACCESS_DENIED'],
  ['SELECT * FROM system.processes', 'ACCESS_DENIED'],
  ['SELECT * FROM system -- x\n . "processes"', 'ACCESS_DENIED'],
  ['SHOW TABLES FROM system', 'ACCESS_DENIED'],
  ["SELECT __getScalar('x')", 'ACCESS_DENIED'],
  ['SELECT 1 FORMAT MySQLWire', 'UNKNOWN_FORMAT'],
])('is refused: %s', (sql, name) => {
  expect(readStatement(sql)).toMatchObject({ name });
});

test.each([
  ['SELECT 1 FORMAT csv', 'SELECT 1 ', 'CSV'],
  ['SELECT 1 FORMAT /* x */ JSONEachRow ;', 'SELECT 1 ', 'JSONEachRow'],
  ['SELECT a.format x', 'SELECT a.format x', null],
  ['SELECT format FROM t', 'SELECT format FROM t', null],
])('its format is taken out: %s', (sql, rest, format) => {
  const statement = readStatement(sql);
  expect(statement).toMatchObject({ sql: rest, format: format === null ? null : { name: format } });
});

test('an identifier that comes as a parameter is no way round', () => {
  expect(refuseIdentifier('oslo_messages')).toBeNull();
  for (const name of ['file', 'SYSTEM', 'system.file', 'default.fqdn'])
    expect(refuseIdentifier(name)).toMatchObject({ name: 'ACCESS_DENIED' });
});
