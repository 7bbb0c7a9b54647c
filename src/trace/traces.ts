/**
 * Which trace a message belongs to by the ids of requests.
 *
 * A user's request (a context that names a user, or an audited HTTP request without a caller's id) is a trace of its own
 * id. A request that carries another's id as its global one joins that, once it is itself seen as a request: a client
 * library may pass on an id that has nothing to do with it, as cinderclient does with the id of its own last GET. So one that
 * was a question and has its answer takes nobody in. Requests that only services make, and whose global id was never seen,
 * are not a user's: they stand together under that id until something ties them.
 */
import type { AuditedRequest, Context } from '../message.ts';
import type { Confidence, Evidence, Join } from './evidence.ts';
import { traceIdOfRequest } from './ids.ts';
import { Recent, type Tables } from './recent.ts';
import { isMadeByServices } from './service-made.ts';

/** A trace while it is built: two of them can turn out to be one, so hold the object and ask `rootOf` late. */
export interface Trace {
  /** 32 hex digits. */
  readonly id: string;
  /** `req-<uuid>`, or null where no user asked for it. */
  readonly requestId: string | null;
  /** The trace that this one turned out to belong to, and why. */
  merged: Merge | null;
  /** True for an HTTP request that reads, and was answered: it causes nothing more. */
  isOver: boolean;
  /** True where a service made the request, nobody knows for whom. */
  isOrphan: boolean;
}

export interface Merge {
  readonly into: Trace;
  readonly join: Join;
  readonly confidence: Confidence;
  readonly evidence: Evidence;
}

/** Requests remembered by id; beyond this the longest unused are forgotten. */
const REQUESTS_MAX = 50_000;
/** Requests that wait for their global id to be seen as a request, and ids that nobody's request is known to have. */
const WAITING_MAX = 10_000;
/** Of one such id: the last. A client may pass on one id for life that nobody sees as a request. */
const FOLLOWERS_MAX = 256;

const PASSED_ID = {
  join: 'request_id',
  confidence: 'certain',
  evidence: { kind: 'passed_id', resource: null, candidates: 0 },
} as const;

export class Traces {
  readonly #byRequestId = new Recent<string, Trace>(REQUESTS_MAX);
  readonly #waiting = new Recent<string, Trace[]>(WAITING_MAX);
  /** Background work by its id, and what services ask for under it. */
  readonly #background = new Recent<string, Trace>(WAITING_MAX);

  get tables(): Tables {
    return { requests: this.#byRequestId, requests_waiting: this.#waiting, background: this.#background };
  }

  /** The trace of a message without a parent whose context names a user, or whose id is known as a user's request. */
  ofRequest(context: Context, method: string, uniqueId: string): Trace | null {
    const { requestId, globalRequestId, hasUser } = context;
    const own = this.#known(requestId);
    const global = this.#known(globalRequestId);
    if (own !== null && (globalRequestId === null || (global !== null && rootOf(own) === rootOf(global)))) return own;
    if (requestId === null || (own === null && !hasUser)) return this.#joinable(globalRequestId);
    if (own === null && isMadeByServices(method)) return this.#openOrphan(requestId, globalRequestId, uniqueId);
    const trace = own ?? this.#open(requestId);
    if (globalRequestId !== null && globalRequestId !== requestId) this.#follow(trace, globalRequestId);
    return trace;
  }

  /** The trace of an audited HTTP request. */
  ofAudit(audit: AuditedRequest, uniqueId: string): Trace {
    const { requestId, globalRequestId, action, path, isResponse } = audit;
    if (requestId === null) return this.unattributed(uniqueId);
    let trace = this.#byRequestId.get(requestId);
    if (trace === undefined) {
      const isReading = action.startsWith('read');
      const isPassedOn = globalRequestId !== null && globalRequestId !== requestId;
      const isUsers = !isMadeByServices(path) && !(isPassedOn && isReading && this.#known(globalRequestId) === null);
      if (!isUsers) this.#openOrphan(requestId, globalRequestId, uniqueId);
      else {
        const opened = this.#open(requestId);
        if (isPassedOn) this.#follow(opened, globalRequestId);
      }
      trace = this.#byRequestId.get(requestId) as Trace;
    }
    if (isResponse && action.startsWith('read')) trace.isOver = true;
    return trace;
  }

  /** A trace that no user's request began: named by its first message. */
  unattributed(uniqueId: string): Trace {
    return { id: uniqueId, requestId: null, merged: null, isOver: false, isOrphan: false };
  }

  /** The trace of a round of background work under an id: what services asked for under it is part of it. */
  ofRound(requestId: string | null, uniqueId: string): Trace {
    const waiting = requestId === null ? undefined : this.#background.get(requestId);
    if (waiting?.isOrphan) {
      waiting.isOrphan = false;
      return waiting;
    }
    const trace = this.unattributed(uniqueId);
    if (requestId !== null) this.#background.set(requestId, trace);
    return trace;
  }

  #known(requestId: string | null): Trace | null {
    if (requestId === null) return null;
    const trace = this.#byRequestId.get(requestId);
    if (trace === undefined) return null;
    this.#byRequestId.set(requestId, trace);
    return trace;
  }

  /** The request of a global id; null where that is over, or unknown. */
  #joinable(globalRequestId: string | null): Trace | null {
    const isOver = globalRequestId !== null && this.#byRequestId.get(globalRequestId)?.isOver;
    return isOver ? null : this.#known(globalRequestId);
  }

  #open(requestId: string): Trace {
    const trace: Trace = { id: traceIdOfRequest(requestId), requestId, merged: null, isOver: false, isOrphan: false };
    this.#byRequestId.set(requestId, trace);
    for (const follower of this.#waiting.get(requestId) ?? []) merge(follower, { into: trace, ...PASSED_ID });
    this.#waiting.delete(requestId);
    const orphans = this.#background.get(requestId);
    if (orphans !== undefined) merge(orphans, { into: trace, ...PASSED_ID });
    return trace;
  }

  /** A request of a service's own: it stands with the others of the same global id. */
  #openOrphan(requestId: string, globalRequestId: string | null, uniqueId: string): Trace {
    const key = globalRequestId ?? requestId;
    let group = this.#joinable(globalRequestId) ?? this.#background.get(key);
    if (group === undefined) {
      group = { ...this.unattributed(uniqueId), isOrphan: true };
      this.#background.set(key, group);
    }
    const own: Trace = { id: traceIdOfRequest(requestId), requestId, merged: null, isOver: false, isOrphan: false };
    merge(own, { into: group, ...PASSED_ID });
    this.#byRequestId.set(requestId, own);
    return own;
  }

  #follow(trace: Trace, globalRequestId: string): void {
    const first = this.#byRequestId.get(globalRequestId);
    if (first?.isOver) return;
    if (first !== undefined) {
      merge(trace, { into: first, ...PASSED_ID });
      return;
    }
    const waiting = this.#waiting.get(globalRequestId) ?? [];
    if (waiting.includes(trace)) return;
    if (waiting.push(trace) > FOLLOWERS_MAX) waiting.shift();
    this.#waiting.set(globalRequestId, waiting);
  }
}

/** The trace that counts now. */
export function rootOf(trace: Trace): Trace {
  let root = trace;
  while (root.merged !== null) root = root.merged.into;
  return root;
}

/** How many times a trace turned out to be part of another. */
export function mergeCount(trace: Trace): number {
  let count = 0;
  for (let at = trace; at.merged !== null; at = at.merged.into) count++;
  return count;
}

/** The least sure of the reasons why a trace is part of another; null where it stands for itself. */
export function weakestMerge(trace: Trace): Merge | null {
  let weakest: Merge | null = null;
  for (let { merged } = trace; merged !== null; merged = merged.into.merged) {
    if (weakest === null || merged.confidence === 'likely') weakest = merged;
  }
  return weakest;
}

export function merge(trace: Trace, { into, ...why }: Merge): void {
  const gone = rootOf(trace);
  const kept = rootOf(into);
  if (gone !== kept) gone.merged = { into: kept, ...why };
}
