/** Messages whose stories ended, as the store takes them: for whatever counts them. */

import { NO_EVIDENCE } from '../../src/trace/evidence.ts';
import type { ClosedMessage, ClosedReason, Initiating, Status, TracedMessage } from '../../src/trace/traced-message.ts';
import { BEGIN_NS } from './events.ts';

export interface Story {
  /** 32 hex digits. */
  readonly id: string;
  readonly kind?: 'call' | 'cast' | 'fanout' | 'notification';
  readonly method?: string;
  readonly object?: string | null;
  readonly namespace?: string | null;
  readonly version?: string | null;
  readonly arguments?: string;
  readonly exchange?: string;
  readonly routingKey?: string;
  readonly from?: readonly [service: string, host: string];
  /** Each was given it, `waitMs` after its publish. */
  readonly to?: readonly (readonly [service: string, host: string])[];
  readonly waitMs?: number;
  /** From its publish to the delivery of its reply; null: none. */
  readonly tookMs?: number | null;
  readonly failure?: string | null;
  readonly status?: Status;
  readonly reason?: ClosedReason;
  readonly isLagging?: boolean;
  readonly requestId?: string | null;
  readonly traceId?: string;
}

const MS = 1_000_000;
const NO_REQUEST = { globalRequestId: null, hasUser: true };

export function closedStory(story: Story): ClosedMessage {
  const { kind = 'call', from = ['nova-compute', 'cmp1'], to = [['nova-conductor', 'ctl1']], reason = 'answered' } = story;
  const { tookMs = kind === 'call' ? 10 : null, failure = null } = story;
  const process = ([service, host]: readonly [string, string]) => ({ id: `${service}@${host}:1`, service, host });
  const status = story.status ?? (kind !== 'call' ? 'sent' : failure === null ? 'ok' : 'failed');
  return { traced: traced(story, tookMs), reason, status, wasShown: false, from: process(from), to: to.map(process) };
}

function traced(story: Story, tookMs: number | null): ClosedMessage['traced'] {
  const { id, failure = null, isLagging = false, requestId = null, traceId = id } = story;
  const message = messageOf(story);
  const publish = publishOf(story, message);
  const repliedNs = tookMs === null ? null : BEGIN_NS + BigInt(Math.round(tookMs * MS));
  const reply = repliedNs === null ? null : { uniqueId: `f${id.slice(1)}`, publishedNs: repliedNs - 1_000n, bytes: 50, failure };
  const rest: Omit<TracedMessage, 'publish' | 'trace'> = {
    ...{ uniqueId: id, message, join: 'none', confidence: 'certain', evidence: NO_EVIDENCE, cause: null, beganNs: null },
    ...{ servedRequestId: null, isAnswered: false, links: [], deliveries: deliveriesOf(story, message), reply },
    ...{ replyCount: Number(reply !== null), failureCount: Number(failure !== null), replyBytes: reply === null ? 0 : 50 },
    ...{ replyDeliveries: Number(reply !== null), replyBytesDelivered: reply === null ? 0 : 50, answeredNs: repliedNs },
    ...{ isLagging, lastEventNs: repliedNs ?? BEGIN_NS },
  };
  return { ...rest, publish, trace: { id: traceId, requestId, merged: null, isOver: false, isOrphan: false } };
}

function messageOf({ id, kind = 'call', method = 'object_action', ...told }: Story): Initiating {
  const context = { uniqueId: id, requestId: told.requestId ?? null, ...NO_REQUEST };
  if (kind === 'notification') return { kind, eventType: method, publisherId: null, audit: null, ...context };
  const { object = null, namespace = null, version = '3.0' } = told;
  const request = { ...context, method, object, namespace, version };
  return kind === 'call' ? { kind, ...request, msgId: id, replyQueue: 'reply_1' } : { kind, ...request };
}

function hopOf({ exchange = 'nova', routingKey = 'conductor', isLagging = false }: Story) {
  return { timeNs: BEGIN_NS, vhost: '/', exchange, routingKey, connection: 'c', channel: 1, bytes: 100, isLagging };
}

function publishOf(story: Story, message: Initiating) {
  const expirationMs = message.kind === 'call' ? 60_000 : null;
  const told = { routedQueues: ['q'], expirationMs, resources: [], arguments: story.arguments ?? '' };
  return { event: 'publish' as const, ...hopOf(story), message, ...told };
}

function deliveriesOf(story: Story, message: Initiating) {
  const { to = [['nova-conductor', 'ctl1']], waitMs = 1 } = story;
  const timeNs = BEGIN_NS + BigInt(Math.round(waitMs * MS));
  const about = { queue: 'q', redelivered: false, deliveryCount: 0, streamOffset: null };
  return to.map((_, nth) => ({
    event: { event: 'deliver' as const, ...hopOf(story), timeNs, message, ...about },
    ...{ nth, isReread: false, lastActivityNs: timeNs, activities: 0, notifications: [] },
  }));
}

const KINDS = ['call', 'call', 'call', 'cast', 'fanout', 'notification'] as const;
const SERVICES = ['nova-compute', 'neutron-openvswitch-agent', 'cinder-volume', 'ironic-conductor', 'neutron-l3-agent'];
const OUTCOMES = [null, null, null, 'nova.exception.InstanceNotFound', 'neutron_lib.exceptions.PortNotFound'];

/** What a large cloud says: each host calls, and is called by, every method in turn, by all kinds, now and then in vain. */
export function* largeCloud({ hosts, methods, step = 1 }: { hosts: number; methods: number; step?: number }) {
  for (let nth = 0; nth < hosts * methods; nth += step) {
    const [host, method] = [`compute-${Math.floor(nth / methods)}.region-one.example.com`, nth % methods];
    const service = SERVICES[method % SERVICES.length] as string;
    const kind = KINDS[(nth + method) % KINDS.length] ?? 'call';
    yield closedStory({
      ...{ id: nth.toString(16).padStart(32, '0'), kind, method: `some_method_of_a_usual_length_${method}` },
      ...{ exchange: kind === 'fanout' ? `${service}_fanout` : 'neutron', routingKey: `${service}.${host}` },
      ...{
        from: ['nova-conductor', 'controller-1'],
        to: [[service, host]],
        waitMs: nth % 50,
        tookMs: kind === 'call' ? nth % 90_000 : null,
      },
      ...{ failure: kind === 'call' ? (OUTCOMES[nth % OUTCOMES.length] ?? null) : null },
      ...(kind === 'call' && nth % 101 === 0 ? { status: 'timeout' as const, reason: 'timed_out' as const } : {}),
    });
  }
}
