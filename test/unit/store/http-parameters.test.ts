/** Lists that are too long for one value of ClickHouse's HTTP interface. */
import { expect, test } from 'vitest';
import { formOf, splitLists } from '../../../src/store/http-parameters.ts';

const SQL = 'SELECT 1 WHERE a IN {ids:Array(String)} AND b = {b:UInt64} AND c IN {ids:Array(String)}';

test('a short list stays one value', () => {
  const params = { ids: ['x', 'y'], b: 1 };
  expect(splitLists(SQL, params)).toEqual({ sql: SQL, params });
  expect(splitLists(SQL, { ids: [], b: 1 }).params).toEqual({ ids: [], b: 1 });
});

test('a long one goes as several of less than 128 KiB, and is all there, in order', () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => String(i).padStart(35, '0'));
  const { sql, params } = splitLists(SQL, { ids, b: 1 });
  const { b, ...parts } = params;
  expect(b).toBe(1);
  const names = Object.keys(parts);
  const joined = `arrayConcat(${names.map((name) => `{${name}:Array(String)}`).join(', ')})`;
  expect(sql).toBe(`SELECT 1 WHERE a IN ${joined} AND b = {b:UInt64} AND c IN ${joined}`);
  expect(Object.values(parts).flat()).toEqual(ids);
  for (const part of Object.values(parts)) expect(JSON.stringify(part).length).toBeLessThan(128 * 1024);
});

test('a form holds the statement and its values, escaped', async () => {
  const { body, contentType } = formOf({
    sql: 'SELECT {a:String}',
    params: { a: "it's\t\\", list: ["it's", 'b\n'], yes: true, n: 7 },
  });
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData();
  expect([...form]).toEqual([
    ['query', 'SELECT {a:String}'],
    ['param_a', "it's\\t\\\\"],
    ['param_list', "['it\\'s','b\\n']"],
    ['param_yes', '1'],
    ['param_n', '7'],
  ]);
});
