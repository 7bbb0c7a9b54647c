/** One storm while it lasts: what is in it, from whom, for whom, and what it costs. */
import { hash } from 'node:crypto';
import type { BeforeAndDuring, Storm, StormMethod, StormPlace, StormSignal } from '../storm.ts';
import { serviceOfTopic } from '../trace/services.ts';
import { targetOf } from '../trace/target.ts';
import { SecondCounts } from './second-counts.ts';
import type { Seen } from './seen.ts';
import type { Connection, Sender } from './senders.ts';
import type { Series } from './series.ts';
import { Tally } from './tally.ts';
import { WINDOWS_S } from './thresholds.ts';
import { type BrokerNews, TriggerEvidence } from './trigger.ts';

const METHODS_MAX = 10;
const OBJECTS_MAX = 5;
const SENDERS_TOLD = 20;
const RECEIVERS_TOLD = 10;
/** Methods and receivers that are counted apart. */
const KEYS_MAX = 256;
const CONNECTIONS_MAX = 50_000;
/** The worst of this window is told. */
const PEAK_WINDOW = WINDOWS_S.indexOf(10);
const PEAK_S = WINDOWS_S[PEAK_WINDOW] as number;
/** A rate is of so many seconds at least. */
const YOUNG_S = WINDOWS_S[0];

interface MethodCount {
  messages: number;
  readonly objects: Tally<Series>;
  readonly counts: SecondCounts;
  peak: number;
}

export class OpenStorm {
  readonly id: string;
  readonly vhost: string;
  readonly fromSecond: number;
  readonly detectedSecond: number;
  /** Series that were above their bounds. */
  readonly members = new Set<Series>();
  readonly signals: StormSignal[] = [];
  /** When a member was last above its eased bounds. */
  hotSecond: number;
  readonly #methods = new Map<Series, MethodCount>();
  /** By connection: whose one is may be known later. */
  readonly #senders = new Tally<Connection>(CONNECTIONS_MAX);
  /** By routing key; of fanouts by topic. */
  readonly #receivers = new Tally<string>(KEYS_MAX);
  readonly #evidence: TriggerEvidence;
  readonly #all: SecondCounts;
  #second: number;
  /** The last in which there was much of it; null where no second by itself shows it. */
  #livelySecond: number | null = null;
  #peak = 0;
  #messages = 0;
  #copies = 0;
  #bytes = 0;
  #bytesCopied = 0;
  #failed = 0;
  #ended = 0;
  #waitMs = 0;
  #waited = 0;

  /** @param first the series that gave it away. */
  constructor(first: Series, { fromSecond, detectedSecond }: { fromSecond: number; detectedSecond: number }) {
    const { vhost, exchange, topic, method } = first.name;
    this.vhost = vhost;
    this.fromSecond = fromSecond;
    this.detectedSecond = detectedSecond;
    this.hotSecond = detectedSecond;
    this.#second = fromSecond;
    this.#all = new SecondCounts(fromSecond);
    this.#newMethod(first.parent ?? first);
    this.#evidence = new TriggerEvidence(fromSecond);
    this.id = hash('sha256', [vhost, fromSecond, exchange, topic, method].join('\0'), 'hex').slice(0, 16);
  }

  /** A message of one of its members. One of a second that is over is no part of the worst seconds. */
  add(seen: Seen): void {
    const { method, object, publish, connection, copies } = seen;
    this.turnTo(seen.second);
    const isInOrder = seen.second === this.#second;
    this.#messages++;
    this.#copies += copies;
    this.#bytes += publish.bytes;
    this.#bytesCopied += publish.bytes * copies;
    if (isInOrder) this.#all.add(1);
    this.#senders.add(connection);
    this.#receivers.add(publish.routingKey || method.name.topic);
    this.#evidence.add(seen);
    const count = this.#methods.get(method) ?? this.#newMethod(method);
    count.messages++;
    if (isInOrder) count.counts.add(1);
    if (object !== null) count.objects.add(object);
  }

  /** A call of one of its members ended. */
  addEnded(isFailed: boolean, waitMs: number | null): void {
    this.#ended++;
    if (isFailed) this.#failed++;
    if (waitMs === null) return;
    this.#waitMs += waitMs;
    this.#waited++;
  }

  turnTo(second: number): void {
    while (this.#second < second) {
      this.#second++;
      this.#all.turn();
      this.#peak = Math.max(this.#peak, this.#rateIn(this.#all));
      for (const method of this.#methods.values()) {
        method.counts.turn();
        method.peak = Math.max(method.peak, this.#rateIn(method.counts));
      }
    }
  }

  /** The service that sends most of it; `''` where nothing tells. */
  get topService(): string {
    return this.#sendersNow.top(1)[0]?.[0].service ?? '';
  }

  /** Takes note of a second in which there was much of it. */
  noteLively(second: number, hosts: number): void {
    for (const series of this.members) {
      if (!series.isLivelyAt(second, hosts)) continue;
      this.#livelySecond = second;
      return;
    }
  }

  /** @param hosts that there are. @param news of the broker, the newest last. */
  state({ isOpen, hosts, news }: { isOpen: boolean; hosts: number; news: readonly BrokerNews[] }): Storm {
    const [methods, senders] = [this.#methodsTold(hosts), this.#sendersNow];
    const failedShare = this.#ended === 0 ? null : this.#failed / this.#ended;
    return {
      id: this.id,
      vhost: this.vhost,
      fromNs: nsOf(this.fromSecond),
      detectedNs: nsOf(this.detectedSecond),
      toNs: nsOf(Math.max(this.#livelySecond ?? this.hotSecond, this.fromSecond) + 1),
      isOpen,
      signals: this.signals,
      methods,
      senders: senders.top(SENDERS_TOLD).map(([{ service, host }, messages]) => this.#place(service, host, messages)),
      sendersCount: senders.size,
      receivers: this.#receiversTold(),
      trigger: this.#evidence.judge(failedShare, news),
      messages: this.#messages,
      copies: this.#copies,
      bytes: this.#bytes,
      bytesCopied: this.#bytesCopied,
      usualPerSecond: this.#sumUsual(hosts),
      peakPerSecond: this.#peak,
      amplification: this.#amplification(),
      perRequest: this.#perRequest(),
      failedShare: { usual: this.#usualOf(({ failed }) => failed.usual), during: failedShare },
      queueWaitMs: { usual: this.#usualOf(({ waitMs }) => waitMs.usual), during: ratio(this.#waitMs, this.#waited) },
    };
  }

  /** Messages a second of a method, mean of the last ten. */
  rateOf({ exchange, topic, method }: Pick<StormMethod, 'exchange' | 'topic' | 'method'>): number {
    for (const [{ name }, { counts }] of this.#methods) {
      if (name.method === method && name.topic === topic && name.exchange === exchange) return this.#rateIn(counts);
    }
    return 0;
  }

  /** Messages a second in the last ten seconds, or since it began. */
  #rateIn(counts: SecondCounts): number {
    const seconds = Math.min(PEAK_S, Math.max(YOUNG_S, this.#second - this.fromSecond));
    return (counts.sums[PEAK_WINDOW] as number) / seconds;
  }

  #newMethod(method: Series): MethodCount {
    const count = { messages: 0, objects: new Tally<Series>(KEYS_MAX), counts: new SecondCounts(this.#second), peak: 0 };
    if (this.#methods.size < KEYS_MAX) this.#methods.set(method, count);
    return count;
  }

  #methodsTold(hosts: number): StormMethod[] {
    const grown = ([{ usual }, messages]: readonly [Series, number]) => this.#grownBy(messages, usual.messagesAt(hosts));
    const all = [...this.#methods].sort(([a, of], [b, and]) => grown([b, and.messages]) - grown([a, of.messages]));
    return all.slice(0, METHODS_MAX).map(([series, { messages, objects, peak }]) => ({
      method: series.name.method,
      objects: objects
        .top(KEYS_MAX)
        .sort((a, b) => grown(b) - grown(a))
        .slice(0, OBJECTS_MAX)
        .map(([{ name }]) => name.object ?? ''),
      kind: series.name.kind,
      exchange: series.name.exchange,
      topic: series.name.topic,
      messages,
      share: messages / Math.max(1, this.#messages),
      usualPerSecond: series.usual.messagesAt(hosts),
      peakPerSecond: peak,
    }));
  }

  /** By what is known of the connections by now. */
  get #sendersNow(): Tally<Sender> {
    const senders = new Tally<Sender>(CONNECTIONS_MAX);
    for (const [{ sender }, messages] of this.#senders.entries()) senders.add(sender, messages);
    return senders;
  }

  /** How many of so many messages are more than usual. */
  #grownBy(messages: number, usualPerSecond: number): number {
    return messages - usualPerSecond * (this.#second - this.fromSecond);
  }

  #receiversTold(): StormPlace[] {
    return this.#receivers.top(RECEIVERS_TOLD).map(([routingKey, messages]) => {
      const { topic, server } = targetOf({ exchange: '', routingKey });
      return this.#place(serviceOfTopic(topic) || topic, server, messages);
    });
  }

  #place(service: string, host: string, messages: number): StormPlace {
    return { service, host, messages, share: messages / this.#messages };
  }

  #sumUsual(hosts: number): number {
    let sum = 0;
    for (const { usual } of this.#methods.keys()) sum += usual.messagesAt(hosts);
    return sum;
  }

  #amplification(): BeforeAndDuring {
    const fanouts = [...this.#methods.keys()].filter(({ name }) => name.kind === 'fanout');
    const [copies, messages] = [sumOf(fanouts, ({ usual }) => usual.mean), sumOf(fanouts, ({ usual }) => usual.messages)];
    return { usual: fanouts.length === 0 ? 1 : ratio(copies, messages), during: ratio(this.#copies, this.#messages) };
  }

  #perRequest(): BeforeAndDuring {
    const requested = [...this.#methods.keys()].filter(({ name }) => name.isRequested && name.kind !== 'fanout');
    const [messages, requests] = [sumOf(requested, ({ usual }) => usual.messages), sumOf(requested, ({ usual }) => usual.mean)];
    const during = this.#evidence.requests;
    return { usual: ratio(messages, requests), during: ratio(during.messages, during.count) };
  }

  /** The mean of what is known of its methods, by their messages. */
  #usualOf(pick: (series: Series) => number | null): number | null {
    let [sum, weight] = [0, 0];
    for (const [series, { messages }] of this.#methods) {
      const usual = pick(series);
      if (usual === null) continue;
      sum += usual * messages;
      weight += messages;
    }
    return ratio(sum, weight);
  }
}

function sumOf(series: readonly Series[], pick: (series: Series) => number): number {
  return series.reduce((sum, one) => sum + pick(one), 0);
}

function ratio(sum: number, count: number): number | null {
  return count === 0 ? null : sum / count;
}

function nsOf(second: number): bigint {
  return BigInt(second) * 1_000_000_000n;
}
