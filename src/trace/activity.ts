/**
 * Which requests are at work on which resource: an instance, a port, a volume. That ties a request whose ids tie it to
 * nothing. Networks, images and projects are shared by many and say nothing.
 */
import type { Publish, Resource, ResourceType } from '../message.ts';
import { Recent, type Tables } from './recent.ts';
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

const NONE: Worked[] = [];
const NOBODY: readonly WorkedOn[] = [];

export class Activity {
  readonly #works = new Recent<string, Worked[]>(RESOURCES_MAX);
  /** What a uuid is, where one of its places has said it. */
  readonly #types = new Recent<string, ResourceType>(RESOURCES_MAX);
  readonly #idleNs: bigint;

  /** @param idleMs a request that did not touch a resource for so long is not at work on it. */
  constructor(idleMs: number) {
    this.#idleNs = BigInt(idleMs) * 1_000_000n;
  }

  get tables(): Tables {
    return { resources: this.#works, resource_types: this.#types };
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
      const root = rootOf(trace);
      const works = this.#works.get(resource.id) ?? NONE;
      const only = works[0];
      if (works.length === 1 && only?.trace === root) {
        if (timeNs > only.lastNs) only.lastNs = timeNs;
        this.#works.set(resource.id, works);
        continue;
      }
      const others = works.filter((work) => rootOf(work.trace) !== root);
      const lastNs = works.reduce((last, work) => (work.lastNs > last && !others.includes(work) ? work.lastNs : last), timeNs);
      this.#works.set(resource.id, [...others, { trace: root, lastNs }].slice(-REQUESTS_MAX));
    }
  }

  /** The requests that are at work on a message's resources: those on most of them. */
  find({ resources, timeNs }: Publish): readonly WorkedOn[] {
    if (resources.length > NAMED_MAX || !resources.some(({ id }) => this.#works.has(id))) return NOBODY;
    const found = new Map<Trace, { count: number; readonly resource: string }>();
    for (const resource of resources) {
      if (!this.#isDecisive(resource)) continue;
      for (const root of new Set(this.#atWorkOn(resource.id, timeNs))) {
        const known = found.get(root);
        if (known === undefined) found.set(root, { count: 1, resource: resource.id });
        else known.count++;
      }
    }
    const most = Math.max(...[...found.values()].map(({ count }) => count));
    return [...found].filter(([, { count }]) => count === most).map(([trace, { resource }]) => ({ trace, resource }));
  }

  #atWorkOn(id: string, atNs: bigint): Trace[] {
    const works = this.#works.get(id) ?? NONE;
    return works
      .filter(({ lastNs }) => atNs - lastNs <= this.#idleNs && lastNs - atNs <= this.#idleNs)
      .map(({ trace }) => rootOf(trace));
  }

  #isDecisive({ id, type }: Resource): boolean {
    return DECISIVE.has(type === 'unknown' ? (this.#types.get(id) ?? type) : type);
  }
}
