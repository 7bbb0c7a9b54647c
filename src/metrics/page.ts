/**
 * The page at /metrics. Values are asked for when somebody scrapes, so an event costs nothing here. To make the text keeps the event
 * loop busy: one at a time is made, who comes meanwhile gets the same, and it is served again for PAGE_MS.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Definition, Distribution, DistributionSample, Labels, Sample } from './definition.ts';
import { DEFINITIONS, type MetricName } from './definitions.ts';

/** Where values come from: by metric, what it is now. What is not known is left out. */
export type Sources = Readonly<Partial<Record<MetricName, () => Iterable<Sample>>>>;
export type Distributions = Readonly<Partial<Record<MetricName, () => Iterable<DistributionSample>>>>;

/** So long a text is good enough. Milliseconds. */
const PAGE_MS = 1_000;
/** Gauges of prom-client that end in `_total`, which only counters may. */
const ILL_NAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export class MetricsPage {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #nowMs: () => number;
  #text: Promise<Buffer> | null = null;
  #madeMs = Number.NEGATIVE_INFINITY;
  /** How long the last text took to make. Seconds. */
  seconds = 0;

  /** @param nowMs milliseconds that only go on. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Adds what is known of the Node process itself: process_* and nodejs_*. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
    for (const name of ILL_NAMED) this.#registry.removeSingleMetric(name);
  }

  /** Adds counters and gauges. Each metric has one source. */
  add(sources: Sources): void {
    for (const [name, read] of Object.entries(sources)) addPulled(this.#registry, name, DEFINITIONS[name as MetricName], read);
  }

  addDistributions(sources: Distributions): void {
    for (const [name, read] of Object.entries(sources)) {
      const definition: Definition = DEFINITIONS[name as MetricName];
      this.#registry.registerMetric(new PulledHistogram(name, definition, read));
    }
  }

  /** The whole page; the same Buffer for all who ask within a second. */
  text(): Promise<Buffer> {
    if (this.#text !== null && this.#nowMs() - this.#madeMs < PAGE_MS) return this.#text;
    this.#madeMs = Number.POSITIVE_INFINITY;
    const text = this.#make();
    this.#text = text;
    text.catch(() => {
      this.#text = null;
    });
    return text;
  }

  async #make(): Promise<Buffer> {
    const beganMs = this.#nowMs();
    try {
      return Buffer.from(await this.#registry.metrics());
    } finally {
      this.#madeMs = this.#nowMs();
      this.seconds = (this.#madeMs - beganMs) / 1_000;
    }
  }
}

/** `host` is what metrics.hosts adds; and with some label there, prom-client makes no series 0 of what is not known. */
function addPulled(registry: Registry, name: string, { type, help, labels }: Definition, read: () => Iterable<Sample>): void {
  const configuration = { name, help, labelNames: [...Object.keys(labels), 'host'], registers: [registry] };
  if (type === 'gauge') {
    new Gauge({
      ...configuration,
      collect() {
        this.reset();
        for (const sample of read()) if (Number.isFinite(sample.value)) this.set(sample.labels, sample.value);
      },
    });
  } else {
    new Counter({
      ...configuration,
      collect() {
        this.reset();
        for (const { labels: of, value } of read()) if (Number.isFinite(value)) this.inc(of, Math.max(0, value));
      },
    });
  }
}

interface Line {
  readonly labels: Labels;
  /** Labels of many lines: written out once. */
  readonly sharedLabels: Labels;
  readonly value: number;
  readonly metricName: string;
}

/** A histogram that counts nothing itself: prom-client's own takes single values only, and hashes labels for each. */
class PulledHistogram extends Histogram {
  readonly #name: string;
  readonly #definition: Definition;
  readonly #read: () => Iterable<DistributionSample>;

  constructor(name: string, definition: Definition, read: () => Iterable<DistributionSample>) {
    const { help, labels, buckets = [] } = definition;
    super({ name, help, labelNames: Object.keys(labels), buckets: [...buckets], registers: [] });
    this.#name = name;
    this.#definition = definition;
    this.#read = read;
  }

  /** What the registry asks for to make its text. */
  async getForPromString() {
    const values: Line[] = [];
    for (const { labels, distribution } of this.#read()) values.push(...linesOf(this.#name, labels, distribution));
    return { name: this.#name, help: this.#definition.help, type: 'histogram', values, aggregator: 'sum' };
  }
}

function linesOf(name: string, sharedLabels: Labels, { bounds, counts, count, sum }: Distribution): Line[] {
  const lines: Line[] = [];
  let below = 0;
  for (const [at, bound] of [...bounds, Infinity].entries()) {
    below += counts[at] ?? 0;
    lines.push({ labels: { le: boundLabel(bound) }, sharedLabels, value: below, metricName: `${name}_bucket` });
  }
  lines.push({ labels: {}, sharedLabels, value: sum, metricName: `${name}_sum` });
  lines.push({ labels: {}, sharedLabels, value: count, metricName: `${name}_count` });
  return lines;
}

/** As OpenMetrics and prometheus_client have it: `1.0`. */
function boundLabel(bound: number): string {
  if (bound === Infinity) return '+Inf';
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}
