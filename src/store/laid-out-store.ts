/** A store whose tables are replicated or spread over a cluster: statements are written anew for that; queries and inserts are not. */
import { type Layout, rewrite } from './cluster-ddl.ts';
import type { QueryParams, Store } from './store.ts';

export class LaidOutStore implements Store {
  readonly isExclusive: boolean;
  readonly #store: Store;
  readonly #layout: Layout;

  constructor(store: Store, layout: Layout) {
    this.isExclusive = store.isExclusive;
    this.#store = store;
    this.#layout = layout;
  }

  query<Row>(sql: string, params?: QueryParams): Promise<Row[]> {
    return this.#store.query(sql, params);
  }

  stream<Row>(sql: string, params?: QueryParams): AsyncIterable<Row> {
    return this.#store.stream(sql, params);
  }

  async command(sql: string, params?: QueryParams): Promise<void> {
    for (const statement of rewrite(sql, this.#layout)) await this.#store.command(statement, params);
  }

  insert(table: string, columns: readonly string[], rows: readonly string[]): Promise<void> {
    return this.#store.insert(table, columns, rows);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
