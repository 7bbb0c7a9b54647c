/**
 * Joins publishes, deliveries and replies into stories, and stories into traces.
 *
 * `_unique_id` joins a publish to its deliveries, `_msg_id` a call to its replies. Pure: time is the events' own, and
 * everything is bounded. A story stays open for as long as more of it may come (Limits says how long for each kind);
 * then it is handed on, once, with its reason.
 */
import type { BrokerEvent, Context, Delivery, Publish, Reply } from '../message.ts';
import { Attribution } from './attribution.ts';
import { CallFacts } from './call-facts.ts';
import { Handlers } from './handlers.ts';
import { deliveryKey } from './ids.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { copyOf, deliveriesAlike, newStory, OpenStories, type OpenStory, type WaitingCalls } from './open-stories.ts';
import type { Process, Processes } from './processes.ts';
import { Recent, type Tables } from './recent.ts';
import { placeOfPublisher } from './services.ts';
import {
  type ClosedMessage,
  type ClosedReason,
  type Initiating,
  statusOf,
  type TracedDelivery,
  type TracedMessage,
} from './traced-message.ts';
import type { Trace } from './traces.ts';
import { endWait, type Handler, noteActivity } from './work.ts';

const CLOSED_IDS_MAX = 50_000;
const NO_IDS: readonly string[] = [];
/** Events of one call that was not seen yet; more of them, and it was there before the tap. */
const EARLY_MAX = 64;

/** Why an event joined nothing: the closed list. */
export type UnmatchedReason = 'delivery_without_publish' | 'reply_without_request';

export interface CorrelatorOutput {
  /** A message was published, and what caused it was looked for. Its story goes on. */
  published(story: TracedMessage): void;
  /** A stream's message was given to a reader that had not had it. */
  streamed(story: TracedMessage): void;
  closed(message: ClosedMessage): void;
  /** An event whose other half was never seen. */
  unmatched(event: BrokerEvent, reason: UnmatchedReason): void;
  /** An event of a story that was handed on already, seen once more. */
  repeated(event: BrokerEvent): void;
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
  readonly #handlers: Handlers;
  readonly #attribution: Attribution;
  readonly #facts = new CallFacts();
  readonly #open: OpenStories;
  /** Open calls by `_msg_id`. */
  readonly #calls = new Map<string, OpenStory>();
  /** Replies whose call was not seen yet, by `_msg_id`. */
  readonly #earlyReplies: Recent<string, BrokerEvent[]>;
  /** Stories that were closed: their publish, seen again, is no new message. */
  readonly #closedIds = new Recent<string, true>(CLOSED_IDS_MAX);
  #nowNs = 0n;
  /** When early replies were last looked through. */
  #sweptNs = 0n;
  readonly #earlyHoldNs: bigint;

  constructor(processes: Processes, output: CorrelatorOutput, limits: Limits = DEFAULT_LIMITS) {
    this.#processes = processes;
    this.#output = output;
    this.#handlers = new Handlers(limits);
    this.#attribution = new Attribution(processes, this.#handlers, limits);
    this.#open = new OpenStories(limits, (queue) => processes.isConsumed(queue));
    this.#earlyHoldNs = BigInt(limits.replyDeliveryMs) * 1_000_000n;
    this.#earlyReplies = new Recent(limits.openMax, (events) => this.#giveUp(events));
    processes.onJoin = (gone, kept) => this.#handlers.join(gone, kept);
  }

  /** Takes the next event. Events should come in the order of their time (reorder.ts); a straggler does no harm. */
  add(event: BrokerEvent): void {
    this.#processes.observe(event);
    if (event.event === 'deliver') this.#facts.delivered(event.timeNs);
    // What lags says nothing of the time that has passed: the reply awaited may be right behind it.
    if (!event.isLagging) this.advance(event.timeNs);
    const { message } = event;
    if (message.kind === 'reply') this.#addReply(event, message);
    else if (event.event === 'publish') this.#addPublish(event, message);
    else this.#addDelivery(event, message);
  }

  /** The clock: every event before `nowNs` was handed over. Closes what is due. */
  advance(nowNs: bigint): void {
    if (nowNs > this.#nowNs) this.#nowNs = nowNs;
    for (let due = this.#open.nextDue(this.#nowNs); due !== undefined; due = this.#open.nextDue(this.#nowNs)) {
      this.#close(due, reasonOf(due));
    }
    if (this.#nowNs - this.#sweptNs > this.#earlyHoldNs) this.#sweepEarlyReplies();
  }

  /** Stories that are open now. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Calls that wait for their reply. */
  get waitingCalls(): WaitingCalls {
    return this.#open.waitingCalls;
  }

  get tables(): Tables {
    const own = { early_replies: this.#earlyReplies, closed_ids: this.#closedIds };
    return { ...own, ...this.#attribution.tables, ...this.#handlers.tables, ...this.#processes.tables };
  }

  /** Hands on what is open as it stands, which may go on after a restart: a later row replaces this one. */
  *openStories(): Generator<ClosedMessage> {
    for (const open of this.#open.values()) {
      const closed = this.#toClosed(open, 'end_of_input');
      if (closed !== null) yield closed;
    }
  }

  /**
   * Hands on what is open and of which nothing was seen for a while, as it stands: whoever looks should not wait for its end.
   * Each once, until something of it happens, or its time is up.
   */
  *quietStories(): Generator<ClosedMessage> {
    for (const { story, isAgain } of this.#open.quiet(this.#nowNs)) {
      const closed = this.#toClosed(copyOf(story), 'end_of_input');
      if (closed !== null) yield { ...closed, wasShown: isAgain };
    }
  }

  /** Closes everything: no more events will come. */
  finish(): void {
    for (let story = this.#open.first(); story !== undefined; story = this.#open.first()) this.#close(story, 'end_of_input');
    for (const [msgId, events] of this.#earlyReplies.entries()) {
      this.#earlyReplies.delete(msgId);
      this.#giveUp(events);
    }
  }

  #addPublish(event: Publish, message: Initiating): void {
    if (this.#closedIds.has(message.uniqueId)) {
      this.duplicates++;
      this.#output.repeated(event);
      return;
    }
    const open = this.#open.get(message.uniqueId) ?? newStory(message, event);
    const { publish } = open;
    if (publish !== null) {
      this.duplicates++;
      // Seen by two taps: the firehose knows more.
      if (publish.connection !== '' || event.connection === '') return;
    }
    open.publish = publish === null ? event : atTimeOf(event, publish);
    open.trace = null;
    this.#attribution.attribute(open, event, message);
    if (open.cause !== null) this.#facts.sent(open.cause.delivery, message);
    if (publish === null) {
      this.#output.published(open);
      if (message.kind === 'call') this.#awaitReply(open, message.msgId);
    }
    this.#touch(open, event);
  }

  #addDelivery(event: Delivery, message: Initiating): void {
    const open = this.#open.get(message.uniqueId) ?? newStory(message, event);
    const alike = deliveriesAlike(open, event);
    if (alike < 0) {
      this.duplicates++;
      return;
    }
    const delivery: TracedDelivery = {
      event,
      nth: alike,
      isReread: this.#isReread(open, event),
      lastActivityNs: event.timeNs,
      activities: 0,
      notifications: [],
    };
    open.deliveries.push(delivery);
    if (event.streamOffset !== null && !delivery.isReread) this.#output.streamed(open);
    if (message.kind !== 'notification') this.#openHandler(open, delivery, message);
    this.#touch(open, event);
  }

  #addReply(event: BrokerEvent, reply: Reply): void {
    const call = this.#calls.get(reply.msgId);
    if (call === undefined) {
      this.#holdReply(event, reply.msgId);
      return;
    }
    const key = replyKey(event, reply);
    if (call.replyKeys.includes(key)) {
      this.duplicates++;
      return;
    }
    call.replyKeys.push(key);
    if (event.event === 'publish') this.#addReplyPublish(call, event, reply);
    else this.#addReplyDelivery(call, event, reply);
    this.#touch(call, event);
  }

  #addReplyPublish(call: OpenStory, event: Publish, reply: Reply): void {
    call.replyCount++;
    call.replyBytes += event.bytes;
    if (reply.failure !== null) call.failureCount++;
    const { uniqueId, failure } = reply;
    if (!reply.ending || (call.reply !== null && call.reply.uniqueId !== uniqueId)) return;
    call.reply = { uniqueId, failure, publishedNs: event.timeNs, bytes: event.bytes };
    const process = this.#processes.keyOf(event.connection);
    const server = call.handlers.find((handler) => this.#processes.keyOf(handler.delivery.event.connection) === process);
    for (const handler of call.handlers) {
      this.#facts.answered(handler.delivery, failure);
      this.#handlers.answered(this.#keyOf(handler), handler, event.timeNs);
      if (handler === (server ?? call.handlers[0])) noteActivity(handler, event.timeNs);
    }
  }

  #addReplyDelivery(call: OpenStory, event: Delivery, reply: Reply): void {
    call.replyDeliveries++;
    call.replyBytesDelivered += event.bytes;
    if (!reply.ending) return;
    for (const handler of call.handlers) this.#handlers.answered(this.#keyOf(handler), handler, event.timeNs);
    // Its publish may be missing, or stamped later: the answer counts all the same.
    call.reply ??= { uniqueId: reply.uniqueId, failure: reply.failure, publishedNs: event.timeNs, bytes: event.bytes };
    this.#touch(call, event);
    if (call.answeredNs === null) {
      call.answeredNs = event.timeNs;
      if (reply.failure !== null) this.#facts.failed(call);
      this.#open.hasten(call);
    }
    const { sender } = call;
    if (sender === null) return;
    call.sender = null;
    // One that gave up does not hear it; what lags says nothing of the time that it took.
    const isHeard = endWait(sender, call.uniqueId, event.timeNs) || call.isLagging || event.isLagging;
    if (!isHeard) return;
    const process = this.#processes.keyOf(event.connection);
    if (process !== null) this.#handlers.woken(process, sender, event.timeNs);
    noteActivity(sender, event.timeNs);
  }

  #openHandler(open: OpenStory, delivery: TracedDelivery, message: Exclude<Initiating, { kind: 'notification' }>): void {
    const handler: Handler = {
      kind: 'handler',
      message: open,
      delivery,
      isCall: message.kind === 'call',
      ids: idsOf(message),
      endNs: open.reply?.publishedNs ?? null,
      wakeNs: delivery.event.timeNs,
      isClosed: false,
      waitsFor: [],
      sent: [],
    };
    this.#voidUnread(open, delivery.event);
    open.handlers.push(handler);
    const process = this.#processes.keyOf(delivery.event.connection);
    if (process !== null) this.#handlers.open(process, handler);
  }

  /**
   * What comes again was not taken up before: a server acknowledges a message first and handles it then (oslo.messaging's
   * rpc/server.py, _process_incoming).
   */
  #voidUnread({ handlers }: OpenStory, { redelivered, queue }: Delivery): void {
    if (!redelivered) return;
    for (const handler of handlers) {
      if (handler.delivery.event.queue === queue && handler.sent.length === 0)
        this.#handlers.close(this.#keyOf(handler), handler);
    }
  }

  #holdReply(event: BrokerEvent, msgId: string): void {
    const held = this.#earlyReplies.get(msgId) ?? [];
    if (held.length === EARLY_MAX) {
      this.#giveUp([event]);
      return;
    }
    held.push(event);
    this.#earlyReplies.set(msgId, held);
  }

  #awaitReply(open: OpenStory, msgId: string): void {
    this.#calls.set(msgId, open);
    const early = this.#earlyReplies.get(msgId);
    if (early === undefined) return;
    this.#earlyReplies.delete(msgId);
    for (const event of early) this.#addReply(event, event.message as Reply);
  }

  /** Streams are read again when a consumer reconnects: the same reader had it, or its connection is younger than the message. */
  #isReread(open: OpenStory, event: Delivery): boolean {
    if (event.streamOffset === null) return false;
    const reader = this.#processes.keyOf(event.connection);
    if (open.deliveries.some(({ event: other }) => this.#processes.keyOf(other.connection) === reader)) return true;
    return open.publish !== null && this.#processes.isYounger(event.connection, open.publish.timeNs, event.timeNs);
  }

  /** Takes note of an event that joined a story; a new story is open from now on. */
  #touch(open: OpenStory, event: BrokerEvent): void {
    if (event.timeNs > open.lastEventNs) open.lastEventNs = event.timeNs;
    if (event.isLagging) open.isLagging = true;
    open.touchedNs = this.#nowNs;
    if (this.#open.get(open.uniqueId) === open) this.#open.weigh(open);
    else this.#open.add(open);
    for (let oldest = this.#full(); oldest !== undefined; oldest = this.#full()) this.#close(oldest, 'evicted');
  }

  #full(): OpenStory | undefined {
    return this.#open.isFull ? this.#open.oldest() : undefined;
  }

  #keyOf(handler: Handler): object {
    return this.#processes.keyOf(handler.delivery.event.connection) as object;
  }

  #close(open: OpenStory, reason: ClosedReason): void {
    this.#open.remove(open);
    this.#attribution.close(open);
    if (open.message.kind === 'call' && this.#calls.get(open.message.msgId) === open) this.#calls.delete(open.message.msgId);
    if (open.sender !== null) endWait(open.sender, open.uniqueId, open.sender.wakeNs);
    for (const handler of open.handlers) this.#handlers.close(this.#keyOf(handler), handler);
    const closed = this.#toClosed(open, reason);
    if (closed === null) {
      for (const { event } of open.deliveries) this.#output.unmatched(event, 'delivery_without_publish');
      return;
    }
    this.closedByReason[reason]++;
    this.#closedIds.set(open.uniqueId, true);
    this.#output.closed(closed);
  }

  #toClosed(open: OpenStory, reason: ClosedReason): ClosedMessage | null {
    const { publish, trace } = open;
    if (publish === null || trace === null) return null;
    this.#facts.complete(open, this.#processes.publishedNs(publish.connection));
    return {
      traced: open as OpenStory & { publish: Publish; trace: Trace },
      reason,
      status: statusOf(open, this.#nowNs),
      wasShown: open.shownNs > 0n,
      from: this.#senderOf(publish),
      to: open.deliveries.map(({ event }) => this.#processes.of(event.connection)),
    };
  }

  /** A tap that is no firehose shows no connection: a notification says itself who sent it. */
  #senderOf({ connection, message }: Publish): Process {
    if (connection !== '') return this.#processes.of(connection);
    const publisherId = message.kind === 'notification' ? message.publisherId : null;
    return { id: '', ...(publisherId === null ? { service: '', host: '' } : placeOfPublisher(publisherId)) };
  }

  /** Replies whose call is not seen in good time: it was published before the tap was there. */
  #sweepEarlyReplies(): void {
    const dueNs = this.#sweptNs;
    this.#sweptNs = this.#nowNs;
    for (const [msgId, events] of this.#earlyReplies.entries()) {
      if ((events[0] as BrokerEvent).timeNs > dueNs) return;
      this.#earlyReplies.delete(msgId);
      this.#giveUp(events);
    }
  }

  #giveUp(events: readonly BrokerEvent[]): void {
    for (const event of events) this.#output.unmatched(event, 'reply_without_request');
  }
}

/** The earliest receipt counts; and a row that was written of the one is found again by its time. */
function atTimeOf(event: Publish, { timeNs, isLagging }: Publish): Publish {
  return timeNs < event.timeNs ? { ...event, timeNs, isLagging } : event;
}

/** Each once; there may be none. */
function idsOf({ requestId, globalRequestId }: Context): readonly string[] {
  if (globalRequestId === null || globalRequestId === requestId) return requestId === null ? NO_IDS : [requestId];
  return requestId === null ? [globalRequestId] : [requestId, globalRequestId];
}

function reasonOf(open: OpenStory): ClosedReason {
  if (open.message.kind !== 'call') return 'settled';
  return open.answeredNs === null ? 'timed_out' : 'answered';
}

function replyKey(event: BrokerEvent, reply: Reply): string {
  return `${reply.uniqueId} ${event.event === 'deliver' ? deliveryKey(event) : 'publish'}`;
}
