/**
 * The catalogue as an AsyncAPI 3 document. A channel is a topic on its exchange; a method is a message of it, that callers send
 * and servers receive: two operations, and for a call the channel of its reply. A payload is oslo.messaging's inner message (on the wire it
 * stands as a string in `oslo.message`); its `args` is the schema that the observed arguments make. What was measured is in `x-observed`.
 *
 * Source of the shape: https://www.asyncapi.com/docs/reference/specification/v3.1.0, and the AMQP bindings 0.3.0.
 */
import type { CatalogMethod } from '../queries/catalog.ts';
import type { Catalog } from './catalog.ts';
import { idsOf } from './catalog-ids.ts';
import { callPayload, castPayload, replyPayload } from './catalog-schema.ts';
import { clock, percent } from './format.ts';
import { markdownCode, printable } from './report-text.ts';

type Json = Readonly<Record<string, unknown>>;

const BINDING = '0.3.0';
const REPLY = 'reply';

/** Plain data, to be written as YAML or JSON. Its order is the catalogue's. */
export function asyncapiOf(catalog: Catalog): Json {
  const channelIds = idsOf(catalog.methods.map(channelKeyOf), [REPLY]);
  const messageIds = idsOf(catalog.methods.map(keyOf), [REPLY]);
  const listed = catalog.methods.map((method, i) => ({ method, channel: channelIds[i] ?? '', id: messageIds[i] ?? '' }));
  const channels = Object.entries(Object.groupBy(listed, ({ channel }) => channel));
  const hasReplies = listed.some(({ method }) => method.kind === 'call');
  return {
    asyncapi: '3.1.0',
    id: 'urn:oslotap:catalog',
    info: infoOf(catalog),
    defaultContentType: 'application/json',
    servers: { rabbitmq: SERVER },
    channels: {
      ...Object.fromEntries(channels.map(([id, of = []]) => [id, channelOf(of)])),
      ...(hasReplies ? { [REPLY]: REPLY_CHANNEL } : {}),
    },
    operations: Object.fromEntries(listed.flatMap(operationsOf)),
    components: {
      messages: {
        ...Object.fromEntries(listed.map(({ method, id }) => [id, messageOf(method)])),
        ...(hasReplies ? { [REPLY]: REPLY_MESSAGE } : {}),
      },
    },
  };
}

interface Listed {
  readonly method: CatalogMethod;
  readonly channel: string;
  readonly id: string;
}

/** A fanout's exchange is named by its topic. */
function channelKeyOf({ exchange, topic, kind }: CatalogMethod): readonly string[] {
  return kind === 'fanout' ? [exchange] : [exchange, topic];
}

function keyOf(method: CatalogMethod): readonly string[] {
  const { namespace, object, version, kind } = method;
  return [...channelKeyOf(method), namespace ?? '', object ?? method.method, version ?? '', kind];
}

function infoOf({ made_by, window, coverage, since, methods, left_out }: Catalog): Json {
  const seen =
    window.from === null || window.to === null
      ? 'Nothing was seen.'
      : `Seen from ${clock(window.from)} to ${clock(window.to)}, coverage ${percent(coverage)}.`;
  return {
    title: 'RPCs of an OpenStack cloud, as observed',
    version: made_by.oslotap,
    description: `Methods of oslo.messaging as RabbitMQ saw them pass. What was not called meanwhile is not here. ${seen}`,
    'x-observed': { ...window, coverage, since, methods: methods.length, methods_left_out: left_out },
  };
}

const SERVER: Json = {
  host: 'rabbitmq:5672',
  protocol: 'amqp',
  protocolVersion: '0.9.1',
  description: "The control plane's RabbitMQ; its address is the site's own.",
};

const REPLY_CHANNEL: Json = {
  address: null,
  title: 'Replies',
  description: 'The queue of the process that called, by the default exchange: the call names it in `_reply_q`.',
  servers: [{ $ref: '#/servers/rabbitmq' }],
  messages: { [REPLY]: { $ref: `#/components/messages/${REPLY}` } },
  bindings: { amqp: { is: 'queue', queue: { name: 'reply_{id}' }, bindingVersion: BINDING } },
};

const REPLY_MESSAGE: Json = {
  name: 'reply',
  title: 'The answer to a call',
  contentType: 'application/json',
  correlationId: { description: "The call's own id.", location: '$message.payload#/_msg_id' },
  payload: replyPayload(),
};

function channelOf(listed: readonly Listed[]): Json {
  const { exchange = '', topic = '', kind } = listed[0]?.method ?? {};
  const isFanout = kind === 'fanout';
  const isToOne = listed.some(({ method }) => method.to_one_server > 0);
  return {
    address: isFanout ? '' : printable(topic),
    title: printable(isFanout ? `${topic}, all servers` : topic),
    description: isFanout
      ? `Each server of the topic ${markdownCode(topic)} has a copy.`
      : `One server of the topic ${markdownCode(topic)}${isToOne ? '; a certain one by the routing key `topic.server`' : ''}.`,
    servers: [{ $ref: '#/servers/rabbitmq' }],
    messages: Object.fromEntries(listed.map(({ id }) => [id, { $ref: `#/components/messages/${id}` }])),
    bindings: {
      amqp: {
        is: 'routingKey',
        exchange: { name: printable(exchange), type: isFanout ? 'fanout' : exchange === '' ? 'default' : 'topic' },
        bindingVersion: BINDING,
      },
    },
  };
}

function operationsOf({ method, channel, id }: Listed): [string, Json][] {
  const common = {
    channel: { $ref: `#/channels/${channel}` },
    messages: [{ $ref: `#/channels/${channel}/messages/${id}` }],
    ...(method.kind === 'call' ? { reply: REPLY_TO } : {}),
  };
  const name = printable(method.object ?? method.method);
  return [
    [`${id}.send`, { action: 'send', title: `${name}: ${method.kind}`, ...common, 'x-callers': method.callers }],
    [`${id}.receive`, { action: 'receive', title: `${name}: serve`, ...common, 'x-servers': method.servers }],
  ];
}

const REPLY_TO: Json = {
  address: { description: 'The queue that the call names.', location: '$message.payload#/_reply_q' },
  channel: { $ref: `#/channels/${REPLY}` },
  messages: [{ $ref: `#/channels/${REPLY}/messages/${REPLY}` }],
};

function messageOf(method: CatalogMethod): Json {
  const { exchange, topic, callers, servers, arguments: given, namespace, version, object, kind, ...observed } = method;
  const isCall = kind === 'call';
  return {
    name: printable(object ?? method.method),
    title: `${printable(object ?? method.method)} ${version ?? ''}`.trim(),
    contentType: 'application/json',
    ...(isCall ? { correlationId: { description: 'Comes back in the reply.', location: '$message.payload#/_msg_id' } } : {}),
    payload: isCall ? callPayload(method) : castPayload(method),
    bindings: { amqp: { contentEncoding: 'utf-8', messageType: kind, bindingVersion: BINDING } },
    'x-observed': { kind, object, arguments_read: given.read, argument_shares: sharesOf(method), ...observed },
  };
}

/** Those that were not in every message. */
function sharesOf({ arguments: { names } }: CatalogMethod): Json {
  return Object.fromEntries(names.filter(({ share }) => share < 1).map(({ name, share }) => [name, share]));
}
