/** What a running sidecar gives besides the rows in its store: /metrics and the like, answers to queries, spans by OTLP, its own telemetry. */
import type { ListenAt } from '../http/listener.ts';
import type { CountingLog } from '../log.ts';
import type { CloudMetricsOptions } from '../metrics/cloud.ts';
import { QueryEndpoint, type QueryEndpointOptions } from '../query/endpoint.ts';
import type { OtlpOptions } from '../sinks/otlp/options.ts';
import { OtlpSpans } from '../sinks/otlp/otlp-spans.ts';
import type { EmbeddedStore } from '../store/chdb.ts';
import { startTelemetry, type Telemetry } from '../telemetry/start.ts';
import type { Operations } from '../trace/operations.ts';
import { Lookout } from './lookout.ts';

export interface OutletOptions {
  /** Null, of each: there is none. */
  readonly http: ListenAt | null;
  readonly query: Pick<QueryEndpointOptions, 'host' | 'port' | 'login'> | null;
  readonly otlp: OtlpOptions | null;
  readonly metrics: CloudMetricsOptions;
  readonly hasTelemetry: boolean;
  readonly operations: Operations;
  readonly version: string;
  readonly log: CountingLog;
}

/** What a process has for its last words. Milliseconds. */
const LINGER_MS = 500;

export class Outlets {
  readonly lookout: Lookout;
  readonly otlp: OtlpSpans | null;
  readonly #options: OutletOptions;
  readonly #telemetry: Telemetry | null;
  #queries: QueryEndpoint | null = null;
  #store: EmbeddedStore | null = null;

  /** Opens what needs no store: probes are answered from then on. @throws Misuse in one line. */
  static async open(options: OutletOptions): Promise<Outlets> {
    const { http, metrics, otlp, operations, hasTelemetry, version, log } = options;
    const spans = otlp === null ? null : await OtlpSpans.open(otlp, log, operations);
    const lookout = new Lookout({ http, metrics: { ...metrics, operations }, version, log });
    await lookout.start();
    const telemetry = hasTelemetry ? await startTelemetry({ version, log }) : null;
    return new Outlets(options, lookout, spans, telemetry);
  }

  private constructor(options: OutletOptions, lookout: Lookout, otlp: OtlpSpans | null, telemetry: Telemetry | null) {
    this.#options = options;
    this.lookout = lookout;
    this.otlp = otlp;
    this.#telemetry = telemetry;
    const { log } = options;
    lookout.add('log', () => ({ lines_suppressed: log.suppressedCount }), {
      oslotap_log_lines_suppressed_total: () => [{ labels: {}, value: log.suppressedCount }],
    });
    if (otlp !== null) this.#showSpans(otlp);
  }

  /** Answers queries over the store. Close the outlets before it. @throws Misuse in one line. */
  async answerQueries(store: EmbeddedStore): Promise<void> {
    const { query, log } = this.#options;
    if (query === null) return;
    const reader = await store.openReader();
    const endpoint = await QueryEndpoint.listen({ ...query, reader, log }).catch(async (error) => {
      await reader.close();
      throw error;
    });
    this.#queries = endpoint;
    this.#store = store;
    this.#showQueries(endpoint);
    store.announce({ url: endpoint.url, token: endpoint.token });
  }

  /** Says in the log where they are. Once all is set up: before that, a wrong set-up should be the one line that is seen. */
  tell(): void {
    const url = this.#queries?.url;
    this.lookout.tell();
    if (url !== undefined) this.#options.log.info('query_listening', `queries are answered at ${url}`, { url });
  }

  /** Sends what can be sent in bounded time, and answers nobody any more. Never throws. */
  async close(): Promise<void> {
    this.#store?.announce(null);
    await Promise.all([this.otlp?.close(), this.#queries?.close()]);
    await Promise.all([this.lookout.stop(), this.#telemetry?.close()]);
    if (this.otlp !== null || this.#telemetry !== null) endWithoutExporters();
  }

  #showQueries(endpoint: QueryEndpoint): void {
    const facts = () => {
      const { queries, running, waiting, bytesOut } = endpoint.counters;
      return { url: endpoint.url, running, waiting, bytes_out: bytesOut, ...queries };
    };
    this.lookout.add('query', facts, {
      oslotap_query_requests_total: () => byOutcome(endpoint.counters.queries),
      oslotap_query_running: () => [{ labels: {}, value: endpoint.counters.running }],
    });
  }

  #showSpans(otlp: OtlpSpans): void {
    const facts = () => {
      const { exported, dropped, retries, queueSpans, queueBytes, inFlightSpans } = otlp.tally;
      const waiting = { queue_spans: queueSpans, queue_bytes: queueBytes, in_flight_spans: inFlightSpans };
      return { exported, retries, ...waiting, ...prefixed('dropped_', dropped) };
    };
    this.lookout.add('otlp', facts, {
      oslotap_otlp_spans_total: () => byOutcome({ exported: otlp.tally.exported, ...otlp.tally.dropped }),
      oslotap_otlp_queue_spans: () => [{ labels: {}, value: otlp.tally.queueSpans }],
    });
  }
}

function byOutcome(counts: Readonly<Record<string, number>>) {
  return Object.entries(counts).map(([outcome, value]) => ({ labels: { outcome }, value }));
}

function prefixed(prefix: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix}${name}`, count]));
}

/** The time-outs of OpenTelemetry's exporters cannot be cancelled: they must not keep a process that has ended. */
export function endWithoutExporters(): void {
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
