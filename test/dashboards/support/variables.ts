/**
 * What Grafana does to a text before a data source gets it: `$name`, `${name}`, `${name:format}` and `[[name]]` are replaced, those of
 * no variable are left. As of Grafana 12 (@grafana/scenes, formatRegistry); before it, $__conditionalAll, in the ClickHouse data
 * source's own part in the browser (CHDatasource.applyConditionalAll).
 */
import type { QueryRange } from './macros.ts';

export interface Value {
  /** A list where the variable takes several, or All. */
  readonly value: string | readonly string[];
  /** All was chosen. */
  readonly isAll?: boolean;
  /** Of All where the variable says what it is: stands in the text as it is. */
  readonly allValue?: string;
}

export type Values = Readonly<Record<string, Value>>;

/** How a data source wants what has no format of its own. */
export type DefaultFormat = 'clickhouse' | 'regex';

/** @returns the text for a plugin's server part: macros still stand in it. Throws on a format that is not known here. */
export function interpolate(text: string, values: Values, defaultFormat: DefaultFormat = 'clickhouse'): string {
  return text.replaceAll(VARIABLE, (match, ...groups: (string | undefined)[]) => {
    const [plain, square, squareFormat, braced, format] = groups;
    const known = values[plain ?? square ?? braced ?? ''];
    if (known === undefined) return match;
    if (known.isAll === true && known.allValue !== undefined) return interpolate(known.allValue, values, defaultFormat);
    return formatted(known.value, squareFormat ?? format ?? defaultFormat);
  });
}

/** Grafana's own variables, which every panel has. */
export function builtIns({ fromMs, toMs, intervalMs }: QueryRange): Values {
  const rangeS = Math.round((toMs - fromMs) / 1_000);
  const intervalS = Math.max(1, Math.round(intervalMs / 1_000));
  const values = {
    __from: fromMs,
    __to: toMs,
    __interval: `${intervalS}s`,
    __interval_ms: intervalMs,
    __range: `${rangeS}s`,
    __range_s: rangeS,
    __range_ms: toMs - fromMs,
    // Four scrapes of 15 s at least.
    __rate_interval: `${Math.max(60, intervalS + 15)}s`,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value: String(value) }]));
}

/** `$__conditionalAll(condition, $name)`: the condition, or 1=1 where All or nothing is chosen. */
export function conditionalAll(sql: string, values: Values): string {
  const at = sql.lastIndexOf(CONDITIONAL);
  if (at === -1) return sql;
  const [condition = '', variable = '', end] = twoArguments(sql, at + CONDITIONAL.length);
  const name = /\$\{?(\w+)/.exec(variable)?.[1] ?? '';
  const chosen = values[name];
  const isAny = chosen !== undefined && (chosen.isAll === true || chosen.value.toString() === '');
  return conditionalAll(sql.slice(0, at) + (isAny ? '1=1' : condition) + sql.slice(end), values);
}

/** The names of variables in a text, Grafana's own left out. */
export function namesIn(text: string): string[] {
  const names = [...text.matchAll(VARIABLE)].map(([, plain, square, , braced]) => plain ?? square ?? braced ?? '');
  return [...new Set(names)].filter((name) => !name.startsWith('__'));
}

const CONDITIONAL = '$__conditionalAll(';
const VARIABLE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.[^:^}]+)?(?::([^}]+))?\}/g;

type Format = (value: string | readonly string[]) => string;

const FORMATS: Readonly<Record<string, Format>> = {
  // What the data source asks for where the text says nothing: a list is quoted, and nothing is escaped.
  clickhouse: (value) => (typeof value === 'string' ? value : `'${value.join("','")}'`),
  raw: String,
  csv: String,
  sqlstring: eachQuoted((text) => text.replaceAll("'", "''").replaceAll('"', '\\"')),
  singlequote: eachQuoted((text) => text.replaceAll("'", "\\'")),
  pipe: (value) => (typeof value === 'string' ? value : value.join('|')),
  regex: (value) => {
    const parts = (typeof value === 'string' ? [value] : value).map((part) => part.replaceAll(/[\\^$*+?.()|[\]{}/]/g, '\\$&'));
    return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join('|')})`;
  },
};

function eachQuoted(escaped: (text: string) => string): Format {
  return (value) => (typeof value === 'string' ? [value] : value).map((text) => `'${escaped(text)}'`).join(',');
}

function formatted(value: string | readonly string[], format: string): string {
  const known = FORMATS[format];
  if (known === undefined) throw new Error(`format ${format}: not known here`);
  return known(value);
}

/** @returns both arguments as they stand there, and the place behind the closing parenthesis. */
function twoArguments(sql: string, start: number): [string, string, number] {
  const commas: number[] = [];
  let depth = 1;
  for (let at = start; at < sql.length; at++) {
    const character = sql.charAt(at);
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === ',' && depth === 1) commas.push(at);
    if (depth > 0) continue;
    const [comma] = commas;
    if (comma === undefined || commas.length > 1) break;
    return [sql.slice(start, comma), sql.slice(comma + 1, at), at + 1];
  }
  throw new Error(`$__conditionalAll takes two arguments: ${sql.slice(start, start + 60)}`);
}
