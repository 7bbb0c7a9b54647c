/**
 * Floods: more of one thing than any bound allows, as a tap would hand it over, 10,000 events a second of their own time.
 * Bodies are as oslo.messaging writes them, so that what decoding leaves in memory is what it leaves of real ones.
 */
import type { LiveMessage } from '../../src/message.ts';
import { newId, newRequestId } from '../support/rpc-load-messages.ts';

/** Told of one message of a flood; `nth` counts from 0. */
type Teller = (nth: number) => readonly Told[];

interface Told {
  readonly event: 'publish' | 'deliver';
  readonly connection: string;
  readonly exchange: string;
  /** Of the message; its queue has the same name. */
  readonly routingKey: string;
  readonly body: Buffer;
}

export interface Flood {
  readonly title: string;
  readonly messages: number;
  readonly tell: Teller;
}

const EVENTS_A_SECOND = 10_000n;
const MILLION = 1_000_000;
const AGENTS = many(1_000, () => ({ replyQueue: `reply_${newId()}`, requestId: newRequestId() }));
const RESOURCES_A_LIST = 256;
const RECEIVERS = 1_000;
const OLD_REQUEST = newRequestId();

export const FLOODS = {
  none: { title: 'no flood', messages: 0, tell: () => [] },
  calls: { title: 'calls that get no reply', messages: MILLION, tell: unanswered },
  resources: { title: 'resources, one a message, ten a request', messages: MILLION, tell: aboutResources },
  connections: { title: 'connections, a call on each', messages: MILLION, tell: (nth) => strangers(nth, addressOf(nth)) },
  balancer: { title: 'connections of one address', messages: MILLION, tell: (nth) => strangers(nth, '10.90.0.1') },
  requests: { title: 'request ids, each with a global id', messages: MILLION, tell: () => ofUsers(newRequestId()) },
  clients: { title: 'request ids that share one global id', messages: MILLION, tell: () => ofUsers(OLD_REQUEST) },
  starts: { title: 'notifications of beginnings', messages: MILLION, tell: () => beginnings(`"${newUuid()}"`) },
  again: { title: 'notifications of the same beginning', messages: MILLION, tell: () => beginnings('null') },
  fanouts: { title: `fanouts to ${RECEIVERS} agents each`, messages: MILLION / RECEIVERS, tell: fanouts },
  lists: { title: `messages with ${RESOURCES_A_LIST} resources each`, messages: MILLION / 5, tell: lists },
} satisfies Readonly<Record<string, Flood>>;

export type FloodName = keyof typeof FLOODS;

/** @param share of its messages. @returns its events, from `startNs` on. */
export function* eventsOf({ messages, tell }: Flood, share: number, startNs: bigint): Generator<LiveMessage> {
  let atNs = startNs;
  for (let nth = 0; nth < messages * share; nth++) {
    for (const told of tell(nth)) {
      yield toTapped(told, atNs);
      atNs += 1_000_000_000n / EVENTS_A_SECOND;
    }
  }
}

/** An agent calls its server, which takes the call and is silent. */
function unanswered(nth: number): Told[] {
  const agent = nth % AGENTS.length;
  const { requestId, replyQueue } = AGENTS[agent] as (typeof AGENTS)[number];
  const body = request({ method: 'update_device_up', requestId, replyQueue });
  return passedOn(`${addressOf(agent)}:40000`, `10.91.0.${nth % 8}:40000`, { exchange: 'neutron', routingKey: 'q-plugin', body });
}

function aboutResources(nth: number): Told[] {
  if (nth % 10 === 0) ofTen = newRequestId();
  const body = request({ method: 'reboot_instance', requestId: ofTen, args: `{"instance_uuid": "${newUuid()}"}` });
  return toCompute(nth, body);
}
let ofTen = '';

/** Who is seen once, and never again. */
function strangers(nth: number, address: string): Told[] {
  const body = request({ method: 'do_it', requestId: newRequestId(), replyQueue: `reply_${newId()}` });
  const connection = `${address}:${1_024 + (nth % 60_000)} -> 10.77.${nth >> 16}.1:5672`;
  return [{ event: 'publish', connection, exchange: 'site', routingKey: 'site', body }];
}

function ofUsers(globalRequestId: string): Told[] {
  const body = request({ method: 'stop_instance', requestId: newRequestId(), globalRequestId, user: newId() });
  return toCompute(0, body);
}

function beginnings(id: string): Told[] {
  const context = contextOf({ requestId: null, user: null });
  const payload = `{"port": {"id": ${id}}}`;
  const head = `"message_id": "${newUuid()}", "publisher_id": "network.ctl", "event_type": "port.create.start", "priority": "INFO"`;
  const inner = `{${head}, "payload": ${payload}, "timestamp": "2026-11-21 19:55:43.325910", "_unique_id": "${newId()}", ${context}}`;
  const connection = connectionOf('10.92.0.1:40000');
  return [{ event: 'publish', connection, exchange: 'neutron', routingKey: 'notifications.info', body: envelope(inner) }];
}

function lists(nth: number): Told[] {
  const ids = many(RESOURCES_A_LIST, () => `"${newUuid()}"`).join(', ');
  return toCompute(nth, request({ method: 'sync_instances', requestId: newRequestId(), args: `{"instance_uuids": [${ids}]}` }));
}

function fanouts(): Told[] {
  const exchange = 'q-agent-notifier-security_group-update_fanout';
  const message = {
    exchange,
    routingKey: exchange,
    body: request({ method: 'security_groups_rule_updated', requestId: newRequestId() }),
  };
  const deliveries = many(
    RECEIVERS,
    (nth): Told => ({ event: 'deliver', connection: connectionOf(`${addressOf(nth << 4)}:40000`), ...message }),
  );
  return [{ event: 'publish', connection: connectionOf('10.92.0.1:40000'), ...message }, ...deliveries];
}

/** A user's cast to one of a thousand hypervisors. */
function toCompute(nth: number, body: Buffer): Told[] {
  const host = nth % 1_000;
  const to = `10.93.${host >> 8}.${host & 255}:40000`;
  return passedOn(`10.92.1.${nth % 8}:40000`, to, { exchange: 'nova', routingKey: `compute.cmp${host}`, body });
}

function passedOn(from: string, to: string, message: Omit<Told, 'event' | 'connection'>): Told[] {
  return [
    { event: 'publish', connection: connectionOf(from), ...message },
    { event: 'deliver', connection: connectionOf(to), ...message },
  ];
}

interface Request {
  readonly method: string;
  readonly requestId: string;
  readonly globalRequestId?: string;
  readonly user?: string;
  readonly args?: string;
  /** Only a call has one; nobody's: an agent's of its own accord. */
  readonly replyQueue?: string;
}

const SOME_USER = newId();

function request({ method, requestId, globalRequestId, user, args = '{}', replyQueue }: Request): Buffer {
  const call = replyQueue === undefined ? '' : `"_msg_id": "${newId()}", "_reply_q": "${replyQueue}", "_timeout": null, `;
  const context = contextOf({ requestId, globalRequestId, user: user ?? (replyQueue === undefined ? SOME_USER : null) });
  return envelope(`{"method": "${method}", "args": ${args}, "version": "1.0", ${call}"_unique_id": "${newId()}", ${context}}`);
}

interface Context {
  readonly requestId: string | null;
  readonly globalRequestId?: string | undefined;
  readonly user: string | null;
}

function contextOf({ requestId, globalRequestId, user }: Context): string {
  const value = (text: string | null | undefined) => (text == null ? 'null' : `"${text}"`);
  const ids = `"_context_request_id": ${value(requestId)}, "_context_global_request_id": ${value(globalRequestId)}`;
  return `"_context_user": ${value(user)}, ${ids}, "_context_user_id": ${value(user)}`;
}

function envelope(inner: string): Buffer {
  return Buffer.from(`{"oslo.version": "2.0", "oslo.message": ${JSON.stringify(inner)}}`, 'latin1');
}

function toTapped({ event, connection, exchange, routingKey, body }: Told, receivedNs: bigint): LiveMessage {
  const hop = { exchange_name: exchange, routing_keys: [routingKey], node: 'rabbit@ctl', vhost: '/', connection, channel: 1 };
  const properties = { expiration: '60000', headers: {} };
  const own = event === 'publish' ? { routed_queues: [routingKey] } : { redelivered: 0 };
  return {
    receivedNs,
    routingKey: event === 'publish' ? `publish.${exchange}` : `deliver.${routingKey}`,
    headers: { ...hop, ...own, properties },
    body,
    isRedelivered: false,
  };
}

function connectionOf(peer: string): string {
  return `${peer} -> 10.77.0.1:5672`;
}

/** Sixteen in a row are one host's. */
function addressOf(nth: number): string {
  const host = nth >> 4;
  return `10.94.${host >> 8}.${host & 255}`;
}

function newUuid(): string {
  return newRequestId().slice('req-'.length);
}

function many<T>(count: number, make: (nth: number) => T): T[] {
  return Array.from({ length: count }, (_, nth) => make(nth));
}
