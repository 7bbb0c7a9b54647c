/**
 * Joins publishes, deliveries and replies into stories, and stories into traces.
 *
 * `_unique_id` joins a publish to its deliveries, `_msg_id` a call to its replies. Pure: time is the events' own, and
 * everything is bounded. A story stays open for as long as more of it may come (Limits says how long for each kind);
 * then it is handed on, once, with its reason.
 */
import TinyQueue from 'tinyqueue';
import type { BrokerEvent, Delivery, Publish, Reply } from '../message.ts';
import { type Handler, type HandlerLimits, Handlers } from './handlers.ts';
import { deliveryKey } from './ids.ts';
import type { Processes } from './processes.ts';
import { Recent } from './recent.ts';
import {
  type ClosedMessage,
  type ClosedReason,
  type Initiating,
  statusOf,
  type TracedDelivery,
  type TracedMessage,
} from './traced-message.ts';
import { type Trace, Traces } from './traces.ts';

export interface Limits extends HandlerLimits {
  /** How long a finished story waits for what may still change its trace. Milliseconds of event time. */
  readonly attributionHoldMs: number;
  /** How long after a call's time-out its late reply is waited for. Milliseconds. */
  readonly lateReplyMs: number;
  /** A call without `expiration` is given this. Milliseconds. */
  readonly defaultTimeoutMs: number;
  /** How long a notification's consumer may take, where it has one. Milliseconds. */
  readonly notificationHoldMs: number;
  /** How long a stream's message may be read again: oslo.messaging's default `x-max-age`. Milliseconds. */
  readonly streamHoldMs: number;
  /** Stories open at once; at the bound the one due first is closed as `evicted`. */
  readonly openMax: number;
}

export const DEFAULT_LIMITS: Limits = {
  replyGraceMs: 300,
  handlerIdleMs: 600_000,
  roundGapMs: 5_000,
  attributionHoldMs: 5_000,
  lateReplyMs: 300_000,
  defaultTimeoutMs: 60_000,
  notificationHoldMs: 60_000,
  streamHoldMs: 1_800_000,
  openMax: 50_000,
};

const NO_RESOURCES: ReadonlySet<string> = new Set();
const CLOSED_IDS_MAX = 100_000;
const CONSUMED_QUEUES_MAX = 100_000;

/** Why an event joined nothing: the closed list. */
export type UnmatchedReason = 'delivery_without_publish' | 'reply_without_request';

export interface CorrelatorOutput {
  closed(message: ClosedMessage): void;
  /** An event whose other half was never seen. */
  unmatched(event: BrokerEvent, reason: UnmatchedReason): void;
}

interface Open extends TracedMessage {
  /** True once it has a place in the order of closing. */
  isQueued: boolean;
  readonly handlers: Handler[];
  /** Keys of the deliveries seen, the replies' too: the same event seen twice counts once. */
  readonly seen: Set<string>;
  /** The handler that sent it, while its answer may wake that handler. */
  sender: Handler | null;
}

/** When to look whether a story can be closed. A story may stand here twice: what is closed already is passed over. */
interface Due {
  readonly atNs: bigint;
  readonly open: Open;
}

export class Correlator {
  /** The same event, seen again. */
  duplicates = 0;
  readonly closedByReason: Record<ClosedReason, number> = {
    answered: 0,
    timed_out: 0,
    settled: 0,
    end_of_input: 0,
    evicted: 0,
  };
  readonly #processes: Processes;
  readonly #output: CorrelatorOutput;
  readonly #limits: Limits;
  readonly #handlers: Handlers;
  readonly #traces = new Traces();
  readonly #open = new Map<string, Open>();
  readonly #calls = new Map<string, Open>();
  /** Replies whose call was not seen yet, by `_msg_id`. */
  readonly #earlyReplies: Recent<string, BrokerEvent[]>;
  /** Stories that were closed: their publish, seen again, is no new message. */
  readonly #closedIds = new Recent<string, true>(CLOSED_IDS_MAX);
  readonly #due = new TinyQueue<Due>([], (a, b) => (a.atNs < b.atNs ? -1 : Number(a.atNs > b.atNs)));
  /** Queues that somebody consumes: a notification to another is never delivered. */
  readonly #consumed = new Recent<string, true>(CONSUMED_QUEUES_MAX);
  #nowNs = 0n;

  constructor(processes: Processes, output: CorrelatorOutput, limits: Limits = DEFAULT_LIMITS) {
    this.#processes = processes;
    this.#output = output;
    this.#limits = limits;
    this.#handlers = new Handlers(limits);
    this.#earlyReplies = new Recent(limits.openMax, (events) => this.#giveUp(events));
    processes.onJoin = (gone, kept) => this.#handlers.join(gone, kept);
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Takes the next event. Events should come in the order of their time (reorder.ts); a straggler does no harm. */
  add(event: BrokerEvent): void {
    this.#processes.observe(event);
    if (event.timeNs > this.#nowNs) this.#nowNs = event.timeNs;
    this.#closeDue();
    const { message } = event;
    if (message.kind === 'reply') this.#addReply(event, message);
    else if (event.event === 'publish') this.#addPublish(event, message);
    else this.#addDelivery(event, message);
  }

  /** Closes everything: no more events will come. */
  finish(): void {
    for (let due = this.#due.pop(); due !== undefined; due = this.#due.pop()) {
      if (this.#isOpen(due.open)) this.#close(due.open, 'end_of_input');
    }
    for (const [msgId, events] of this.#earlyReplies.entries()) {
      this.#earlyReplies.delete(msgId);
      this.#giveUp(events);
    }
  }

  #addPublish(event: Publish, message: Initiating): void {
    if (this.#closedIds.has(message.uniqueId)) {
      this.duplicates++;
      return;
    }
    const open = this.#open.get(message.uniqueId) ?? this.#start(event, message);
    if (open.publish !== null) {
      this.duplicates++;
      return;
    }
    open.publish = event;
    // Only what has a handler is ever compared by its resources.
    if (message.kind !== 'notification') open.resources = new Set(event.resources);
    this.#attribute(open, event, message);
    if (message.kind === 'call') this.#awaitReply(open, message.msgId);
    this.#touch(open, event);
  }

  #addDelivery(event: Delivery, message: Initiating): void {
    this.#consumed.set(event.queue, true);
    const open = this.#open.get(message.uniqueId) ?? this.#start(event, message);
    if (!this.#isNew(open, deliveryKey(event))) return;
    const delivery: TracedDelivery = {
      event,
      isReread: this.#isReread(open, event),
      lastActivityNs: event.timeNs,
      notifications: [],
    };
    open.deliveries.push(delivery);
    if (message.kind !== 'notification') this.#openHandler(open, delivery, message);
    this.#touch(open, event);
  }

  #addReply(event: BrokerEvent, reply: Reply): void {
    const call = this.#calls.get(reply.msgId);
    if (call === undefined) {
      this.#earlyReplies.set(reply.msgId, [...(this.#earlyReplies.get(reply.msgId) ?? []), event]);
      return;
    }
    if (!this.#isNew(call, replyKey(event, reply))) return;
    if (event.event === 'publish') this.#addReplyPublish(call, event, reply);
    else this.#addReplyDelivery(call, event, reply);
    this.#touch(call, event);
  }

  #addReplyPublish(call: Open, event: Publish, reply: Reply): void {
    call.replyCount++;
    call.replyBytes += event.bytes;
    if (reply.failure !== null) call.failureCount++;
    if (!reply.ending || call.reply !== null) return;
    const { uniqueId, failure } = reply;
    call.reply = { uniqueId, failure, publishedNs: event.timeNs, bytes: event.bytes };
    const process = this.#processes.keyOf(event.connection);
    const server = call.handlers.find((handler) => this.#processes.keyOf(handler.delivery.event.connection) === process);
    for (const handler of call.handlers) {
      this.#handlers.answered(this.#keyOf(handler), handler, event.timeNs);
      if (handler === (server ?? call.handlers[0])) handler.delivery.lastActivityNs = event.timeNs;
    }
  }

  #addReplyDelivery(call: Open, event: Delivery, reply: Reply): void {
    call.replyDeliveries++;
    call.replyBytesDelivered += event.bytes;
    if (!reply.ending) return;
    if (call.answeredNs === null) {
      call.answeredNs = event.timeNs;
      this.#queue(call, event.timeNs + BigInt(this.#limits.attributionHoldMs) * 1_000_000n);
    }
    if (call.sender === null) return;
    call.sender.waitingFor--;
    call.sender.wakeNs = event.timeNs;
    call.sender.delivery.lastActivityNs = event.timeNs;
    call.sender = null;
  }

  /** Finds what caused a message, and by that its trace. */
  #attribute(open: Open, event: Publish, message: Initiating): void {
    const process = this.#processes.keyOf(event.connection) as object;
    const parent = this.#handlers.parentOf(process, event, this.#processes.isOne(event.connection));
    if (parent !== null) {
      const { handler } = parent;
      open.join = 'handled';
      open.confidence = parent.confidence;
      open.cause = { uniqueId: handler.message.uniqueId, delivery: handler.delivery.event };
      open.trace = handler.message.trace;
      this.#sentBy(handler, open, event, message);
    }
    if (open.trace !== null) return;
    const request = this.#traces.ofRequest(message);
    if (request !== null) {
      if (parent === null) open.join = 'request_id';
      open.trace = request;
      return;
    }
    open.trace = this.#handlers.roundOf(process, message.requestId, event.timeNs, () =>
      this.#traces.unattributed(message.uniqueId),
    );
  }

  #sentBy(handler: Handler, open: Open, event: Publish, message: Initiating): void {
    handler.wakeNs = event.timeNs;
    handler.delivery.lastActivityNs = event.timeNs;
    if (message.kind === 'notification') {
      handler.delivery.notifications.push({ timeNs: event.timeNs, eventType: message.eventType });
    } else if (message.kind === 'call') {
      handler.waitingFor++;
      open.sender = handler;
    }
  }

  #openHandler(open: Open, delivery: TracedDelivery, message: Exclude<Initiating, { kind: 'notification' }>): void {
    const handler: Handler = {
      message: open,
      delivery,
      isCall: message.kind === 'call',
      ids: [...new Set([message.requestId, message.globalRequestId])].filter((id) => id !== null),
      endNs: open.reply?.publishedNs ?? null,
      wakeNs: delivery.event.timeNs,
      waitingFor: 0,
    };
    open.handlers.push(handler);
    this.#handlers.open(this.#keyOf(handler), handler);
  }

  #awaitReply(open: Open, msgId: string): void {
    this.#calls.set(msgId, open);
    const early = this.#earlyReplies.get(msgId);
    if (early === undefined) return;
    this.#earlyReplies.delete(msgId);
    for (const event of early) this.#addReply(event, event.message as Reply);
  }

  #isNew(open: Open, key: string): boolean {
    if (open.seen.has(key)) {
      this.duplicates++;
      return false;
    }
    open.seen.add(key);
    return true;
  }

  /** Streams are read again when a consumer reconnects: the same reader had it, or its connection is younger than the message. */
  #isReread(open: Open, event: Delivery): boolean {
    if (event.streamOffset === null) return false;
    const reader = this.#processes.keyOf(event.connection);
    if (open.deliveries.some(({ event: other }) => this.#processes.keyOf(other.connection) === reader)) return true;
    const sinceNs = this.#processes.since(event.connection);
    return open.publish !== null && sinceNs !== null && sinceNs > open.publish.timeNs;
  }

  #start(event: BrokerEvent, message: Initiating): Open {
    const open: Open = {
      uniqueId: message.uniqueId,
      message,
      publish: null,
      resources: NO_RESOURCES,
      trace: null,
      join: 'none',
      confidence: 'certain',
      cause: null,
      deliveries: [],
      reply: null,
      replyCount: 0,
      failureCount: 0,
      replyBytes: 0,
      replyDeliveries: 0,
      replyBytesDelivered: 0,
      answeredNs: null,
      lastEventNs: event.timeNs,
      isQueued: false,
      handlers: [],
      seen: new Set(),
      sender: null,
    };
    this.#open.set(message.uniqueId, open);
    return open;
  }

  /** Takes note of an event that joined a story; a new story is due from now on. */
  #touch(open: Open, event: BrokerEvent): void {
    if (event.timeNs > open.lastEventNs) open.lastEventNs = event.timeNs;
    if (open.isQueued) return;
    open.isQueued = true;
    this.#queue(open, this.#dueNs(open));
    if (this.#open.size > this.#limits.openMax) this.#evict();
  }

  #keyOf(handler: Handler): object {
    return this.#processes.keyOf(handler.delivery.event.connection) as object;
  }

  #closeDue(): void {
    for (let next = this.#due.peek(); next !== undefined && next.atNs <= this.#nowNs; next = this.#due.peek()) {
      this.#due.pop();
      const { open } = next;
      if (!this.#isOpen(open)) continue;
      const dueNs = this.#dueNs(open);
      if (dueNs > this.#nowNs) this.#queue(open, dueNs);
      else this.#close(open, reasonOf(open));
    }
  }

  #queue(open: Open, atNs: bigint): void {
    this.#due.push({ atNs, open });
  }

  #isOpen(open: Open): boolean {
    return this.#open.get(open.uniqueId) === open;
  }

  #evict(): void {
    for (let next = this.#due.pop(); next !== undefined; next = this.#due.pop()) {
      const { open, atNs } = next;
      if (!this.#isOpen(open)) continue;
      const dueNs = this.#dueNs(open);
      if (dueNs <= atNs) {
        this.#close(open, 'evicted');
        return;
      }
      // A story's due time is brought up to date when its turn comes.
      this.#queue(open, dueNs);
    }
  }

  /** When nothing more of a story is expected. */
  #dueNs(open: Open): bigint {
    return open.lastEventNs + BigInt(this.#patienceMs(open)) * 1_000_000n + this.#activityNs(open);
  }

  /** A handler's last sign of life may be later than its message's last event. */
  #activityNs(open: Open): bigint {
    let lastNs = open.lastEventNs;
    for (const { lastActivityNs } of open.deliveries) if (lastActivityNs > lastNs) lastNs = lastActivityNs;
    return lastNs - open.lastEventNs;
  }

  #patienceMs(open: Open): number {
    const limits = this.#limits;
    const { message, publish } = open;
    if (publish === null) return limits.attributionHoldMs;
    switch (message.kind) {
      case 'notification':
        return this.#isAwaited(open, publish) ? limits.notificationHoldMs : limits.attributionHoldMs;
      case 'call':
        if (open.answeredNs !== null) return limits.attributionHoldMs;
        return (publish.expirationMs ?? limits.defaultTimeoutMs) + limits.lateReplyMs;
      case 'cast':
      case 'fanout':
        return isStreamed(open) ? limits.streamHoldMs : limits.handlerIdleMs;
    }
  }

  #isAwaited(open: Open, publish: Publish): boolean {
    return (
      open.deliveries.length < publish.routedQueues.length && publish.routedQueues.some((queue) => this.#consumed.has(queue))
    );
  }

  #close(open: Open, reason: ClosedReason): void {
    this.#open.delete(open.uniqueId);
    if (open.message.kind === 'call') this.#calls.delete(open.message.msgId);
    for (const handler of open.handlers) this.#handlers.close(this.#keyOf(handler), handler);
    const { publish, trace } = open;
    if (publish === null || trace === null) {
      for (const { event } of open.deliveries) this.#output.unmatched(event, 'delivery_without_publish');
      return;
    }
    this.closedByReason[reason]++;
    this.#closedIds.set(open.uniqueId, true);
    this.#output.closed({
      traced: open as TracedMessage & { publish: Publish; trace: Trace },
      reason,
      status: statusOf(open, this.#nowNs),
      from: this.#processes.of(publish.connection),
      to: open.deliveries.map(({ event }) => this.#processes.of(event.connection)),
    });
  }

  #giveUp(events: readonly BrokerEvent[]): void {
    for (const event of events) this.#output.unmatched(event, 'reply_without_request');
  }
}

function reasonOf(open: Open): ClosedReason {
  if (open.message.kind !== 'call') return 'settled';
  return open.answeredNs === null ? 'timed_out' : 'answered';
}

function isStreamed(open: Open): boolean {
  return open.deliveries.some(({ event }) => event.streamOffset !== null);
}

function replyKey(event: BrokerEvent, reply: Reply): string {
  return `${reply.uniqueId} ${event.event === 'deliver' ? deliveryKey(event) : 'publish'}`;
}
