/**
 * What a process works on: messages that it handles, HTTP requests that it serves, rounds of its own background tasks. A
 * handler of a call ends with its reply (plus a grace, for what its thread still sends); the end of a cast or fanout is not
 * on the wire, so its handler stays a candidate until it has been silent for a stated time.
 */
import type { Resource } from '../message.ts';
import type { Initiating, TracedDelivery, TracedMessage } from './traced-message.ts';
import type { Trace } from './traces.ts';

export type Work = Handler | Serving | Round;

/** A call that was made, and when its caller gives up. */
interface Wait {
  readonly uniqueId: string;
  readonly untilNs: bigint;
}

interface Thread {
  /** When something last let it go on: its beginning, an answer to a call it made or that call's time-out, a message it sent. */
  wakeNs: bigint;
  /** Calls it made that are not answered yet. */
  readonly waitsFor: Wait[];
  /** The methods of the messages it sent: the last 16. */
  readonly sent: string[];
}

export interface Handler extends Thread {
  readonly kind: 'handler';
  readonly message: TracedMessage;
  readonly delivery: TracedDelivery;
  readonly isCall: boolean;
  /** The ids its message carries: what it sends usually carries one of them on. */
  readonly ids: readonly string[];
  /** When its reply was published; null while it works, and always for a cast or fanout. */
  endNs: bigint | null;
  /** True once nothing more of its message is expected. */
  isClosed: boolean;
}

export interface Serving extends Thread {
  readonly kind: 'serving';
  readonly requestId: string;
  readonly trace: Trace;
  readonly startNs: bigint;
  /** True where the audit filter tells when it ends. */
  isAudited: boolean;
  /** What its messages were about; the first few. */
  readonly resources: Resource[];
}

/** The messages that follow each other under one id without a user. */
export interface Round extends Thread {
  readonly kind: 'round';
  readonly trace: Trace;
  /** The method of its first message. */
  readonly method: string;
}

const SENT_MAX = 16;

/** What the habit of a work is called by. */
export function methodOf(work: Work): string {
  if (work.kind === 'handler') return nameOf(work.message.message);
  return work.kind === 'round' ? work.method : 'http';
}

/** '' where it has sent nothing. */
export function lastSentOf({ sent }: Work): string {
  return sent.at(-1) ?? '';
}

export function noteSent({ sent }: Work, method: string): void {
  if (sent.length === SENT_MAX) sent.shift();
  sent.push(method);
}

/** What a message asks for: `Instance.save`, `select_destinations`, `port.create.end`. */
export function nameOf(message: Initiating): string {
  return message.kind === 'notification' ? message.eventType : (message.object ?? message.method);
}

export function resourcesOf(work: Work): readonly Resource[] {
  if (work.kind === 'handler') return work.message.publish?.resources ?? [];
  return work.kind === 'serving' ? work.resources : [];
}

/** Whether a context with a user can come of it. */
export function hasUser(work: Work): boolean {
  return work.kind === 'handler' ? work.message.message.hasUser : work.kind === 'serving';
}

/** Something was seen of a work: its span reaches to there. A straggler's time is behind what was seen before. */
export function noteActivity(work: Work, atNs: bigint): void {
  if (work.kind !== 'handler') return;
  const { delivery } = work;
  if (atNs > delivery.lastActivityNs) delivery.lastActivityNs = atNs;
  delivery.activities++;
}

export function wake(work: Work, atNs: bigint): void {
  if (atNs > work.wakeNs) work.wakeNs = atNs;
}

/** Whether it waits for an answer. At a call's time-out its caller goes on: oslo.messaging raises MessagingTimeout there. */
export function isWaiting(work: Work, nowNs: bigint): boolean {
  if (work.waitsFor.length === 0) return false;
  for (const { uniqueId, untilNs } of work.waitsFor.filter((wait) => wait.untilNs < nowNs)) endWait(work, uniqueId, untilNs);
  return work.waitsFor.length > 0;
}

/**
 * A call of its was answered.
 * @returns false where it did not wait for that any more.
 */
export function endWait(work: Work, uniqueId: string, atNs: bigint): boolean {
  const at = work.waitsFor.findIndex((wait) => wait.uniqueId === uniqueId);
  if (at < 0) return false;
  const [{ untilNs }] = work.waitsFor.splice(at, 1) as [Wait];
  wake(work, untilNs < atNs ? untilNs : atNs);
  return atNs <= untilNs;
}
