/** Everything that the store says, to compare two stores: row counts as they stand, and every row without its order. */
import { openChdb } from '../../src/store/chdb.ts';

const TABLES = ['oslo_messages', 'otel_traces', 'oslo_unmatched'];

export interface Figures {
  readonly counts: Readonly<Record<string, number>>;
  readonly rows: readonly string[];
}

export async function figuresOf(directory: string): Promise<Figures> {
  const store = await openChdb({ directory, command: 'test', isWriter: true });
  try {
    const counts: Record<string, number> = {};
    const rows: string[] = [];
    for (const table of TABLES) {
      const found = await store.query<object>(`SELECT * FROM ${table}`);
      counts[table] = found.length;
      rows.push(...found.map((row) => `${table} ${JSON.stringify(row)}`));
    }
    for (const trace of await store.query<object>(
      'SELECT TraceId, min(Start), max(End) FROM otel_traces_trace_id_ts GROUP BY TraceId',
    )) {
      rows.push(JSON.stringify(trace));
    }
    for (const request of await store.query<object>('SELECT * FROM oslo_requests')) rows.push(JSON.stringify(request));
    return { counts, rows: rows.sort() };
  } finally {
    await store.close();
  }
}
