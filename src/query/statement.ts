/**
 * What may be asked. The engine refuses to write, and has no right to files and addresses (`src/store/access.xml`); what it would
 * let pass nevertheless is refused here, by the query's tokens: writing into a file (INTO OUTFILE), several statements, KILL,
 * functions that read files or tell about the machine, and system tables that tell what others ask.
 */
import { type Exception, exception, isException } from './exception.ts';
import { formatOf, type OutputFormat } from './formats.ts';
import { type Token, tokensOf } from './tokens.ts';

export interface Statement {
  /** Without its FORMAT clause. */
  readonly sql: string;
  /** Of its FORMAT clause; null without one. */
  readonly format: OutputFormat | null;
  /** The engine streams what SELECT finds, and nothing else. */
  readonly isSelect: boolean;
}

const SHOWN: ReadonlySet<string> = new Set([
  'TABLES',
  'FULL',
  'DATABASES',
  'CREATE',
  'COLUMNS',
  'FIELDS',
  'INDEX',
  'INDEXES',
  'FUNCTIONS',
  'SETTINGS',
]);
const STATEMENTS: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'FROM', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN', 'SHOW']);
const NOT_STREAMED: ReadonlySet<string> = new Set(['DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN', 'SHOW']);
/** Anywhere in a query, in any case, quoted or not. */
const FORBIDDEN: ReadonlySet<string> = new Set(
  [
    'OUTFILE INFILE OVERRIDE',
    // They read files, and no right is asked for.
    'file catboostEvaluate',
    // It connects to where it is told.
    'hasColumnInTable',
    // They tell about the machine and its set-up.
    'getServerSetting getServerPort getMacro getOSKernelVersion showCertificate filesystemAvailable filesystemCapacity filesystemUnreserved',
    'FQDN fullHostName hostname displayName tcpPort serverUUID globalVariable getClientHTTPHeader',
    'logTrace generateSerialID aiClassify aiEmbed aiExtract aiGenerate aiTranslate',
    'addressToLine addressToLineWithInlines addressToSymbol',
  ].flatMap((names) => names.toLowerCase().split(' ')),
);
/** Of `system`: what clients and dashboards ask for. Others tell of other people's queries, of threads, and of paths. */
const SYSTEM_TABLES: ReadonlySet<string> = new Set(
  [
    'one numbers numbers_mt zeros zeros_mt tables columns databases functions table_functions table_engines database_engines',
    'formats data_type_families aggregate_function_combinators settings time_zones collations keywords data_skipping_indices',
    'documentation licenses contributors',
  ].flatMap((names) => names.split(' ')),
);

/** What a query asks, or why it is refused. */
export function readStatement(sql: string): Statement | Exception {
  const tokens = tokensOf(sql);
  if (!Array.isArray(tokens)) return tokens;
  while (tokens.at(-1)?.text === ';' && tokens.at(-1)?.kind === 'sign') tokens.pop();
  if (tokens.length === 0) return exception('SYNTAX_ERROR', 'Empty query');
  return refusal(tokens) ?? withoutFormat(sql, tokens);
}

/** An identifier that a parameter brings into a query. */
export function refuseIdentifier(text: string): Exception | null {
  return (
    text
      .split('.')
      .map(forbidden)
      .find((found) => found !== null) ?? (/^system$/i.test(text) ? notAllowed(text) : null)
  );
}

function refusal(tokens: readonly Token[]): Exception | null {
  if (tokens.some(({ kind, text }) => kind === 'sign' && text === ';'))
    return exception('SYNTAX_ERROR', 'Syntax error (Multi-statements are not allowed)');
  return refuseKind(tokens) ?? refuseNames(tokens);
}

function refuseKind(tokens: readonly Token[]): Exception | null {
  const [first, second] = tokens
    .filter(({ text }) => text !== '(')
    .map(({ kind, text }) => (kind === 'word' ? text.toUpperCase() : ''));
  if (first === undefined || !STATEMENTS.has(first)) return readOnly(first ?? '');
  return first === 'SHOW' && !SHOWN.has(second ?? '') ? readOnly(`SHOW ${second ?? ''}`) : null;
}

function readOnly(what: string): Exception {
  return exception(
    'READONLY',
    `Cannot execute ${what === '' ? 'this' : what}: only SELECT, WITH, SHOW TABLES, DESCRIBE, EXISTS and EXPLAIN are answered here`,
  );
}

function refuseNames(tokens: readonly Token[]): Exception | null {
  for (const [i, token] of tokens.entries()) {
    const found = isName(token) ? (forbidden(token.text) ?? refuseSystem(token, tokens[i + 1], tokens[i + 2])) : null;
    if (found !== null) return found;
  }
  return null;
}

function refuseSystem(name: Token, dot: Token | undefined, table: Token | undefined): Exception | null {
  if (name.text.toLowerCase() !== 'system') return null;
  if (dot?.kind === 'sign' && dot.text === '.' && table !== undefined && isName(table) && SYSTEM_TABLES.has(table.text))
    return null;
  return notAllowed(`system.${table?.text ?? ''}`);
}

function isName({ kind }: Token): boolean {
  return kind === 'word' || kind === 'quoted';
}

/** Names of two underscores are the engine's own functions, made for itself; none begins as those that Grafana's query builder makes up. */
function forbidden(name: string): Exception | null {
  return FORBIDDEN.has(name.toLowerCase()) || /^__(?!gf_)/.test(name) ? notAllowed(name) : null;
}

function notAllowed(what: string): Exception {
  return exception('ACCESS_DENIED', `Not enough privileges: '${what}' is not for queries from outside`);
}

/** Its format decides whether the result can be streamed, so it is taken out here and not left to the engine. */
function withoutFormat(sql: string, tokens: readonly Token[]): Statement | Exception {
  const [before, keyword, name] = tokens.slice(-3);
  const end = tokens.at(-1)?.end ?? 0;
  const isClause =
    keyword?.kind === 'word' && keyword.text.toUpperCase() === 'FORMAT' && name?.kind === 'word' && !isTaken(before);
  const isSelect = !NOT_STREAMED.has(tokens[0]?.text.toUpperCase() ?? '');
  if (!isClause) return { sql: sql.slice(0, end), format: null, isSelect };
  const format = formatOf(name.text);
  return isException(format) ? format : { sql: sql.slice(0, keyword.begin), format, isSelect };
}

/** `a.format x` and `AS format x` are no clauses. */
function isTaken(before: Token | undefined): boolean {
  return before?.text === '.' || before?.text.toUpperCase() === 'AS';
}
