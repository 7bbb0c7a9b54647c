/**
 * Notifications that tell of a beginning and of an end: `port.create.start` and `port.create.end` (or `.error`). What is
 * between them is a span.
 */
import type { Notification, Publish, Resource } from '../message.ts';
import type { ProcessKey } from './processes.ts';
import { Recent, type Tables } from './recent.ts';

const OPEN_MAX = 20_000;
/** Of one key; what never ends goes, oldest first. */
const BEGUN_MAX = 64;
/** Remembered of what a beginning is about. */
const RESOURCES_MAX = 16;
const END = /\.(start|end|error)$/;

interface Begun {
  readonly connection: string;
  readonly startNs: bigint;
  readonly resources: readonly Resource[];
}

export class Pairs {
  /** By what has begun, and in which request; the newest last. */
  readonly #begun = new Recent<string, Begun[]>(OPEN_MAX);
  readonly #processOf: (connection: string) => ProcessKey | null;

  constructor(processOf: (connection: string) => ProcessKey | null) {
    this.#processOf = processOf;
  }

  get tables(): Tables {
    return { notification_pairs: this.#begun };
  }

  /** @returns when what a notification ends began in the same process; null where it ends nothing that was seen to begin. */
  add(notification: Notification, { resources, routingKey, timeNs, connection }: Publish): bigint | null {
    const end = END.exec(notification.eventType)?.[1];
    if (end === undefined) return null;
    const what = notification.eventType.slice(0, -end.length - 1);
    const key = `${what} ${routingKey} ${notification.requestId ?? ''} ${notification.publisherId ?? ''}`;
    const begun = this.#begun.get(key) ?? [];
    if (end === 'start') {
      const named = resources.slice(0, RESOURCES_MAX);
      if (begun.push({ connection, startNs: timeNs, resources: named }) > BEGUN_MAX) begun.shift();
      this.#begun.set(key, begun);
      return null;
    }
    const process = this.#processOf(connection);
    const at = indexOf(begun, (one) => one.startNs <= timeNs && this.#processOf(one.connection) === process, resources);
    if (at < 0) return null;
    const [found] = begun.splice(at, 1);
    if (begun.length === 0) this.#begun.delete(key);
    return found?.startNs ?? null;
  }
}

/** The last that is about the same; else the last: what is only being made has no id yet when it begins. */
function indexOf(begun: readonly Begun[], isOfProcess: (one: Begun) => boolean, resources: readonly Resource[]): number {
  const isShared = ({ resources: other }: Begun) => other.some(({ id }) => resources.some((resource) => resource.id === id));
  const alike = begun.findLastIndex((one) => isOfProcess(one) && isShared(one));
  return alike >= 0 ? alike : begun.findLastIndex(isOfProcess);
}
