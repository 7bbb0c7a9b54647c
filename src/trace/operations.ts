/**
 * What a request is called: `noun.verb` in the API's own words. Each message without a parent proposes a name and says how
 * much it is worth; the highest rank names the trace, then the earliest. Rules are data: operation-table.ts, and a site's own.
 */
import type { AuditedRequest, Notification } from '../message.ts';
import { isAction, isRead, nameOfPath, type PathParts, partsOf, patternOf, restOf, snake, verbOf } from './audited-path.ts';
import { listOf, type Rule } from './operation-rule.ts';
import { OPERATION_TABLE } from './operation-table.ts';
import type { Initiating } from './traced-message.ts';

export interface Operation {
  readonly name: string;
  /** What the proposal is worth, from 0; below 32. */
  readonly rank: number;
}

/** By which exchange and routing key a message was published. */
interface Address {
  readonly exchange: string;
  readonly routingKey: string;
}

/**
 * The ranks. An audited path says what was asked for in the API's own words. What an API notifies is nearer to that than what
 * it asks of others. A path that was only read, or that no rule knows, comes behind a known method.
 */
const RANK = { unnamed: 0, side: 1, part: 2, read: 3, method: 4, event: 5, path: 6 } as const;
/** In a trace that no user's request began, what was called comes before what was notified. */
const BACKGROUND_RANK = { audit: 0, notification: 1, rpc: 2 } as const;
/** A site's own rule comes before the built-in ones. */
const SITE = 8;
/** The message carries the id of the trace's own request: it was not made by another inside of it. */
const OWN = 16;

interface Known {
  readonly rule: Rule;
  readonly isSite: boolean;
}

interface KnownEvent extends Known {
  readonly event: readonly string[];
}

interface KnownPath extends Known {
  readonly path: PathParts;
}

interface Words {
  noun: string;
  verb: string;
}

export class Operations {
  readonly #methods = new Map<string, Known[]>();
  /** By the first word of their patterns. */
  readonly #events = new Map<string, KnownEvent[]>();
  readonly #paths = new Map<string, KnownPath[]>();

  /** @param siteRules come before the built-in ones, in their own order. */
  constructor(siteRules: readonly Rule[] = []) {
    for (const [rules, isSite] of [
      [siteRules, true],
      [OPERATION_TABLE, false],
    ] as const) {
      for (const rule of rules) this.#learn(rule, isSite);
    }
  }

  /** @param requestId of the trace that the message is in: null where no user's request began it. */
  of(message: Initiating, address: Address, requestId: string | null): Operation {
    if (message.kind !== 'notification') return this.#ofMethod(message, address, requestId);
    return (message.audit === null ? null : this.#ofAudit(message.audit, requestId)) ?? this.#ofEvent(message, requestId);
  }

  #ofMethod(message: Exclude<Initiating, Notification>, address: Address, requestId: string | null): Operation {
    const method = message.object ?? message.method;
    const known = this.#methods.get(method)?.find(({ rule }) => rule.topic === undefined || isTopic(rule.topic, address));
    if (requestId === null) {
      const name = known?.rule.role === 'service' ? known.rule.operation : `periodic.${method}`;
      return { name, rank: BACKGROUND_RANK.rpc };
    }
    const own = message.requestId === requestId ? OWN : 0;
    if (known === undefined) return { name: method, rank: RANK.unnamed + own };
    return { name: known.rule.operation, rank: rankOf(known, RANK.method) + own };
  }

  /** Whose audit it is decides: the services make requests of each other inside a user's. @returns null where it is another's. */
  #ofAudit(audit: AuditedRequest, requestId: string | null): Operation | null {
    if (requestId !== null && audit.requestId !== requestId) return null;
    const named = this.#ofPath(audit);
    if (named === null) return null;
    if (requestId !== null) return { name: named.name, rank: named.rank + OWN };
    return { name: named.isService ? named.name : `periodic.${named.name}`, rank: BACKGROUND_RANK.audit };
  }

  #ofPath({ path, action }: AuditedRequest): (Operation & { readonly isService: boolean }) | null {
    const parts = partsOf(path);
    for (const known of this.#paths.get(parts.words[0] ?? '') ?? []) {
      const { operation, action: wanted, role } = known.rule;
      const rest = restOf(parts, known.path);
      if (rest === null || (wanted !== undefined && !isAction(action, wanted))) continue;
      const hasVerb = operation.includes('{verb}');
      if (!hasVerb && rest.length > 0) continue;
      const verb = hasVerb ? verbOf(action, rest) : null;
      if (hasVerb && verb === null) continue;
      const rank = rankOf(known, verb === '' || isRead(action) ? RANK.read : RANK.path);
      return { name: fill(operation, { noun: '', verb: verb || 'update' }), rank, isService: role === 'service' };
    }
    const name = nameOfPath(parts, action);
    return name === null ? null : { name, rank: RANK.read, isService: false };
  }

  #ofEvent({ eventType, requestId: contextId }: Notification, requestId: string | null): Operation {
    const event = eventType.replace(PHASE, '');
    const words = event.split('.');
    const found: Words = { noun: '', verb: '' };
    const known = this.#events.get(words[0] ?? '')?.find((rule) => isEvent(rule.event, words, found));
    if (requestId === null) {
      // Glance and keystone notify without any context: nothing tells who asked, but only a request makes them do so.
      const isRequest = contextId === null && known !== undefined && (known.rule.role ?? 'request') === 'request';
      const name = isRequest ? fill(known.rule.operation, found) : `periodic.${event}`;
      return { name, rank: BACKGROUND_RANK.notification };
    }
    const own = contextId === requestId ? OWN : 0;
    if (known === undefined) return { name: event, rank: RANK.unnamed + own };
    return { name: fill(known.rule.operation, found), rank: rankOf(known, RANK.event) + own };
  }

  #learn(rule: Rule, isSite: boolean): void {
    for (const method of listOf(rule.method)) add(this.#methods, method, { rule, isSite });
    for (const event of listOf(rule.event)) {
      const pattern = event.split('.');
      add(this.#events, pattern[0] ?? '', { rule, isSite, event: pattern });
    }
    for (const path of listOf(rule.path)) {
      const pattern = patternOf(path);
      add(this.#paths, pattern.words[0] ?? '', { rule, isSite, path: pattern });
    }
  }
}

/** Without rules of a site's own. */
export const BUILT_IN_OPERATIONS = new Operations();

const PHASE = /(?<=.)\.(start|end|error)$/;

function add<K>(index: Map<string, K[]>, key: string, known: K): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [known]);
  else list.push(known);
}

function rankOf(known: Known, asRequest: number): number {
  const { role } = known.rule;
  return role === 'part' || role === 'side' ? RANK[role] : asRequest + (known.isSite ? SITE : 0);
}

/** `cinder-volume.ctl@lvm` is of the topic cinder-volume, and so is the exchange cinder-volume_fanout. */
function isTopic(topic: string, { exchange, routingKey }: Address): boolean {
  return routingKey === topic || routingKey.startsWith(`${topic}.`) || exchange === `${topic}_fanout`;
}

/** Puts into `found` what stands where the pattern says {noun} and {verb}. */
function isEvent(pattern: readonly string[], words: readonly string[], found: Words): boolean {
  if (pattern.length !== words.length) return false;
  if (!pattern.every((word, i) => word === words[i] || word === '*' || word === '{noun}' || word === '{verb}')) return false;
  found.noun = snake(words[pattern.indexOf('{noun}')] ?? '');
  found.verb = snake(words[pattern.indexOf('{verb}')] ?? '');
  return true;
}

function fill(operation: string, { noun, verb }: Words): string {
  return operation.replaceAll('{noun}', noun).replaceAll('{verb}', verb);
}
