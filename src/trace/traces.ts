/**
 * Which trace a message belongs to.
 *
 * A user's request (a context that names a user) is a trace of its own id. A second request that carries the first as
 * its global id joins it, once the first is itself seen as a request: a client library may pass on an id that has
 * nothing to do with it. Work without a user (a periodic task, an agent's loop) is a trace of its own each round.
 * What has a parent is in its parent's trace (parents.ts); cause stands before id.
 */
import type { Context } from '../message.ts';
import { traceIdOfRequest } from './ids.ts';
import { Recent } from './recent.ts';

/** A trace while it is built: two of them can turn out to be one, so hold the object and ask `rootOf` late. */
export interface Trace {
  /** 32 hex digits. */
  readonly id: string;
  /** `req-<uuid>`, or null where no user asked for it. */
  readonly requestId: string | null;
  /** The trace that this one turned out to belong to. */
  mergedInto: Trace | null;
}

/** Requests remembered by id; beyond this the longest unused are forgotten. */
const REQUESTS_MAX = 50_000;
/** Requests that wait for their global id to be seen as a request. */
const WAITING_MAX = 10_000;

export class Traces {
  readonly #byRequestId = new Recent<string, Trace>(REQUESTS_MAX);
  readonly #waiting = new Recent<string, Trace[]>(WAITING_MAX);

  /** The trace of a message without a parent whose context names a user, or whose id is known as a user's request. */
  ofRequest(context: Context): Trace | null {
    const { requestId, globalRequestId, hasUser } = context;
    const known = this.#known(requestId);
    if (known !== null && (known === this.#known(globalRequestId) || globalRequestId === null)) return known;
    if (requestId === null || (known === null && !hasUser)) return this.#known(globalRequestId);
    const trace = known ?? this.#open(requestId);
    if (globalRequestId !== null && globalRequestId !== requestId) this.#follow(trace, globalRequestId);
    return rootOf(trace);
  }

  /** A trace that no user's request began: named by its first message. */
  unattributed(uniqueId: string): Trace {
    return { id: uniqueId, requestId: null, mergedInto: null };
  }

  #known(requestId: string | null): Trace | null {
    if (requestId === null) return null;
    const trace = this.#byRequestId.get(requestId);
    if (trace === undefined) return null;
    this.#byRequestId.set(requestId, trace);
    return rootOf(trace);
  }

  #open(requestId: string): Trace {
    const trace: Trace = { id: traceIdOfRequest(requestId), requestId, mergedInto: null };
    this.#byRequestId.set(requestId, trace);
    for (const follower of this.#waiting.get(requestId) ?? []) merge(follower, trace);
    this.#waiting.delete(requestId);
    return trace;
  }

  #follow(trace: Trace, globalRequestId: string): void {
    const first = this.#known(globalRequestId);
    if (first !== null) {
      merge(trace, first);
      return;
    }
    const waiting = this.#waiting.get(globalRequestId) ?? [];
    if (!waiting.includes(trace)) this.#waiting.set(globalRequestId, [...waiting, trace]);
  }
}

/** The trace that counts now. */
export function rootOf(trace: Trace): Trace {
  let root = trace;
  while (root.mergedInto !== null) root = root.mergedInto;
  return root;
}

/** How many times a trace turned out to be part of another. */
export function mergeCount(trace: Trace): number {
  let count = 0;
  for (let at = trace; at.mergedInto !== null; at = at.mergedInto) count++;
  return count;
}

function merge(trace: Trace, into: Trace): void {
  const gone = rootOf(trace);
  const kept = rootOf(into);
  if (gone !== kept) gone.mergedInto = kept;
}
