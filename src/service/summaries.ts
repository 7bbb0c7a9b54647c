/**
 * Critical paths and root spans of requests that have ended, told from what the store has of them: all of them after a
 * replay, and each minute while a tap runs. A store that fails here is tried again at the next step; the tap goes on.
 */
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { pathMessagesOf } from '../queries/paths.ts';
import { newestPublishNs, type PendingRequest, pendingRequests } from '../queries/pending-requests.ts';
import { removeSummaries, writeSummaries } from '../sinks/clickhouse/request-summaries.ts';
import type { Span } from '../sinks/spans/span.ts';
import type { Store } from '../store/store.ts';
import { criticalPath } from '../trace/critical-path.ts';

/** Requests that are worked out at once: 500 boots are 50,000 messages. */
const BATCH = 500;
/** Requests in one step of a tap, which waits for it: about 150 ms. */
const STEP_MAX = 200;
const PERIOD_MS = 60_000;
/** Nothing new of a request for so long, and it has ended. By the clock of events. */
const QUIET_NS = 60_000_000_000n;
/** Live, requests that began longer ago are left alone: `show` works their paths out when it is asked. */
const LOOK_BACK_NS = 7_200_000_000_000n;
/** The end of DateTime64(9). */
const EVER_NS = 9_223_372_036_854_775_807n;
const ALL = 1_000_000_000;

/** Takes the root spans that were written. */
export type OnRoots = (roots: readonly Span[]) => void;

/** Everything that is not summarized yet. @throws Failed where the store fails. */
export async function summarizeAll(store: Store, onRoots: OnRoots = () => {}): Promise<void> {
  const { requests, gone } = await pendingRequests(store, { sinceNs: 0n, endedBeforeNs: EVER_NS, limit: ALL });
  await removeSummaries(store, gone);
  for (let at = 0; at < requests.length; at += BATCH) onRoots(await summarize(store, requests.slice(at, at + BATCH)));
}

/** One bounded step at a time, at most one a minute. */
export class LiveSummaries {
  readonly #store: Store;
  readonly #log: Log;
  readonly #onRoots: OnRoots;
  #nextMs = performance.now() + PERIOD_MS;
  #isFailing = false;

  constructor(store: Store, log: Log, onRoots: OnRoots = () => {}) {
    this.#store = store;
    this.#log = log;
    this.#onRoots = onRoots;
  }

  /** Never throws. */
  async step(): Promise<void> {
    if (performance.now() < this.#nextMs) return;
    this.#nextMs = performance.now() + PERIOD_MS;
    try {
      const newestNs = await newestPublishNs(this.#store);
      const sinceNs = newestNs > LOOK_BACK_NS ? newestNs - LOOK_BACK_NS : 1n;
      const range = { sinceNs, endedBeforeNs: newestNs - QUIET_NS, limit: STEP_MAX };
      const { requests, gone } = await pendingRequests(this.#store, range);
      await removeSummaries(this.#store, gone);
      this.#onRoots(await summarize(this.#store, requests));
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing)
        this.#log.warn('summaries_failed', `critical paths are not stored: ${reasonOf(error)}; trying again each minute`);
      this.#isFailing = true;
    }
  }
}

/** @returns the root spans that were written. */
async function summarize(store: Store, requests: readonly PendingRequest[]): Promise<readonly Span[]> {
  const [first] = requests;
  if (first === undefined) return [];
  const lastNs = requests.reduce((last, { lastPublishNs }) => (lastPublishNs > last ? lastPublishNs : last), first.lastPublishNs);
  const traceIds = requests.map(({ traceId }) => traceId);
  const messages = await pathMessagesOf(store, traceIds, { from: String(first.startNs), to: String(lastNs) });
  const summaries = requests.map((request) => ({ ...request, path: criticalPath(messages.get(request.traceId) ?? []) }));
  return await writeSummaries(store, summaries);
}
