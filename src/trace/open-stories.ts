/**
 * The stories that are still open, in the order in which they can be closed.
 *
 * Each stands in a queue by the time when nothing more of it is expected. That time moves as events come, so it is worked
 * out anew when a story's turn comes: what is not due then goes back into the queue.
 */
import TinyQueue from 'tinyqueue';
import type { BrokerEvent, Delivery, Publish } from '../message.ts';
import { NO_EVIDENCE } from './evidence.ts';
import { deliveryKey, isSameDelivery } from './ids.ts';
import type { Limits } from './limits.ts';
import { type Initiating, type Link, type Status, statusOf, type TracedMessage } from './traced-message.ts';
import type { Handler, Work } from './work.ts';

export interface OpenStory extends TracedMessage {
  /** False once it was handed on: nothing of it may change any more. */
  isOpen: boolean;
  /** What its receivers are doing with it. */
  readonly handlers: Handler[];
  /** Keys of the replies seen, published or delivered; and of the deliveries, where there are many. */
  readonly replyKeys: string[];
  deliveryKeys: Set<string> | null;
  /** The clock when its last event came. With events in order that is the event's own time. */
  touchedNs: bigint;
  /** Its last activity when it was handed on as it stood, while open; 0 where it never was. And as what. */
  shownNs: bigint;
  shownAs: Status | null;
  /** True once it was looked at and not due: it may stand far back in the queue. */
  isQueuedLong: boolean;
  /** The work that it was sent for, while the answer may wake that. */
  sender: Work | null;
  /** How much of the room it takes; see weightOf. */
  weight: number;
}

/**
 * When to look at a story. It may stand here twice; one that is closed already is passed over. By its id alone: one that was
 * evicted may stand here for half an hour yet.
 */
interface Due {
  readonly atNs: bigint;
  /** Of those due at the same time the one that was queued first goes first. */
  readonly nth: number;
  readonly uniqueId: string;
}

export interface WaitingCalls {
  readonly count: number;
  /** When the oldest of them was published; null where there is none. */
  readonly oldestNs: bigint | null;
}

/** Of the bound's stories so many may be calls, where others wait too: a flood of either leaves room for the other. */
const CALLS_SHARE = 0.75;
/** What of a story takes as much room as a delivery, a KB: this many resources. */
const RESOURCES_A_KB = 6;
const KB = 1_000;
/** A story with its publish and one delivery is taken to be as heavy as this. */
const USUAL_WEIGHT = 2;
/** Beyond twice as many as are open the queue is rid of what is closed; a few do no harm. */
const QUEUED_SLACK = 1_000;
/** So many stories since the last search for the oldest, and there is none going on. */
const SEARCHED_LATELY = 1_000;
/** Nothing was seen of a story for so long, and it is quiet; a call longer, since most are answered by then. */
const QUIET_NS = 5_000_000_000n;
const WAITING_CALL_NS = 15_000_000_000n;

export class OpenStories {
  readonly #limits: Limits;
  readonly #calls = new Map<string, OpenStory>();
  readonly #others = new Map<string, OpenStory>();
  /**
   * Where the search for the oldest stands: what is before is closed, and a Map walks over its deleted entries. Only while there is a
   * search: an iterator that nobody asks holds on to every table that its Map has had since, with all stories that were ever in them.
   */
  #callsByAge: Iterator<OpenStory> | null = null;
  #othersByAge: Iterator<OpenStory> | null = null;
  /** Of `queued`, when the oldest was last searched for. */
  #searched = 0;
  #due = new TinyQueue<Due>([], compareDue);
  #queued = 0;
  #weight = 0;
  readonly #isConsumed: (queue: string) => boolean;

  /** @param isConsumed whether somebody is known to consume a queue: a notification to another is never delivered. */
  constructor(limits: Limits, isConsumed: (queue: string) => boolean) {
    this.#limits = limits;
    this.#isConsumed = isConsumed;
  }

  get isFull(): boolean {
    return this.size > this.#limits.openMax || this.#weight > USUAL_WEIGHT * this.#limits.openMax;
  }

  get size(): number {
    return this.#calls.size + this.#others.size;
  }

  /** Walks over all open calls. */
  get waitingCalls(): WaitingCalls {
    let count = 0;
    let oldestNs: bigint | null = null;
    for (const { publish, reply, answeredNs } of this.#calls.values()) {
      if (publish === null || reply !== null || answeredNs !== null) continue;
      count++;
      if (oldestNs === null || publish.timeNs < oldestNs) oldestNs = publish.timeNs;
    }
    return { count, oldestNs };
  }

  get(uniqueId: string): OpenStory | undefined {
    return this.#calls.get(uniqueId) ?? this.#others.get(uniqueId);
  }

  /** Adds a story, once its first event is in it. Most end soon after: a first look then saves them a long stay in the queue. */
  add(story: OpenStory): void {
    if (this.#queued - this.#searched > SEARCHED_LATELY) this.#callsByAge = this.#othersByAge = null;
    this.#ofKind(story).set(story.uniqueId, story);
    this.weigh(story);
    this.#queue(story, story.touchedNs + BigInt(this.#limits.attributionHoldMs) * 1_000_000n);
  }

  remove(story: OpenStory): void {
    story.isOpen = false;
    this.#ofKind(story).delete(story.uniqueId);
    this.#weight -= story.weight;
    if (this.#due.length <= 2 * this.size + QUEUED_SLACK) return;
    this.#due = new TinyQueue(
      this.#due.data.filter(({ uniqueId }) => this.get(uniqueId) !== undefined),
      compareDue,
    );
  }

  /** An open story has grown. */
  weigh(story: OpenStory): void {
    const weight = weightOf(story);
    this.#weight += weight - story.weight;
    story.weight = weight;
  }

  /** A story may be due earlier than it stands in the queue. */
  hasten(story: OpenStory): void {
    if (story.isQueuedLong) this.#queue(story, this.#dueNs(story));
  }

  /** The next story that is due, or undefined. */
  nextDue(nowNs: bigint): OpenStory | undefined {
    for (let next = this.#due.peek(); next !== undefined && next.atNs <= nowNs; next = this.#due.peek()) {
      this.#due.pop();
      const story = this.get(next.uniqueId);
      if (story === undefined) continue;
      const dueNs = this.#dueNs(story);
      if (dueNs <= nowNs) return story;
      story.isQueuedLong = true;
      this.#queue(story, dueNs);
    }
    return undefined;
  }

  /**
   * The one to go at the bound, to be closed: of those that no answer is expected of, what was opened first (what is due first
   * may be the newest); a call where there are none, or where calls take more than their share.
   */
  oldest(): OpenStory | undefined {
    this.#searched = this.#queued;
    const isOfCalls = this.#calls.size > CALLS_SHARE * this.#limits.openMax;
    return isOfCalls ? this.#oldestCall() : (this.#oldestOther() ?? this.#oldestCall());
  }

  /** All that is open. */
  *values(): Generator<OpenStory> {
    yield* this.#calls.values();
    yield* this.#others.values();
  }

  /** Those of which nothing was seen for a while, each once until something of it happens, or its time is up; and whether it was here before. */
  *quiet(nowNs: bigint): Generator<{ readonly story: OpenStory; readonly isAgain: boolean }> {
    for (const story of this.values()) {
      const lastNs = lastActivityNs(story);
      const quietNs = nowNs - (story.touchedNs > lastNs ? story.touchedNs : lastNs);
      if (quietNs <= (story.message.kind === 'call' ? WAITING_CALL_NS : QUIET_NS) || story.answeredNs !== null) continue;
      const status = statusOf(story, nowNs);
      if (story.shownNs === lastNs && story.shownAs === status) continue;
      const isAgain = story.shownNs > 0n;
      story.shownNs = lastNs;
      story.shownAs = status;
      yield { story, isAgain };
    }
  }

  /** The story that will be due first, or undefined where none is open. */
  first(): OpenStory | undefined {
    for (let next = this.#due.pop(); next !== undefined; next = this.#due.pop()) {
      const story = this.get(next.uniqueId);
      if (story === undefined) continue;
      const dueNs = this.#dueNs(story);
      if (dueNs <= next.atNs) return story;
      story.isQueuedLong = true;
      this.#queue(story, dueNs);
    }
    return undefined;
  }

  #ofKind({ message }: OpenStory): Map<string, OpenStory> {
    return message.kind === 'call' ? this.#calls : this.#others;
  }

  #queue(story: OpenStory, atNs: bigint): void {
    this.#due.push({ atNs, nth: this.#queued++, uniqueId: story.uniqueId });
  }

  #oldestCall(): OpenStory | undefined {
    const next = this.#callsByAge?.next();
    if (next?.done === false) return next.value;
    this.#callsByAge = this.#calls.values();
    return this.#callsByAge.next().value;
  }

  #oldestOther(): OpenStory | undefined {
    const next = this.#othersByAge?.next();
    if (next?.done === false) return next.value;
    this.#othersByAge = this.#others.values();
    return this.#othersByAge.next().value;
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
        // Where its own delivery is seen, that of its reply would be: until the caller gave up it may come.
        if (story.reply !== null && story.deliveries.length === 0) return limits.replyDeliveryMs;
        return (publish.expirationMs ?? limits.defaultTimeoutMs) + limits.lateReplyMs;
      case 'cast':
      case 'fanout':
        return isStreamed(story) ? limits.streamHoldMs : limits.handlerIdleMs;
    }
  }

  #isAwaited({ deliveries }: OpenStory, { routedQueues }: Publish): boolean {
    return deliveries.length < routedQueues.length && routedQueues.some(this.#isConsumed);
  }
}

function compareDue(a: Due, b: Due): number {
  if (a.atNs !== b.atNs) return a.atNs < b.atNs ? -1 : 1;
  return a.nth - b.nth;
}

const NO_LINKS: readonly Link[] = [];

/** A story of which nothing is known yet but its message. */
export function newStory(message: Initiating, event: BrokerEvent): OpenStory {
  return {
    uniqueId: message.uniqueId,
    message,
    publish: null,
    trace: null,
    join: 'none',
    confidence: 'certain',
    evidence: NO_EVIDENCE,
    cause: null,
    beganNs: null,
    servedRequestId: null,
    isAnswered: false,
    links: NO_LINKS,
    deliveries: [],
    reply: null,
    replyCount: 0,
    failureCount: 0,
    replyBytes: 0,
    replyDeliveries: 0,
    replyBytesDelivered: 0,
    answeredNs: null,
    isLagging: false,
    lastEventNs: event.timeNs,
    isOpen: true,
    handlers: [],
    replyKeys: [],
    deliveryKeys: null,
    touchedNs: event.timeNs,
    shownNs: 0n,
    shownAs: null,
    isQueuedLong: false,
    sender: null,
    weight: 0,
  };
}

/** In deliveries, about a KB each with what its handler is known by. */
function weightOf({ publish, deliveries }: OpenStory): number {
  if (publish === null) return 1 + deliveries.length;
  const { resources, arguments: names } = publish;
  return 1 + deliveries.length + Math.floor(resources.length / RESOURCES_A_KB) + Math.floor(names.length / KB);
}

/** Receivers of one message up to which a new delivery is compared with each of them. */
const COMPARED_MAX = 8;

/**
 * How often this delivery stands in the story already: the same message, queue, connection and count of attempts.
 * @returns -1 where it is the very event, seen twice; else how many like it came before, which is 0 but where a stream's
 * consumer reads again on the channel that it has, or a message comes back a second time.
 */
export function deliveriesAlike(story: OpenStory, event: Delivery): number {
  const { deliveries } = story;
  if (deliveries.length > COMPARED_MAX) {
    story.deliveryKeys ??= new Set(deliveries.map(({ event: other }) => deliveryKey(other)));
    const key = deliveryKey(event);
    if (!story.deliveryKeys.has(key)) {
      story.deliveryKeys.add(key);
      return 0;
    }
  }
  const alike = deliveries.filter(({ event: other }) => isSameDelivery(other, event));
  return alike.some(({ event: other }) => isSameMoment(other.timeNs, event.timeNs)) ? -1 : alike.length;
}

/** Two taps of one event differ by less than this; a consumer that comes back needs longer. */
const SAME_MOMENT_NS = 500_000_000n;

function isSameMoment(a: bigint, b: bigint): boolean {
  return a - b < SAME_MOMENT_NS && b - a < SAME_MOMENT_NS;
}

function isStreamed({ deliveries }: TracedMessage): boolean {
  return deliveries.some(({ event }) => event.streamOffset !== null);
}

/** The last thing seen of a message: an event of its own, or what its handlers did. */
export function lastActivityNs({ lastEventNs, deliveries }: TracedMessage): bigint {
  return deliveries.reduce((last, { lastActivityNs: at }) => (at > last ? at : last), lastEventNs);
}

/** A story as it stands, which does not change when the story goes on. */
export function copyOf(story: OpenStory): OpenStory {
  const deliveries = story.deliveries.map((delivery) => ({ ...delivery, notifications: [...delivery.notifications] }));
  return { ...story, deliveries };
}
