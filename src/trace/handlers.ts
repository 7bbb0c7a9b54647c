/**
 * What each process is working on, and which of it caused the next message it sends.
 *
 * A delivery of a call, cast or fanout opens a handler in the receiving process. A call's ends with its reply (plus a
 * grace, for what its thread still sends); the end of a cast or fanout is not on the wire, so it stays a candidate until
 * it has been silent for a stated time.
 */
import type { Publish, Resource } from '../message.ts';
import type { ProcessKey } from './processes.ts';
import { Recent } from './recent.ts';
import type { TracedDelivery, TracedMessage } from './traced-message.ts';
import type { Trace } from './traces.ts';

export interface Handler {
  readonly message: TracedMessage;
  readonly delivery: TracedDelivery;
  readonly isCall: boolean;
  /** The ids its message carries: what it sends usually carries one of them on. */
  readonly ids: readonly string[];
  /** When its reply was published; null while it works, and always for a cast or fanout. */
  endNs: bigint | null;
  /** When something last let it go on: its delivery, an answer to a call it made, a message it sent. */
  wakeNs: bigint;
  /** Calls it made that are not answered yet. */
  waitingFor: number;
}

/** A round of a background task: the messages that follow each other under one id without a user. */
interface Round {
  readonly trace: Trace;
  lastNs: bigint;
  /** The id was used while the process answered nobody: it is for work of its own. */
  readonly isOwn: boolean;
}

/** Ids without a user that a process has used; more are forgotten, oldest first. */
const ROUNDS_MAX = 256;

interface Work {
  readonly byId: Map<string, Handler[]>;
  readonly openCalls: Set<Handler>;
  readonly rounds: Recent<string, Round>;
}

/** The parent that was found, and how sure it is. */
export interface Parent {
  readonly handler: Handler;
  readonly confidence: 'certain' | 'likely';
}

export interface HandlerLimits {
  /** What a handler may still send after its reply. Milliseconds. */
  readonly replyGraceMs: number;
  /** Silence after which a cast or fanout is taken to be handled. Milliseconds. */
  readonly handlerIdleMs: number;
  /** Longest pause within one round of a background task. Milliseconds. */
  readonly roundGapMs: number;
}

export class Handlers {
  readonly #works = new Map<ProcessKey, Work>();
  readonly #graceNs: bigint;
  readonly #idleNs: bigint;
  readonly #roundGapNs: bigint;

  constructor(limits: HandlerLimits) {
    this.#graceNs = BigInt(limits.replyGraceMs) * 1_000_000n;
    this.#idleNs = BigInt(limits.handlerIdleMs) * 1_000_000n;
    this.#roundGapNs = BigInt(limits.roundGapMs) * 1_000_000n;
  }

  open(process: ProcessKey, handler: Handler): void {
    const work = this.#work(process);
    for (const id of handler.ids) {
      const list = work.byId.get(id);
      if (list === undefined) work.byId.set(id, [handler]);
      else list.push(handler);
    }
    if (handler.isCall) work.openCalls.add(handler);
  }

  /** The call was answered: from now on only the grace counts. */
  answered(process: ProcessKey, handler: Handler, atNs: bigint): void {
    handler.endNs ??= atNs;
    this.#works.get(process)?.openCalls.delete(handler);
  }

  /** Forgets a handler whose message is closed. */
  close(process: ProcessKey, handler: Handler): void {
    const work = this.#works.get(process);
    if (work === undefined) return;
    work.openCalls.delete(handler);
    for (const id of handler.ids) {
      const rest = work.byId.get(id)?.filter((other) => other !== handler) ?? [];
      if (rest.length === 0) work.byId.delete(id);
      else work.byId.set(id, rest);
    }
    if (work.byId.size === 0 && work.openCalls.size === 0 && work.rounds.size === 0) this.#works.delete(process);
  }

  /** Two processes turned out to be one. */
  join(gone: ProcessKey, kept: ProcessKey): void {
    const from = this.#works.get(gone);
    if (from === undefined) return;
    this.#works.delete(gone);
    const into = this.#work(kept);
    for (const [id, handlers] of from.byId) into.byId.set(id, [...(into.byId.get(id) ?? []), ...handlers]);
    for (const handler of from.openCalls) into.openCalls.add(handler);
    for (const [id, round] of from.rounds.entries()) if (!into.rounds.has(id)) into.rounds.set(id, round);
  }

  /**
   * The handler that sent a message.
   * (1) Of those that carry one of its ids: the only one; else the one that shares the resources which set it apart; else
   *     a call before a cast, one that waits for nothing before one that does, the one last woken.
   * (2) No id in common, and the process is answering exactly one call: that one, `likely`. (A cast would not do: nobody
   *     knows whether it is still being handled.)
   *     Not where several workers may stand behind what is taken for one process.
   * An id that the process uses for work of its own (a periodic task, an agent's loop) is no sign of a parent.
   */
  parentOf(process: ProcessKey, publish: Publish, isOne: boolean): Parent | null {
    const { message } = publish;
    const work = this.#works.get(process);
    if (work === undefined || message.kind === 'reply') return null;
    if (message.requestId !== null && work.rounds.get(message.requestId)?.isOwn) return null;
    const candidates = this.#alive(work, message.requestId, publish.timeNs);
    for (const handler of this.#alive(work, message.globalRequestId, publish.timeNs)) {
      if (!candidates.includes(handler)) candidates.push(handler);
    }
    if (candidates.length === 1) return { handler: candidates[0] as Handler, confidence: 'certain' };
    if (candidates.length > 1) return chooseAmong(candidates, publish.resources);
    if (work.openCalls.size !== 1 || !isOne) return null;
    const [only] = work.openCalls;
    return { handler: only as Handler, confidence: 'likely' };
  }

  /** The trace of a message that nobody asked for: of the round it belongs to, or a new one. */
  roundOf(process: ProcessKey, requestId: string | null, atNs: bigint, open: () => Trace): Trace {
    if (requestId === null) return open();
    const work = this.#work(process);
    const last = work.rounds.get(requestId);
    if (last !== undefined && atNs - last.lastNs <= this.#roundGapNs) {
      last.lastNs = atNs;
      return last.trace;
    }
    const isOwn = last?.isOwn === true || work.openCalls.size === 0;
    const round = { trace: open(), lastNs: atNs, isOwn };
    work.rounds.set(requestId, round);
    return round.trace;
  }

  #work(process: ProcessKey): Work {
    let work = this.#works.get(process);
    if (work === undefined) {
      work = { byId: new Map(), openCalls: new Set(), rounds: new Recent(ROUNDS_MAX) };
      this.#works.set(process, work);
    }
    return work;
  }

  #alive(work: Work, id: string | null, nowNs: bigint): Handler[] {
    if (id === null) return [];
    return (work.byId.get(id) ?? []).filter((handler) => this.#isAlive(handler, nowNs));
  }

  #isAlive(handler: Handler, nowNs: bigint): boolean {
    if (handler.endNs !== null) return nowNs - handler.endNs <= this.#graceNs;
    return handler.isCall || nowNs - handler.wakeNs <= this.#idleNs;
  }
}

interface Scored {
  readonly handler: Handler;
  /** How much the resources in common set it apart from the other candidates. */
  readonly distinction: number;
}

function chooseAmong(candidates: readonly Handler[], resources: readonly Resource[]): Parent {
  const scored = score(candidates, resources).sort(compareScored);
  const [best, next] = scored as [Scored, Scored];
  const isDecided = best.distinction > next.distinction;
  return { handler: best.handler, confidence: isDecided ? 'certain' : 'likely' };
}

/** A resource that one candidate alone names says much; one that all of them name says nothing. */
function score(candidates: readonly Handler[], resources: readonly Resource[]): Scored[] {
  const scored = candidates.map((handler) => ({ handler, distinction: 0 }));
  for (const { id } of resources) {
    const holders = scored.filter(({ handler }) => handler.message.publish?.resources.some((other) => other.id === id));
    if (holders.length === candidates.length) continue;
    for (const holder of holders) holder.distinction += 1 / holders.length ** 2;
  }
  return scored;
}

function compareScored(a: Scored, b: Scored): number {
  return (
    b.distinction - a.distinction ||
    Number(isAnswering(b.handler)) - Number(isAnswering(a.handler)) ||
    Number(b.handler.waitingFor === 0) - Number(a.handler.waitingFor === 0) ||
    Number(b.handler.wakeNs - a.handler.wakeNs)
  );
}

function isAnswering(handler: Handler): boolean {
  return handler.isCall && handler.endNs === null;
}
