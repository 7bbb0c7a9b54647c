/** A store that does not answer holds up the tap: whoever looks into the log shall know. */
import type { Log } from '../log.ts';

const SILENCE_MS = 10_000;

/** Waits for it as it is, and says so where that takes more than 10 s, and again when it is over. */
export async function tellSilence<T>(operation: Promise<T>, log: Log): Promise<T> {
  const beganMs = performance.now();
  let isTold = false;
  const timer = setTimeout(() => {
    isTold = true;
    log.warn('store_slow', `the store has not answered for ${SILENCE_MS / 1_000} s; the tap's queue holds what comes`);
  }, SILENCE_MS);
  try {
    return await operation;
  } finally {
    clearTimeout(timer);
    const seconds = Math.round((performance.now() - beganMs) / 1_000);
    if (isTold) log.info('store_back', `the store has answered, after ${seconds} s`);
  }
}
