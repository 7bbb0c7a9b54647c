/**
 * Which connections belong to one process. The tap sees a connection per publisher and consumer: oslo.messaging sends
 * on one pool and consumes on others. What joins them (a union-find over connections):
 *
 *   the broker's snapshot   same host, program and pid in the connection's name
 *   a call's `_reply_q`     who publishes the call is who consumes that queue
 *   a call's reply          who publishes the reply is the process to which the call was delivered
 *
 * The traffic's facts hold in any order; the more is seen, the more is joined. A replay without a snapshot reads its
 * file twice for that reason.
 */
import type { BrokerEvent, Delivery, Publish } from '../message.ts';
import type { BrokerSnapshot } from './broker-snapshot.ts';
import {
  addressOf,
  describe,
  isBetter,
  isCompatible,
  isKnown,
  isReused,
  type Node,
  newNode,
  projectOf,
  rootOf,
} from './connections.ts';
import { Recent, type Tables } from './recent.ts';
import { parseConnectionName, placeOfPublisher, placeOfReplyQueue, serviceOfSender, serviceOfTopic } from './services.ts';

/** One operating-system process, as far as known. */
export interface Process {
  /** Stable over a recording: `nova-compute@cmp1:6653`; without a pid, one of its connections stands in its place. */
  readonly id: string;
  /** `''` where nothing tells. */
  readonly service: string;
  readonly host: string;
}

/** Identifies a process while more may still be learned about it. */
export type ProcessKey = object;

/** Calls whose reply is awaited here; beyond this the oldest are forgotten (the reply then joins nothing). */
const CALLS_MAX = 50_000;
const CONSUMED_QUEUES_MAX = 100_000;
/** A stream's message that is delivered for the first time is younger than this. */
const OLD_NS = 1_000_000_000n;
const CONNECTIONS_MAX = 100_000;
const STRANGERS_MAX = 50_000;
/** So often a connection that is in use is taken for the newest again. */
const REFRESH_NS = 1_000_000_000n;
const ADDRESSES_MAX = 100_000;
const TOPICS_MAX = 20_000;
/** Connections of one address beyond which it is that of a proxy, and says nothing. */
const NEIGHBOURS_MAX = 1_000;
const REPLY_QUEUES_MAX = 100_000;
/** So many messages in a row have to speak for one process before a connection is taken to be its own. */
const VOTES = 3;

export class Processes {
  readonly #nodes = new Recent<string, Node>(CONNECTIONS_MAX, (node) => this.#forget(node));
  /** Connections that nothing names and that consume nothing: however many come, they push out none of the others. */
  readonly #strangers = new Recent<string, Node>(STRANGERS_MAX, (node) => this.#forget(node));
  /** The connection that was asked for last: one event asks for it again and again. */
  #last: Node | null = null;
  /** Sets of connections by address. */
  readonly #neighbours = new Map<string, Set<Node>>();
  readonly #replyOwner = new Recent<string, Node>(REPLY_QUEUES_MAX);
  readonly #servers = new Recent<string, Node>(CALLS_MAX);
  readonly #consumed = new Recent<string, true>(CONSUMED_QUEUES_MAX);
  readonly #hostOfAddress = new Recent<string, string>(ADDRESSES_MAX);
  readonly #topics = new Recent<string, true>(TOPICS_MAX);
  #hasSnapshot = false;
  /** Called when two sets of connections turn out to be one process: `gone` is now part of `kept`. */
  onJoin: (gone: ProcessKey, kept: ProcessKey) => void = () => {};

  constructor(snapshot: BrokerSnapshot | null = null) {
    if (snapshot !== null) this.learn(snapshot);
  }

  /**
   * Takes in what the broker tells, again whenever it tells more. One snapshot's connections of one pid are one process;
   * across snapshots a pid may have been used again.
   */
  learn(snapshot: BrokerSnapshot): void {
    this.#hasSnapshot = true;
    const byProcess = new Map<string, Node>();
    for (const connection of snapshot.connections) {
      const node = this.#dated(connection);
      const parsed = parseConnectionName(connection.connectionName);
      if (parsed === null) continue;
      this.#identify(rootOf(node), parsed);
      const key = `${connection.peerHost} ${parsed.pid} ${parsed.service}`;
      const sibling = byProcess.get(key);
      if (sibling === undefined) byProcess.set(key, node);
      else this.#join(sibling, node);
    }
    for (const queue of snapshot.queues) {
      const fanout = queue.indexOf('_fanout');
      if (fanout > 0) this.#topics.set(queue.slice(0, fanout), true);
    }
    for (const { queue, connection } of snapshot.consumers) {
      this.#consumed.set(queue, true);
      const node = this.#find(connection);
      if (node === undefined) continue;
      if (queue.startsWith('reply_')) this.#ownReplyQueue(queue, node);
      else this.#nameByQueue(queue, node);
    }
  }

  get tables(): Tables {
    const [connections, strangers, replyQueues, calls] = [this.#nodes, this.#strangers, this.#replyOwner, this.#servers];
    return { connections, strangers, reply_queues: replyQueues, calls_at_servers: calls, consumed_queues: this.#consumed };
  }

  /** Learns from one event. Call it for every event, in any order. */
  observe(event: BrokerEvent): void {
    if (event.connection === '') return;
    const node = this.#node(event.connection, event.timeNs);
    if (event.event === 'publish') this.#observePublish(event, node);
    else this.#observeDelivery(event, node);
  }

  /** The key of the process that owns a connection; see onJoin. */
  keyOf(connection: string): ProcessKey | null {
    const node = this.#find(connection);
    return node === undefined ? null : rootOf(node);
  }

  /**
   * The processes that may own a connection: the one that does; or, where nothing tells yet, any at its address, since a
   * process sends on connections that it consumes nothing from.
   */
  candidatesOf(connection: string): readonly ProcessKey[] {
    const node = this.#find(connection);
    if (node === undefined) return [];
    const root = rootOf(node);
    if (isKnown(root)) return [root];
    const neighbours = this.#neighbours.get(root.address);
    if (neighbours === undefined || neighbours.size > NEIGHBOURS_MAX) return [root];
    return [root, ...[...neighbours].filter((other) => other !== root && isKnown(other) && isCompatible(root, other))];
  }

  /** What was sent on a connection was for the work of this process. Said often enough, the connection is that process's. */
  attest(connection: string, process: ProcessKey): void {
    const node = this.#find(connection);
    if (node === undefined) return;
    const [root, owner] = [rootOf(node), rootOf(process as Node)];
    if (root === owner || isKnown(root) || !isCompatible(root, owner)) return;
    const last = root.vote;
    const count = last !== null && rootOf(last.for) === owner ? last.count + 1 : 1;
    if (count >= VOTES) this.#join(owner, root);
    else root.vote = { for: owner, count };
  }

  /** The process that owns a connection. */
  of(connection: string): Process {
    const node = this.#find(connection);
    if (node === undefined) return { id: connection, service: '', host: addressOf(connection) };
    const root = rootOf(node);
    root.process ??= describe(root, this.#hostOfAddress.get(root.address));
    return root.process;
  }

  /** When the process that surely owns a connection last published anything; null where several may be behind it. */
  publishedNs(connection: string): bigint | null {
    const node = this.#find(connection);
    return node === undefined || rootOf(node).isGuessed ? null : rootOf(node).publishedNs;
  }

  /** True where somebody is known to consume a queue. */
  isConsumed(queue: string): boolean {
    return this.#consumed.has(queue);
  }

  /**
   * True where a connection came after `publishedNs`: by its handshake where the snapshot has it; else by its first event,
   * if what it is given now is old already.
   */
  isYounger(connection: string, publishedNs: bigint, nowNs: bigint): boolean {
    const node = this.#find(connection);
    if (node === undefined || node.sinceNs <= publishedNs) return false;
    return node.connectedAtMs !== null || nowNs - publishedNs > OLD_NS;
  }

  /** When the broker accepted a connection. Milliseconds since the epoch; null: no snapshot has it; undefined: there was none. */
  acceptedMs(connection: string): number | null | undefined {
    return this.#hasSnapshot ? (this.#find(connection)?.connectedAtMs ?? null) : undefined;
  }

  #observePublish(event: Publish, node: Node): void {
    const root = rootOf(node);
    if (event.timeNs > root.publishedNs) root.publishedNs = event.timeNs;
    const { message } = event;
    if (message.kind === 'call') {
      this.#ownReplyQueue(message.replyQueue, node);
    } else if (message.kind === 'reply') {
      const server = this.#servers.get(message.msgId);
      if (server === undefined) return;
      this.#join(server, node);
      if (message.ending) this.#servers.delete(message.msgId);
    } else if (message.kind === 'notification' && message.publisherId !== null) {
      const { service, host } = placeOfPublisher(message.publisherId);
      // nova's instance updates say `compute.<host>` whoever sends them (nova/notifications/base.py): the host is true
      this.#name(node, message.eventType.endsWith('instance.update') ? '' : service, host);
    }
    const isFanout = event.exchange.endsWith('_fanout');
    const topic = isFanout ? event.exchange.slice(0, -'_fanout'.length) : event.routingKey;
    if (isFanout) this.#topics.set(topic, true);
    if (message.kind !== 'reply' && message.kind !== 'notification') {
      const project = projectOf(serviceOfTopic(this.#splitQueue(topic).topic));
      if (project !== '') rootOf(node).sendsTo.add(project);
      this.#name(node, serviceOfSender(message.method), '');
    }
  }

  #observeDelivery(event: Delivery, node: Node): void {
    this.#befriend(node);
    this.#consumed.set(event.queue, true);
    if (event.message.kind === 'reply') {
      this.#ownReplyQueue(event.queue, node);
      return;
    }
    if (event.message.kind === 'call') this.#servers.set(event.message.msgId, node);
    if (event.message.kind !== 'notification') this.#nameByQueue(event.queue, node);
  }

  /**
   * The last resort where the broker names nothing: connections of one service at one address are one process, and one
   * that is still nameless belongs to the only service there of the project whose topics it sends to. Workers of one
   * service on one host become one process by this; a request id still tells their work apart.
   * Call it when a recording was read to its end.
   */
  joinByPlace(): void {
    const roots = [...new Set([...this.#nodes.values(), ...this.#strangers.values()].map(rootOf))].filter(
      ({ pid }) => pid === '',
    );
    const byPlace = new Map<string, Map<string, Node>>();
    for (const root of roots.filter(({ service }) => service !== '')) {
      const services = byPlace.get(root.address) ?? new Map<string, Node>();
      byPlace.set(root.address, services);
      const sibling = services.get(root.service);
      if (sibling === undefined) services.set(root.service, root);
      else this.#guess(sibling, root);
    }
    for (const root of roots.filter(({ service }) => service === '')) {
      const services = [...(byPlace.get(root.address) ?? [])].filter(([service]) => root.sendsTo.has(projectOf(service)));
      const only = services[0];
      if (services.length === 1 && only !== undefined) this.#guess(only[1], root);
    }
  }

  #guess(a: Node, b: Node): void {
    this.#join(a, b);
    rootOf(a).isGuessed = true;
  }

  #ownReplyQueue(queue: string, node: Node): void {
    if (queue === '') return;
    const owner = this.#replyOwner.get(queue);
    rootOf(node).hasReplyQueue = true;
    if (owner === undefined || isReused(queue, rootOf(owner), rootOf(node))) {
      this.#replyOwner.set(queue, node);
      const place = placeOfReplyQueue(queue);
      if (place !== null) this.#name(node, place.service, place.host);
    } else if (owner !== node) {
      this.#join(owner, node);
    }
  }

  /** `<topic>`, `<topic>.<host>`, `<topic>_fanout` and `<topic>_fanout_<uuid>` name the service; the second its host too. */
  #nameByQueue(queue: string, node: Node): void {
    const { topic, host } = this.#splitQueue(queue);
    this.#name(node, serviceOfTopic(topic), host, true);
  }

  #splitQueue(queue: string): { topic: string; host: string } {
    const fanout = queue.indexOf('_fanout');
    if (fanout > 0) return { topic: queue.slice(0, fanout), host: '' };
    for (let dot = queue.indexOf('.'); dot > 0; dot = queue.indexOf('.', dot + 1)) {
      const topic = queue.slice(0, dot);
      // cinder's hosts carry their backend: cinder-volume.ctl@lvm
      if (this.#isTopic(topic)) return { topic, host: queue.slice(dot + 1).split('@', 1)[0] ?? '' };
    }
    return { topic: queue, host: '' };
  }

  #isTopic(name: string): boolean {
    return this.#topics.has(name) || (serviceOfTopic(name) !== '' && !name.startsWith('neutron-vo-'));
  }

  /** Of several names that the traffic suggests the least is kept: the same whatever the order of events. */
  #name(node: Node, service: string, host: string, isOfOwnQueue = false): void {
    const root = rootOf(node);
    const known = this.#hostOfAddress.get(node.address);
    if (isBetter(host, known ?? '')) {
      this.#hostOfAddress.set(node.address, host);
      root.process = null;
    }
    if (!root.isNamed && isBetter(service, root.service)) {
      root.service = service;
      root.process = null;
    }
    if (isOfOwnQueue && isBetter(host, root.host)) {
      root.host = host;
      root.process = null;
    }
  }

  #join(a: Node, b: Node): void {
    const kept = rootOf(a);
    const gone = rootOf(b);
    if (kept === gone) return;
    if (kept.pid !== '' && gone.pid !== '' && kept.pid !== gone.pid) return;
    gone.parent = kept;
    this.#leave(gone);
    kept.hasReplyQueue ||= gone.hasReplyQueue;
    if (kept.pid === '') kept.pid = gone.pid;
    if (gone.isNamed ? !kept.isNamed : !kept.isNamed && isBetter(gone.service, kept.service)) kept.service = gone.service;
    kept.isNamed ||= gone.isNamed;
    if (isBetter(gone.host, kept.host)) kept.host = gone.host;
    if (gone.publishedNs > kept.publishedNs) kept.publishedNs = gone.publishedNs;
    if (gone.least < kept.least) kept.least = gone.least;
    for (const project of gone.sendsTo) kept.sendsTo.add(project);
    kept.process = null;
    this.onJoin(gone, kept);
  }

  /** A connection whose handshake the broker dates. Another handshake of the same name is another connection: a port comes again. */
  #dated({ name, peerHost, connectedAtMs }: BrokerSnapshot['connections'][number]): Node {
    const sinceNs = BigInt(connectedAtMs) * 1_000_000n;
    const known = this.#find(name);
    if (known === undefined || (known.connectedAtMs !== null && known.connectedAtMs !== connectedAtMs)) {
      if (known !== undefined) this.#leave(known);
      return this.#add(name, peerHost, sinceNs, connectedAtMs);
    }
    if (known.connectedAtMs === null) known.sinceNs = sinceNs;
    known.connectedAtMs = connectedAtMs;
    this.#befriend(known);
    return known;
  }

  #identify(root: Node, { pid, service }: { readonly pid: string; readonly service: string }): void {
    root.process = null;
    if (root.pid === '') root.pid = pid;
    if (service === '' || root.isNamed) return;
    root.service = service;
    root.isNamed = true;
  }

  #find(connection: string): Node | undefined {
    if (this.#last?.connection === connection) return this.#last;
    const node = this.#nodes.get(connection) ?? this.#strangers.get(connection);
    if (node !== undefined) this.#last = node;
    return node;
  }

  #tableOf({ isStranger }: Node): Recent<string, Node> {
    return isStranger ? this.#strangers : this.#nodes;
  }

  #befriend(node: Node): void {
    if (!node.isStranger) return;
    node.isStranger = false;
    this.#strangers.delete(node.connection);
    this.#nodes.set(node.connection, node);
  }

  #forget(node: Node): void {
    if (this.#last === node) this.#last = null;
    this.#leave(node);
  }

  #leave(node: Node): void {
    const neighbours = this.#neighbours.get(node.address);
    neighbours?.delete(node);
    if (neighbours?.size === 0) this.#neighbours.delete(node.address);
  }

  #node(connection: string, timeNs: bigint): Node {
    const known = this.#find(connection);
    if (known === undefined) return this.#add(connection, addressOf(connection), timeNs, null);
    if (timeNs < known.sinceNs) known.sinceNs = timeNs;
    if (timeNs - known.refreshedNs > REFRESH_NS) {
      known.refreshedNs = timeNs;
      this.#tableOf(known).set(connection, known);
    }
    return known;
  }

  #add(connection: string, address: string, sinceNs: bigint, connectedAtMs: number | null): Node {
    const node = newNode({ connection, address, sinceNs, connectedAtMs });
    this.#tableOf(node).set(connection, node);
    this.#last = node;
    const neighbours = this.#neighbours.get(address);
    if (neighbours === undefined) this.#neighbours.set(address, new Set([node]));
    else neighbours.add(node);
    return node;
  }
}
