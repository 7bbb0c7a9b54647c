/**
 * The shovel's end on the broker that the services use: a queue of our own, bounded and expiring like a tap's, bound to
 * the firehose. It is declared here before any shovel reads it; a shovel that finds none would make one without bounds.
 */
import type { ChannelModel } from 'amqplib';
import { reasonOf } from '../../src/errors.ts';
import { BrokerFailure } from '../amqp/connect.ts';
import { boundedArguments, type QueueBounds } from '../amqp/queue-bounds.ts';
import { type Broker, describeHost } from '../amqp/url.ts';
import { bindingsOf, type Tier, TRACE_EXCHANGE } from '../firehose/firehose.ts';

export const SOURCE_QUEUE = 'oslotap.shovel';

/**
 * Durable, with the very arguments of the shovel's `src-queue-args`: a shovel declares what it does not find, and whoever
 * comes second must ask for the same. Unlike the tap's it has no single active consumer: shovels on a cluster move from node
 * to node.
 * @returns whether there was none: what passed before is lost. @throws BrokerFailure
 */
export async function declareSource(
  connection: ChannelModel,
  source: Broker,
  bounds: QueueBounds,
  tier: Tier,
): Promise<{ isNew: boolean }> {
  const isNew = !(await isThere(connection));
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  try {
    await channel.assertQueue(SOURCE_QUEUE, { durable: true, arguments: boundedArguments(bounds) });
    const wanted = bindingsOf(tier);
    for (const { exchange, key } of bindingsOf('full')) {
      if (wanted.some((binding) => binding.key === key)) await channel.bindQueue(SOURCE_QUEUE, exchange, key);
      else await channel.unbindQueue(SOURCE_QUEUE, exchange, key);
    }
    await channel.close();
  } catch (error) {
    throw explain(error, source);
  }
  return { isNew };
}

async function isThere(connection: ChannelModel): Promise<boolean> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  try {
    await channel.checkQueue(SOURCE_QUEUE);
    await channel.close();
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === 404) return false;
    throw error;
  }
}

function explain(error: unknown, { user, vhost, hosts }: Broker): unknown {
  const { code } = error as { code?: number };
  const at = `${hosts.map(describeHost).join(',')}, vhost '${vhost}'`;
  if (code === 403) {
    const rights = `configure and write on the queue '${SOURCE_QUEUE}' and read on the exchange '${TRACE_EXCHANGE}'`;
    return new BrokerFailure(`user '${user}' needs permission to ${rights} at ${at}`, true);
  }
  if (code === 406) {
    return new BrokerFailure(
      `the queue '${SOURCE_QUEUE}' at ${at} has other bounds: delete it, or give them as it has them`,
      true,
    );
  }
  return new BrokerFailure(`the queue '${SOURCE_QUEUE}' cannot be declared at ${at}: ${reasonOf(error)}`, false);
}
