/**
 * What a running sidecar gives besides the rows in its store: /metrics and the like, answers to queries, spans by OTLP, news of storms,
 * its own telemetry.
 */
import type { ListenAt } from '../http/listener.ts';
import type { CountingLog } from '../log.ts';
import type { CloudMetricsOptions } from '../metrics/cloud.ts';
import { stormSources } from '../metrics/storm-sources.ts';
import type { StormsView } from '../metrics/storm-view.ts';
import { QueryEndpoint, type QueryEndpointOptions } from '../query/endpoint.ts';
import type { OtlpOptions } from '../sinks/otlp/options.ts';
import { OtlpSpans } from '../sinks/otlp/otlp-spans.ts';
import type { EmbeddedStore } from '../store/chdb.ts';
import { startTelemetry, type Telemetry } from '../telemetry/start.ts';
import type { Operations } from '../trace/operations.ts';
import { Lookout } from './lookout.ts';
import { StormNews } from './storm-news.ts';
import { statusStorms } from './storm-shown.ts';
import { StormWebhook } from './storm-webhook.ts';
import type { StormWebhookOptions } from './storm-webhook-request.ts';

export interface OutletOptions {
  /** Null, of each: there is none. */
  readonly http: ListenAt | null;
  readonly query: Pick<QueryEndpointOptions, 'host' | 'port' | 'login'> | null;
  readonly otlp: OtlpOptions | null;
  readonly stormWebhook: StormWebhookOptions | null;
  readonly metrics: CloudMetricsOptions;
  readonly hasTelemetry: boolean;
  readonly operations: Operations;
  readonly version: string;
  readonly log: CountingLog;
}

/** What is open before there is anything to store. */
interface Opened {
  readonly lookout: Lookout;
  readonly otlp: OtlpSpans | null;
  readonly webhook: StormWebhook | null;
  readonly telemetry: Telemetry | null;
}

/** What a process has for its last words. Milliseconds. */
const LINGER_MS = 500;

export class Outlets {
  readonly lookout: Lookout;
  readonly otlp: OtlpSpans | null;
  /** Takes states of storms: who is to be told is told. */
  readonly storms: StormNews;
  readonly #options: OutletOptions;
  readonly #telemetry: Telemetry | null;
  readonly #webhook: StormWebhook | null;
  #queries: QueryEndpoint | null = null;
  #store: EmbeddedStore | null = null;

  /** Opens what needs no store: probes are answered from then on. @throws Misuse in one line. */
  static async open(options: OutletOptions): Promise<Outlets> {
    const { http, metrics, otlp, stormWebhook, operations, hasTelemetry, version, log } = options;
    const webhook = stormWebhook === null ? null : new StormWebhook({ ...stormWebhook, version }, log);
    const spans = otlp === null ? null : await OtlpSpans.open(otlp, log, operations);
    const lookout = new Lookout({ http, metrics: { ...metrics, operations }, version, log });
    await lookout.start();
    const telemetry = hasTelemetry ? await startTelemetry({ version, log }) : null;
    return new Outlets(options, { lookout, otlp: spans, webhook, telemetry });
  }

  private constructor(options: OutletOptions, { lookout, otlp, webhook, telemetry }: Opened) {
    const { log } = options;
    this.#options = options;
    this.lookout = lookout;
    this.otlp = otlp;
    this.#webhook = webhook;
    this.#telemetry = telemetry;
    this.storms = new StormNews(log, webhook);
    lookout.add('log', () => ({ lines_suppressed: log.suppressedCount }), {
      oslotap_log_lines_suppressed_total: () => [{ labels: {}, value: log.suppressedCount }],
    });
    if (otlp !== null) this.#showSpans(otlp);
    if (webhook !== null) this.#showWebhook(webhook);
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

  /** Shows what the detector of storms tells of itself, from now on. Call it once. */
  showStorms(view: StormsView): void {
    this.lookout.add('storms', () => statusStorms(view), stormSources(view));
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
    await Promise.all([this.otlp?.close(), this.#queries?.close(), this.#webhook?.close()]);
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

  #showWebhook(webhook: StormWebhook): void {
    this.lookout.add('storm_webhook', () => ({ ...webhook.tally, waiting: webhook.waiting }), {
      oslotap_storm_webhook_requests_total: () => byOutcome({ ...webhook.tally }),
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
