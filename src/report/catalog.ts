/** The catalogue: every method that was called, and how. Its shape is that of `oslotap catalog --format json`. */
import { readFileSync } from 'node:fs';
import { type CatalogMethod, readCatalog } from '../queries/catalog.ts';
import { ALL_OF_TIME } from '../queries/trace-times.ts';
import type { Store } from '../store/store.ts';

export interface Catalog {
  readonly made_by: { readonly oslotap: string };
  /** What the store holds. Null: nothing. */
  readonly window: {
    readonly from: string | null;
    readonly to: string | null;
    readonly messages: number;
    readonly hosts: number;
  };
  /** Of all that the store holds: events seen / (seen + known missing + estimated loss of the gaps): a bound. */
  readonly coverage: number;
  /** Only what was published since is told. RFC 3339; null: all. */
  readonly since: string | null;
  readonly methods: readonly CatalogMethod[];
  /** Methods that are not told: those with the fewest messages, beyond the first 10,000. */
  readonly left_out: number;
}

interface WindowRow {
  readonly messages: number;
  readonly from: string;
  readonly to: string;
  readonly hosts: number;
  readonly seen: number;
  readonly missing: number;
}

export interface CatalogOptions {
  /** Of oslotap. */
  readonly version: string;
  /** Nanoseconds since the epoch; null: all of time. */
  readonly sinceNs: bigint | null;
}

export async function makeCatalog(store: Store, { version, sinceNs }: CatalogOptions): Promise<Catalog> {
  const [window] = await store.query<WindowRow>(sql('report-window.sql'));
  const gaps = await store.query<{ lost_estimate: number }>(sql('gaps.sql'));
  const { messages, from, to, hosts, seen, missing } = window as WindowRow;
  const lost = gaps.reduce((sum, { lost_estimate }) => sum + lost_estimate, 0);
  const isEmpty = messages === 0;
  return {
    made_by: { oslotap: version },
    window: { from: isEmpty ? null : from, to: isEmpty ? null : to, messages, hosts },
    coverage: seen + missing + lost === 0 ? 1 : seen / (seen + missing + lost),
    since: sinceNs === null ? null : new Date(Number(sinceNs / 1_000_000n)).toISOString(),
    ...(await readCatalog(store, { ...ALL_OF_TIME, from: String(sinceNs ?? 0n) })),
  };
}

function sql(file: string): string {
  return readFileSync(new URL(`../queries/${file}`, import.meta.url), 'utf8');
}
