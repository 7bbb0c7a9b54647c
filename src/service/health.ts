/**
 * What /healthz and /readyz say. A broker or a store that is away makes nothing unhealthy: another start would not bring it back. A
 * stuck event loop gives no answer at all, which a probe takes for the same.
 */
import type { Attempts } from './attempts.ts';
import type { Observed, Phase } from './status.ts';

/** At work on one chunk for so long, while nothing that it could wait for so much as failed: it hangs. Milliseconds. */
export const STUCK_MS = 300_000;

/** @returns why another start would help, in one line, or null. @param nowMs as of the attempts. */
export function notHealthy(observed: Observed | null, attempts: readonly Attempts[], nowMs: number): string | null {
  if (observed === null) return null;
  const { busyMs } = observed.sidecar;
  if (busyMs < STUCK_MS || attempts.some(({ endedMs }) => endedMs !== null && nowMs - endedMs < STUCK_MS)) return null;
  return `the loop has been stuck for ${Math.round(busyMs / 1_000)} s: neither the journal nor the store has answered or failed`;
}

/** @returns why it sees nothing, in one line, or null. */
export function notReady(phase: Phase, observed: Observed | null): string | null {
  if (phase === 'starting' || observed === null) return 'starting: the taps are not set up yet';
  if (phase === 'stopping') return 'stopping';
  if (observed.tapping.taps.some(({ tap }) => tap.isConnected)) return null;
  return 'no tap is connected to the broker; trying again';
}
