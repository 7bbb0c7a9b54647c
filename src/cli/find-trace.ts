/** From what a user typed to one trace. */
import { Failed } from '../errors.ts';
import { nearIds, resolveId } from '../queries/traces.ts';
import type { Store } from '../store/store.ts';
import { requestIdOfTrace } from '../trace/ids.ts';

const HITS_NAMED_MAX = 10;

/** @throws Failed where the id means no trace (with near ones) or several (with a list). */
export async function findTraceId(store: Store, id: string): Promise<string> {
  const hits = await resolveId(store, id);
  const [only] = hits;
  if (only !== undefined && hits.length === 1) return only;
  if (only === undefined) throw new Failed(await notFound(store, id));
  const named = hits.slice(0, HITS_NAMED_MAX).map((traceId) => requestIdOfTrace(traceId).replace(/^req-/, ''));
  const more = hits.length > named.length ? ` and ${hits.length - named.length} more` : '';
  throw new Failed(`${id} is in ${hits.length} traces: ${named.join(', ')}${more}`);
}

async function notFound(store: Store, id: string): Promise<string> {
  const near = await nearIds(store, id);
  return near.length === 0
    ? `${id} is not in the store, which holds no API request`
    : `${id} is not in the store; near it: ${near.join(', ')}`;
}
