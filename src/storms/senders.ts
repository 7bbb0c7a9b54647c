/**
 * Who sends: services on hosts, by the connections that they publish on; and which of their processes are new. Bounded: of what is beyond
 * the bounds the oldest is forgotten.
 */
import type { Publish } from '../message.ts';
import type { Processes } from '../trace/processes.ts';
import { Recent } from '../trace/recent.ts';

/** One service on one host. */
export interface Sender {
  /** `''` where nothing tells. */
  readonly service: string;
  readonly host: string;
  lastSecond: number;
}

/** One process, by the queue in which it awaits replies. */
interface ReplyQueue {
  readonly name: string;
  /** When it was first seen, if it was made while we looked on; else null. */
  readonly madeSecond: number | null;
}

export interface Connection {
  readonly name: string;
  sender: Sender;
  /** When to ask again whose it is. */
  refreshSecond: number;
  /** As with a reply queue. */
  readonly madeSecond: number | null;
  replyQueue: ReplyQueue | null;
}

const CONNECTIONS_MAX = 100_000;
const SENDERS_MAX = 50_000;
/** A process is named soon after its first messages, and hardly ever anew: how often it is asked for until then, and after that. Seconds. */
const REFRESH_UNNAMED_S = 2;
const REFRESH_S = 30;
/** What sends at all has done so by then. */
const ALL_SEEN_S = 120;
/** A connection that the broker accepted so short before its first message is new. Milliseconds. */
const ACCEPTED_MS = 60_000;
/** Who has not sent for so long is not there. */
const PRESENT_S = 600;

export class Senders {
  readonly #processes: Processes;
  readonly #connections = new Recent<string, Connection>(CONNECTIONS_MAX);
  readonly #senders = new Recent<string, Sender>(SENDERS_MAX);
  readonly #replyQueues = new Recent<string, ReplyQueue>(CONNECTIONS_MAX);
  /** The reply queue by which a sender was known first. */
  readonly #firstQueues = new Recent<Sender, string>(SENDERS_MAX);
  #sinceSecond: number | null = null;
  #last: Connection | null = null;

  constructor(processes: Processes) {
    this.#processes = processes;
  }

  of({ connection: name, message }: Publish, second: number): Connection {
    const connection = this.#last?.name === name ? this.#last : (this.#connections.get(name) ?? this.#open(name, second));
    this.#last = connection;
    if (second >= connection.refreshSecond) this.#refresh(connection, second);
    connection.sender.lastSecond = second;
    if (message.kind === 'call' && connection.replyQueue?.name !== message.replyQueue)
      connection.replyQueue = this.#queueOf(message.replyQueue, connection, second);
    return connection;
  }

  /** Hosts that have sent anything in the last ten minutes. */
  hostsAt(second: number): number {
    const hosts = new Set<string>();
    for (const { host, lastSecond } of this.#senders.values()) if (second - lastSecond < PRESENT_S) hosts.add(host);
    return hosts.size;
  }

  #open(name: string, second: number): Connection {
    this.#sinceSecond ??= second;
    const connection = {
      name,
      sender: this.#senderOf(name, second),
      refreshSecond: second + REFRESH_UNNAMED_S,
      madeSecond: this.#isMade(name, second) ? second : null,
      replyQueue: null,
    };
    this.#connections.set(name, connection);
    return connection;
  }

  /** A connection that no snapshot has came after it. */
  #isMade(connection: string, second: number): boolean {
    const acceptedMs = this.#processes.acceptedMs(connection);
    if (acceptedMs === undefined) return this.#hasSeenAll(second);
    return acceptedMs === null || second * 1_000 - acceptedMs < ACCEPTED_MS;
  }

  #hasSeenAll(second: number): boolean {
    return second - (this.#sinceSecond ?? second) >= ALL_SEEN_S;
  }

  #refresh(connection: Connection, second: number): void {
    connection.sender = this.#senderOf(connection.name, second);
    connection.refreshSecond = second + (connection.sender.service === '' ? REFRESH_UNNAMED_S : REFRESH_S);
  }

  #senderOf(connection: string, second: number): Sender {
    const { service, host } = this.#processes.of(connection);
    const key = `${service}\0${host}`;
    const known = this.#senders.get(key);
    if (known !== undefined) return known;
    const sender = { service, host, lastSecond: second };
    this.#senders.set(key, sender);
    return sender;
  }

  /** A queue is new where all that send were seen before; where its connection is; or where its sender had another one until now. */
  #queueOf(name: string, { sender, madeSecond }: Connection, second: number): ReplyQueue {
    const known = this.#replyQueues.get(name);
    if (known !== undefined) return known;
    const first = this.#firstQueues.get(sender);
    const isMade = this.#hasSeenAll(second) || madeSecond !== null || (first !== undefined && first !== name);
    const queue = { name, madeSecond: isMade ? second : null };
    this.#replyQueues.set(name, queue);
    if (first === undefined) this.#firstQueues.set(sender, name);
    return queue;
  }
}
