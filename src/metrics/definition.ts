/** What a metric is, as data: the page at /metrics and docs/metrics.md are both made of it. */

/** Headings of docs/metrics.md, in their order. */
export const GROUPS = [
  'The tap',
  'Events and messages',
  'Journal and store',
  'Servers and exports',
  "The cloud's RPC",
  'Storms',
  'As oslo.metrics has it (metrics.osloMetricsCompat)',
] as const;
export type Group = (typeof GROUPS)[number];

export interface Definition {
  readonly group: Group;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Of the value: seconds, bytes, events … '' where there is none. */
  readonly unit: string;
  /** One sentence, without a full stop. */
  readonly help: string;
  /** By name: what each label says. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of a histogram: upper bounds, rising. */
  readonly buckets?: readonly number[];
}

/** A metric's name: its definition. */
export type Definitions = Readonly<Record<string, Definition>>;

export type Labels = Readonly<Record<string, string>>;

/** One series of a counter or a gauge, as it stands. */
export interface Sample {
  readonly labels: Labels;
  /** Finite. */
  readonly value: number;
}

/** One set of labels of a histogram, as it stands. */
export interface DistributionSample {
  readonly labels: Labels;
  readonly distribution: Distribution;
}

/** How often values of each size came. */
export class Distribution {
  /** Rising; a value equal to a bound counts below it. */
  readonly bounds: readonly number[];
  /** How many came up to each bound and above the one before; the last: above all. */
  readonly counts: number[];
  count = 0;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** What is not a finite number from 0 is left out. */
  observe(value: number): void {
    if (!(value >= 0 && value < Infinity)) return;
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] as number)) at++;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.count++;
    this.sum += value;
  }
}
