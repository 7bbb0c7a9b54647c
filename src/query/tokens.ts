/**
 * A query's tokens as ClickHouse's own lexer cuts them (a test holds it against the engine's `tokenizeQuery`). Where the two might
 * differ (a nested comment; a `#`, a `$` or a backslash outside strings; letters right behind a number, or not ASCII) there are no tokens but a fault.
 */
import { type Exception, exception } from './exception.ts';

export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'sign';

export interface Token {
  readonly kind: TokenKind;
  /** As it stands; a quoted identifier's without its quotes. */
  readonly text: string;
  /** Where it begins in the query, and where it ends. */
  readonly begin: number;
  readonly end: number;
}

/** Tried in turn at each place. A doubled quote does not end a string or a name; a name has no escapes, which could hide what it is. */
const PATTERNS: readonly (readonly [TokenKind | 'blank', RegExp])[] = [
  ['blank', /[ \t\n\v\f\r]+/y],
  ['blank', /--[^\n]*/y],
  ['blank', /\/\*(?:[^*/]|\*(?!\/)|\/(?!\*))*\*\//y],
  ['string', /'(?:[^'\\]|\\.|'')*'/sy],
  ['quoted', /`(?:[^`\\]|``)*`/y],
  ['quoted', /"(?:[^"\\]|"")*"/y],
  ['word', /[A-Za-z_][A-Za-z0-9_]*/y],
  // Letters right behind a number are a name to the engine, sometimes.
  ['number', /(?:(?<!\.)0[xX][0-9a-fA-F]+|[0-9][0-9_]*(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_])/y],
  ['sign', /[()[\]{},;:.*+\-%<>=!?|^&@]|\/(?![/*])/y],
];

export function tokensOf(sql: string): Token[] | Exception {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    const token = tokenAt(sql, at);
    if (token === null) return syntaxError(sql, at);
    if (token.kind !== 'blank') tokens.push({ ...token, kind: token.kind });
    at = token.end;
  }
  return tokens;
}

function tokenAt(sql: string, begin: number) {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = begin;
    const match = pattern.exec(sql);
    if (match !== null) {
      const text = kind === 'quoted' ? unquoted(match[0]) : match[0];
      return { kind, text, begin, end: pattern.lastIndex };
    }
  }
  return null;
}

function unquoted(name: string): string {
  const quote = name[0] ?? '';
  return name.slice(1, -1).replaceAll(quote + quote, quote);
}

function syntaxError(sql: string, at: number): Exception {
  const line = sql.slice(0, at).split('\n').length;
  return exception(
    'SYNTAX_ERROR',
    `Syntax error: failed at position ${at + 1} (line ${line}): unclosed quotes or comment, or a character that has no meaning here`,
  );
}
