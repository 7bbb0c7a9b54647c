/** What a sidecar asks before it begins: what the broker and its own store know already. */
import type { ManagementApi } from '../../collectors/management/api.ts';
import { readBrokerSnapshot } from '../../collectors/management/snapshot.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';

/** The broker's connections, by the first API that tells; null where none may be asked: then the traffic has to tell. */
export async function snapshotOf(apis: readonly ManagementApi[], vhosts: readonly string[], log: Log) {
  for (const api of apis) {
    try {
      return await readBrokerSnapshot(api, vhosts);
    } catch (error) {
      log.warn('snapshot_failed', `processes are told from the traffic: ${reasonOf(error)}`);
    }
  }
  return null;
}

/** Events a second in the minute before a time, by vhost, from what is stored: an estimate of what passes while nobody looks. */
export async function ratesAt(store: Store, atNs: bigint): Promise<Map<string, number>> {
  const rows = await store.query<{ vhost: string; events: number }>(
    `SELECT m.vhost AS vhost, sum(1 + m.replies + length(m.delivered_at) + m.reply_deliveries) AS events FROM oslo_messages AS m FINAL
     WHERE m.published_at BETWEEN fromUnixTimestamp64Nano({at:Int64}, 'UTC') - INTERVAL 60 SECOND AND fromUnixTimestamp64Nano({at:Int64}, 'UTC')
     GROUP BY m.vhost`,
    { at: String(atNs) },
  );
  return new Map(rows.map(({ vhost, events }) => [vhost, events / 60]));
}
