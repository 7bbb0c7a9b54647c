/** From what a user typed to one trace. */
import { Failed } from '../errors.ts';
import { nearIds, resolveId, summariesOf } from '../queries/traces.ts';
import { requestTable } from '../report/request-table.ts';
import type { Store } from '../store/store.ts';

const HITS_LISTED_MAX = 50;

/** @throws Failed where the id means no trace (with near ones) or several (which are listed on stderr). */
export async function findTraceId(store: Store, id: string): Promise<string> {
  const hits = await resolveId(store, id);
  const [only] = hits;
  if (only === undefined) throw new Failed(await notFound(store, id));
  if (hits.length === 1) return only;
  process.stderr.write(requestTable((await summariesOf(store, hits.slice(0, HITS_LISTED_MAX))).reverse()));
  const more = hits.length > HITS_LISTED_MAX ? `, of which the first ${HITS_LISTED_MAX} are listed` : '';
  throw new Failed(`${id} is in ${hits.length} traces${more}: show one of them`);
}

async function notFound(store: Store, id: string): Promise<string> {
  if (!/^(req-)?[0-9a-f-]+$/i.test(id)) return `'${id}' is no request id, trace id or uuid`;
  const near = await nearIds(store, id);
  return near.length === 0
    ? `${id} is not in the store, which holds no API request`
    : `${id} is not in the store; near it: ${near.join(', ')}`;
}
