/** Timing side by side: contenders take turns, round after round, so that a noisy machine is noisy to all of them. */

export interface Contender {
  readonly name: string;
  /** One round. @returns what it took, in milliseconds; see `timed`. */
  run(): number | Promise<number>;
}

/** Microseconds a unit, over the rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface RaceOptions {
  /** What one round works through: messages, events, spans. */
  readonly units: number;
  readonly rounds: number;
  /** Rounds before those, not counted: the compiler is still at work. */
  readonly warmups: number;
}

/** A B A B … @returns the spread of each contender, in their order. */
export async function race(contenders: readonly Contender[], { units, rounds, warmups }: RaceOptions): Promise<Spread[]> {
  const times = contenders.map((): number[] => []);
  for (let round = -warmups; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      collectGarbage();
      const us = ((await contender.run()) * 1000) / units;
      if (round >= 0) times[index]?.push(us);
    }
  }
  return times.map(spreadOf);
}

/** What a piece of work takes, in milliseconds. */
export function timed(work: () => void): number {
  const beganMs = performance.now();
  work();
  return performance.now() - beganMs;
}

/** Bytes of live heap. */
export function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

export function collectGarbage(): void {
  if (gc === undefined) throw new Error('run it with node --expose-gc');
  gc();
}

function spreadOf(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] ?? 0, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}
