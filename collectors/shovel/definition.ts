/** The shovel itself, as the broker wants it. It holds the source's password: it goes into a PUT, and nowhere else. */
import type { QueueBounds } from '../amqp/queue-bounds.ts';
import { boundedArguments } from '../amqp/queue-bounds.ts';
import { type Broker, describeHost } from '../amqp/url.ts';
import { SOURCE_QUEUE } from './source.ts';

export const SHOVEL = 'oslotap';
/** The exchange on the analysis broker that stands for the source's `amq.rabbitmq.trace`. */
export const COPY_EXCHANGE = 'oslotap.trace';
const RECONNECT_SECONDS = 5;
const PREFETCH = 1_000;

/**
 * Routing keys, headers and bodies arrive as they were: there is no `dest-exchange-key`, and nothing is added. The way in
 * is a connection inside the node (`amqp:///VHOST`): no address, no password.
 *
 * Source: https://www.rabbitmq.com/docs/shovel-dynamic
 */
export function shovelDefinition(source: Broker, target: Broker, bounds: QueueBounds): Record<string, unknown> {
  return {
    'src-protocol': 'amqp091',
    'src-uri': uris(source),
    'src-queue': SOURCE_QUEUE,
    'src-queue-args': boundedArguments(bounds),
    'src-prefetch-count': PREFETCH,
    'dest-protocol': 'amqp091',
    'dest-uri': `amqp:///${encodeURIComponent(target.vhost)}`,
    'dest-exchange': COPY_EXCHANGE,
    'ack-mode': 'on-confirm',
    'add-forward-headers': false,
    'reconnect-delay': RECONNECT_SECONDS,
  };
}

/** The vhost is always written out: for the broker `amqp://host/` is a vhost without a name. */
function uris({ hosts, user, password, vhost, isTls }: Broker): string[] {
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  const scheme = isTls ? 'amqps' : 'amqp';
  return hosts.map((host) => `${scheme}://${credentials}@${describeHost(host)}/${encodeURIComponent(vhost)}`);
}
