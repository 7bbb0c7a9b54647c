/** Waiting, with a deadline. */

export interface Wait {
  /** What to say when it does not come about. */
  readonly otherwise: () => string;
  /** Milliseconds. @default 60 000 */
  readonly patienceMs?: number;
  /** Milliseconds. @default 100 */
  readonly periodMs?: number;
}

/** Polls until it holds. @throws after the deadline. */
export async function until(holds: () => boolean | Promise<boolean>, wait: Wait): Promise<void> {
  const { otherwise, patienceMs = 60_000, periodMs = 100 } = wait;
  const giveUpMs = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > giveUpMs) throw new Error(otherwise());
    await pause(periodMs / 1_000);
  }
}

export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
