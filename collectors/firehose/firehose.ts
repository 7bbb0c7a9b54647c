/**
 * RabbitMQ's firehose: copies of every publish and every delivery, from the exchange `amq.rabbitmq.trace`.
 *
 *   full      publish.# and deliver.#     everything
 *   publish   publish.#                   no deliveries: half the copies
 *   off       nothing bound               the queue stays, and takes nothing
 *
 * A copy's routing key, headers and body are what a capture has of it (collectors/capture).
 */
import type { ConsumeMessage } from 'amqplib';
import { OWN_QUEUE_PREFIX } from '../../src/message.ts';
import type { Received } from '../amqp/queue-tap.ts';
import type { Binding } from '../amqp/session.ts';

export const TRACE_EXCHANGE = 'amq.rabbitmq.trace';

export type Tier = 'full' | 'publish' | 'off';
export const TIERS: readonly Tier[] = ['full', 'publish', 'off'];

/** The bindings of a tier. `publish.#`, not `publish.*`: exchanges and queues have dots in their names. */
export function bindingsOf(tier: Tier, exchange: string = TRACE_EXCHANGE): readonly Binding[] {
  const publishes = { exchange, key: 'publish.#' };
  const deliveries = { exchange, key: 'deliver.#' };
  if (tier === 'full') return [publishes, deliveries];
  return tier === 'publish' ? [publishes] : [];
}

/** What oslotap's own queues are given is traced like everything: the other tap's messages, and markers. */
const OWN_DELIVERY = `deliver.${OWN_QUEUE_PREFIX}`;

export function toReceived({ fields, properties, content }: ConsumeMessage): Received {
  if (fields.routingKey.startsWith(OWN_DELIVERY)) return null;
  return { routingKey: fields.routingKey, headers: properties.headers ?? {}, body: content };
}
