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
  /** Runs a statement that returns nothing. */
  command(sql: string, params?: QueryParams): Promise<void>;
  /** Inserts rows, each a JSON array in the order of the columns. Durable once it resolves. */
  insert(table: string, columns: readonly string[], rows: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Where a STORE argument points. */
export type StoreTarget = { readonly kind: 'chdb'; readonly directory: string } | { readonly kind: 'none' };

export const DEFAULT_STORE = 'chdb:./oslotap-data';

/** @throws Misuse where the text is no store that this release can open. */
export function parseStore(text: string): StoreTarget {
  if (text === 'none') return { kind: 'none' };
  if (text.startsWith('chdb:') && text.length > 'chdb:'.length) return { kind: 'chdb', directory: text.slice('chdb:'.length) };
  if (/^https?:/.test(text)) {
    throw new Misuse('--store: a ClickHouse server is not supported yet, only the embedded store: use chdb:DIRECTORY');
  }
  throw new Misuse(`--store: '${text}' is not a store: use chdb:DIRECTORY or none`);
}
