/**
 * What oslotap itself does to the broker is in the firehose too, and must not count: markers published to its own queue,
 * copies that its own queues took of the services' messages, and their delivery.
 */
import { OWN_QUEUE_PREFIX, type TappedMessage } from '../message.ts';

const OWN_DELIVERY = `deliver.${OWN_QUEUE_PREFIX}`;

/** True for a firehose message about a queue of oslotap's own, of this or of another oslotap. */
export function isOwnTraffic({ routingKey, headers }: TappedMessage): boolean {
  if (routingKey.startsWith(OWN_DELIVERY)) return true;
  if (routingKey !== 'publish.') return false;
  const keys = (headers as { routing_keys?: unknown } | null)?.routing_keys;
  return Array.isArray(keys) && typeof keys[0] === 'string' && isOwnQueue(keys[0]);
}

/** True for the name of a queue that an oslotap declared. */
export function isOwnQueue(name: string): boolean {
  return name.startsWith(OWN_QUEUE_PREFIX);
}
