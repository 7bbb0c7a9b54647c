/**
 * What the ClickHouse data source does to a query before the server gets it, in the plugin's server part: comments are blanked,
 * then every macro that it knows is replaced, the longest name first, so that one may stand in another's arguments. As of
 * grafana-clickhouse-datasource 4.20 (pkg/macros/macros.go) with macropro; its macros that rewrite a whole statement are not used.
 */
export interface QueryRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the panel: how far apart its points are. */
  readonly intervalMs: number;
}

/** @returns the query as the server gets it; throws where the plugin would answer with an error. */
export function expandMacros(sql: string, range: QueryRange): string {
  let text = withoutComments(sql);
  for (const [name, macro] of BY_LENGTH) text = replaceCalls(text, `$__${name}`, (args) => macro(range, args));
  return text;
}

type Macro = (range: QueryRange, args: readonly string[]) => string;

const from: Macro = ({ fromMs }) => `toDateTime(${Math.floor(fromMs / 1_000)})`;
const to: Macro = ({ toMs }) => `toDateTime(${Math.floor(toMs / 1_000)})`;
const fromMilli: Macro = ({ fromMs }) => `fromUnixTimestamp64Milli(${fromMs})`;
const toMilli: Macro = ({ toMs }) => `fromUnixTimestamp64Milli(${toMs})`;
const fromDate: Macro = ({ fromMs }) => `toDate('${new Date(fromMs).toISOString().slice(0, 10)}')`;
const toDate: Macro = ({ toMs }) => `toDate('${new Date(toMs).toISOString().slice(0, 10)}')`;
const seconds = ({ intervalMs }: QueryRange) => Math.max(1, Math.floor(intervalMs / 1_000));

const MACROS: Readonly<Record<string, Macro>> = {
  fromTime: from,
  toTime: to,
  fromTime_ms: fromMilli,
  toTime_ms: toMilli,
  timeFrom: (range, args) => `${only(args)} >= ${from(range, [])}`,
  timeTo: (range, args) => `${only(args)} <= ${to(range, [])}`,
  timeFilter: between(from, to),
  timeFilter_ms: between(fromMilli, toMilli),
  dateFilter: between(fromDate, toDate),
  dateTimeFilter: dateTimeFilter,
  dt: dateTimeFilter,
  timeInterval: (range, args) => `toStartOfInterval(toDateTime(${only(args)}), INTERVAL ${seconds(range)} second)`,
  timeInterval_ms: (range, args) =>
    `toStartOfInterval(toDateTime64(${only(args)}, 3), INTERVAL ${Math.max(1, range.intervalMs)} millisecond)`,
  interval_s: (range) => String(seconds(range)),
  interval_ms: ({ intervalMs }) => String(intervalMs),
};

const BY_LENGTH = Object.entries(MACROS).sort(([a], [b]) => b.length - a.length);

function between(first: Macro, last: Macro): Macro {
  return (range, args) => `${only(args)} >= ${first(range, [])} AND ${only(args)} <= ${last(range, [])}`;
}

function dateTimeFilter(range: QueryRange, args: readonly string[]): string {
  const [date, time] = args;
  if (date === undefined || time === undefined || args.length > 2) throw new Error(`2 arguments expected, not ${args.length}`);
  return `(${between(fromDate, toDate)(range, [date])}) AND (${between(from, to)(range, [time])})`;
}

function only(args: readonly string[]): string {
  const [first] = args;
  if (first === undefined || args.length > 1) throw new Error(`1 argument expected, not ${args.length}`);
  return first;
}

function replaceCalls(sql: string, token: string, expand: (args: readonly string[]) => string): string {
  let [done, rest] = ['', sql];
  for (;;) {
    const at = rest.indexOf(token);
    if (at === -1) return done + rest;
    const after = at + token.length;
    if (/\w/.test(rest.charAt(after))) {
      done += rest.slice(0, after);
      rest = rest.slice(after);
      continue;
    }
    const end = rest.charAt(after) === '(' ? closingParenthesis(rest, after) : -1;
    done += rest.slice(0, at) + expand(end === -1 ? [] : splitArguments(rest.slice(after + 1, end)));
    rest = rest.slice(end === -1 ? after : end + 1);
  }
}

/** @returns the place of the one that closes that at `open`; -1 where none does. */
function closingParenthesis(text: string, open: number): number {
  let depth = 0;
  for (const { at, character } of outsideLiterals(text, open)) {
    if (character === '(') depth++;
    if (character === ')' && --depth === 0) return at;
  }
  return -1;
}

function splitArguments(text: string): string[] {
  if (text.trim() === '') return [];
  const args: string[] = [];
  let [depth, start] = [0, 0];
  for (const { at, character } of outsideLiterals(text, 0)) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === ',' && depth === 0) {
      args.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return [...args, text.slice(start).trim()];
}

function* outsideLiterals(text: string, start: number): Generator<{ at: number; character: string }> {
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "'" || character === '"') at = endOfLiteral(text, at) - 1;
    else yield { at, character };
  }
}

/** Blanks comments, and leaves what is quoted as it is. */
function withoutComments(sql: string): string {
  let [clean, at] = ['', 0];
  while (at < sql.length) {
    const end = commentAt(sql, at);
    const next = end ?? (/['"`]/.test(sql.charAt(at)) ? endOfLiteral(sql, at) : at + 1);
    clean += end === null ? sql.slice(at, next) : ' '.repeat(end - at);
    at = next;
  }
  return clean;
}

function commentAt(sql: string, at: number): number | null {
  const ends = sql.startsWith('--', at) ? ['\n', 0] : sql.startsWith('/*', at) ? ['*/', 2] : null;
  if (ends === null) return null;
  const [mark, length] = ends as [string, number];
  const end = sql.indexOf(mark, at + 2);
  return end === -1 ? sql.length : end + length;
}

/** The place behind the quote that closes that at `start`. A doubled quote and one behind a backslash close nothing. */
function endOfLiteral(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) === '\\') at++;
    else if (text.charAt(at) === quote) {
      if (text.charAt(at + 1) !== quote) return at + 1;
      at++;
    }
  }
  return text.length;
}
