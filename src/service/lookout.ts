/** What a running sidecar shows of itself over HTTP: /metrics, /healthz, /readyz and /status. It is there before the taps are. */
import type { ListenAt, Listening } from '../http/listener.ts';
import { type Answer, HttpServer, line } from '../http/server.ts';
import type { Log } from '../log.ts';
import { CloudMetrics, type CloudMetricsOptions } from '../metrics/cloud.ts';
import { DEFINITIONS } from '../metrics/definitions.ts';
import { MetricsPage, type Sources } from '../metrics/page.ts';
import type { ClosedMessage } from '../trace/traced-message.ts';
import { Attempts } from './attempts.ts';
import { notHealthy, notReady } from './health.ts';
import { LoopDelay } from './loop-delay.ts';
import { type MetricParts, serviceDistributions, serviceSources } from './metric-sources.ts';
import { Seen } from './seen.ts';
import { type Observed, type Phase, type Section, statusOf } from './status.ts';

export interface LookoutOptions {
  /** Null: nothing is served. */
  readonly http: ListenAt | null;
  readonly metrics: CloudMetricsOptions;
  readonly version: string;
  readonly log: Log;
}

const NOTE_MS = 1_000;

export class Lookout {
  /** Attempts to write a batch, and to commit the journal: time them. */
  readonly stores = new Attempts(DEFINITIONS.oslotap_store_write_seconds.buckets);
  readonly commits = new Attempts(DEFINITIONS.oslotap_journal_commit_seconds.buckets);
  phase: Phase = 'starting';
  readonly #options: LookoutOptions;
  readonly #server: HttpServer;
  readonly #page = new MetricsPage();
  readonly #cloud: CloudMetrics | null;
  readonly #seen = new Seen();
  readonly #loopDelay = new LoopDelay();
  readonly #sections: Record<string, () => Section> = {};
  readonly #startedAt = new Date();
  #observed: Observed | null = null;
  #listening: Listening | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LookoutOptions) {
    this.#options = options;
    this.#cloud = options.http === null ? null : new CloudMetrics(options.metrics);
    this.#server = new HttpServer(
      {
        '/metrics': () => this.#metrics(),
        '/healthz': () => this.#health(),
        '/readyz': () => this.#readiness(),
        '/status': () => this.#status(),
      },
      options.log,
    );
  }

  /** @throws Misuse in one line, where it cannot listen there. */
  async start(): Promise<void> {
    const { http } = this.#options;
    if (http === null) return;
    const parts = this.#metricParts();
    this.#page.addProcess();
    this.#page.add({ ...serviceSources(parts), ...this.#cloud?.sources });
    this.#page.addDistributions({ ...serviceDistributions(parts), ...this.#cloud?.distributions });
    this.#listening = await this.#server.start(http);
    this.#loopDelay.start();
    this.#timer = setInterval(() => this.#note(), NOTE_MS).unref();
  }

  /** Says in the log where it is. */
  tell(): void {
    const { http, log } = this.#options;
    if (http === null || this.#listening === null) return;
    const { url, isElsewhere } = this.#listening;
    const there = `/metrics, /healthz, /readyz and /status are at ${url}`;
    if (isElsewhere) log.warn('http_elsewhere', `port ${http.port} is taken: ${there}`, { url });
    else log.info('http_listening', there, { url });
  }

  /** What there is to look at from now on. */
  observe(observed: Observed): void {
    this.#observed = observed;
    this.#note();
  }

  /** Another part tells of itself: in /status under its name, and with metrics that are defined. Call it once for each. */
  add(name: string, tell: () => Section, sources: Sources = {}): void {
    this.#sections[name] = tell;
    this.#page.add(sources);
  }

  /** Takes messages that are durable. */
  take(messages: readonly ClosedMessage[]): void {
    this.#cloud?.take(messages);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#loopDelay.stop();
    if (this.#options.http !== null) await this.#server.stop();
  }

  #note(): void {
    if (this.#observed !== null) this.#seen.note(this.#observed.sidecar.tally.events, performance.now());
  }

  #metricParts(): MetricParts {
    return {
      observed: () => this.#observed,
      seen: this.#seen,
      stores: this.stores,
      commits: this.commits,
      http: () => this.#server.tally,
      version: this.#options.version,
      pageSeconds: () => this.#page.seconds,
    };
  }

  async #metrics(): Promise<Answer> {
    return { status: 200, type: this.#page.contentType, body: await this.#page.text() };
  }

  get #notHealthy(): string | null {
    return notHealthy(this.#observed, [this.stores, this.commits], performance.now());
  }

  #health(): Answer {
    const reason = this.#notHealthy;
    return reason === null ? line(200, 'healthy') : line(503, reason);
  }

  #readiness(): Answer {
    const reason = notReady(this.phase, this.#observed);
    return reason === null ? line(200, 'ready') : line(503, reason);
  }

  async #status(): Promise<Answer> {
    const { version } = this.#options;
    const status = await statusOf({
      version,
      phase: this.phase,
      startedAt: this.#startedAt,
      notReady: notReady(this.phase, this.#observed),
      notHealthy: this.#notHealthy,
      observed: this.#observed,
      seen: this.#seen,
      stores: this.stores,
      commits: this.commits,
      loopDelay: this.#loopDelay,
      sections: this.#sections,
    });
    return { status: 200, type: 'application/json', body: `${JSON.stringify(status, null, 2)}\n` };
  }
}
