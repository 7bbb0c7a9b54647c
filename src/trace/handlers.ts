/**
 * Which of a process's works sent the next message that it sends.
 *
 *   by id      its handlers of messages that carry one of the message's own ids
 *   by inference, where none does: the calls it is answering, the casts that were woken a moment ago, the HTTP requests
 *   that it serves
 *
 * An id that the process uses for work of its own (a periodic task, an agent's loop) is no sign of a parent.
 */
import type { Publish } from '../message.ts';
import { chooseAmong } from './choice.ts';
import { type Confidence, type Evidence, evidenceOf, SHARED_ID } from './evidence.ts';
import { Habits } from './habits.ts';
import { isAnsweredOnly, isQueued } from './known-habits.ts';
import type { ProcessKey } from './processes.ts';
import { Recent, type Tables } from './recent.ts';
import type { Initiating } from './traced-message.ts';
import type { Trace } from './traces.ts';
import {
  type Handler,
  hasUser,
  isWaiting,
  lastSentOf,
  methodOf,
  nameOf,
  noteSent,
  type Round,
  type Serving,
  type Work,
  wake,
} from './work.ts';

export interface HandlerLimits {
  /** What a handler may still send after its reply. Milliseconds. */
  readonly replyGraceMs: number;
  /** Silence after which a cast or fanout is taken to be handled, and an HTTP request served whose end no audit told. Milliseconds. */
  readonly handlerIdleMs: number;
  /** Longest pause within one round of a background task. Milliseconds. */
  readonly roundGapMs: number;
  /** How soon a handler of a cast goes on once it is woken, where no id says that it was the one. Milliseconds. */
  readonly wakeMs: number;
  /** The same of an HTTP request that no audit told of. Milliseconds. */
  readonly servingIdleMs: number;
}

/** The work that was found, and how. */
export interface Found<W extends Work = Work> {
  readonly work: W;
  readonly confidence: Confidence;
  readonly evidence: Evidence;
}

export interface Inferred extends Found {
  readonly process: ProcessKey;
}

/** Processes that have something to work on, or had; those that began nothing for longest are forgotten. */
const DESKS_MAX = 30_000;
/** So often a desk that is in use is taken for the newest again. */
const REFRESH_EVERY = 64;
/** Open handlers of one id in one process that are told apart, and of all that may have sent a message: the newest. */
const CANDIDATES_MAX = 256;
/** Rounds of a process that go on at once. */
const ROUNDS_MAX = 64;
/** Ids that a process uses for work of its own, the last: one that it uses for life comes again and again. */
const OWN_IDS_MAX = 32;
/** Casts and fanouts whose handlers were woken last. */
const WOKEN_MAX = 16;
/** HTTP requests that a process serves at once. */
const SERVING_MAX = 256;
const SERVING_RESOURCES_MAX = 16;

interface Desk {
  readonly byId: Map<string, Handler[]>;
  readonly openCalls: Set<Handler>;
  /** The newest last. */
  readonly woken: Handler[];
  readonly serving: Recent<string, Serving>;
  readonly rounds: Recent<string, Round>;
  /** Ids that were used while the process answered nobody: they are for work of its own. */
  readonly ownIds: Recent<string, true>;
  uses: number;
}

export class Handlers {
  readonly #desks = new Recent<ProcessKey, Desk>(DESKS_MAX);
  readonly #habits = new Habits();
  readonly #graceNs: bigint;
  readonly #idleNs: bigint;
  readonly #roundGapNs: bigint;
  readonly #wakeNs: bigint;
  readonly #servingIdleNs: bigint;

  constructor(limits: HandlerLimits) {
    this.#graceNs = BigInt(limits.replyGraceMs) * 1_000_000n;
    this.#idleNs = BigInt(limits.handlerIdleMs) * 1_000_000n;
    this.#roundGapNs = BigInt(limits.roundGapMs) * 1_000_000n;
    this.#wakeNs = BigInt(limits.wakeMs) * 1_000_000n;
    this.#servingIdleNs = BigInt(limits.servingIdleMs) * 1_000_000n;
  }

  get tables(): Tables {
    return { desks: this.#desks, ...this.#habits.tables };
  }

  open(process: ProcessKey, handler: Handler): void {
    const desk = this.#desk(process);
    for (const id of handler.ids) {
      const list = desk.byId.get(id);
      if (list === undefined) desk.byId.set(id, [handler]);
      else if (list.push(handler) > CANDIDATES_MAX) list.shift();
    }
    if (handler.isCall && handler.endNs === null) desk.openCalls.add(handler);
    this.#wake(desk, handler);
  }

  /** It sent a message: what is learned of it decides later ones. */
  sent(process: ProcessKey, { work, confidence }: Found, publish: Publish): void {
    const sent = nameOf(publish.message as Initiating);
    if (confidence === 'certain') this.#habits.note(methodOf(work), lastSentOf(work), sent);
    noteSent(work, sent);
    this.woken(process, work, publish.timeNs);
  }

  /** It goes on: an answer has come, or it sent something. */
  woken(process: ProcessKey, work: Work, atNs: bigint): void {
    wake(work, atNs);
    const desk = this.#desks.get(process);
    if (desk !== undefined && work.kind === 'handler' && !work.isClosed) this.#wake(desk, work);
  }

  /** The call was answered: from now on only the grace counts. */
  answered(process: ProcessKey, handler: Handler, atNs: bigint): void {
    handler.endNs ??= atNs;
    this.#desks.get(process)?.openCalls.delete(handler);
  }

  /** Forgets a handler whose message is closed. */
  close(process: ProcessKey, handler: Handler): void {
    handler.isClosed = true;
    const desk = this.#desks.get(process);
    if (desk === undefined) return;
    desk.openCalls.delete(handler);
    const woken = desk.woken.indexOf(handler);
    if (woken >= 0) desk.woken.splice(woken, 1);
    for (const id of handler.ids) {
      const rest = desk.byId.get(id)?.filter((other) => other !== handler) ?? [];
      if (rest.length === 0) desk.byId.delete(id);
      else desk.byId.set(id, rest);
    }
    const { byId, openCalls, rounds, serving, ownIds } = desk;
    if (byId.size + openCalls.size + desk.woken.length + rounds.size + serving.size + ownIds.size === 0)
      this.#desks.delete(process);
  }

  /** Two processes turned out to be one. */
  join(gone: ProcessKey, kept: ProcessKey): void {
    const from = this.#desks.get(gone);
    if (from === undefined) return;
    this.#desks.delete(gone);
    const into = this.#desk(kept);
    for (const [id, handlers] of from.byId) {
      into.byId.set(id, [...(into.byId.get(id) ?? []), ...handlers].slice(-CANDIDATES_MAX));
    }
    for (const handler of from.openCalls) into.openCalls.add(handler);
    for (const handler of from.woken) this.#wake(into, handler);
    for (const [id, round] of from.rounds.entries()) if (!into.rounds.has(id)) into.rounds.set(id, round);
    for (const [id, serving] of from.serving.entries()) if (!into.serving.has(id)) into.serving.set(id, serving);
    for (const [id] of from.ownIds.entries()) into.ownIds.set(id, true);
  }

  /**
   * The handler that sent a message, by its ids: the only one that carries one of them; else the one that shares the
   * resources which set it apart; else a call before a cast, one that waits for nothing before one that does, the one last
   * woken.
   */
  byId(process: ProcessKey, publish: Publish): Found<Handler> | null {
    const message = publish.message as Initiating;
    const desk = this.#desks.get(process);
    if (desk === undefined) return null;
    if (message.requestId !== null && desk.ownIds.has(message.requestId)) return null;
    const candidates = this.#alive(desk, message.requestId, publish.timeNs);
    for (const handler of this.#alive(desk, message.globalRequestId, publish.timeNs)) {
      if (!candidates.includes(handler)) candidates.push(handler);
    }
    const only = candidates[0];
    if (only === undefined) return null;
    return candidates.length === 1 ? sole(only) : this.#severalById(candidates, publish);
  }

  #severalById(candidates: readonly Handler[], publish: Publish): Found<Handler> {
    const { work, by, resource } = chooseAmong(candidates, publish.resources);
    if (by === 'resource') {
      return { work, confidence: 'certain', evidence: evidenceOf('shared_id_and_resource', candidates.length, resource) };
    }
    const next = this.#inStep(candidates, publish);
    if (next !== null)
      return { work: next, confidence: 'likely', evidence: evidenceOf('shared_id_and_habit', candidates.length) };
    return { work, confidence: 'likely', evidence: evidenceOf('shared_id_and_latest', candidates.length) };
  }

  /** The only one of which this message is known to be the next, where of all others another is. */
  #inStep<W extends Work>(candidates: readonly W[], publish: Publish): W | null {
    const name = nameOf(publish.message as Initiating);
    const idle = candidates.filter(({ waitsFor }) => waitsFor.length === 0);
    const isNext = (work: W) => this.#habits.isNext(methodOf(work), lastSentOf(work), name);
    const inStep = idle.filter((work) => isNext(work) !== false);
    return inStep.length === 1 && isNext(inStep[0] as W) ? (inStep[0] as W) : null;
  }

  /**
   * The work that sent a message which shares an id with none, and whose it is; null where its process had none, or sends
   * such of its own.
   * @param processes those that may have sent it.
   */
  byInference(processes: readonly ProcessKey[], publish: Publish): Inferred | null {
    const owners = new Map<Work, ProcessKey>();
    for (const process of processes) {
      const desk = this.#desks.get(process);
      if (desk === undefined) continue;
      if (this.#isInRound(desk, publish)) return null;
      for (const work of this.#atWork(desk, publish)) owners.set(work, process);
    }
    const candidates = [...owners.keys()];
    if (!this.#habits.isOfWork(nameOf(publish.message as Initiating), candidates.length > 0)) return null;
    const found = this.#likeliest(candidates, publish);
    return found === null ? null : { ...found, process: owners.get(found.work) as ProcessKey };
  }

  /** @param candidates at least one. */
  #likeliest(candidates: readonly Work[], publish: Publish): Found | null {
    const as = (work: Work, evidence: Evidence): Found => ({ work, confidence: 'likely', evidence });
    const only = candidates[0];
    if (candidates.length === 1) return as(only as Work, evidenceOf('only_work', 1));
    const name = nameOf(publish.message as Initiating);
    const usual = candidates.filter((work) => this.#habits.hasSent(methodOf(work), name));
    const next = nextOf(usual, name) ?? this.#inStep(usual, publish);
    if (next !== null) return as(next, evidenceOf('habit', candidates.length));
    const likely = usual.length > 0 ? usual : candidates.filter((work) => !isAnsweredOnly(methodOf(work)));
    if (likely.length === 1) return as(likely[0] as Work, evidenceOf('habit', candidates.length));
    const { work, by, resource } = chooseAmong(likely.length > 0 ? likely : candidates, publish.resources);
    if (usual.length === 0 && by === 'latest') return null;
    return as(work, evidenceOf(by, candidates.length, resource));
  }

  /** The HTTP request that a process serves, from its first message on. */
  serving(process: ProcessKey, requestId: string, trace: Trace, publish: Publish): Serving {
    const desk = this.#desk(process);
    let serving = desk.serving.get(requestId);
    if (serving === undefined) {
      serving = {
        kind: 'serving',
        requestId,
        trace,
        startNs: publish.timeNs,
        isAudited: false,
        resources: [],
        wakeNs: publish.timeNs,
        waitsFor: [],
        sent: [],
      };
      desk.serving.set(requestId, serving);
    }
    wake(serving, publish.timeNs);
    for (const resource of publish.resources) {
      if (serving.resources.length === SERVING_RESOURCES_MAX) break;
      if (!serving.resources.some(({ id }) => id === resource.id)) serving.resources.push(resource);
    }
    return serving;
  }

  /** An HTTP request was answered. @returns when it began, or null where that was not seen. */
  served(process: ProcessKey, requestId: string): bigint | null {
    const desk = this.#desks.get(process);
    const serving = desk?.serving.get(requestId);
    desk?.serving.delete(requestId);
    return serving?.isAudited ? serving.startNs : null;
  }

  /** The round that a message belongs to which nobody asked for, or a new one. */
  roundOf(process: ProcessKey, publish: Publish, open: () => Trace): Round {
    const message = publish.message as Initiating;
    const { requestId } = message;
    const desk = this.#desk(process);
    const last = requestId === null ? undefined : desk.rounds.get(requestId);
    const { timeNs } = publish;
    const isNew = last === undefined || !this.#goesOn(last, timeNs);
    if (requestId !== null && (desk.ownIds.has(requestId) || (isNew && desk.openCalls.size === 0))) {
      desk.ownIds.set(requestId, true);
    }
    if (!isNew) {
      desk.rounds.set(requestId as string, last);
      return last;
    }
    const round: Round = { kind: 'round', trace: open(), method: nameOf(message), wakeNs: timeNs, waitsFor: [], sent: [] };
    if (requestId === null || (last !== undefined && timeNs < last.wakeNs)) return round;
    for (const [id, { wakeNs }] of desk.rounds.entries()) {
      if (timeNs - wakeNs <= this.#roundGapNs) break;
      desk.rounds.delete(id);
    }
    desk.rounds.set(requestId, round);
    return round;
  }

  /** Its id was used a moment ago for work that nobody asked for: it goes on. */
  #isInRound(desk: Desk, { message, timeNs }: Publish): boolean {
    const { requestId } = message as Initiating;
    const round = requestId === null ? undefined : desk.rounds.get(requestId);
    return round !== undefined && this.#goesOn(round, timeNs);
  }

  #goesOn({ wakeNs }: Round, timeNs: bigint): boolean {
    return timeNs - wakeNs <= this.#roundGapNs && wakeNs - timeNs <= this.#roundGapNs;
  }

  #desk(process: ProcessKey): Desk {
    let desk = this.#desks.get(process);
    if (desk === undefined) {
      desk = {
        byId: new Map(),
        openCalls: new Set(),
        woken: [],
        serving: new Recent(SERVING_MAX),
        rounds: new Recent(ROUNDS_MAX),
        ownIds: new Recent(OWN_IDS_MAX),
        uses: 0,
      };
    }
    if (desk.uses++ % REFRESH_EVERY === 0) this.#desks.set(process, desk);
    return desk;
  }

  #wake(desk: Desk, handler: Handler): void {
    if (handler.isCall) return;
    const at = desk.woken.indexOf(handler);
    if (at >= 0) desk.woken.splice(at, 1);
    else if (desk.woken.length === WOKEN_MAX) desk.woken.shift();
    desk.woken.push(handler);
  }

  #alive(desk: Desk, id: string | null, nowNs: bigint): Handler[] {
    if (id === null) return [];
    return (desk.byId.get(id) ?? []).filter((handler) => this.#isAlive(handler, nowNs));
  }

  #isAlive(handler: Handler, nowNs: bigint): boolean {
    // A straggler was sent before what came since; a little before may be another node's delay.
    if (handler.delivery.event.timeNs - nowNs > this.#graceNs) return false;
    isWaiting(handler, nowNs);
    if (handler.endNs !== null) return nowNs - handler.endNs <= this.#graceNs;
    return handler.isCall || nowNs - handler.wakeNs <= this.#idleNs;
  }

  /** What may have sent a message: whoever waits for an answer sends nothing. */
  #atWork(desk: Desk, publish: Publish): Work[] {
    const { timeNs } = publish;
    const message = publish.message as Initiating;
    const name = nameOf(message);
    const mayBe = (work: Work) => !isWaiting(work, timeNs) && (!message.hasUser || hasUser(work));
    const works: Work[] = [];
    for (const call of desk.openCalls) if (mayBe(call) && this.#isAlive(call, timeNs)) works.push(call);
    if (works.length > CANDIDATES_MAX) works.splice(0, works.length - CANDIDATES_MAX);
    for (const handler of desk.woken) {
      if (timeNs - handler.wakeNs <= this.#wakeNs && this.#habits.hasSent(methodOf(handler), name)) works.push(handler);
    }
    for (const round of desk.rounds.values()) {
      if (timeNs - round.wakeNs <= this.#wakeNs && this.#habits.hasSent(round.method, name)) works.push(round);
    }
    for (const serving of desk.serving.values()) {
      const idleNs = serving.isAudited ? this.#idleNs : this.#servingIdleNs;
      if (timeNs - serving.wakeNs <= idleNs) works.push(serving);
    }
    return works.filter(mayBe);
  }
}

function sole(work: Handler): Found<Handler> {
  return { work, confidence: 'certain', evidence: SHARED_ID };
}

/** The only one; of those that wait in their process's queue the one that has begun, else the first. */
function nextOf(usual: readonly Work[], sent: string): Work | null {
  if (usual.length < 2) return usual[0] ?? null;
  if (!usual.every((work) => work.kind === 'handler' && isQueued(methodOf(work)))) return null;
  const open = usual.filter((work) => !work.sent.includes(sent));
  return open.findLast((work) => work.sent.length > 0) ?? open[0] ?? null;
}
