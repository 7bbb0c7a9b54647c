/**
 * What caused a message, and by that its trace. In this order:
 *
 *   handled      its sender was handling a message with the same id
 *   request_id   it carries the id of a user's request, or an audit tells it
 *   handled      no id in common, but what its sender was working on then leaves one message that it can have been sent for
 *   rest         the same, where that is an HTTP request which the sender served
 *   resource     a service's own request, about what only one user's request is at work on
 *   none         background work: a trace of its own each round
 */
import type { AuditedRequest, Publish } from '../message.ts';
import { Activity } from './activity.ts';
import { chooseAmong } from './choice.ts';
import { evidenceOf, OF_ROUND, OWN_ID } from './evidence.ts';
import type { Found, Handlers, Inferred } from './handlers.ts';
import type { Limits } from './limits.ts';
import type { OpenStory } from './open-stories.ts';
import { Pairs } from './pairs.ts';
import type { Processes, ProcessKey } from './processes.ts';
import { Recent, type Tables } from './recent.ts';
import type { Initiating } from './traced-message.ts';
import { merge, rootOf, type Trace, Traces } from './traces.ts';
import { noteActivity } from './work.ts';

/** Requests that one message is linked to. */
const LINKS_MAX = 8;
/** Audited HTTP requests remembered by id. */
const AUDITED_MAX = 20_000;

export class Attribution {
  readonly #processes: Processes;
  readonly #handlers: Handlers;
  readonly #traces = new Traces();
  readonly #activity: Activity;
  readonly #pairs: Pairs;
  readonly #defaultTimeoutMs: number;
  /** By the request's id: the notification that it came, null once it was answered. */
  readonly #audited = new Recent<string, OpenStory | null>(AUDITED_MAX);

  constructor(processes: Processes, handlers: Handlers, limits: Limits) {
    this.#processes = processes;
    this.#handlers = handlers;
    this.#activity = new Activity(limits.workedOnMs);
    this.#pairs = new Pairs((connection) => processes.keyOf(connection));
    this.#defaultTimeoutMs = limits.defaultTimeoutMs;
  }

  get tables(): Tables {
    return { audited: this.#audited, ...this.#traces.tables, ...this.#activity.tables, ...this.#pairs.tables };
  }

  /** Finds what caused a message, and by that its trace. */
  attribute(open: OpenStory, event: Publish, message: Initiating): void {
    this.#activity.learn(event.resources);
    const process = this.#processes.keyOf(event.connection);
    const audit = message.kind === 'notification' ? message.audit : null;
    if (audit !== null) this.#ofAudit(open, event, audit, process);
    else if (!this.#ofHandler(open, event)) this.#ofRequest(open, event, message, process);
    if (message.kind === 'notification') open.beganNs ??= this.#pairs.add(message, event);
    const trace = rootOf(open.trace as Trace);
    if (trace.requestId === null) this.#tieByResource(open, trace, event);
    else if (!audit?.action.startsWith('read')) this.#activity.note(trace, event);
  }

  /** An HTTP request, by the ids that the audit filter tells. */
  #ofAudit(open: OpenStory, event: Publish, audit: AuditedRequest, process: ProcessKey | null): void {
    open.trace = this.#traces.ofAudit(audit, open.uniqueId);
    open.join = 'request_id';
    open.evidence = OWN_ID;
    if (audit.requestId === null) return;
    const came = this.#audited.get(audit.requestId);
    if (audit.isResponse && came?.isOpen) came.isAnswered = true;
    this.#audited.set(audit.requestId, audit.isResponse ? null : open);
    if (process === null) return;
    if (audit.isResponse) open.beganNs = this.#handlers.served(process, audit.requestId);
    else this.#handlers.serving(process, audit.requestId, open.trace, event).isAudited = true;
  }

  /** A story ended: nothing of it changes any more, and nobody should hold on to it. */
  close({ message }: OpenStory): void {
    if (message.kind !== 'notification' || message.audit === null || message.audit.requestId === null) return;
    if (!message.audit.isResponse) this.#audited.set(message.audit.requestId, null);
  }

  /** A message whose sender was handling another with the same id; several may be the sender where nothing names it. */
  #ofHandler(open: OpenStory, event: Publish): boolean {
    const processes = this.#processes.candidatesOf(event.connection);
    const process = processes[0];
    if (process === undefined) return false;
    if (processes.length > 1) return this.#ofAnyHandler(open, event, processes);
    const own = this.#handlers.byId(process, event);
    if (own !== null) this.#sentFor({ ...own, process }, open, event);
    return own !== null;
  }

  #ofAnyHandler(open: OpenStory, event: Publish, processes: readonly ProcessKey[]): boolean {
    const found = processes.flatMap((process) => {
      const of = this.#handlers.byId(process, event);
      return of === null ? [] : [{ process, ...of }];
    });
    const first = found[0];
    if (first === undefined) return false;
    const works = found.map(({ work }) => work);
    const chosen = works.length === 1 ? first.work : chooseAmong(works, event.resources).work;
    const of = found.find(({ work }) => work === chosen) ?? first;
    this.#sentFor(works.length === 1 ? of : { ...of, confidence: 'likely' }, open, event);
    return true;
  }

  /** A message that no handler's id explains: a request's own, inferred from what its sender does, or background work. */
  #ofRequest(open: OpenStory, event: Publish, message: Initiating, process: ProcessKey | null): void {
    const name = message.kind === 'notification' ? message.eventType : message.method;
    const request = this.#traces.ofRequest(message, name, open.uniqueId);
    if (request !== null) {
      open.trace = request;
      open.join = 'request_id';
      open.evidence = OWN_ID;
      open.servedRequestId = this.#auditedOf(message.requestId);
      if (process !== null && message.requestId !== null) {
        const serving = this.#handlers.serving(process, message.requestId, request, event);
        this.#sentBy({ work: serving, confidence: 'certain', evidence: open.evidence }, open, event, process);
      }
      return;
    }
    const inferred = this.#handlers.byInference(this.#processes.candidatesOf(event.connection), event);
    if (inferred === null) this.#ofBackground(open, event, message, process);
    else this.#sentFor(inferred, open, event);
  }

  /** What nobody asked for: a message of a periodic task's round, or alone. */
  #ofBackground(open: OpenStory, event: Publish, message: Initiating, process: ProcessKey | null): void {
    const begin = () => this.#traces.ofRound(message.requestId, open.uniqueId);
    if (process === null) {
      open.trace = begin();
      return;
    }
    const round = this.#handlers.roundOf(process, event, begin);
    open.trace = round.trace;
    if (round.sent.length > 0) open.evidence = OF_ROUND;
    this.#sentBy({ work: round, confidence: 'likely', evidence: open.evidence }, open, event, process);
  }

  #sentFor(found: Inferred, open: OpenStory, event: Publish): void {
    const { work, confidence, evidence, process } = found;
    this.#processes.attest(event.connection, process);
    open.confidence = confidence;
    open.evidence = evidence;
    if (work.kind === 'handler') {
      open.join = 'handled';
      open.cause = { uniqueId: work.message.uniqueId, delivery: work.delivery };
      open.trace = work.message.trace;
    } else {
      if (work.kind === 'serving') open.join = 'rest';
      open.evidence = { ...evidence, kind: work.kind };
      open.trace = work.trace;
      if (work.kind === 'serving') open.servedRequestId = this.#auditedOf(work.requestId);
    }
    open.trace ??= this.#traces.unattributed(open.uniqueId);
    this.#sentBy(found, open, event, process);
  }

  #auditedOf(requestId: string | null): string | null {
    return requestId !== null && this.#audited.has(requestId) ? requestId : null;
  }

  #sentBy(found: Found, open: OpenStory, event: Publish, process: ProcessKey): void {
    const { message } = open;
    const { work } = found;
    this.#handlers.sent(process, found, event);
    noteActivity(work, event.timeNs);
    if (message.kind === 'notification') {
      if (work.kind === 'handler') work.delivery.notifications.push({ timeNs: event.timeNs, eventType: message.eventType });
    } else if (message.kind === 'call') {
      const timeoutMs = BigInt(event.expirationMs ?? this.#defaultTimeoutMs);
      work.waitsFor.push({ uniqueId: open.uniqueId, untilNs: event.timeNs + timeoutMs * 1_000_000n });
      open.sender = work;
    }
  }

  /**
   * A request that a service made, and no id ties: the request that is at work on what it is about had it made. A batch for
   * several requests (neutron tells nova of ports that way), and background work that comes across a resource, are nobody's:
   * they are linked.
   */
  #tieByResource(open: OpenStory, trace: Trace, event: Publish): void {
    const found = this.#activity.find(event);
    const first = found[0];
    if (first === undefined) return;
    if (trace.isOrphan && found.length === 1) {
      const evidence = evidenceOf('worked_on', 1, first.resource);
      merge(trace, { into: first.trace, join: 'resource', confidence: 'likely', evidence });
      return;
    }
    trace.isOrphan = false;
    for (const link of found.slice(0, LINKS_MAX))
      if (!open.links.some(({ trace: other }) => other === link.trace)) open.links = [...open.links, link];
  }
}
