/**
 * Query parameters for a ClickHouse server, which takes no value of more than 128 KiB (`http_max_field_value_size`), wherever it
 * stands: a longer list goes as several, and the query joins them again. The engine still binds all of them.
 *
 *   key IN {ids:Array(String)}   →   key IN arrayConcat({ids_0:Array(String)}, {ids_1:Array(String)})
 */
import { randomUUID } from 'node:crypto';
import type { QueryParams } from './store.ts';

/** Of one value. Half of what the server takes: what is escaped is longer. Characters. */
const VALUE_LENGTH_MAX = 64 * 1024;
/** What ClickHouse's text forms of strings and arrays need around each: quotes and a comma. */
const AROUND_LENGTH = 3;

export interface BoundQuery {
  readonly sql: string;
  readonly params: QueryParams;
}

/** The same query with no list too long for one value. */
export function splitLists(sql: string, params: QueryParams): BoundQuery {
  let text = sql;
  const bound: Record<string, QueryParams[string]> = {};
  for (const [name, value] of Object.entries(params)) {
    const parts = Array.isArray(value) ? partsOf(value) : [];
    if (parts.length < 2) {
      bound[name] = value;
      continue;
    }
    text = text.replace(new RegExp(`\\{${name}:\\s*([^}]+)\\}`, 'g'), (_, type: string) => {
      return `arrayConcat(${parts.map((_, i) => `{${name}_${i}:${type}}`).join(', ')})`;
    });
    for (const [i, part] of parts.entries()) bound[`${name}_${i}`] = part;
  }
  return { sql: text, params: bound };
}

function partsOf(values: readonly string[]): string[][] {
  const parts: string[][] = [];
  let length = VALUE_LENGTH_MAX;
  for (const value of values) {
    length += value.length + AROUND_LENGTH;
    if (length > VALUE_LENGTH_MAX) {
      parts.push([]);
      length = value.length + AROUND_LENGTH;
    }
    parts.at(-1)?.push(value);
  }
  return parts;
}

/** A statement and its parameters as a form: for what is too long for a URL. */
export function formOf({ sql, params }: BoundQuery): { readonly body: string; readonly contentType: string } {
  const boundary = `oslotap-${randomUUID()}`;
  const fields = [['query', sql], ...Object.entries(params).map(([name, value]) => [`param_${name}`, textOf(value)])];
  const parts = fields.map(
    ([name, text]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`,
  );
  return { body: `${parts.join('')}--${boundary}--`, contentType: `multipart/form-data; boundary=${boundary}` };
}

/** As ClickHouse's HTTP interface takes a value: escaped like a field of TSV. */
function textOf(value: QueryParams[string]): string {
  if (typeof value === 'object') return `[${value.map((each) => `'${escaped(each).replaceAll("'", "\\'")}'`).join(',')}]`;
  return typeof value === 'string' ? escaped(value) : String(Number(value));
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}
