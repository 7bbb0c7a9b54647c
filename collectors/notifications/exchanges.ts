/** Which exchanges the services publish to: the topic exchanges of OpenStack's services, and who of them is there. */

import { Misuse } from '../../src/errors.ts';
import { connect, type TlsMaterial } from '../amqp/connect.ts';
import type { Broker } from '../amqp/url.ts';
import type { Exchange } from '../management/api.ts';

/**
 * `control_exchange` as the services set it. `openstack` is oslo.messaging's own default, and cinder's.
 * Source: `set_transport_defaults` in each service, oslo_messaging/transport.py.
 */
export const KNOWN_EXCHANGES: readonly string[] = [
  'openstack',
  'nova',
  'neutron',
  'cinder',
  'glance',
  'keystone',
  'heat',
  'ironic',
  'magnum',
  'octavia',
  'designate',
  'manila',
  'sahara',
  'trove',
  'barbican',
  'swift',
  'aodh',
  'ceilometer',
  'masakari',
  'mistral',
  'watcher',
  'zun',
];

/** Of the exchanges of a vhost, those that fanouts go to: oslo.messaging names them `<topic>_fanout`. */
export function fanoutExchanges(exchanges: readonly Exchange[]): string[] {
  return exchanges.filter(({ name, type }) => type === 'fanout' && name.endsWith('_fanout')).map(({ name }) => name);
}

/** @throws Misuse naming the first that is not there. @throws BrokerFailure */
export async function assertExchanges(broker: Broker, tls: TlsMaterial, names: readonly string[]): Promise<void> {
  const connection = await connect(broker, tls, 'look', { next: 0 });
  connection.on('error', () => {});
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    for (const name of names) {
      await channel.checkExchange(name).catch((error: { readonly code?: number }) => {
        if (error.code !== 404) throw error;
        throw new Misuse(`--exchanges: there is no exchange '${name}' in vhost '${broker.vhost}'`);
      });
    }
  } finally {
    await connection.close().catch(() => {});
  }
}
