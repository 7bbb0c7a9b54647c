/** What cannot be done now is tried again, for as long as it takes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';

export interface RetryOptions {
  /** Milliseconds. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** Ends the trying: the last failure is thrown. */
  readonly signal: AbortSignal;
  /** Told once when it begins to fail, and once when it works again. */
  readonly log: Log;
}

/** @throws the operation's own failure, once `signal` says that there is no more time. */
export async function retry<T>(operation: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      const result = await operation();
      if (attempt > 0)
        options.log.info('store_back', `it works again, after ${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}`);
      return result;
    } catch (error) {
      if (options.signal.aborted) throw error;
      const waitMs = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 16));
      if (attempt === 0) {
        options.log.warn('store_away', `${reasonOf(error)}; trying again, nothing is lost: the tap's queue holds what comes`);
      }
      await sleep(waitMs, undefined, { signal: options.signal }).catch(() => {});
    }
  }
}
