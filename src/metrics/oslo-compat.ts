/**
 * The same messages as oslo.metrics would have counted them: `oslo_messaging_rpc_client_*`, which oslo.messaging sends where it is
 * told to, and `oslo_messaging_rpc_server_*`, which it defines and never sends. Source: oslo.metrics 0.17
 * `metrics/oslo_messaging.py`; oslo.messaging 18.3 `_metrics/client.py` and `rpc/client.py`.
 *
 * prometheus_client writes Python's None and True as they stand. What the wire does not tell is None.
 */
import type { Process } from '../trace/processes.ts';
import { targetOf } from '../trace/target.ts';
import type { ClosedMessage, TracedDelivery } from '../trace/traced-message.ts';
import { COMPAT_METRICS } from './cloud-definitions.ts';
import { Distribution, type Sample } from './definition.ts';
import type { Distributions, Sources } from './page.ts';
import { BoundedSeries, distributionSamples, OTHER, samples } from './series.ts';

export interface OsloCompatOptions {
  /** Series of each counter; sets of a histogram's labels. */
  readonly top: number;
  readonly few: number;
  /** Whether servers and processes are told by host. */
  readonly hosts: boolean;
}

interface Sums {
  started: number;
  ended: number;
}

interface Count {
  count: number;
}

interface Time {
  readonly distribution: Distribution;
}

/** What one side is counted in. */
interface Side {
  readonly invocations: BoundedSeries<Sums>;
  readonly exceptions: BoundedSeries<Count>;
  readonly times: BoundedSeries<Time>;
}

const NONE = 'None';

type Call = Exclude<ClosedMessage['traced']['message'], { kind: 'notification' }>;

export class OsloCompat {
  readonly #client: Side;
  readonly #server: Side;
  readonly #hasHosts: boolean;

  constructor({ top, few, hosts }: OsloCompatOptions) {
    this.#hasHosts = hosts;
    this.#client = newSide(COMPAT_METRICS.oslo_messaging_rpc_client_processing_seconds, top, few);
    this.#server = newSide(COMPAT_METRICS.oslo_messaging_rpc_server_processing_seconds, top, few);
  }

  /** How often something was counted under `other`. */
  get folded(): number {
    return [this.#client, this.#server].reduce(
      (sum, { invocations, exceptions, times }) => sum + invocations.folded + exceptions.folded + times.folded,
      0,
    );
  }

  take(closed: ClosedMessage): void {
    const { message } = closed.traced;
    if (message.kind === 'notification') return;
    this.#takeClient(closed, message);
    for (const [at, delivery] of closed.traced.deliveries.entries()) {
      if (!delivery.isReread) this.#takeServer(closed, message, delivery, closed.to[at]);
    }
  }

  get sources(): Sources {
    const [client, server] = [this.#client, this.#server];
    return {
      oslo_messaging_rpc_client_invocation_start_total: () => samples(client.invocations, ({ started }) => started),
      oslo_messaging_rpc_client_invocation_end_total: () => ends(client),
      oslo_messaging_rpc_client_exception_total: () => samples(client.exceptions, ({ count }) => count),
      oslo_messaging_rpc_server_invocation_start_total: () => samples(server.invocations, ({ started }) => started),
      oslo_messaging_rpc_server_invocation_end_total: () => ends(server),
      oslo_messaging_rpc_server_exception_total: () => samples(server.exceptions, ({ count }) => count),
    };
  }

  get distributions(): Distributions {
    return {
      oslo_messaging_rpc_client_processing_seconds: () =>
        distributionSamples(this.#client.times, ({ distribution }) => distribution),
      oslo_messaging_rpc_server_processing_seconds: () =>
        distributionSamples(this.#server.times, ({ distribution }) => distribution),
    };
  }

  /** A call that raises has neither an end nor a duration there. A cast ends as soon as it is sent. */
  #takeClient({ traced, status, from }: ClosedMessage, message: Call): void {
    const { exchange, topic, server } = this.#target(traced.publish, message);
    const isFanout = message.kind === 'fanout';
    const labels = [
      ...[message.kind === 'call' ? 'call' : 'cast', exchange, topic, message.namespace ?? NONE, message.version ?? NONE],
      ...[server, isFanout ? 'True' : NONE, this.#process(from), message.method, NONE],
    ];
    const sums = this.#client.invocations.of(...labels);
    sums.started++;
    if (message.kind !== 'call' || status === 'ok') sums.ended++;
    if (message.kind !== 'call') return;
    if (status === 'failed') this.#client.exceptions.of(...labels, raisedClassOf(traced.reply?.failure)).count++;
    if (status === 'timeout') this.#client.exceptions.of(...labels, 'MessagingTimeout').count++;
    const repliedNs = traced.answeredNs ?? traced.reply?.publishedNs;
    if (status !== 'ok' || repliedNs === undefined || traced.isLagging) return;
    this.#client.times.of(...labels).distribution.observe(Number(repliedNs - traced.publish.timeNs) / 1e9);
  }

  #takeServer({ traced }: ClosedMessage, message: Call, delivery: TracedDelivery, process: Process | undefined): void {
    const { publish, reply } = traced;
    const { exchange, topic, server } = this.#target(publish, message);
    const labels = [
      ...[exchange, topic, server, NONE, message.namespace ?? NONE, message.version ?? NONE],
      ...[message.method, process === undefined ? '' : this.#process(process)],
    ];
    const sums = this.#server.invocations.of(...labels);
    sums.started++;
    if (message.kind !== 'call') {
      sums.ended++;
      return;
    }
    if (reply === null || !isAnswered(traced.deliveries, delivery, reply.publishedNs)) return;
    if (reply.failure !== null) {
      this.#server.exceptions.of(...labels, classOf(reply.failure)).count++;
      return;
    }
    sums.ended++;
    if (traced.isLagging) return;
    this.#server.times.of(...labels).distribution.observe(Number(reply.publishedNs - delivery.event.timeNs) / 1e9);
  }

  /** A fanout's exchange is its topic's own, and that of its target is not told. */
  #target(publish: ClosedMessage['traced']['publish'], { kind }: Call) {
    const { topic, server } = targetOf(publish);
    const told = this.#hasHosts ? server : OTHER;
    return { exchange: kind === 'fanout' ? NONE : publish.exchange, topic, server: server === '' ? NONE : told };
  }

  #process({ service, host }: Process): string {
    return this.#hasHosts && host !== '' ? `${service}@${host}` : service;
  }
}

/** Of several deliveries the last before the reply was answered by it. */
function isAnswered(deliveries: readonly TracedDelivery[], delivery: TracedDelivery, repliedNs: bigint): boolean {
  const before = deliveries.filter(({ event, isReread }) => !isReread && event.timeNs <= repliedNs);
  return before.at(-1) === delivery;
}

/** What a client raises of it (oslo.messaging's `_drivers/common.py`, deserialize_remote_exception): Python's own as they are. */
function raisedClassOf(failure: string | null | undefined): string {
  const isPythons = failure?.startsWith('builtins.') === true || failure?.startsWith('exceptions.') === true;
  return isPythons ? classOf(failure) : `${classOf(failure)}_Remote`;
}

/** `nova.exception.InstanceNotFound` → `InstanceNotFound`. */
function classOf(failure: string | null | undefined): string {
  return failure?.slice(failure.lastIndexOf('.') + 1) ?? NONE;
}

function newSide(
  { labels, buckets }: { readonly labels: object; readonly buckets: readonly number[] },
  top: number,
  few: number,
): Side {
  const names = Object.keys(labels);
  return {
    invocations: new BoundedSeries(names, top, () => ({ started: 0, ended: 0 })),
    exceptions: new BoundedSeries([...names, 'exception'], top, () => ({ count: 0 })),
    times: new BoundedSeries(names, few, () => ({ distribution: new Distribution(buckets) })),
  };
}

/** What never ended well has no series there. */
function* ends({ invocations }: Side): Generator<Sample> {
  for (const sample of samples(invocations, ({ ended }) => ended)) if (sample.value > 0) yield sample;
}
