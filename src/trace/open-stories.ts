/**
 * The stories that are still open, in the order in which they can be closed.
 *
 * Each stands in a queue by the time when nothing more of it is expected. That time moves as events come, so it is worked
 * out anew when a story's turn comes: what is not due then goes back into the queue.
 */
import TinyQueue from 'tinyqueue';
import type { BrokerEvent, Delivery, Publish } from '../message.ts';
import type { Handler } from './handlers.ts';
import { deliveryKey, isSameDelivery } from './ids.ts';
import type { Limits } from './limits.ts';
import { Recent } from './recent.ts';
import type { Initiating, TracedMessage } from './traced-message.ts';

export interface OpenStory extends TracedMessage {
  /** What its receivers are doing with it. */
  readonly handlers: Handler[];
  /** Keys of the replies seen, published or delivered; and of the deliveries, where there are many. */
  readonly replyKeys: string[];
  deliveryKeys: Set<string> | null;
  /** The clock when its last event came. With events in order that is the event's own time. */
  touchedNs: bigint;
  /** The handler that sent it, while the answer may wake that handler. */
  sender: Handler | null;
}

/** When to look at a story. It may stand here twice; one that is closed already is passed over. */
interface Due {
  readonly atNs: bigint;
  readonly story: OpenStory;
}

const CONSUMED_QUEUES_MAX = 100_000;

export class OpenStories {
  readonly #limits: Limits;
  readonly #byId = new Map<string, OpenStory>();
  readonly #due = new TinyQueue<Due>([], (a, b) => (a.atNs < b.atNs ? -1 : Number(a.atNs > b.atNs)));
  /** Queues that somebody consumes: a notification to another is never delivered. */
  readonly #consumed = new Recent<string, true>(CONSUMED_QUEUES_MAX);

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byId.size;
  }

  get isFull(): boolean {
    return this.#byId.size > this.#limits.openMax;
  }

  get(uniqueId: string): OpenStory | undefined {
    return this.#byId.get(uniqueId);
  }

  /** Adds a story, once its first event is in it. */
  add(story: OpenStory): void {
    this.#byId.set(story.uniqueId, story);
    this.#queue(story, this.#dueNs(story));
  }

  remove(story: OpenStory): void {
    this.#byId.delete(story.uniqueId);
  }

  /** A story may be due earlier than it stands in the queue: look at it again when its patience ends now. */
  hasten(story: OpenStory): void {
    this.#queue(story, this.#dueNs(story));
  }

  /** Somebody consumes this queue. */
  noteConsumed(queue: string): void {
    this.#consumed.set(queue, true);
  }

  /** The next story that is due, or undefined. */
  nextDue(nowNs: bigint): OpenStory | undefined {
    for (let next = this.#due.peek(); next !== undefined && next.atNs <= nowNs; next = this.#due.peek()) {
      this.#due.pop();
      if (!this.#isOpen(next.story)) continue;
      const dueNs = this.#dueNs(next.story);
      if (dueNs <= nowNs) return next.story;
      this.#queue(next.story, dueNs);
    }
    return undefined;
  }

  /** The story that will be due first, or undefined where none is open. */
  first(): OpenStory | undefined {
    for (let next = this.#due.pop(); next !== undefined; next = this.#due.pop()) {
      if (!this.#isOpen(next.story)) continue;
      const dueNs = this.#dueNs(next.story);
      if (dueNs <= next.atNs) return next.story;
      this.#queue(next.story, dueNs);
    }
    return undefined;
  }

  #queue(story: OpenStory, atNs: bigint): void {
    this.#due.push({ atNs, story });
  }

  #isOpen(story: OpenStory): boolean {
    return this.#byId.get(story.uniqueId) === story;
  }

  /** When nothing more of a story is expected. */
  #dueNs(story: OpenStory): bigint {
    const lastNs = lastActivityNs(story);
    // A straggler is behind the clock: its story is given its time from when it came.
    const fromNs = story.touchedNs > lastNs ? story.touchedNs : lastNs;
    return fromNs + BigInt(this.#patienceMs(story)) * 1_000_000n;
  }

  #patienceMs(story: OpenStory): number {
    const limits = this.#limits;
    const { message, publish } = story;
    if (publish === null) return limits.attributionHoldMs;
    switch (message.kind) {
      case 'notification':
        return this.#isAwaited(story, publish) ? limits.notificationHoldMs : limits.attributionHoldMs;
      case 'call':
        if (story.answeredNs !== null) return limits.attributionHoldMs;
        return (publish.expirationMs ?? limits.defaultTimeoutMs) + limits.lateReplyMs;
      case 'cast':
      case 'fanout':
        return isStreamed(story) ? limits.streamHoldMs : limits.handlerIdleMs;
    }
  }

  #isAwaited({ deliveries }: OpenStory, { routedQueues }: Publish): boolean {
    return deliveries.length < routedQueues.length && routedQueues.some((queue) => this.#consumed.has(queue));
  }
}

/** A story of which nothing is known yet but its message. */
export function newStory(message: Initiating, event: BrokerEvent): OpenStory {
  return {
    uniqueId: message.uniqueId,
    message,
    publish: null,
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
    handlers: [],
    replyKeys: [],
    deliveryKeys: null,
    touchedNs: event.timeNs,
    sender: null,
  };
}

/** Receivers of one message up to which a new delivery is compared with each of them. */
const COMPARED_MAX = 8;

/** True where this delivery was seen before: the same message, queue, connection and count of attempts. */
export function hasDelivery(story: OpenStory, event: Delivery): boolean {
  const { deliveries } = story;
  if (deliveries.length <= COMPARED_MAX) return deliveries.some(({ event: other }) => isSameDelivery(other, event));
  story.deliveryKeys ??= new Set(deliveries.map(({ event: other }) => deliveryKey(other)));
  const key = deliveryKey(event);
  if (story.deliveryKeys.has(key)) return true;
  story.deliveryKeys.add(key);
  return false;
}

function isStreamed({ deliveries }: TracedMessage): boolean {
  return deliveries.some(({ event }) => event.streamOffset !== null);
}

/** The last thing seen of a message: an event of its own, or what its handlers did. */
export function lastActivityNs({ lastEventNs, deliveries }: TracedMessage): bigint {
  return deliveries.reduce((last, { lastActivityNs: at }) => (at > last ? at : last), lastEventNs);
}
