/**
 * The critical path of a request: what its duration was made of, as one chain.
 *
 * From the last thing seen of it back to its beginning, each step asks what had to come first: an answer before the work that
 * waited for it, the handler before its answer, the wait in the queue before the handler, the sender before that. What others
 * did meanwhile is on no path. Where nothing on the wire came before, the time until the last thing that did is `outside`: what
 * agents' loops, hypervisors and storage did, and HTTP requests that nothing audits.
 */
import { compare, type PathMessage, type Place, type Wait, type Work, wakeOf, worksOf } from './request-works.ts';

export type SegmentKind =
  /** From publish to delivery: its receiver was busy. */
  | 'queue'
  /** A handler's own time, or that of an HTTP request: it waited for no answer. */
  | 'work'
  /** From an answer's publish to its delivery. */
  | 'reply'
  /** Nothing on the wire explains it. */
  | 'outside';

export interface Segment {
  readonly what: SegmentKind;
  /** Of the message that waited, is handled, is answered; of an `outside` what came next. */
  readonly uniqueId: string;
  readonly name: string;
  /** Who worked; who was to receive it; of an `outside` who came next. */
  readonly service: string;
  readonly host: string;
  /** The work that it was part of, or waited for: of a handler's time, and that of all who answer to it, the handler. */
  readonly stage: Subject;
  /** Nanoseconds since the epoch. */
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

export interface Subject {
  readonly uniqueId: string;
  readonly name: string;
  readonly place: Place;
}

/**
 * The segments in the order of time. They touch each other and last, together, from the first publish to the last thing seen;
 * whatever the times are. Empty only without messages.
 */
export function criticalPath(messages: readonly PathMessage[]): Segment[] {
  const ordered = [...messages].sort((a, b) => compare(a.publishedNs, b.publishedNs));
  const [first] = ordered;
  if (first === undefined) return [];
  const endNs = ordered.reduce((last, { endedNs }) => (endedNs > last ? endedNs : last), first.publishedNs);
  const works = worksOf(ordered);
  const walk = new Walk(works, first.publishedNs, endNs, sent(ordered.at(-1) as PathMessage));
  return walk.toBegin();
}

class Walk {
  readonly #works: readonly Work[];
  readonly #beginNs: bigint;
  /** Where the walk is: all after it is explained. */
  #atNs: bigint;
  /** The newest first. */
  readonly #segments: Segment[] = [];
  /** What was seen there last, for what nothing explains. */
  #next: Subject;
  #stage: Subject;
  /** Broken clocks could lead in circles: nothing is passed twice. */
  readonly #passed = new Set<Work | Wait>();

  constructor(works: readonly Work[], beginNs: bigint, endNs: bigint, last: Subject) {
    this.#works = works;
    this.#beginNs = beginNs;
    this.#atNs = endNs;
    this.#next = last;
    this.#stage = last;
  }

  toBegin(): Segment[] {
    const end = this.#atNs;
    let work = this.#nextStage();
    while (this.#atNs > this.#beginNs) {
      if (work === null) {
        this.#back('outside', this.#next, this.#beginNs);
        break;
      }
      work = this.#through(work);
    }
    if (this.#segments.length === 0) this.#segments.push(this.#segment('work', this.#next, end));
    return this.#segments.reverse();
  }

  /** Back through a work to what came before it. */
  #through(work: Work): Work | null {
    const wait = this.#lastWait(work);
    if (wait !== null) {
      this.#passed.add(wait);
      this.#back('work', work, wait.toNs);
      return this.#intoAnswer(work, wait);
    }
    this.#back('work', work, work.beginNs);
    this.#next = work;
    if (work.message !== null) this.#back('queue', work, work.message.publishedNs);
    const isNew = !this.#passed.has(work);
    this.#passed.add(work);
    if (work.sender === null || !isNew) return this.#nextStage();
    if (work.uniqueId === this.#stage.uniqueId && work.name === this.#stage.name) this.#stage = work.sender;
    return work.sender;
  }

  #nextStage(): Work | null {
    this.#stage = this.#next;
    const work = this.#lastAt();
    this.#stage = work ?? this.#next;
    return work;
  }

  #intoAnswer(waiting: Work, { call, by, fromNs }: Wait): Work {
    if (call !== null) {
      const answered = sent(call);
      if (call.replyPublishedNs !== null) this.#back('reply', answered, call.replyPublishedNs);
      if (by === null) this.#back('outside', answered, fromNs);
    }
    return by ?? waiting;
  }

  /** The answer that let a work go on, as the last before now. */
  #lastWait({ waits, beginNs }: Work): Wait | null {
    let last: Wait | null = null;
    for (const wait of waits) {
      if (wait.toNs > this.#atNs || wait.toNs < beginNs || this.#passed.has(wait)) continue;
      if (last === null || wait.toNs > last.toNs) last = wait;
    }
    return last;
  }

  /** The work that was seen last, as of now: under way, or ended a while ago. */
  #lastAt(): Work | null {
    let last: Seen | null = null;
    for (const work of this.#works) {
      if (work.beginNs > this.#atNs || this.#passed.has(work)) continue;
      const seen = { work, isUnderWay: work.endNs >= this.#atNs, seenNs: wakeOf(work, this.#atNs) };
      if (last === null || isLater(seen, last)) last = seen;
    }
    if (last === null) return null;
    if (!last.isUnderWay) this.#back('outside', this.#next, last.work.endNs);
    return last.work;
  }

  /** Explains the time from `fromNs` to where the walk is, as far as that is any. */
  #back(what: SegmentKind, subject: Subject, fromNs: bigint): void {
    const from = fromNs < this.#beginNs ? this.#beginNs : fromNs;
    if (from >= this.#atNs) return;
    const after = this.#segments.at(-1);
    const toNs = this.#atNs;
    this.#atNs = from;
    const segment = this.#segment(what, subject, toNs);
    if (after !== undefined && isOne(segment, after)) this.#segments[this.#segments.length - 1] = { ...after, fromNs: from };
    else this.#segments.push(segment);
  }

  #segment(what: SegmentKind, { uniqueId, name, place }: Subject, toNs: bigint): Segment {
    const { service, host } = place;
    return { what, uniqueId, name, service, host, stage: asSubject(this.#stage), fromNs: this.#atNs, toNs };
  }
}

/** Two parts of the same, side by side. */
function isOne(a: Segment, b: Segment): boolean {
  const isSameStage = a.stage.uniqueId === b.stage.uniqueId && a.stage.name === b.stage.name;
  return isSameStage && a.what === b.what && a.uniqueId === b.uniqueId && a.name === b.name && a.host === b.host;
}

interface Seen {
  readonly work: Work;
  readonly isUnderWay: boolean;
  readonly seenNs: bigint;
}

function isLater(a: Seen, b: Seen): boolean {
  if (a.isUnderWay !== b.isUnderWay) return a.isUnderWay;
  return a.seenNs === b.seenNs ? a.work.beginNs < b.work.beginNs : a.seenNs > b.seenNs;
}

function asSubject({ uniqueId, name, place }: Subject): Subject {
  return { uniqueId, name, place };
}

function sent({ uniqueId, name, from }: PathMessage): Subject {
  return { uniqueId, name, place: from };
}
