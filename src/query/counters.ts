/** What the endpoint has done since it began. */

/** How a query ended. */
export const OUTCOMES = ['ok', 'failed', 'refused', 'timed_out', 'unauthorised', 'overloaded', 'abandoned'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface QueryCounters {
  /**
   * ok: answered. failed: the engine gave an error. refused: not allowed, or no query. timed_out: ended by the fence's time.
   * unauthorised: without the right password. overloaded: no slot in time, or no connection. abandoned: the client went away, or read too slowly.
   */
  readonly queries: Readonly<Record<Outcome, number>>;
  readonly running: number;
  readonly waiting: number;
  /** Of results, as sent. */
  readonly bytesOut: number;
}
