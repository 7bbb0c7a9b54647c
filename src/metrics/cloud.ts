/**
 * The cloud's RPC in figures, from messages whose rows are in the store for good. Every set of series is bounded (series.ts);
 * hosts are left out unless they are asked for.
 */
import { BUILT_IN_OPERATIONS, type Operations } from '../trace/operations.ts';
import { Recent } from '../trace/recent.ts';
import { serviceOfTopic } from '../trace/services.ts';
import { targetOf } from '../trace/target.ts';
import type { ClosedMessage, Initiating } from '../trace/traced-message.ts';
import { verdictOf } from '../trace/verdicts.ts';
import { CLOUD_METRICS } from './cloud-definitions.ts';
import { Distribution, type Sample } from './definition.ts';
import { OsloCompat } from './oslo-compat.ts';
import type { Distributions, Sources } from './page.ts';
import { RequestNames } from './requests.ts';
import { BoundedSeries, distributionSamples, samples } from './series.ts';

export interface CloudMetricsOptions {
  /** Series of each metric, `other` not included; sets of a histogram's labels a quarter of that. 1–100,000. @default 200 */
  readonly top?: number;
  /** Whether there is a label `host`. @default false */
  readonly hosts?: boolean;
  /** Whether oslo.metrics' own names are served too. @default false */
  readonly osloMetricsCompat?: boolean;
  /** What names requests. @default the built-in rules */
  readonly operations?: Operations;
  /** Milliseconds that only go on. @default performance.now */
  readonly nowMs?: () => number;
}

/** Twice as many as may be open at once. */
const SHOWN_MAX = 100_000;
export const DEFAULT_TOP = 200;
/** A histogram has a line for each of its buckets. */
export const HISTOGRAM_SHARE = 4;

interface MessageSums {
  messages: number;
  bytes: number;
  deliveries: number;
  deliveredBytes: number;
}

interface Count {
  count: number;
}

interface Times {
  readonly duration: Distribution;
  readonly wait: Distribution;
}

export class CloudMetrics {
  readonly #messages: BoundedSeries<MessageSums>;
  readonly #calls: BoundedSeries<Count>;
  readonly #times: BoundedSeries<Times>;
  readonly #verdicts: BoundedSeries<Count>;
  readonly #requests: BoundedSeries<Count>;
  readonly #names: RequestNames;
  /** Messages that were counted while they were open. */
  readonly #shown = new Recent<string, true>(SHOWN_MAX);
  readonly #compat: OsloCompat | null;
  readonly #hasHosts: boolean;
  readonly #nowMs: () => number;

  constructor(options: CloudMetricsOptions = {}) {
    const { top = DEFAULT_TOP, hosts = false, osloMetricsCompat = false, operations = BUILT_IN_OPERATIONS } = options;
    const host = hosts ? ['host'] : [];
    const few = Math.ceil(top / HISTOGRAM_SHARE);
    const newCount = () => ({ count: 0 });
    this.#hasHosts = hosts;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#messages = new BoundedSeries(['kind', 'producer', 'consumer', 'method', ...host], top, newMessageSums);
    this.#calls = new BoundedSeries(['service', 'method', 'status', ...host], top, newCount);
    this.#times = new BoundedSeries(['service', 'method', ...host], few, newTimes);
    this.#verdicts = new BoundedSeries(['verdict', 'service', ...host], top, newCount);
    this.#requests = new BoundedSeries(['operation'], top, newCount);
    this.#compat = osloMetricsCompat ? new OsloCompat({ top, few, hosts }) : null;
    this.#names = new RequestNames(operations, (operation) => {
      this.#requests.of(operation).count++;
    });
  }

  /**
   * Takes what is durable: a call that has ended, and of the others also what stands as far as it is known. Each counts once, should
   * it come again when it has ended.
   */
  take(messages: readonly ClosedMessage[]): void {
    const nowMs = this.#nowMs();
    for (const closed of messages) {
      if (!this.#isNew(closed)) continue;
      this.#count(closed);
      this.#names.take(closed, nowMs);
      this.#compat?.take(closed);
    }
    this.#names.advance(nowMs);
  }

  get sources(): Sources {
    return {
      oslotap_messages_total: () => samples(this.#messages, ({ messages }) => messages),
      oslotap_message_bytes_total: () => samples(this.#messages, ({ bytes }) => bytes),
      oslotap_deliveries_total: () => samples(this.#messages, ({ deliveries }) => deliveries),
      oslotap_delivery_bytes_total: () => samples(this.#messages, ({ deliveredBytes }) => deliveredBytes),
      oslotap_rpc_calls_total: () => samples(this.#calls, ({ count }) => count),
      oslotap_rpc_verdicts_total: () => samples(this.#verdicts, ({ count }) => count),
      oslotap_requests_total: () => this.#requestCounts(),
      oslotap_metrics_series_folded_total: () => this.#folded(),
      ...this.#compat?.sources,
    };
  }

  get distributions(): Distributions {
    return {
      oslotap_rpc_duration_seconds: () => distributionSamples(this.#times, ({ duration }) => duration),
      oslotap_rpc_queue_wait_seconds: () => distributionSamples(this.#times, ({ wait }) => wait),
      ...this.#compat?.distributions,
    };
  }

  #isNew({ traced: { uniqueId, message }, reason }: ClosedMessage): boolean {
    const isOpen = reason === 'end_of_input';
    if ((isOpen && message.kind === 'call') || this.#shown.has(uniqueId)) return false;
    if (isOpen) this.#shown.set(uniqueId, true);
    return true;
  }

  #count(closed: ClosedMessage): void {
    const { traced, from, to, status } = closed;
    const { message, publish, deliveries } = traced;
    const method = nameOf(message);
    const first = to[0];
    const consumer = first?.service || serviceOfTopic(targetOf(publish).topic);
    const sums = this.#messages.of(message.kind, from.service, consumer, method, ...this.#host(from.host));
    sums.messages++;
    sums.bytes += publish.bytes + traced.replyBytes;
    sums.deliveries += deliveries.length;
    sums.deliveredBytes += traced.replyBytesDelivered;
    for (const { event } of deliveries) sums.deliveredBytes += event.bytes;
    if (message.kind !== 'call' && message.kind !== 'cast') return;
    const host = this.#host(first?.host ?? '');
    if (!traced.isLagging) this.#time(closed, this.#times.of(consumer, method, ...host));
    if (message.kind !== 'call') return;
    this.#calls.of(consumer, method, status, ...host).count++;
    const verdict = verdictOf(closed);
    if (verdict === null) return;
    const { culprit } = verdict;
    this.#verdicts.of(verdict.verdict, culprit.service, ...this.#host(culprit.host)).count++;
  }

  #time({ traced, status }: ClosedMessage, { duration, wait }: Times): void {
    const { publish, deliveries, answeredNs, reply } = traced;
    const delivered = deliveries.find(({ isReread }) => !isReread);
    if (delivered !== undefined) wait.observe(seconds(delivered.event.timeNs - publish.timeNs));
    const repliedNs = answeredNs ?? reply?.publishedNs;
    if (repliedNs !== undefined && (status === 'ok' || status === 'failed'))
      duration.observe(seconds(repliedNs - publish.timeNs));
  }

  /** Nobody may come for a minute, and then what is quiet is counted here. */
  #requestCounts(): Iterable<Sample> {
    this.#names.advance(this.#nowMs());
    return samples(this.#requests, ({ count }) => count);
  }

  *#folded(): Generator<Sample> {
    const families = {
      messages: this.#messages,
      rpc: this.#calls,
      rpc_durations: this.#times,
      verdicts: this.#verdicts,
      requests: this.#requests,
    };
    for (const [family, { folded }] of Object.entries(families)) yield { labels: { family }, value: folded };
    if (this.#compat !== null) yield { labels: { family: 'compat' }, value: this.#compat.folded };
  }

  #host(host: string): readonly string[] {
    return this.#hasHosts ? [host] : [];
  }
}

/** What it does: for object calls what they really do, for a notification its event. */
function nameOf(message: Initiating): string {
  return message.kind === 'notification' ? message.eventType : (message.object ?? message.method);
}

function seconds(ns: bigint): number {
  return Number(ns) / 1e9;
}

function newMessageSums(): MessageSums {
  return { messages: 0, bytes: 0, deliveries: 0, deliveredBytes: 0 };
}

function newTimes(): Times {
  return {
    duration: new Distribution(CLOUD_METRICS.oslotap_rpc_duration_seconds.buckets),
    wait: new Distribution(CLOUD_METRICS.oslotap_rpc_queue_wait_seconds.buckets),
  };
}
