/** Requests by what they are called, each counted once. What names a request may come late, so it is counted when it is quiet. */
import type { Operation, Operations } from '../trace/operations.ts';
import { Recent } from '../trace/recent.ts';
import type { ClosedMessage } from '../trace/traced-message.ts';
import { rootOf } from '../trace/traces.ts';

/** Requests that are not counted yet; beyond it the oldest are counted at once. */
const OPEN_MAX = 20_000;
/** Nothing new of a request for so long, and it has its name. Milliseconds. */
const QUIET_MS = 60_000;
/** Requests that were counted and are remembered: a straggler makes no new one. */
const COUNTED_MAX = 50_000;

interface Named extends Operation {
  readonly startNs: bigint;
  readonly seenMs: number;
}

export class RequestNames {
  readonly #operations: Operations;
  readonly #count: (operation: string) => void;
  /** By trace id; the longest quiet first. */
  readonly #open = new Map<string, Named>();
  readonly #counted = new Recent<string, true>(COUNTED_MAX);

  /** @param count called once for each request. */
  constructor(operations: Operations, count: (operation: string) => void) {
    this.#operations = operations;
    this.#count = count;
  }

  /** @param nowMs milliseconds that only go on. */
  take({ traced }: ClosedMessage, nowMs: number): void {
    const trace = rootOf(traced.trace);
    if (this.#counted.has(trace.id)) return;
    const known = this.#open.get(trace.id);
    const { publish, message } = traced;
    // Only what nothing caused names its request; all of it shows that the request goes on.
    const told = traced.cause === null ? this.#operations.of(message, publish, trace.requestId) : null;
    if (told === null && known === undefined) return;
    const proposed = told === null ? null : { ...told, startNs: publish.timeNs };
    const best = known !== undefined && (proposed === null || !isBetter(proposed, known)) ? known : proposed;
    if (best === null) return;
    this.#open.delete(trace.id);
    this.#open.set(trace.id, { ...best, seenMs: nowMs });
  }

  /** Counts what is quiet. */
  advance(nowMs: number): void {
    for (const [traceId, { name, seenMs }] of this.#open) {
      if (nowMs - seenMs < QUIET_MS && this.#open.size <= OPEN_MAX) return;
      this.#open.delete(traceId);
      this.#counted.set(traceId, true);
      this.#count(name);
    }
  }
}

/** The highest rank names it, then the earliest. */
function isBetter(one: Operation & { startNs: bigint }, other: Named): boolean {
  return one.rank > other.rank || (one.rank === other.rank && one.startNs < other.startNs);
}
