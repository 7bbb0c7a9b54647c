/**
 * Events for tests of the correlator, told as a story: who publishes what, to whom it is delivered, who answers.
 * Times are milliseconds from an arbitrary beginning.
 */
import type { AuditedRequest, Delivery, MessageKind, Publish, Resource } from '../../src/message.ts';
import type { BrokerSnapshot } from '../../src/trace/broker-snapshot.ts';
import { Correlator, type UnmatchedReason } from '../../src/trace/correlator.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/trace/limits.ts';
import { Processes } from '../../src/trace/processes.ts';
import type { ClosedMessage } from '../../src/trace/traced-message.ts';

export const BEGIN_NS = 1_800_000_000_000_000_000n;
export const REQUEST = 'req-11111111-1111-4111-8111-111111111111';
export const OTHER_REQUEST = 'req-22222222-2222-4222-8222-222222222222';
/** An audit notification's context has an id of its own. */
const AUDIT_CONTEXT = 'req-aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';

/** `uid('a')` is a `_unique_id` that reads as what it stands for. */
export function uid(name: string): string {
  return Buffer.from(name.padEnd(16, '.')).toString('hex').slice(0, 32);
}

export interface Told {
  readonly id: string;
  readonly kind?: Exclude<MessageKind, 'reply'>;
  readonly method?: string;
  readonly requestId?: string | null;
  readonly globalRequestId?: string | null;
  readonly hasUser?: boolean;
  /** Ids of instances, or whole resources. */
  readonly resources?: readonly (string | Resource)[];
  readonly audit?: AuditedRequest;
  /** Default: one of its own. */
  readonly msgId?: string;
  readonly replyQueue?: string;
  readonly routedQueues?: readonly string[];
  readonly expirationMs?: number | null;
  readonly streamOffset?: number;
  readonly redelivered?: boolean;
}

function messageOf(told: Told) {
  const { id, kind = 'call', method = 'do_it', requestId = REQUEST, globalRequestId = null, hasUser = true } = told;
  const context = { requestId, globalRequestId, hasUser };
  if (kind === 'notification')
    return { kind, uniqueId: uid(id), eventType: method, publisherId: null, audit: told.audit ?? null, ...context };
  const request = { uniqueId: uid(id), method, object: null, namespace: null, version: '1.0', ...context };
  const { msgId = uid(`m${id}`), replyQueue = 'reply_1' } = told;
  return kind === 'call' ? { kind, ...request, msgId, replyQueue } : { kind, ...request };
}

const hop = { vhost: '/', exchange: 'nova', routingKey: 'conductor', channel: 1, bytes: 100, isLagging: false };

export function publish(atMs: number, connection: string, told: Told): Publish {
  const { routedQueues = ['conductor'], resources = [], kind = 'call' } = told;
  const expirationMs = told.expirationMs === undefined ? (kind === 'call' ? 60_000 : null) : told.expirationMs;
  return {
    event: 'publish',
    timeNs: at(atMs),
    ...hop,
    connection,
    message: messageOf(told),
    routedQueues,
    expirationMs,
    resources: resources.map((of) => (typeof of === 'string' ? { type: 'instance', id: of } : of)),
    arguments: '',
  };
}

export function deliver(atMs: number, connection: string, told: Told): Delivery {
  const { streamOffset = null, redelivered = false } = told;
  return {
    event: 'deliver',
    timeNs: at(atMs),
    ...hop,
    connection,
    message: messageOf(told),
    queue: 'conductor',
    redelivered,
    deliveryCount: 0,
    streamOffset,
  };
}

/** What an API's audit filter tells of an HTTP request: as it comes, or with a status as it is answered. */
export function audited(atMs: number, connection: string, id: string, told: Partial<AuditedRequest> = {}): Publish {
  const status = told.status ?? null;
  const method = status === null ? 'audit.http.request' : 'audit.http.response';
  const request = { requestId: REQUEST, globalRequestId: null, action: 'create', path: '/v2.1/servers' };
  const audit = { isResponse: status !== null, status, ...request, ...told };
  return publish(atMs, connection, { id, kind: 'notification', method, requestId: AUDIT_CONTEXT, hasUser: false, audit });
}

interface Answer {
  readonly failure?: string | null;
  readonly ending?: boolean;
  /** Tells several replies to one call apart. */
  readonly nth?: number;
}

function replyOf(id: string, { failure = null, ending = true, nth = 1 }: Answer) {
  return { kind: 'reply' as const, uniqueId: uid(`r${nth}${id}`), msgId: uid(`m${id}`), ending, failure };
}

const replyHop = { vhost: '/', exchange: '', routingKey: 'reply_1', channel: 1, bytes: 10, isLagging: false };

export function reply(atMs: number, connection: string, id: string, answer: Answer = {}): Publish {
  return {
    event: 'publish',
    timeNs: at(atMs),
    ...replyHop,
    connection,
    message: replyOf(id, answer),
    routedQueues: ['reply_1'],
    expirationMs: null,
    resources: [],
    arguments: '',
  };
}

export function deliverReply(atMs: number, connection: string, id: string, answer: Answer = {}): Delivery {
  return {
    event: 'deliver',
    timeNs: at(atMs),
    ...replyHop,
    connection,
    message: replyOf(id, answer),
    queue: 'reply_1',
    redelivered: false,
    deliveryCount: 0,
    streamOffset: null,
  };
}

/** A call that is delivered after 1 ms and answered after `tookMs`. */
export function answered(atMs: number, from: string, to: string, told: Told, tookMs = 10): (Publish | Delivery)[] {
  return [
    publish(atMs, from, told),
    deliver(atMs + 1, to, told),
    reply(atMs + tookMs, to, told.id),
    deliverReply(atMs + tookMs + 1, from, told.id),
  ];
}

export function at(ms: number): bigint {
  return BEGIN_NS + BigInt(Math.round(ms * 1e6));
}

/** Each connection is a process of its own: `api`, `conductor`, `compute` … */
export function snapshot(...connections: readonly string[]): BrokerSnapshot {
  return {
    connections: connections.map((name, i) => ({
      name,
      peerHost: '10.0.0.1',
      connectionName: `nova-${name}:${100 + i}:x`,
      connectedAtMs: 0,
    })),
    consumers: [],
    queues: [],
  };
}

export interface Correlated {
  readonly byId: ReadonlyMap<string, ClosedMessage>;
  readonly closed: readonly ClosedMessage[];
  readonly unmatched: readonly UnmatchedReason[];
  readonly correlator: Correlator;
}

export function correlate(
  events: readonly (Publish | Delivery)[],
  limits: Partial<Limits> = {},
  processes?: Processes,
): Correlated {
  const closed: ClosedMessage[] = [];
  const unmatched: UnmatchedReason[] = [];
  const names = [...new Set(events.map(({ connection }) => connection))];
  const output = {
    published: () => {},
    streamed: () => {},
    closed: (message: ClosedMessage) => void closed.push(message),
    unmatched: (_event: unknown, reason: UnmatchedReason) => void unmatched.push(reason),
    repeated: () => {},
  };
  const correlator = new Correlator(processes ?? new Processes(snapshot(...names)), output, { ...DEFAULT_LIMITS, ...limits });
  for (const event of events) correlator.add(event);
  correlator.finish();
  return { closed, unmatched, correlator, byId: new Map(closed.map((message) => [message.traced.uniqueId, message])) };
}
