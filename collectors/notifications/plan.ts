/**
 * Taps without the firehose: a queue of our own, bound to the exchanges that the services publish to.
 *
 *   notifications   the topic exchanges, `notifications.*` and `versioned_notifications.*`
 *   requests        the topic exchanges, `#`, and every `<topic>_fanout` exchange: by hand only, see README
 *
 * What comes are the original messages. Each is given the form of the firehose's copy of its publish, without a connection:
 * that is how the rest knows a tap that is no firehose, and takes the firehose's own copy in its place where that comes too.
 */
import type { ConsumeMessage } from 'amqplib';
import type { TlsMaterial } from '../amqp/connect.ts';
import type { Received } from '../amqp/queue-tap.ts';
import type { Binding } from '../amqp/session.ts';
import type { Broker } from '../amqp/url.ts';
import type { ManagementApi } from '../management/api.ts';
import type { Blind, TapPlan } from '../plan.ts';
import { assertExchanges, fanoutExchanges, KNOWN_EXCHANGES } from './exchanges.ts';

export const NOTIFICATIONS_QUEUE = 'oslotap.notifications';
export const REQUESTS_QUEUE = 'oslotap.requests';
/** oslo.messaging's own, and nova's second one. */
export const NOTIFICATION_TOPICS: readonly string[] = ['notifications', 'versioned_notifications'];

export interface ExchangeTapOptions {
  readonly broker: Broker;
  readonly tls: TlsMaterial;
  /** Topic exchanges; null: those of the known ones that are there. */
  readonly exchanges: readonly string[] | null;
}

/** A recorded boot has 118 events without its audit notifications, 26 of them notifications. */
const WITHOUT_RPCS: Blind = {
  share: 0.78,
  unseenPerSeen: 3.5,
  detail: 'only notifications are taken: no calls, casts, fanouts and replies',
};
/** A call and its reply are four events, one of them the call's publish. */
const WITHOUT_REPLIES: Blind = {
  share: 0.75,
  unseenPerSeen: 3,
  detail: 'only requests are taken: no replies, no deliveries, no processes',
};

/** @param topics of the notifications, of whatever priority: `notifications.info`, `notifications.error`. */
export function notificationsPlan(options: ExchangeTapOptions, topics: readonly string[] = NOTIFICATION_TOPICS): TapPlan {
  const keys = topics.map((topic) => `${topic}.*`);
  const bindings = bindingsTo(options.exchanges ?? KNOWN_EXCHANGES, keys);
  return {
    ...commonPlan(options),
    queue: NOTIFICATIONS_QUEUE,
    blind: WITHOUT_RPCS,
    possibleBindings: bindings,
    bindings: (tier) => (tier === 'off' ? [] : bindings),
    look: async () => {}, // the same again: an exchange that was not there is there now
  };
}

/** @param api lists the fanout exchanges, which come and go with their services. */
export function requestsPlan(options: ExchangeTapOptions, api: ManagementApi): TapPlan {
  const { vhost } = options.broker;
  const topics = bindingsTo(options.exchanges ?? KNOWN_EXCHANGES, ['#']);
  let fanouts: readonly Binding[] = [];
  return {
    ...commonPlan(options),
    queue: REQUESTS_QUEUE,
    blind: WITHOUT_REPLIES,
    possibleBindings: topics,
    bindings: (tier) => (tier === 'off' ? [] : [...topics, ...fanouts]),
    look: async () => {
      fanouts = bindingsTo(fanoutExchanges(await api.exchanges(vhost)), ['']);
    },
  };
}

function commonPlan({ broker, tls, exchanges }: ExchangeTapOptions) {
  const { vhost } = broker;
  return {
    broker,
    vhost,
    isFirehose: false,
    areMarkersTraced: false,
    toReceived: (message: ConsumeMessage) => asPublish(message, vhost),
    ...(exchanges === null ? {} : { begin: () => assertExchanges(broker, tls, exchanges) }),
  };
}

function bindingsTo(exchanges: readonly string[], keys: readonly string[]): Binding[] {
  return exchanges.flatMap((exchange) => keys.map((key) => ({ exchange, key, isOptional: true })));
}

/** An original message as the firehose's copy of its publish would be, as far as it can be known. */
export function asPublish({ fields, properties, content }: ConsumeMessage, vhost: string): Received {
  const { exchange, routingKey } = fields;
  const { expiration, headers = {} } = properties;
  return {
    routingKey: `publish.${exchange}`,
    headers: {
      exchange_name: exchange,
      routing_keys: [routingKey],
      properties: { ...(expiration === undefined ? {} : { expiration }), headers },
      vhost,
      connection: '',
      channel: 0,
      routed_queues: [],
    },
    body: content,
  };
}
