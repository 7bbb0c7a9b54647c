/**
 * Notifications that tell of a beginning and of an end: `port.create.start` and `port.create.end` (or `.error`). What is
 * between them is a span.
 */
import type { Notification, Publish, Resource } from '../message.ts';
import type { ProcessKey } from './processes.ts';
import { Recent } from './recent.ts';

const OPEN_MAX = 20_000;
const END = /\.(start|end|error)$/;

interface Begun {
  readonly process: ProcessKey | null;
  readonly startNs: bigint;
  readonly resources: readonly Resource[];
}

export class Pairs {
  /** By what has begun, and in which request; the newest last. */
  readonly #begun = new Recent<string, Begun[]>(OPEN_MAX);

  /** @returns when what a notification ends began in the same process; null where it ends nothing that was seen to begin. */
  add(notification: Notification, { resources, routingKey, timeNs }: Publish, process: ProcessKey | null): bigint | null {
    const end = END.exec(notification.eventType)?.[1];
    if (end === undefined) return null;
    const what = notification.eventType.slice(0, -end.length - 1);
    const key = `${what} ${routingKey} ${notification.requestId ?? ''} ${notification.publisherId ?? ''}`;
    const begun = this.#begun.get(key) ?? [];
    if (end === 'start') {
      this.#begun.set(key, [...begun, { process, startNs: timeNs, resources }]);
      return null;
    }
    const at = indexOf(begun, process, resources);
    if (at < 0) return null;
    const [found] = begun.splice(at, 1);
    if (begun.length === 0) this.#begun.delete(key);
    return found?.startNs ?? null;
  }
}

/** The last that is about the same; else the last: what is only being made has no id yet when it begins. */
function indexOf(begun: readonly Begun[], process: ProcessKey | null, resources: readonly Resource[]): number {
  const isShared = ({ resources: other }: Begun) => other.some(({ id }) => resources.some((resource) => resource.id === id));
  const alike = begun.findLastIndex((one) => one.process === process && isShared(one));
  return alike >= 0 ? alike : begun.findLastIndex((one) => one.process === process);
}
