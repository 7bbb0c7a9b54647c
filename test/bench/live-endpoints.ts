/** The sidecar's HTTP side, asked every few seconds as Prometheus, probes and people would. Its address is in the sidecar's log. */
import type { RunningSidecar } from './live-sidecar.ts';

export interface Asked {
  readonly path: string;
  asked: number;
  /** Answers other than 2xx, and none. */
  failed: number;
  /** Milliseconds. */
  slowestMs: number;
  lastFailure: string;
}

const PERIOD_MS = 3_000;
const PATIENCE_MS = 10_000;
const QUERY = 'SELECT kind, count() FROM oslo_messages GROUP BY kind';
/** `/readyz` may say no, and does while the broker is away: any answer will do. */
const PATHS = ['/metrics', '/healthz', '/readyz', '/status'];
const URL_IN_LOG = /\bhttp:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d+/g;

export class Endpoints {
  readonly asked = new Map<string, Asked>();
  /** As `/metrics` told it last; null where it does not. */
  heapBytes: number | null = null;
  readonly #current: () => RunningSidecar;
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | null = null;

  /** @param current the sidecar of now. */
  constructor(current: () => RunningSidecar) {
    this.#current = current;
    this.#timer = setInterval(() => {
      this.#round ??= this.#ask()
        .catch(() => {})
        .finally(() => {
          this.#round = null;
        });
    }, PERIOD_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  async #ask(): Promise<void> {
    const sidecar = this.#current();
    const urls = urlsOf(sidecar);
    for (const { url, name } of urls) {
      const isQueries = /quer/.test(name);
      for (const path of isQueries ? [`/?query=${encodeURIComponent(QUERY)}`] : PATHS) {
        if (sidecar.hasEnded) return;
        await this.#get(sidecar, url, path, isQueries ? 'the query endpoint' : path);
      }
    }
  }

  async #get(sidecar: RunningSidecar, url: string, path: string, name: string): Promise<void> {
    const asked = this.asked.get(name) ?? { path: name, asked: 0, failed: 0, slowestMs: 0, lastFailure: '' };
    this.asked.set(name, asked);
    const beganMs = performance.now();
    asked.asked++;
    try {
      const response = await fetch(url + path, { signal: AbortSignal.timeout(PATIENCE_MS) });
      const text = await response.text();
      asked.slowestMs = Math.max(asked.slowestMs, performance.now() - beganMs);
      if (path === '/metrics') this.heapBytes = heapOf(text) ?? this.heapBytes;
      if (response.ok || (path === '/readyz' && response.status === 503)) return;
      asked.lastFailure = `${response.status} ${text.slice(0, 100)}`;
    } catch (error) {
      if (sidecar.hasEnded || sidecar.isEnding) return; // it was cut off
      asked.lastFailure = (error as Error).message;
    }
    asked.failed++;
  }
}

/** What it said that it listens on. */
function urlsOf({ events }: RunningSidecar): { readonly url: string; readonly name: string }[] {
  const told = events.filter(({ name }) => /listen|http|quer/.test(name));
  return told.flatMap(({ name, text, facts }) =>
    [...new Set(`${text} ${String(facts.url ?? '')}`.match(URL_IN_LOG) ?? [])].map((url) => ({ url, name })),
  );
}

function heapOf(metrics: string): number | null {
  const value = /^\w*nodejs_heap_size_used_bytes(?:\{[^}]*\})? ([\d.e+]+)/m.exec(metrics)?.[1];
  return value === undefined ? null : Number(value);
}
