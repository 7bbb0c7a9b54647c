/**
 * Tells of RPC storms as they come: what is published is counted by method, topic, object and sender, and each second what was counted is
 * compared with what is usual. docs/storms.md says how.
 *
 *   published → series (counts, senders, requests)      a second is over → raised? → open storms      a minute is over → learn
 *
 * Pure: time is the events' own. It keeps silent while it warms up, while the tap lags and while it sees nothing. Everything is bounded.
 */
import type { Gap } from '../gap.ts';
import type { Storm, StormMethod, StormSignal } from '../storm.ts';
import type { Processes } from '../trace/processes.ts';
import { Recent } from '../trace/recent.ts';
import type { ClosedMessage, TracedMessage } from '../trace/traced-message.ts';
import { rootOf, type Trace } from '../trace/traces.ts';
import { type Baseline, EMPTY_BASELINE, type SeriesBaseline, vhostOf } from './baseline.ts';
import { Deadlines } from './deadlines.ts';
import { OpenStorms } from './open-storms.ts';
import { keyOf, Routes } from './routes.ts';
import type { Seen } from './seen.ts';
import { Senders } from './senders.ts';
import type { Series, SeriesName } from './series.ts';
import { DEFAULT_THRESHOLDS, type StormThresholds } from './thresholds.ts';

const MINUTE_S = 60;
/** No event and no tick for so long, and it has seen nothing, rather than that there was nothing. Seconds. */
const BLIND_S = 60;
/** After a message that came late, so long nothing is said. Seconds. */
const LAGGING_S = 10;
const GAPS_MAX = 100;
/** Hosts are taken to become more by so much a minute: what more of them send at once is no growth of the cloud. */
const HOSTS_GROWTH = 1.05;

export interface StormDetectorOptions {
  readonly processes: Processes;
  readonly thresholds?: StormThresholds;
  readonly baseline?: Baseline;
  /** Events before this second are known: of a run before this one. Since the epoch. @default 0 */
  readonly sinceSecond?: number;
}

export class StormDetector {
  /** Told of each storm as it begins, every ten seconds while it lasts, and when it has ended. */
  onStorm: (storm: Storm) => void = () => {};
  readonly #thresholds: StormThresholds;
  readonly #baseline: Baseline;
  readonly #sinceSecond: number;
  /** Null where what was learned is this broker's own. */
  readonly #vhostLearnedIn: string | null;
  readonly #senders: Senders;
  readonly #routes: Routes;
  readonly #storms: OpenStorms;
  readonly #isIgnored: (series: Series) => boolean;
  readonly #deadlines = new Deadlines();
  /** Rounds of agents' loops: the request whose work they take up. */
  readonly #leftBy = new WeakMap<Trace, Trace>();
  #active: Series[] = [];
  /** The current one, since the epoch; null before the first event. */
  #second: number | null = null;
  #secondsInMinute = 0;
  /** Of the current minute: whether the tap lagged, and vhosts of which nothing was seen for a while. */
  #isMinuteLagging = false;
  readonly #blindInMinute = new Set<string>();
  #hosts: number;
  #learnedSeconds: number;
  #laggingUntil = 0;
  /** Those that are open, and in which nothing is seen: their vhosts. */
  readonly #gaps = new Recent<string, string>(GAPS_MAX);

  constructor({ processes, thresholds = DEFAULT_THRESHOLDS, baseline = EMPTY_BASELINE, sinceSecond = 0 }: StormDetectorOptions) {
    const ignored = new Set(thresholds.ignored);
    this.#thresholds = thresholds;
    this.#baseline = baseline;
    this.#sinceSecond = sinceSecond;
    this.#vhostLearnedIn = sinceSecond === 0 ? vhostOf(baseline) : null;
    this.#hosts = baseline.hosts;
    this.#learnedSeconds = baseline.seconds;
    this.#senders = new Senders(processes);
    this.#routes = new Routes(thresholds, (name) => this.#learnedOf(name));
    this.#storms = new OpenStorms({ holdSeconds: thresholds.holdSeconds, onStorm: (storm) => this.onStorm(storm) });
    this.#isIgnored = ({ name: { method, object } }) => ignored.has(method) || (object !== null && ignored.has(object));
  }

  /** A message was published and attributed. Replies and notifications are no RPC of their own. */
  published(story: TracedMessage): void {
    const { publish, message, cause } = story;
    const root = this.#rootOf(story);
    if (publish === null || root === null || message.kind === 'notification') return;
    const second = this.#take(publish.timeNs, publish.isLagging);
    if (second === null) return;
    const found = this.#routes.find(publish, message, root.requestId !== null, second);
    if (found === null) return;
    const connection = this.#senders.of(publish, second);
    const parent = cause?.delivery.event.message;
    const seen: Seen = {
      second,
      publish,
      connection,
      sender: connection.sender,
      method: found.method,
      object: found.object,
      trace: root,
      parent: parent === undefined || parent.kind === 'reply' ? null : parent,
      copies: publish.routedQueues.length,
    };
    if (!publish.isLagging) this.#count(seen);
    this.#storms.add(seen, publish.isLagging);
    if (message.kind === 'call') this.#deadlines.add(story, second);
  }

  /** The broker gave a stream's fanout to one more reader: a copy that its publish does not tell of. */
  streamed(story: TracedMessage): void {
    const { publish, message } = story;
    const root = this.#rootOf(story);
    if (publish === null || root === null || message.kind !== 'fanout' || this.#second === null) return;
    const found = this.#routes.find(publish, message, root.requestId !== null, this.#second);
    if (found !== null) this.#awake(found.method, this.#second).addCopy();
  }

  /** A call was answered. One that was not is told of by its deadline: its story goes on for minutes. */
  closed({ traced, status, reason }: ClosedMessage): void {
    if (traced.message.kind !== 'call' || reason === 'end_of_input') return;
    this.#deadlines.remove(traced);
    if (status === 'ok' || status === 'failed') this.#ended(traced, status === 'failed');
  }

  /** The clock, where no event tells it: every event before `nowNs` was seen. */
  advance(nowNs: bigint): void {
    const second = secondOf(nowNs);
    if (second > this.#sinceSecond) this.#turnTo(second);
  }

  /** Something happened to the broker, for people. */
  tellOfBroker(detail: string): void {
    if (this.#second !== null) this.#storms.tellOfBroker({ second: this.#second, detail });
  }

  /** What the tap could not see. While it sees nothing of a vhost, silence is no calm. */
  noteGap({ id, reason, vhost, share, isOpen, detail }: Gap): void {
    if (reason === 'disconnected' && !this.#gaps.has(id)) this.tellOfBroker(detail);
    const wasBlind = this.#isBlind(vhost);
    this.#gaps.delete(id);
    if (isOpen && share >= 1) this.#gaps.set(id, vhost);
    if (wasBlind && !this.#isBlind(vhost) && this.#second !== null) this.#restart(this.#second, vhost);
  }

  /** The input ended: what is open is told as it stands. */
  finish(): void {
    if (this.#second === null) return;
    this.#turnTo(this.#second + 1);
    this.#storms.finish(this.#second);
    this.#endMinute(this.#second);
  }

  /** Why it would not tell of a storm now; null where it would. */
  get silentReason(): string | null {
    const { warmUpSeconds } = this.#thresholds;
    if (this.#learnedSeconds < warmUpSeconds)
      return `warming up: it has learned for ${this.#learnedSeconds} of ${warmUpSeconds} s`;
    for (const vhost of this.#gaps.values()) return `nothing is seen of vhost '${vhost}'`;
    return this.#isLagging ? 'the tap lags' : null;
  }

  /** Storms that last, as they stand. */
  get open(): readonly Storm[] {
    return this.#storms.states;
  }

  /** Storms begun, by what gave them away first. */
  get begun(): ReadonlyMap<StormSignal, number> {
    return this.#storms.begun;
  }

  /** Messages a second of an open storm's method, mean of the last ten seconds. */
  rateOf({ id }: Pick<Storm, 'id'>, method: StormMethod): number {
    return this.#storms.rateOf(id, method);
  }

  /** What it has learned. */
  get baseline(): Baseline {
    const series = new Map(this.#baseline.series);
    for (const [key, one] of this.#routes.all) series.set(key, one.baseline);
    return { seconds: this.#learnedSeconds, hosts: this.#hosts, untilSecond: this.#second ?? 0, series };
  }

  /** @returns the second that it belongs to; null before there is any. */
  #take(timeNs: bigint, isLagging: boolean): number | null {
    if (secondOf(timeNs) < this.#sinceSecond) return null;
    if (isLagging) this.#laggingUntil = (this.#second ?? 0) + LAGGING_S;
    else this.#turnTo(secondOf(timeNs));
    return this.#second;
  }

  #count(seen: Seen): void {
    const { second, method, object, sender, trace, publish } = seen;
    this.#awake(method, second).add(seen, object === null);
    if (object !== null) this.#awake(object, second).add(seen, true);
    (object ?? method).addOrigin(sender, trace, second);
    if (method.name.kind === 'fanout') return;
    const total = this.#routes.totalOf(publish.vhost, method.name.isRequested, second);
    this.#awake(total, second).add(seen, false);
  }

  /**
   * The request that a message is work for: its own; or one that left work to an agent's loop, as a resource tells of it or of what it came of. Without
   * one its own round of work.
   */
  #rootOf({ trace, links }: TracedMessage): Trace | null {
    if (trace === null) return null;
    const root = rootOf(trace);
    if (root.requestId !== null) return root;
    const [link] = links;
    if (link !== undefined) this.#leftBy.set(root, link.trace);
    return rootOf(this.#leftBy.get(root) ?? root);
  }

  /** How a call ended, and how long it had waited in its queue. */
  #ended(story: TracedMessage, isFailed: boolean): void {
    const { publish, message, deliveries, isLagging } = story;
    const second = this.#second;
    const root = this.#rootOf(story);
    if (publish === null || root === null || message.kind !== 'call' || isLagging || second === null) return;
    const found = this.#routes.find(publish, message, root.requestId !== null, second);
    if (found === null) return;
    const waitMs = deliveries[0] === undefined ? null : Number(deliveries[0].event.timeNs - publish.timeNs) / 1e6;
    found.method.failed.add(Number(isFailed), second);
    if (waitMs !== null) found.method.waitMs.add(waitMs, second);
    this.#storms.of(found)?.addEnded(isFailed, waitMs);
    this.#awake(found.method, second);
  }

  #awake(series: Series, second: number): Series {
    if (series.isActive) return series;
    series.isActive = true;
    series.counts.goOnAt(second);
    this.#active.push(series);
    return series;
  }

  #turnTo(second: number): void {
    if (this.#second === null || second - this.#second > BLIND_S) this.#restart(second);
    while ((this.#second as number) < second) this.#turn(++(this.#second as number));
  }

  #turn(second: number): void {
    for (const series of this.#active) series.turn();
    for (const story of this.#deadlines.passed(second)) this.#ended(story, true);
    const isSilent = (vhost: string) => this.#isLagging || this.#isBlind(vhost);
    if (this.#isLagging) this.#isMinuteLagging = true;
    for (const vhost of this.#gaps.values()) this.#blindInMinute.add(vhost);
    if (this.#isWarm)
      this.#storms.judge(second, this.#active, this.#hosts, (series) => isSilent(series.name.vhost) || this.#isIgnored(series));
    this.#storms.follow(second, isSilent);
    if (++this.#secondsInMinute === MINUTE_S) this.#endMinute(second);
  }

  /** A minute is over, or the input. What was silent teaches nothing. */
  #endMinute(second: number): void {
    const seconds = this.#secondsInMinute;
    const isTaught = seconds > 0 && !this.#isMinuteLagging;
    if (isTaught) this.#learnHosts(second);
    const learning = isTaught ? { seconds, hosts: this.#hosts, isCut: this.#isWarm } : null;
    for (const series of this.#routes.all.values())
      series.endMinute(second, this.#blindInMinute.has(series.name.vhost) ? null : learning);
    for (const series of this.#active) series.isActive = !series.counts.isIdle;
    this.#active = this.#active.filter(({ isActive }) => isActive);
    this.#routes.forgetIdle();
    if (isTaught) this.#learnedSeconds += seconds;
    this.#secondsInMinute = 0;
    this.#isMinuteLagging = false;
    this.#blindInMinute.clear();
  }

  #learnHosts(second: number): void {
    const hosts = this.#senders.hostsAt(second);
    const most = this.#isWarm ? Math.max(this.#hosts * HOSTS_GROWTH, this.#hosts + 1) : hosts;
    this.#hosts = Math.max(Math.min(hosts, most), this.#isWarm ? this.#hosts / HOSTS_GROWTH : 0);
  }

  /** Time went on, and nobody looked: at one vhost, or at any. */
  #restart(second: number, vhost: string | null = null): void {
    if (vhost === null) {
      this.#second = second;
      this.#secondsInMinute = 0;
    }
    for (const series of this.#active) if (vhost === null || series.name.vhost === vhost) series.counts.goOnAt(second);
    this.#storms.restart(second, vhost);
  }

  #isBlind(vhost: string): boolean {
    for (const blind of this.#gaps.values()) if (blind === vhost) return true;
    return false;
  }

  get #isLagging(): boolean {
    return (this.#second ?? 0) < this.#laggingUntil;
  }

  get #isWarm(): boolean {
    return this.#learnedSeconds >= this.#thresholds.warmUpSeconds;
  }

  /** A series that was never seen was not there for as long as anybody has looked. */
  #learnedOf(name: SeriesName): SeriesBaseline {
    const { series } = this.#baseline;
    const known = series.get(keyOf(name));
    if (known !== undefined) return known;
    const elsewhere = this.#vhostLearnedIn === null ? undefined : series.get(keyOf({ ...name, vhost: this.#vhostLearnedIn }));
    const none = { mean: 0, messages: 0, senders: 0, hosts: this.#hosts, peaks: [], senderPeak: 0, tracePeak: 0 };
    return elsewhere ?? { ...none, seconds: this.#learnedSeconds, waitMs: null, failedShare: null };
  }
}

function secondOf(ns: bigint): number {
  return Math.floor(Number(ns) / 1e9);
}
