/** A connection of the broker's, and the set of connections that is taken to be one process: a union-find. */
import type { Process } from './processes.ts';
import { placeOfReplyQueue } from './services.ts';

export interface Node {
  parent: Node | null;
  readonly connection: string;
  readonly address: string;
  pid: string;
  service: string;
  /** True where the broker named the program: then the traffic's guesses are not needed. */
  isNamed: boolean;
  /** By the queue that it consumes, `compute.cmp1`; `''` where none tells: then its address does. */
  host: string;
  /** Since when the connection is known to exist: its handshake, or the first event seen on it. */
  sinceNs: bigint;
  /** When the broker accepted it, milliseconds since the epoch; null where no snapshot told. */
  connectedAtMs: number | null;
  /** True while the broker did not name it, and it was given nothing. */
  isStranger: boolean;
  /** When it last published anything. */
  publishedNs: bigint;
  /** When it was last taken for the newest. */
  refreshedNs: bigint;
  /** Smallest connection name of the set: the same whatever the order of events. */
  least: string;
  /** Projects (nova, neutron …) whose topics it sends requests to: a hint at its own. */
  readonly sendsTo: Set<string>;
  /** True where the set was joined by place alone, and may hold several workers. */
  isGuessed: boolean;
  /** True where it owns a reply queue: a process has one. */
  hasReplyQueue: boolean;
  /** What it sent told of this other set, so many times in a row. */
  vote: { readonly for: Node; readonly count: number } | null;
  /** Cached on the root until the set changes. */
  process: Process | null;
}

/** A connection of which nothing is known yet but where and since when it is. */
export function newNode(of: Pick<Node, 'connection' | 'address' | 'sinceNs' | 'connectedAtMs'>): Node {
  return {
    ...of,
    parent: null,
    pid: '',
    service: '',
    isNamed: false,
    host: '',
    refreshedNs: of.sinceNs,
    publishedNs: 0n,
    isStranger: of.connectedAtMs === null,
    least: of.connection,
    sendsTo: new Set(),
    isGuessed: false,
    hasReplyQueue: false,
    vote: null,
    process: null,
  };
}

/** @param named the host that an address is known to be. */
export function describe({ host, address, service, pid, least }: Node, named: string | undefined): Process {
  const place = host === '' ? (named ?? address) : host;
  const id = pid === '' ? least : pid;
  return { id: service === '' ? id : `${service}@${place}:${id}`, service, host: place };
}

/** Something says which service it is: the topic it consumes, its program's name. */
export function isKnown({ service, pid }: Node): boolean {
  return service !== '' || pid !== '';
}

/** Nothing that is known of the one speaks against its being part of the other. */
export function isCompatible(part: Node, whole: Node): boolean {
  if (part.hasReplyQueue && whole.hasReplyQueue) return false;
  return part.sendsTo.size === 0 || whole.service === '' || part.sendsTo.has(projectOf(whole.service));
}

/** nova of nova-compute. */
export function projectOf(service: string): string {
  return service.split('-', 1)[0] ?? '';
}

export function isBetter(candidate: string, current: string): boolean {
  return candidate !== '' && (current === '' || candidate < current);
}

export function rootOf(node: Node): Node {
  let root = node;
  while (root.parent !== null) root = root.parent;
  for (let at = node; at.parent !== null; ) {
    const next = at.parent;
    at.parent = root;
    at = next;
  }
  return root;
}

/** `10.77.0.11:46936 -> 10.77.0.1:5672`, `[::1]:46936 -> …`: the peer's address. */
export function addressOf(connection: string): string {
  const peer = connection.split(' -> ', 1)[0] ?? '';
  return peer.slice(0, Math.max(0, peer.lastIndexOf(':'))) || connection;
}

/**
 * With `use_queue_manager` the process that follows takes over the reply queue's name: who comes to it and is not known to
 * have the owner's pid may be that one. A connection of the owner's that speaks of the queue later makes them one.
 */
export function isReused(queue: string, owner: Node, comer: Node): boolean {
  return owner.pid !== '' && comer.pid !== owner.pid && placeOfReplyQueue(queue) !== null;
}
