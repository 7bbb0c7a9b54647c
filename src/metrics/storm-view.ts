/** What the detector of storms tells of itself, to whoever shows it: read when somebody asks. */
import type { Storm, StormMethod, StormSignal } from '../storm.ts';

export interface StormsView {
  /** Why it would not tell of a storm now, in one line for people; null where it would. */
  readonly silentReason: string | null;
  /** Those that last, as they stand. */
  readonly open: readonly Storm[];
  /** Storms begun, by what gave them away first. */
  readonly begun: ReadonlyMap<StormSignal, number>;
  /** Messages a second now, of one of the storm's methods. */
  rateOf(storm: Storm, method: StormMethod): number;
}
