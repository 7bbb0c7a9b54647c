/** Where rows are kept: ClickHouse, behind one small interface. */
import { Misuse } from '../errors.ts';

/** Values of `{name:Type}` placeholders in a query; bound by the engine, never put into its text. */
export type QueryParams = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface Store {
  /** True where nobody else can write to it. */
  readonly isExclusive: boolean;
  /** Rows of a SELECT. 64-bit integers come as numbers up to 2^53, times as text. */
  query<Row>(sql: string, params?: QueryParams): Promise<Row[]>;
  /** The same, row by row: for results that should not stand in memory as a whole. One at a time. */
  stream<Row>(sql: string, params?: QueryParams): AsyncIterable<Row>;
  /** Runs a statement that returns nothing. It may run twice where an answer was lost: so each must be one that twice does as once. */
  command(sql: string, params?: QueryParams): Promise<void>;
  /** Inserts rows, each a JSON array in the order of the columns. Durable once it resolves. */
  insert(table: string, columns: readonly string[], rows: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** A ClickHouse server, or what stands before several. */
export interface ServerTarget {
  readonly kind: 'server';
  /** `http[s]://host:port/`, without user and password. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Where a STORE argument points. */
export type StoreTarget = { readonly kind: 'chdb'; readonly directory: string } | ServerTarget | { readonly kind: 'none' };

export const DEFAULT_STORE = 'chdb:./oslotap-data';
/** ClickHouse's own. */
const PORTS: Readonly<Record<string, number>> = { 'http:': 8123, 'https:': 8443 };
const SERVER_FORM = 'http[s]://USER@HOST:8123/DATABASE';

/** @throws Misuse where the text is no store that this release can open. */
export function parseStore(text: string): StoreTarget {
  if (text === 'none') return { kind: 'none' };
  if (text.startsWith('chdb:') && text.length > 'chdb:'.length) return { kind: 'chdb', directory: text.slice('chdb:'.length) };
  if (/^https?:\/\//.test(text)) return parseServer(text);
  throw new Misuse(`--store: '${text}' is not a store: use chdb:DIRECTORY, ${SERVER_FORM} or none`);
}

/** No line repeats the URL: it may hold a password. */
function parseServer(text: string): ServerTarget {
  const url = URL.parse(text);
  if (url === null || url.hostname === '') throw new Misuse(`--store: it is no address of a server: ${SERVER_FORM}`);
  if (url.search !== '' || url.hash !== '') throw new Misuse(`--store: settings in the URL are not taken: ${SERVER_FORM}`);
  const database = decoded(url.pathname.replace(/^\/|\/$/g, ''));
  if (database.includes('/') || /\p{Cc}/u.test(database)) throw new Misuse(`--store: its path is one database: ${SERVER_FORM}`);
  const [, authority = ''] = /^https?:\/\/(?:[^/]*@)?([^/]*)/.exec(text) ?? [];
  const port = /:(\d+)$/.exec(authority)?.[1] ?? PORTS[url.protocol];
  return {
    kind: 'server',
    url: `${url.protocol}//${url.hostname}:${port}/`,
    user: decoded(url.username) || 'default',
    password: decoded(url.password),
    database: database || 'default',
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Misuse('--store: a % in the URL stands for a character: write it as %25');
  }
}
