/**
 * Why a call failed, and where: one verdict of a closed list, with the service, host and queue that it points at.
 *
 *                  published  routed  delivered  reply published  reply delivered
 *   unroutable         x
 *   not_consumed       x        x
 *   no_reply           x        x         x
 *   reply_lost         x        x         x          x
 *   late_reply         x        x         x          x                x  after the time-out
 *   failed             x        x         x          x                x  with an exception that was no answer
 *
 * Pure: it looks at one story that ended. docs/verdicts.md says what each means, and what the wire cannot tell.
 */
import { isExpectedFailure } from './expected-failures.ts';
import type { Process } from './processes.ts';
import { type Place, serviceOfTopic } from './services.ts';
import type { ClosedMessage, Initiating, TracedReply } from './traced-message.ts';

export type VerdictName = 'unroutable' | 'not_consumed' | 'no_reply' | 'reply_lost' | 'late_reply' | 'failed';

/** Whom it points at; `''` where nothing on the wire tells. */
export interface Culprit extends Place {
  readonly queue: string;
}

export interface Verdict {
  readonly verdict: VerdictName;
  readonly culprit: Culprit;
  /** What was seen, in words; durations to two digits, so that few of them differ. No ids, no free text of others. */
  readonly evidence: string;
}

/** A call's time-out: what the verdicts on time need beside the story. */
interface TimedOut {
  readonly closed: ClosedMessage;
  readonly timeout: string;
  readonly deadlineNs: bigint;
}

/** The verdict on a call with status `failed` or `timeout`; null for all else, and where the tap cannot know. */
export function verdictOf(closed: ClosedMessage): Verdict | null {
  // Only calls have one of these.
  if (closed.status === 'failed') return verdictOnException(closed);
  return closed.status === 'timeout' ? verdictOnTimeout(closed) : null;
}

/**
 * Whether a message shows that its sender goes on with its work after an exception. A notification does not (services send
 * one of every error), nor do the notes that nova takes of an instance's fault and of an action's end
 * (nova/compute/utils.py, add_instance_fault_from_exc and EventReporter).
 */
export function isGoingOn(message: Initiating): boolean {
  if (message.kind === 'notification') return false;
  const { object } = message;
  return object !== 'InstanceFault.create' && object?.startsWith('InstanceActionEvent.event_finish') !== true;
}

function verdictOnException(closed: ClosedMessage): Verdict | null {
  const { message, reply, callerWentOn } = closed.traced;
  const failure = reply?.failure;
  if (reply === null || failure == null || message.kind !== 'call') return null;
  const isExpected = isExpectedFailure(failure, message.object ?? message.method);
  if (isExpected && callerWentOn !== false) return null;
  const evidence = [
    `${failure} came back`,
    isExpected ? 'which callers expect, but this one gave up' : wentOnWords(callerWentOn),
    redeliveryWords(closed),
  ];
  return { verdict: 'failed', culprit: receiverOf(closed, reply), evidence: sentence(evidence) };
}

function verdictOnTimeout(closed: ClosedMessage): Verdict | null {
  const { publish, reply, deliveries, isLagging } = closed.traced;
  if (isLagging || publish.expirationMs === null) return null;
  const timeoutNs = BigInt(publish.expirationMs) * 1_000_000n;
  const late = { closed, timeout: duration(timeoutNs), deadlineNs: publish.timeNs + timeoutNs };
  if (reply !== null) return verdictOnReply(late, reply);
  if (deliveries.length === 0) return verdictOnUndelivered(late);
  return deliveredTo(closed).length === 0 ? deadLettered(late) : noReply(late);
}

/** A reply came: too late, or not to its caller. */
function verdictOnReply({ closed, timeout, deadlineNs }: TimedOut, reply: TracedReply): Verdict | null {
  const { publish, answeredNs, isCallerAlive, replyCount } = closed.traced;
  if (reply.publishedNs > deadlineNs) {
    const evidence = [
      `reply published ${duration(reply.publishedNs - deadlineNs)} after the time-out of ${timeout}`,
      answeredNs === null ? 'and never delivered' : '',
      redeliveryWords(closed),
    ];
    return { verdict: 'late_reply', culprit: receiverOf(closed, reply), evidence: sentence(evidence) };
  }
  const published = `reply published after ${duration(reply.publishedNs - publish.timeNs)}`;
  const again = replyCount > 1 ? `${replyCount} replies published in all` : '';
  if (answeredNs !== null) {
    const evidence = [published, `delivered ${duration(answeredNs - deadlineNs)} after the time-out of ${timeout}`, again];
    return { verdict: 'late_reply', culprit: callerOf(closed), evidence: sentence(evidence) };
  }
  const evidence = [`${published}, never delivered`, aliveWords(isCallerAlive), again];
  return { verdict: 'reply_lost', culprit: callerOf(closed), evidence: sentence(evidence) };
}

function verdictOnUndelivered({ closed, timeout }: TimedOut): Verdict | null {
  const { publish, takesDeliveries } = closed.traced;
  if (publish.routedQueues.length === 0) {
    const culprit = { ...placeOfKey(publish.routingKey), queue: publish.routingKey };
    return { verdict: 'unroutable', culprit, evidence: 'no queue took the request' };
  }
  if (takesDeliveries === false) return null;
  return notConsumed(closed, [`queued, not delivered within the time-out of ${timeout}`]);
}

/** Delivered, but only from a queue that its publish was not routed to: what expired or was rejected, and came there. */
function deadLettered({ closed, timeout }: TimedOut): Verdict {
  return notConsumed(closed, [`queued, not delivered from there within the time-out of ${timeout}`, 'dead-lettered instead']);
}

function notConsumed({ traced: { publish } }: ClosedMessage, evidence: readonly string[]): Verdict {
  const culprit = { ...placeOfKey(publish.routingKey), queue: publish.routedQueues[0] ?? publish.routingKey };
  return { verdict: 'not_consumed', culprit, evidence: sentence(evidence) };
}

function noReply({ closed, timeout }: TimedOut): Verdict {
  const { publish, replyCount } = closed.traced;
  const last = deliveredTo(closed).at(-1)?.delivery;
  const waitedNs = (last?.event.timeNs ?? publish.timeNs) - publish.timeNs;
  const evidence = [
    `delivered after ${duration(waitedNs)}, no reply within the time-out of ${timeout}`,
    replyCount > 0 ? 'its server sent heartbeats' : '',
    last === undefined || last.activities === 0
      ? 'nothing was seen of its handler'
      : `its handler was last seen at work ${duration(last.lastActivityNs - publish.timeNs)} after the request`,
    redeliveryWords(closed),
  ];
  return { verdict: 'no_reply', culprit: receiverOf(closed, null), evidence: sentence(evidence) };
}

/** The deliveries from a queue that its publish was routed to, with who was given them. */
function deliveredTo({ traced: { publish, deliveries }, to }: ClosedMessage) {
  const { routedQueues } = publish;
  return deliveries
    .map((delivery, index) => ({ delivery, process: to[index] as Process }))
    .filter(({ delivery }) => routedQueues.length === 0 || routedQueues.includes(delivery.event.queue));
}

/** Who had the request last; with a reply, before that was published. Where no delivery was seen, who should have it. */
function receiverOf(closed: ClosedMessage, reply: TracedReply | null): Culprit {
  const { publish } = closed.traced;
  const all = deliveredTo(closed);
  const before = all.filter(({ delivery }) => reply === null || delivery.event.timeNs <= reply.publishedNs);
  const last = before.at(-1) ?? all[0];
  const meant = placeOfKey(publish.routingKey);
  if (last === undefined) return { ...meant, queue: publish.routedQueues[0] ?? publish.routingKey };
  const { service, host } = last.process;
  return { service: service || meant.service, host: host || meant.host, queue: last.delivery.event.queue };
}

function callerOf({ traced: { message }, from: { service, host } }: ClosedMessage): Culprit {
  return { service, host, queue: message.kind === 'call' ? message.replyQueue : '' };
}

/** `<topic>` or `<topic>.<host>`: who should consume it. A topic that no rule knows is taken to have no dots. */
function placeOfKey(routingKey: string): Place {
  for (let dot = routingKey.length; dot > 0; dot = routingKey.lastIndexOf('.', dot - 1)) {
    const service = serviceOfTopic(routingKey.slice(0, dot));
    if (service !== '') return { service, host: hostOf(routingKey.slice(dot + 1)) };
  }
  const dot = routingKey.indexOf('.');
  return { service: '', host: dot < 0 ? '' : hostOf(routingKey.slice(dot + 1)) };
}

/** cinder's hosts carry their backend: `ctl@lvm`. */
function hostOf(server: string): string {
  return server.split('@', 1)[0] ?? '';
}

function wentOnWords(callerWentOn: boolean | undefined): string {
  if (callerWentOn === undefined) return '';
  return callerWentOn ? 'its caller went on' : 'its caller failed by it too';
}

function aliveWords(isCallerAlive: boolean | undefined): string {
  if (isCallerAlive === undefined) return '';
  return isCallerAlive ? 'its caller lives, and does not hear' : 'nothing more was seen of its caller';
}

/** The broker gives a message again whose consumer was lost, or gave it back. */
function redeliveryWords(closed: ClosedMessage): string {
  const isRedelivered = deliveredTo(closed).some(({ delivery }) => delivery.event.redelivered);
  return isRedelivered ? 'redelivered: a consumer before was lost with it' : '';
}

function sentence(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('; ');
}

/** Two digits are enough to judge by. */
function duration(ns: bigint): string {
  const ms = Number(ns) / 1e6;
  return ms < 1000 ? `${Number(ms.toPrecision(2))} ms` : `${Number((ms / 1000).toPrecision(2))} s`;
}
