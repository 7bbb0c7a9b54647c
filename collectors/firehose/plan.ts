/** The firehose of a vhost, tapped where it is. */
import type { Broker } from '../amqp/url.ts';
import type { TapPlan } from '../plan.ts';
import { bindingsOf, toReceived } from './firehose.ts';

export const FIREHOSE_QUEUE = 'oslotap.firehose';

export function firehosePlan(broker: Broker): TapPlan {
  return {
    broker,
    vhost: broker.vhost,
    queue: FIREHOSE_QUEUE,
    isFirehose: true,
    areMarkersTraced: true,
    blind: null,
    possibleBindings: bindingsOf('full'),
    bindings: (tier) => bindingsOf(tier),
    toReceived,
  };
}
