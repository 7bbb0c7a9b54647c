/** The storms that last: which series belong to which, how they go on, and when they have ended. */
import type { Storm, StormMethod, StormSignal } from '../storm.ts';
import { OpenStorm } from './open-storm.ts';
import { LastSeen, type Seen } from './seen.ts';
import type { Series } from './series.ts';
import { Tally } from './tally.ts';
import type { BrokerNews } from './trigger.ts';

/** How far back a storm is followed to its beginning. Seconds. */
const BACK_S = 60;
/** Messages that are kept for that. */
const LAST_SEEN = 4_096;
/** What is raised so soon after a storm began is part of it. Seconds. */
const TOGETHER_S = 15;
/** How often the state of an open storm is told. Seconds. */
const TELL_S = 10;
/** At once; what else is raised then joins the last. */
const STORMS_MAX = 16;
/** Of what has grown in all RPC of a vhost, a method that has so much of it is part of the storm. */
const GROWN_SHARE = 0.1;
/** It is looked at each second. */
const CALM_S = 2;
/** Of what a method has grown by. */
const EXPLAINED_SHARE = 0.7;
const NEWS_MAX = 100;
const SERVICES_MAX = 64;
/** A burst may have pauses of so long. Seconds. */
const PAUSE_S = 3;
/** What no second shows by itself is known about so long after it began. Seconds. */
const TOLD_AFTER_S = 10;

interface Raised {
  readonly series: Series;
  readonly signal: StormSignal;
}

export interface OpenStormsOptions {
  readonly holdSeconds: number;
  readonly onStorm: (storm: Storm) => void;
}

export class OpenStorms {
  /** Storms begun, by what gave them away first. */
  readonly begun = new Map<StormSignal, number>();
  readonly #options: OpenStormsOptions;
  readonly #open: OpenStorm[] = [];
  readonly #byMember = new Map<Series, OpenStorm>();
  readonly #last = new LastSeen(LAST_SEEN);
  readonly #news: BrokerNews[] = [];
  #hosts = 0;

  constructor(options: OpenStormsOptions) {
    this.#options = options;
  }

  /** A message was counted, or came late: then only storms that are there learn of it. */
  add(seen: Seen, isLate: boolean): void {
    if (!isLate) this.#last.add(seen);
    if (this.#byMember.size === 0) return;
    const storm = this.of(seen);
    // What comes once it is calm is as usual.
    if (storm !== undefined && seen.second - storm.hotSecond <= CALM_S) storm.add(seen);
  }

  of({ method, object }: Pick<Seen, 'method' | 'object'>): OpenStorm | undefined {
    return this.#byMember.get(method) ?? (object === null ? undefined : this.#byMember.get(object));
  }

  /** @param active all series of which something came. @param hosts that there are. */
  judge(second: number, active: readonly Series[], hosts: number, isIgnored: (series: Series) => boolean): void {
    this.#hosts = hosts;
    const raised: Raised[] = [];
    for (const series of active) {
      const signal = series.signalAt(second, hosts, false);
      if (signal !== null && !isIgnored(series)) raised.push({ series, signal });
    }
    // The narrower first: what an object's method explains is not its method's.
    for (const { series, signal } of raised.toSorted((a, b) => a.series.breadth - b.series.breadth)) {
      if (series.isTotal)
        this.#raise(
          second,
          grownIn(series, active, hosts).filter((one) => !isIgnored(one)),
          signal,
        );
      else if (!this.#isExplained(series, active)) this.#raise(second, [series], signal);
    }
  }

  /** Tells of those that last, and ends those that have been calm. @param isSilent of a vhost: nobody knows whether it is calm. */
  follow(second: number, isSilent: (vhost: string) => boolean): void {
    for (const storm of [...this.#open]) {
      storm.turnTo(second);
      if (isSilent(storm.vhost) || this.#isHot(storm, second)) storm.hotSecond = second;
      storm.noteLively(second - 1, this.#hosts);
      if (second - storm.hotSecond >= this.#options.holdSeconds) this.#end(storm);
      else if ((second - storm.detectedSecond) % TELL_S === 0) this.#options.onStorm(this.#stateOf(storm, true));
    }
  }

  /** The input ended: what is calm has ended with it, nobody knows how the others go on. */
  finish(second: number): void {
    for (const storm of [...this.#open]) {
      if (storm.hotSecond < second) this.#end(storm);
      else this.#options.onStorm(this.#stateOf(storm, true));
    }
  }

  /** Nobody looked for a while: at one vhost, or at any. */
  restart(second: number, vhost: string | null): void {
    if (vhost === null) this.#last.clear();
    for (const storm of this.#open) if (vhost === null || storm.vhost === vhost) storm.hotSecond = second;
  }

  tellOfBroker(news: BrokerNews): void {
    this.#news.push(news);
    if (this.#news.length > NEWS_MAX) this.#news.shift();
  }

  get states(): readonly Storm[] {
    return this.#open.map((storm) => this.#stateOf(storm, true));
  }

  rateOf(id: string, method: StormMethod): number {
    return this.#open.find((storm) => storm.id === id)?.rateOf(method) ?? 0;
  }

  #raise(second: number, series: readonly Series[], signal: StormSignal): void {
    const [first] = series;
    if (first === undefined) return;
    const known = this.#byMember.get(first) ?? this.#nearest(first, second);
    const storm = known ?? this.#begin(first, second);
    for (const one of series) this.#join(one, storm, second);
    if (!storm.signals.includes(signal)) storm.signals.push(signal);
    if (known !== undefined) return;
    this.begun.set(signal, (this.begun.get(signal) ?? 0) + 1);
    this.#options.onStorm(this.#stateOf(storm, true));
  }

  /** Whether most of what a method has grown by is that of its objects' methods which are part of a storm. */
  #isExplained(method: Series, active: readonly Series[]): boolean {
    const hosts = this.#hosts;
    const members = active.filter((series) => series.parent === method && this.#byMember.has(series));
    const grown = members.reduce((sum, series) => sum + series.grownBy(hosts), 0);
    return members.length > 0 && grown >= EXPLAINED_SHARE * method.grownBy(hosts);
  }

  #begin(first: Series, second: number): OpenStorm {
    const storm = new OpenStorm(first, { fromSecond: this.#beginningOf(first, second), detectedSecond: second });
    this.#open.push(storm);
    return storm;
  }

  #join(series: Series, storm: OpenStorm, second: number): void {
    if (this.#byMember.has(series)) return;
    this.#byMember.set(series, storm);
    storm.members.add(series);
    storm.hotSecond = second;
    for (const seen of this.#last.since(this.#beginningOf(series, second))) {
      const other = seen.method === series ? seen.object : seen.object === series ? seen.method : undefined;
      // What another member brought in counts once.
      if (other !== undefined && (other === null || !storm.members.has(other))) storm.add(seen);
    }
  }

  /** The storm that a series is part of: it began just now, or is of the same topic, or from the same service. */
  #nearest(series: Series, second: number): OpenStorm | undefined {
    const open = this.#open.filter(({ vhost }) => vhost === series.name.vhost);
    const services = new Tally<string>(SERVICES_MAX);
    for (const { method, object, sender } of this.#last.since(second - TOGETHER_S))
      if (method === series || object === series) services.add(sender.service);
    const service = services.top(1)[0]?.[0] ?? '';
    const near = open.findLast(
      (storm) =>
        second - storm.detectedSecond <= TOGETHER_S ||
        [...storm.members].some(({ name }) => name.exchange === series.name.exchange && name.topic === series.name.topic) ||
        (service !== '' && storm.topService === service),
    );
    return near ?? (this.#open.length >= STORMS_MAX ? this.#open.at(-1) : undefined);
  }

  /** Since when so much of it comes. */
  #beginningOf(series: Series, second: number): number {
    let beginning: number | null = null;
    for (let before = second - 1; before > second - BACK_S && (beginning ?? second - 1) - before <= PAUSE_S; before--)
      if (series.isLivelyAt(before, this.#hosts)) beginning = before;
    return beginning ?? second - TOLD_AFTER_S;
  }

  #isHot({ members }: OpenStorm, second: number): boolean {
    for (const series of members) if (series.signalAt(second, this.#hosts, true) !== null) return true;
    return false;
  }

  #end(storm: OpenStorm): void {
    this.#open.splice(this.#open.indexOf(storm), 1);
    for (const series of storm.members) this.#byMember.delete(series);
    this.#options.onStorm(this.#stateOf(storm, false));
  }

  #stateOf(storm: OpenStorm, isOpen: boolean): Storm {
    return storm.state({ isOpen, hosts: this.#hosts, news: this.#news });
  }
}

/** The methods that make most of what all RPC has grown by, the most first. */
function grownIn(total: Series, active: readonly Series[], hosts: number): Series[] {
  const { vhost, isRequested } = total.name;
  const methods = active
    .filter(({ name, isTotal }) => !isTotal && name.vhost === vhost && name.isRequested === isRequested)
    .filter(({ name }) => name.object === null && name.kind !== 'fanout')
    .map((series) => ({ series, grown: series.grownBy(hosts) }))
    .sort((a, b) => b.grown - a.grown);
  const least = GROWN_SHARE * total.grownBy(hosts);
  const most = methods.filter(({ grown }) => grown >= least);
  return (most.length > 0 ? most : methods.slice(0, 1)).map(({ series }) => series);
}
