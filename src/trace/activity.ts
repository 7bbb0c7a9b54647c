/**
 * Which requests are at work on which resource: an instance, a port, a volume. That ties a request whose ids tie it to
 * nothing. Networks, images and projects are shared by many and say nothing.
 */
import type { Publish, Resource, ResourceType } from '../message.ts';
import { Recent } from './recent.ts';
import { rootOf, type Trace } from './traces.ts';

const RESOURCES_MAX = 100_000;
/** Requests remembered of one resource. */
const REQUESTS_MAX = 4;
/** A message about more than this is a list, not work on any of it. */
const NAMED_MAX = 32;
const DECISIVE: ReadonlySet<ResourceType> = new Set([
  'instance',
  'port',
  'volume',
  'snapshot',
  'backup',
  'floating_ip',
  'router',
  'load_balancer',
  'stack',
  'cluster',
]);

interface Worked {
  readonly trace: Trace;
  lastNs: bigint;
}

export interface WorkedOn {
  readonly trace: Trace;
  /** The id of the resource. */
  readonly resource: string;
}

export class Activity {
  readonly #works = new Recent<string, Worked[]>(RESOURCES_MAX);
  /** What a uuid is, where one of its places has said it. */
  readonly #types = new Recent<string, ResourceType>(RESOURCES_MAX);
  readonly #idleNs: bigint;

  /** @param idleMs a request that did not touch a resource for so long is not at work on it. */
  constructor(idleMs: number) {
    this.#idleNs = BigInt(idleMs) * 1_000_000n;
  }

  /** Learns what the resources of a message are. */
  learn(resources: readonly Resource[]): void {
    if (resources.length > NAMED_MAX) return;
    for (const { id, type } of resources) if (type !== 'unknown' && this.#types.get(id) !== type) this.#types.set(id, type);
  }

  /** A message of a user's request is about these. */
  note(trace: Trace, { resources, timeNs }: Publish): void {
    if (resources.length > NAMED_MAX) return;
    for (const resource of resources) {
      if (!this.#isDecisive(resource)) continue;
      const works = this.#works.get(resource.id) ?? [];
      const root = rootOf(trace);
      const known = works.find((work) => rootOf(work.trace) === root);
      if (known === undefined) works.push({ trace, lastNs: timeNs });
      else known.lastNs = timeNs;
      if (works.length > REQUESTS_MAX) works.shift();
      this.#works.set(resource.id, works);
    }
  }

  /** The requests that are at work on a message's resources: those on most of them. */
  find({ resources, timeNs }: Publish): WorkedOn[] {
    if (resources.length > NAMED_MAX) return [];
    const found = new Map<Trace, { count: number; readonly resource: string }>();
    for (const resource of resources) {
      if (!this.#isDecisive(resource)) continue;
      for (const { trace, lastNs } of this.#works.get(resource.id) ?? []) {
        if (timeNs - lastNs > this.#idleNs) continue;
        const known = found.get(rootOf(trace));
        if (known === undefined) found.set(rootOf(trace), { count: 1, resource: resource.id });
        else known.count++;
      }
    }
    const most = Math.max(...[...found.values()].map(({ count }) => count));
    return [...found].filter(([, { count }]) => count === most).map(([trace, { resource }]) => ({ trace, resource }));
  }

  #isDecisive({ id, type }: Resource): boolean {
    return DECISIVE.has(type === 'unknown' ? (this.#types.get(id) ?? type) : type);
  }
}
