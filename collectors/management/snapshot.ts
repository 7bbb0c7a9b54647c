/**
 * The broker's connections, consumers and queues, for the finding of processes. Large clouds have tens of thousands of
 * connections: what can be paged is read page by page, and only the columns that are needed.
 */
import type { BrokerSnapshot } from '../../src/trace/broker-snapshot.ts';
import type { ManagementApi } from './api.ts';
import { ApiError } from './api-error.ts';

const CONNECTIONS_MAX = 200_000;
const QUEUES_MAX = 500_000;

/**
 * Of the whole cluster, for the vhosts given. Needs the monitoring tag, and permissions on the vhosts for their queues.
 * At a bound the rest is left out.
 * @throws ApiError
 */
export async function readBrokerSnapshot(api: ManagementApi, vhosts: readonly string[]): Promise<BrokerSnapshot> {
  // Without the tag the answer is 200 and holds the user's own connections only.
  if (!(await api.isMonitor())) {
    const remedy = 'rabbitmqctl set_user_tags USER monitoring';
    throw new ApiError('missing_tag', `${api.at}: its user needs the tag monitoring for the broker's connections: ${remedy}`);
  }
  return {
    connections: await readConnections(api, new Set(vhosts)),
    consumers: (await Promise.all(vhosts.map((vhost) => readConsumers(api, vhost)))).flat(),
    queues: (await Promise.all(vhosts.map((vhost) => readQueues(api, vhost)))).flat(),
  };
}

async function readConnections(api: ManagementApi, vhosts: ReadonlySet<string>): Promise<BrokerSnapshot['connections']> {
  const byName = new Map<string, BrokerSnapshot['connections'][number]>();
  const columns = 'name,vhost,peer_host,client_properties.connection_name,connected_at';
  for await (const rows of api.pages('/api/connections', columns, 'its connections')) {
    for (const { name, vhost, peer_host, client_properties, connected_at } of rows) {
      if (typeof name !== 'string' || !vhosts.has(String(vhost))) continue;
      const { connection_name } = (client_properties ?? {}) as { readonly connection_name?: unknown };
      byName.set(name, {
        name,
        peerHost: typeof peer_host === 'string' ? peer_host : '',
        connectionName: typeof connection_name === 'string' ? connection_name : '',
        connectedAtMs: Number.isSafeInteger(connected_at) ? (connected_at as number) : 0,
      });
    }
    if (byName.size >= CONNECTIONS_MAX) break;
  }
  return [...byName.values()];
}

async function readConsumers(api: ManagementApi, vhost: string): Promise<BrokerSnapshot['consumers']> {
  const path = `/api/consumers/${encodeURIComponent(vhost)}`;
  const rows = await api.list(path, 'queue.name,channel_details.connection_name', `the consumers of vhost '${vhost}'`);
  return rows.flatMap(({ queue, channel_details }) => {
    const { name } = (queue ?? {}) as { readonly name?: unknown };
    const { connection_name } = (channel_details ?? {}) as { readonly connection_name?: unknown };
    return typeof name === 'string' && typeof connection_name === 'string' ? [{ queue: name, connection: connection_name }] : [];
  });
}

async function readQueues(api: ManagementApi, vhost: string): Promise<string[]> {
  const names = new Set<string>();
  for await (const rows of api.pages(`/api/queues/${encodeURIComponent(vhost)}`, 'name', `the queues of vhost '${vhost}'`)) {
    for (const { name } of rows) if (typeof name === 'string') names.add(name);
    if (names.size >= QUEUES_MAX) break;
  }
  return [...names];
}
