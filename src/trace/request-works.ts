/**
 * What was worked on for one request, told from its messages: each handler of a message, each HTTP request that an API served,
 * and for what each of them waited.
 *
 *   handler   a delivery → its reply, or the last thing that it was seen to do
 *   http      an audited HTTP request → its response; it sent what its process published meanwhile and nothing else explains
 *   request   the same where nothing audits: the messages without a parent that carry one id and come from one process
 *
 * Who called an HTTP request is not on the wire. Taken is the work of another process that was under way as long as it lasted,
 * rather one that waited for nothing when it began (a handler can have several threads), and of these the last to go on.
 * What only a resource ties to the request is more likely sent on the side, by a work that then ended.
 */
import type { Join } from './evidence.ts';
import { DEFAULT_LIMITS } from './limits.ts';

export interface Place {
  readonly service: string;
  readonly host: string;
  /** What tells processes apart; `''` where nothing does. */
  readonly process: string;
}

/** What the path needs of a message. Times are nanoseconds since the epoch. */
export interface PathMessage {
  readonly uniqueId: string;
  readonly parentUniqueId: string | null;
  readonly kind: 'call' | 'cast' | 'fanout' | 'notification';
  /** `Instance.save`, `select_destinations`, `port.create.end`. */
  readonly name: string;
  readonly requestId: string;
  readonly join: Join;
  readonly from: Place;
  readonly publishedNs: bigint;
  readonly deliveries: readonly { readonly atNs: bigint; readonly to: Place }[];
  readonly replyPublishedNs: bigint | null;
  /** When the caller had its answer. */
  readonly repliedNs: bigint | null;
  /** The last thing seen of it and its handlers. */
  readonly endedNs: bigint;
  /** Of an audit notification: CADF's action, the path as a template, and whether it tells of the answer. */
  readonly http: { readonly action: string; readonly path: string; readonly isResponse: boolean } | null;
}

export interface Work {
  /** The message that it handles, or that told of it first. */
  readonly uniqueId: string;
  readonly name: string;
  readonly place: Place;
  readonly beginNs: bigint;
  /** The last thing seen of it. */
  endNs: bigint;
  /** The message that waited in a queue for it; null: it began with an HTTP request. */
  readonly message: PathMessage | null;
  /** True where only a resource ties it: a service's own request, which hardly anybody waits for. */
  readonly isLoose: boolean;
  /** Who sent the message, or called; null where nothing tells. */
  sender: Work | null;
  readonly waits: Wait[];
  /** When it was seen to send something. */
  readonly sends: bigint[];
}

/** For an answer: of a call, or of an HTTP request. */
export interface Wait {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly call: PathMessage | null;
  /** Who answered; null where that was not seen. */
  readonly by: Work | null;
}

/** Silence after which what follows under the same id is another work. */
const IDLE_NS = BigInt(DEFAULT_LIMITS.servingIdleMs) * 1_000_000n;

/** Every work of a request. Each message is in one: handled, or sent. */
export function worksOf(messages: readonly PathMessage[]): Work[] {
  const handlers = new Map(messages.map((message) => [message.uniqueId, handlersOf(message)]));
  const { served, open } = servedOf(messages);
  const requests: Work[] = [];
  const newest = new Map<string, Work>();
  for (const message of messages) {
    if (message.http !== null) continue;
    const parents = handlers.get(message.parentUniqueId ?? '') ?? [];
    const sender = handlerAt(parents, message) ?? servingAt(served, message) ?? requestOf(requests, newest, message);
    noteSent(sender, message, handlers.get(message.uniqueId) ?? []);
  }
  const http = [...served, ...requests];
  const all = [...[...handlers.values()].flat(), ...http];
  for (const work of open) work.endNs = latest([work.endNs, ...work.sends, ...work.waits.map(({ toNs }) => toNs)]);
  for (const work of http.sort((a, b) => compare(a.beginNs, b.beginNs))) findCaller(work, all);
  return all;
}

function handlersOf(message: PathMessage): Work[] {
  if (message.kind === 'notification') return [];
  const { uniqueId, name, deliveries, replyPublishedNs } = message;
  return deliveries.map(({ atNs, to }) => {
    const endNs = replyPublishedNs !== null && replyPublishedNs > atNs ? replyPublishedNs : atNs;
    return { uniqueId, name, place: to, beginNs: atNs, endNs, message, isLoose: false, sender: null, waits: [], sends: [] };
  });
}

/** Audited HTTP requests; `open` are those without an answer. */
function servedOf(messages: readonly PathMessage[]): { served: Work[]; open: Set<Work> } {
  const served: Work[] = [];
  const open = new Map<string, Work>();
  for (const message of messages) {
    const { http, publishedNs } = message;
    if (http === null) continue;
    const key = `${message.from.process} ${message.requestId} ${http.path}`;
    const begun = open.get(key);
    if (http.isResponse && begun !== undefined) {
      if (publishedNs > begun.endNs) begun.endNs = publishedNs;
      open.delete(key);
    } else {
      const work = requestWork(message, httpName(http.action, http.path));
      served.push(work);
      if (!http.isResponse) open.set(key, work);
    }
  }
  return { served, open: new Set(open.values()) };
}

/** `GET /v2.0/ports`, where CADF's action tells the method. Source: keystonemiddleware's `audit/_api.py`, get_action. */
export function httpName(action: string, path: string): string {
  const method = { create: 'POST', delete: 'DELETE', read: 'GET', 'read/list': 'GET' }[action];
  return `${method ?? action} ${path}`;
}

function requestWork({ uniqueId, from, publishedNs, join }: PathMessage, name: string): Work {
  return {
    uniqueId,
    name,
    place: from,
    beginNs: publishedNs,
    endNs: publishedNs,
    message: null,
    isLoose: join === 'resource',
    sender: null,
    waits: [],
    sends: [publishedNs],
  };
}

function handlerAt(parents: readonly Work[], { from, publishedNs }: PathMessage): Work | undefined {
  const own = parents.filter(({ place }) => place.process === from.process);
  const known = own.length === 0 ? parents : own;
  return known.findLast(({ beginNs }) => beginNs <= publishedNs) ?? known[0];
}

function servingAt(served: readonly Work[], { from, publishedNs }: PathMessage): Work | undefined {
  return served.findLast(
    ({ place, beginNs, endNs }) => place.process === from.process && beginNs <= publishedNs && publishedNs <= endNs,
  );
}

function requestOf(requests: Work[], newest: Map<string, Work>, message: PathMessage): Work {
  const key = `${message.from.process} ${message.requestId}`;
  const known = newest.get(key);
  if (known !== undefined && message.publishedNs - known.endNs <= IDLE_NS) return known;
  const work = requestWork(message, `work that sent ${message.name}`);
  requests.push(work);
  newest.set(key, work);
  return work;
}

function noteSent(sender: Work, message: PathMessage, handlers: readonly Work[]): void {
  const { publishedNs, repliedNs, replyPublishedNs } = message;
  sender.sends.push(publishedNs);
  for (const handler of handlers) handler.sender = sender;
  if (message.kind === 'call' && repliedNs !== null) {
    const answering = replyPublishedNs ?? repliedNs;
    const by = handlers.findLast(({ beginNs }) => beginNs <= answering) ?? handlers[0] ?? null;
    sender.waits.push({ fromNs: publishedNs, toNs: repliedNs, call: message, by });
  }
  sender.endNs = latest([sender.endNs, publishedNs, repliedNs ?? publishedNs]);
}

function findCaller(called: Work, all: readonly Work[]): void {
  const { beginNs, endNs, place } = called;
  const atWork = all.filter(
    (work) => work.place.process !== place.process && work.beginNs <= beginNs && work.endNs >= beginNs && !isBelow(work, called),
  );
  const isFree = ({ waits }: Work) => !waits.some(({ fromNs, toNs }) => fromNs <= beginNs && beginNs < toNs);
  const lasting = atWork.filter((work) => work.endNs >= endNs);
  const busy = called.isLoose ? [atWork.filter(isFree), lasting] : [lasting, atWork.filter(isFree)];
  const [candidates] = [lasting.filter(isFree), ...busy].filter((works) => works.length > 0);
  if (candidates === undefined) return;
  const caller = candidates.reduce((best, work) => (wakeOf(work, beginNs) > wakeOf(best, beginNs) ? work : best));
  called.sender = caller;
  if (caller.endNs >= endNs) caller.waits.push({ fromNs: beginNs, toNs: endNs, call: null, by: called });
}

/** Whether a work came of another. */
function isBelow(work: Work, above: Work): boolean {
  const seen = new Set<Work>();
  for (let at: Work | null = work; at !== null && !seen.has(at); at = at.sender) {
    if (at === above) return true;
    seen.add(at);
  }
  return false;
}

/** The last thing seen of a work up to a time that is not before its beginning. */
export function wakeOf(work: Work, atNs: bigint): bigint {
  const times = [...work.sends, ...work.waits.map(({ toNs }) => toNs), work.endNs];
  return latest([work.beginNs, ...times.filter((time) => time <= atNs)]);
}

function latest(times: readonly bigint[]): bigint {
  return times.reduce((last, time) => (time > last ? time : last));
}

export function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
