/** For whom a request is, as its sender addressed it: oslo.messaging's topic and server. */
import type { Publish } from '../message.ts';
import { serviceOfTopic } from './services.ts';

export interface Target {
  readonly topic: string;
  /** One server of the topic's, or `''` for any, or all. */
  readonly server: string;
}

const FANOUT = '_fanout';

/**
 * A fanout goes to the exchange `<topic>_fanout`, all else by the routing key `<topic>` or `<topic>.<server>`. Topics with dots are
 * told where a rule knows them (`ironic.conductor_manager`); those of neutron's objects end in their version.
 */
export function targetOf({ exchange, routingKey }: Pick<Publish, 'exchange' | 'routingKey'>): Target {
  if (exchange.endsWith(FANOUT)) return { topic: exchange.slice(0, -FANOUT.length), server: '' };
  const first = routingKey.indexOf('.');
  if (first < 0 || routingKey.startsWith('neutron-vo-')) return { topic: routingKey, server: '' };
  for (let dot = first; dot > 0; dot = routingKey.indexOf('.', dot + 1)) {
    if (serviceOfTopic(routingKey.slice(0, dot)) !== '') return splitAt(routingKey, dot);
  }
  return serviceOfTopic(routingKey) === '' ? splitAt(routingKey, first) : { topic: routingKey, server: '' };
}

function splitAt(routingKey: string, dot: number): Target {
  return { topic: routingKey.slice(0, dot), server: routingKey.slice(dot + 1) };
}
