/** The pipeline and its detector of storms, beside a simulated cloud. */
import type { BrokerEvent } from '../../src/message.ts';
import { Pipeline, type Sink } from '../../src/pipeline.ts';
import type { Storm } from '../../src/storm.ts';
import type { Baseline } from '../../src/storms/baseline.ts';
import { StormDetector } from '../../src/storms/detector.ts';
import { DEFAULT_THRESHOLDS, type StormThresholds } from '../../src/storms/thresholds.ts';
import { Processes } from '../../src/trace/processes.ts';
import { BEGIN_NS } from './events.ts';
import type { SimulatedCloud } from './simulated-cloud.ts';

const NOWHERE: Sink = { write: async () => {}, close: async () => {} };
/** As a sidecar has them. */
const WINDOW = { windowMs: 500, eventsMax: 20_000 };
/** How often a sidecar asks the broker for its connections. Seconds. */
const ASKS_S = 60;

export interface WatchOptions {
  /** What is usual; then nothing is learned first. */
  readonly baseline?: Baseline;
  readonly thresholds?: Partial<StormThresholds>;
  /** What the tap makes of an event. @default the same */
  readonly tap?: (event: BrokerEvent) => BrokerEvent | null;
}

/** What was told of a storm, in seconds since the cloud's beginning. */
export interface ToldStorm {
  readonly storm: Storm;
  readonly from: number;
  readonly detected: number;
  readonly to: number;
  /** When its end was told; null while it lasts. */
  readonly ended: number | null;
}

export class StormWatch {
  readonly detector: StormDetector;
  readonly pipeline: Pipeline;
  readonly #cloud: SimulatedCloud;
  readonly #processes: Processes;
  readonly #tap: (event: BrokerEvent) => BrokerEvent | null;
  readonly #told = new Map<string, ToldStorm>();
  #connections = 0;
  #asked = 0;

  constructor(cloud: SimulatedCloud, { baseline, thresholds = {}, tap = (event) => event }: WatchOptions = {}) {
    this.#cloud = cloud;
    this.#tap = tap;
    this.#processes = new Processes(cloud.snapshot);
    this.#connections = cloud.connections;
    const bounds = { ...DEFAULT_THRESHOLDS, ...(baseline !== undefined && { warmUpSeconds: 0 }), ...thresholds };
    this.detector = new StormDetector({
      processes: this.#processes,
      thresholds: bounds,
      ...(baseline !== undefined && { baseline }),
    });
    this.pipeline = new Pipeline(NOWHERE, {
      processes: this.#processes,
      window: WINDOW,
      storms: this.detector,
      onStorm: (storm) => this.#tell(storm),
    });
  }

  /** Lets the cloud go on until this second. */
  async until(second: number): Promise<void> {
    for (const event of this.#cloud.run(second)) {
      this.#ask();
      const tapped = this.#tap(event);
      if (tapped === null) continue;
      this.pipeline.take(tapped);
      if (this.pipeline.isFull) await this.pipeline.write();
    }
  }

  /** In the order of their beginning. */
  get storms(): readonly ToldStorm[] {
    return [...this.#told.values()];
  }

  #tell(storm: Storm): void {
    const ended = storm.isOpen ? null : this.#cloud.nowSeconds;
    this.#told.set(storm.id, {
      storm,
      from: secondOf(storm.fromNs),
      detected: secondOf(storm.detectedNs),
      to: secondOf(storm.toNs),
      ended,
    });
  }

  #ask(): void {
    const { connections, nowSeconds } = this.#cloud;
    if (connections === this.#connections || nowSeconds - this.#asked < ASKS_S) return;
    this.#processes.learn(this.#cloud.snapshot);
    this.#connections = connections;
    this.#asked = nowSeconds;
  }
}

/** What is usual in a cloud, learned for ten minutes. */
export async function usualOf(cloud: SimulatedCloud): Promise<Baseline> {
  const watch = new StormWatch(cloud);
  await watch.until(cloud.nowSeconds + DEFAULT_THRESHOLDS.warmUpSeconds + 1);
  return watch.detector.baseline;
}

function secondOf(ns: bigint): number {
  return Number(ns - BEGIN_NS) / 1e9;
}
