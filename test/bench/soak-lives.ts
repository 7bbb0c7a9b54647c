/** The lives of a sidecar in a soak: what each took of the machine, every few seconds, and how it ended. */
import { handles, ownBytes, type Point, rssBytes, slope, threadCount } from './live-process.ts';
import type { RunningSidecar } from './live-sidecar.ts';
import type { Stage } from './live-stage.ts';

export interface Sample {
  readonly atSeconds: number;
  readonly rssBytes: number;
  /** Of that without what is read from files. */
  readonly ownBytes: number;
  readonly handles: number;
  /** Beside them; see `handles`. */
  readonly threadHandles: number;
  readonly threads: number;
  /** Null where the sidecar does not tell. */
  readonly heapBytes: number | null;
}

export interface Life {
  readonly sidecar: RunningSidecar;
  /** Epoch milliseconds. */
  readonly fromMs: number;
  toMs: number;
  /** By whom; null while it lasts. */
  endedBy: 'kill' | 'stop' | null;
  code: number | null;
  readonly samples: Sample[];
}

const SAMPLE_MS = 5_000;
/** Casts stay open for ten minutes: until then there are more and more of them. */
const WARM_UP_SECONDS_MAX = 660;
const WARM_UP_SHARE = 0.5;

export class Lives {
  readonly all: Life[] = [];
  /** Set by whoever asks the sidecar for it. */
  heapBytes: number | null = null;
  readonly #stage: Stage;
  readonly #args: readonly string[];
  readonly #timer: NodeJS.Timeout;

  constructor(stage: Stage, args: readonly string[]) {
    this.#stage = stage;
    this.#args = args;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  /** @throws before the first `begin`. */
  get current(): Life {
    const life = this.all.at(-1);
    if (life === undefined) throw new Error('no sidecar was started');
    return life;
  }

  /** @param more options beside those of every life. */
  async begin(more: readonly string[] = []): Promise<void> {
    const fromMs = Date.now();
    this.heapBytes = null;
    const sidecar = await this.#stage.armedSidecar([...this.#args, ...more]);
    this.all.push({ sidecar, fromMs, toMs: 0, endedBy: null, code: null, samples: [] });
    this.#sample();
  }

  async end(by: 'kill' | 'stop'): Promise<void> {
    const life = this.current;
    this.#sample();
    life.endedBy = by;
    life.toMs = Date.now();
    if (by === 'kill') await life.sidecar.kill();
    else life.code = await life.sidecar.stop();
  }

  stopSampling(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const life = this.all.at(-1);
    if (life === undefined || life.endedBy !== null) return;
    const { pid } = life.sidecar;
    const [rss, own, open, threads] = [rssBytes(pid), ownBytes(pid), handles(pid), threadCount(pid)];
    if (rss === null || own === null || open === null || threads === null) return;
    life.samples.push({
      atSeconds: (Date.now() - life.fromMs) / 1_000,
      rssBytes: rss,
      ownBytes: own,
      handles: open.others,
      threadHandles: open.ofThreads,
      threads,
      heapBytes: this.heapBytes,
    });
  }
}

export function secondsOf({ fromMs, toMs }: Life): number {
  return (toMs - fromMs) / 1_000;
}

/** The samples after the warm-up: 11 minutes, or half of the life where that is less. */
export function warm(life: Life): Sample[] {
  const warmUpSeconds = Math.min(WARM_UP_SECONDS_MAX, secondsOf(life) * WARM_UP_SHARE);
  return life.samples.filter(({ atSeconds }) => atSeconds >= warmUpSeconds);
}

/** How fast it grows after the warm-up: a straight line through the samples. A second. */
export function growth(life: Life, of: (sample: Sample) => number): number {
  return slope(warm(life).map((sample): Point => ({ atSeconds: sample.atSeconds, value: of(sample) })));
}

/** Its means at the start, in the middle and at the end of what is warm: a third each. */
export function thirds(life: Life, of: (sample: Sample) => number): readonly [number, number, number] {
  const samples = warm(life);
  const third = Math.max(1, Math.ceil(samples.length / 3));
  const mean = (part: readonly Sample[]) => part.reduce((sum, sample) => sum + of(sample), 0) / Math.max(1, part.length);
  const middle = Math.floor((samples.length - third) / 2);
  return [mean(samples.slice(0, third)), mean(samples.slice(middle, middle + third)), mean(samples.slice(-third))];
}
