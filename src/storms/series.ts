/**
 * One thing that is watched: a method of a topic, or one object's method, or all RPC of a vhost. Of background work messages are counted;
 * of fanouts the copies that the broker makes of them; of users' work the requests that use it, so that many requests are load and no storm
 * until they are many times the usual.
 */
import type { StormSignal } from '../storm.ts';
import type { Trace } from '../trace/traces.ts';
import type { SeriesBaseline } from './baseline.ts';
import { Ratio } from './ratio.ts';
import { SecondCounts } from './second-counts.ts';
import type { Seen } from './seen.ts';
import type { Sender } from './senders.ts';
import { type StormThresholds, WINDOW_SHARES, WINDOWS_S } from './thresholds.ts';
import { Usual } from './usual.ts';

export interface SeriesName {
  readonly vhost: string;
  readonly exchange: string;
  readonly topic: string;
  /** `''`: all RPC of the vhost. */
  readonly method: string;
  /** Null: whatever the object. */
  readonly object: string | null;
  readonly kind: 'call' | 'cast' | 'fanout';
  /** Whether users' requests cause it; the same method may be both. */
  readonly isRequested: boolean;
}

export interface SeriesParts {
  readonly parent: Series | null;
  readonly learned: SeriesBaseline;
  readonly thresholds: StormThresholds;
  /** Now. */
  readonly second: number;
}

/** What one sender sent in this ten seconds and in those before. */
interface SenderCount {
  current: number;
  before: number;
  slot: number;
  minute: number;
}

interface TraceCount {
  count: number;
  minute: number;
}

export interface Learning {
  /** Of the minute: the last of a recording is shorter. */
  readonly seconds: number;
  readonly hosts: number;
  readonly isCut: boolean;
}

/** Indices of windows: that of a burst, that of a rise, and that of what goes on for long. */
const BURST = 0;
const RISE = WINDOWS_S.indexOf(10);
const LONG = WINDOWS_S.length - 1;
/** Least rates are for so many hosts; with more of them they grow. */
const LEAST_HOSTS = 100;
/** What goes on is above the bounds times this. */
const EASE = 0.5;
/** The same of usual peaks: by half of it the busiest of usual rounds would hold on to what is over. */
const PEAK_EASE = 0.7;
const SLOT_S = 10;
/** Of each, a series. */
const SENDERS_MAX = 20_000;
const TRACES_MAX = 5_000;
/** A sender's or a request's burst is a reason for so long. */
const BURST_S = 10;
/** So often a request may send the same; and where nobody knows what is usual. */
const AGAIN_MIN = 5;
const AGAIN_UNKNOWN = 20;
/** Of what was counted lately: more of it is of requests that came before, and it is no new ones that make the storm. */
const AGAIN_SHARE = 0.5;
/** Most calls fail, where few did. */
const FAILED = { cases: 30, share: 0.5, usualMax: 0.1 };
/** Messages wait long, where they did not. Milliseconds. */
const WAITED = { cases: 30, ms: 2_000, usualTimes: 20 };

export class Series {
  readonly name: SeriesName;
  /** Of an object's method the method on the wire; else null. */
  readonly parent: Series | null;
  readonly counts: SecondCounts;
  readonly usual: Usual;
  readonly waitMs: Ratio;
  readonly failed: Ratio;
  /** False where nothing of it came for a minute. */
  isActive = false;
  readonly #thresholds: StormThresholds;
  readonly #senders = new Map<Sender, SenderCount>();
  readonly #traces = new Map<Trace, TraceCount>();
  /** Of what was counted for users' requests: whether it was one more message of a request that has had its share. */
  readonly #again = new Ratio();
  #noisyUntil = 0;
  #repeatedUntil = 0;
  #minute = 0;
  #messages = 0;
  #count = 0;
  readonly #peaks = new Float64Array(WINDOWS_S.length);
  #senderPeak = 0;
  #tracePeak = 0;
  #sendersSeen = 0;

  constructor(name: SeriesName, { parent, learned, thresholds, second }: SeriesParts) {
    this.name = name;
    this.parent = parent;
    this.counts = new SecondCounts(second);
    this.usual = Usual.of(learned);
    this.waitMs = new Ratio(learned.waitMs);
    this.failed = new Ratio(learned.failedShare);
    this.#thresholds = thresholds;
  }

  get baseline(): SeriesBaseline {
    return { ...this.usual.facts, waitMs: this.waitMs.usual, failedShare: this.failed.usual };
  }

  /** The sum of all RPC of a vhost. */
  get isTotal(): boolean {
    return this.name.method === '';
  }

  /** 0: an object's method, 1: a method, 2: all. */
  get breadth(): number {
    return this.isTotal ? 2 : Number(this.name.object === null);
  }

  /** In the last ten seconds beyond what is usual. */
  grownBy(hosts: number): number {
    return (this.counts.sums[RISE] as number) - this.usual.meanAt(hosts) * (WINDOWS_S[RISE] as number);
  }

  /** A message was published. @param isNarrowest no other series tells more of what it is. */
  add({ trace, second, copies }: Pick<Seen, 'trace' | 'second' | 'copies'>, isNarrowest: boolean): void {
    this.#messages++;
    const measure = this.name.isRequested ? this.#newsOf(trace, second, isNarrowest) : this.isOfCopies ? copies : 1;
    this.#count += measure;
    this.counts.add(measure);
  }

  /** Whether copies are counted. */
  get isOfCopies(): boolean {
    return this.name.kind === 'fanout' && !this.name.isRequested;
  }

  /** A copy that the broker made later: for a reader of a stream. */
  addCopy(): void {
    if (!this.isOfCopies) return;
    this.#count++;
    this.counts.add(1);
  }

  /** Who sent the message, and for which request: of the series that tells most of what it is. Call it after `add`. */
  addOrigin(sender: Sender, trace: Trace, second: number): void {
    const { requestMessagesMin, peakFactor } = this.#thresholds;
    const inTrace = this.#traces.get(trace)?.count ?? 0;
    if (inTrace >= requestMessagesMin && inTrace >= peakFactor * this.usual.tracePeak) this.#repeatedUntil = second + BURST_S;
    if (this.#isMuchOf(sender, second)) this.#noisyUntil = second + BURST_S;
  }

  /** A second is over. */
  turn(): void {
    this.counts.turn();
    for (let window = 0; window < WINDOWS_S.length; window++) {
      const sum = this.counts.sums[window] as number;
      if (sum > (this.#peaks[window] as number)) this.#peaks[window] = sum;
    }
  }

  /**
   * What says that it is a storm now, the clearest first; null where nothing does.
   *
   * @param hosts that there are. @param isGoingOn it was one already: the bounds are lower.
   */
  signalAt(second: number, hosts: number, isGoingOn: boolean): StormSignal | null {
    const isRaised = this.#isRaised(hosts, isGoingOn ? EASE : 1);
    if (isRaised && this.isOfCopies) return 'fanout';
    if (isRaised) return (this.#again.shareAt(second) ?? 0) > AGAIN_SHARE ? 'retries' : 'rate';
    if (second < this.#repeatedUntil) return 'per_request';
    if (second < this.#noisyUntil) return 'host_rate';
    if (isFailing(this.failed, second)) return 'failures';
    return isWaiting(this.waitMs, second) ? 'queue_wait' : null;
  }

  /** Whether so much came around a second that it may belong to a storm. */
  isLivelyAt(second: number, hosts: number): boolean {
    const { factor, peakFactor } = this.#thresholds;
    const lately = this.counts.at(second) + this.counts.at(second - 1);
    if (lately < this.#leastRate(hosts) / 2 || lately < factor * this.usual.meanAt(hosts)) return false;
    return lately >= PEAK_EASE * peakFactor * this.usual.peakAt(BURST, hosts);
  }

  /** A minute is over. @param learning how to learn from it; null: not at all. */
  endMinute(second: number, learning: Learning | null): void {
    if (learning !== null) {
      const { seconds, hosts, isCut } = learning;
      this.usual.learn(
        {
          seconds,
          count: this.#count,
          messages: this.#messages,
          peaks: this.#peaks,
          senderPeak: this.#senderPeak,
          tracePeak: this.#tracePeak,
          senders: this.#sendersSeen,
        },
        { hosts, isCut, rateMin: (WINDOW_SHARES[LONG] as number) * this.#leastRate(hosts) },
      );
      this.waitMs.learn(second);
      this.failed.learn(second);
    }
    this.#messages = 0;
    this.#count = 0;
    this.#senderPeak = 0;
    this.#tracePeak = 0;
    this.#sendersSeen = 0;
    this.#peaks.fill(0);
    forgetBefore(this.#senders, this.#minute);
    forgetBefore(this.#traces, this.#minute);
    this.#minute++;
  }

  /** As with burn rates: what the long window says counts while a shorter one does not deny it. */
  #isRaised(hosts: number, ease: number): boolean {
    for (let window = 0; window < LONG; window++) if (this.#isAbove(window, hosts, ease)) return true;
    return ease === 1 && this.#isAbove(LONG, hosts, 1) && this.#isAbove(RISE, hosts, EASE);
  }

  #isAbove(window: number, hosts: number, ease: number): boolean {
    const { factor, peakFactor } = this.#thresholds;
    const length = WINDOWS_S[window] as number;
    const sum = this.counts.sums[window] as number;
    if (sum < ease * this.#leastRate(hosts) * (WINDOW_SHARES[window] as number) * length) return false;
    if (sum < ease * factor * this.usual.meanAt(hosts) * length) return false;
    return sum >= (ease < 1 ? PEAK_EASE : 1) * peakFactor * this.usual.peakAt(window, hosts);
  }

  /** Below it nothing is a storm, in its own measure. A second. */
  #leastRate(hosts: number): number {
    const { copiesMin, messagesMin } = this.#thresholds;
    return (this.isOfCopies ? copiesMin : messagesMin) * Math.max(1, hosts / LEAST_HOSTS);
  }

  /** Whether a sender has just sent many times what its like send. */
  #isMuchOf(sender: Sender, second: number): boolean {
    const slot = Math.floor(second / SLOT_S);
    const count = this.#senders.get(sender) ?? this.#newSender(sender, slot);
    if (count.slot !== slot) {
      count.before = count.slot === slot - 1 ? count.current : 0;
      count.current = 0;
      count.slot = slot;
    }
    if (count.minute !== this.#minute) {
      count.minute = this.#minute;
      this.#sendersSeen++;
    }
    count.current++;
    if (count.current > this.#senderPeak) this.#senderPeak = count.current;
    const { hostMessagesMin, peakFactor, factor } = this.#thresholds;
    const lately = count.current + count.before * (1 - (second % SLOT_S) / SLOT_S);
    if (lately < hostMessagesMin * SLOT_S || lately < peakFactor * this.usual.senderPeak) return false;
    return lately >= factor * SLOT_S * this.usual.perSender;
  }

  /** A request counts once, and again with each message beyond what its like need: one that is tried again and again is no load. */
  #newsOf(trace: Trace, second: number, isNarrowest: boolean): number {
    const count = this.#countIn(trace);
    const { mean, messages } = this.usual;
    const most = mean > 0 ? Math.max(AGAIN_MIN, (this.#thresholds.factor * messages) / mean) : AGAIN_UNKNOWN;
    const isAgain = isNarrowest && count > most;
    if (count > 1 && !isAgain) return 0;
    this.#again.add(Number(isAgain), second);
    return 1;
  }

  #countIn(trace: Trace): number {
    const known = this.#traces.get(trace);
    const count = known ?? { count: 0, minute: this.#minute };
    if (known === undefined && this.#traces.size < TRACES_MAX) this.#traces.set(trace, count);
    count.minute = this.#minute;
    count.count++;
    if (count.count > this.#tracePeak) this.#tracePeak = count.count;
    return count.count;
  }

  #newSender(sender: Sender, slot: number): SenderCount {
    const count = { current: 0, before: 0, slot, minute: -1 };
    if (this.#senders.size < SENDERS_MAX) this.#senders.set(sender, count);
    return count;
  }
}

function isFailing(failed: Ratio, second: number): boolean {
  if (failed.casesAt(second) < FAILED.cases) return false;
  return (failed.shareAt(second) ?? 0) >= FAILED.share && (failed.usual ?? 0) <= FAILED.usualMax;
}

function isWaiting(waitMs: Ratio, second: number): boolean {
  if (waitMs.casesAt(second) < WAITED.cases) return false;
  return (waitMs.shareAt(second) ?? 0) >= Math.max(WAITED.ms, WAITED.usualTimes * (waitMs.usual ?? 0));
}

function forgetBefore<K>(counts: Map<K, { readonly minute: number }>, minute: number): void {
  for (const [key, count] of counts) if (count.minute < minute) counts.delete(key);
}
