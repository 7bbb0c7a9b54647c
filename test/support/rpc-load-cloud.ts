/**
 * The simulated cloud of rpc-load.ts: clients and servers with connections, queues and acknowledgements like
 * oslo.messaging's. A process has one connection to send on and one to consume on.
 *
 *   client ─ call ─→ exchange nova ─→ queue conductor ─→ server ─ reply ─→ default exchange ─→ queue reply_… ─→ client
 */
import type { Socket } from 'node:net';
import { type Channel, type ChannelModel, type ConsumeMessage, connect, type Options } from 'amqplib';
import type { MessageKind } from '../../src/message.ts';
import { type CallStencil, newId, newRequestId, type Stencil, type Stencils } from './rpc-load-messages.ts';

export type Counts = Record<MessageKind, number>;

export interface CloudOptions {
  readonly amqp: string;
  readonly clients: number;
  readonly servers: number;
  /** From a call's delivery to its reply's publish. */
  readonly replyDelayMs: number;
  /** Calls' AMQP expiration; null as recorded. */
  readonly timeoutMs: number | null;
}

interface OpenCall {
  readonly stencil: CallStencil;
  readonly replyQueue: string;
  readonly beganMs: number;
  readonly isAnswered: boolean;
}

/** As oslo.messaging declares them: a topic's stays for ever, those of one process expire. */
const TOPIC_QUEUE = { durable: false, autoDelete: false };
const PROCESS_QUEUE = { durable: false, autoDelete: false, expires: 1_800_000 };
/** As oslo.messaging's: content type, persistent, and no id of any kind. */
const PROPERTIES = { contentType: 'application/json', contentEncoding: 'utf-8', deliveryMode: 2, priority: 0, headers: {} };
const MSG_ID_MARK = '"_msg_id\\": \\"';

export class Cloud {
  readonly publishes: Counts = { call: 0, cast: 0, fanout: 0, reply: 0, notification: 0 };
  readonly deliveries: Counts = { call: 0, cast: 0, fanout: 0, reply: 0, notification: 0 };
  /** Deliveries that what was published must still cause. */
  owed = 0;
  /** Calls that were delivered and will never be answered. */
  unanswered = 0;
  /** Of each answered call, from its publish to its reply's delivery. */
  readonly latenciesMs: number[] = [];
  /** Rejects when a connection is lost. */
  readonly failed: Promise<never>;
  readonly #fail: (reason: Error) => void;
  readonly #options: CloudOptions;
  readonly #open = new Map<string, OpenCall>();
  readonly #clients: Client[] = [];
  readonly #connections: ChannelModel[] = [];
  readonly #queues: string[] = [];
  readonly #exchanges = new Set<string>();
  #isClosing = false;

  constructor(options: CloudOptions) {
    this.#options = options;
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.failed.catch(() => {});
    this.#fail = reject;
  }

  /** Calls without a reply so far, those that never get one not counted. */
  get openCalls(): number {
    return this.#open.size;
  }

  /** Connects everybody, servers first: afterwards nothing that is sent is lost. */
  async start(stencils: Stencils): Promise<void> {
    for (let nth = 0; nth < this.#options.servers; nth++) await this.#startServer(stencils, nth);
    for (let nth = 0; nth < this.#options.clients; nth++) await this.#startClient(nth);
  }

  /** The next client that the broker reads from fast enough; undefined while there is none. */
  get client(): Client | undefined {
    const next = this.#clients.findIndex((client) => !client.isFull);
    if (next === -1) return undefined;
    const [client] = this.#clients.splice(next, 1);
    if (client !== undefined) this.#clients.push(client);
    return client;
  }

  /** @returns the message's `_unique_id`. */
  call(client: Client, stencil: CallStencil, isAnswered: boolean): string {
    const uniqueId = newId();
    const msgId = newId();
    const body = stencil.stamp({ uniqueId, msgId, replyQueue: client.replyQueue, requestId: newRequestId() });
    const expirationMs = this.#options.timeoutMs ?? stencil.expirationMs ?? 60_000;
    this.#open.set(msgId, { stencil, replyQueue: client.replyQueue, beganMs: performance.now(), isAnswered });
    client.publish(stencil, body, { ...PROPERTIES, expiration: expirationMs });
    this.publishes.call++;
    this.owed += isAnswered ? 2 : 1;
    return uniqueId;
  }

  /** A cast, fanout or notification. @returns the message's `_unique_id`. */
  send(client: Client, stencil: Stencil): string {
    const uniqueId = newId();
    client.publish(stencil, stencil.stamp({ uniqueId, requestId: newRequestId() }), PROPERTIES);
    this.publishes[stencil.kind]++;
    this.owed += this.#consumersOf(stencil);
    return uniqueId;
  }

  /** Removes its queues and exchanges and closes its connections. */
  async stop(): Promise<void> {
    this.#isClosing = true;
    const [first] = this.#connections;
    for (const queue of this.#queues) await attempt(first, (channel) => channel.deleteQueue(queue));
    for (const exchange of this.#exchanges)
      await attempt(first, (channel) => channel.deleteExchange(exchange, { ifUnused: true }));
    await Promise.all(this.#connections.map((connection) => connection.close().catch(() => {})));
  }

  #consumersOf({ kind, routingKey }: Stencil): number {
    if (kind === 'fanout') return this.#options.servers;
    return kind === 'notification' && !isRead(routingKey) ? 0 : 1;
  }

  async #connect(title: string): Promise<Channel> {
    const connection = await connect(this.#options.amqp, {
      noDelay: true, // as oslo.messaging's; otherwise small frames wait for each other
      clientProperties: { connection_name: `${title}:${newId()}` },
    });
    this.#connections.push(connection);
    writeTogether((connection as unknown as { connection: { stream: Socket } }).connection.stream);
    const lost = (error?: Error) => {
      if (!this.#isClosing)
        this.#fail(new Error(`the broker closed the connection of ${title}: ${error?.message ?? 'no reason given'}`));
    };
    connection.on('error', lost);
    connection.on('close', lost);
    const channel = await connection.createChannel();
    channel.on('error', lost);
    return channel;
  }

  async #startClient(nth: number): Promise<void> {
    const title = `nova-api:${1000 + nth}`;
    const listen = await this.#connect(title);
    const client = new Client(await this.#connect(title));
    await this.#declare(listen, client.replyQueue, PROCESS_QUEUE);
    await listen.consume(client.replyQueue, (message) => {
      if (message === null) return;
      listen.ack(message);
      this.#answered(message.content);
    });
    this.#clients.push(client);
  }

  async #startServer(stencils: Stencils, nth: number): Promise<void> {
    const title = `nova-conductor:${2000 + nth}`;
    const listen = await this.#connect(title);
    const send = await this.#connect(title);
    const consumed = new Map<string, Set<string>>();
    for (const { kind, exchange, routingKey } of [
      ...stencils.calls,
      ...stencils.casts,
      ...stencils.fanouts,
      ...stencils.notifications,
    ]) {
      const isFanout = kind === 'fanout';
      await listen.assertExchange(exchange, isFanout ? 'fanout' : 'topic', { durable: false, autoDelete: isFanout });
      this.#exchanges.add(exchange);
      if (kind === 'notification' && !isRead(routingKey)) continue;
      const key = `${kind === 'fanout' ? exchange : routingKey}\0${kind}`;
      consumed.set(key, (consumed.get(key) ?? new Set()).add(exchange));
    }
    const begun = new Set<string>();
    for (const [key, exchanges] of consumed) {
      const [name = '', kind] = key.split('\0');
      const queue = kind === 'fanout' ? `${name}_${newId()}` : name;
      await this.#declare(listen, queue, kind === 'fanout' ? PROCESS_QUEUE : TOPIC_QUEUE);
      for (const exchange of exchanges) await listen.bindQueue(queue, exchange, kind === 'fanout' ? '' : name);
      if (begun.has(queue)) continue; // calls and casts come over the same queue
      begun.add(queue);
      await listen.consume(queue, (message) => {
        if (message === null) return;
        listen.ack(message); // before it is worked on, as oslo.messaging does
        this.#serve(send, message, kind as MessageKind);
      });
    }
  }

  async #declare(channel: Channel, queue: string, options: Options.AssertQueue): Promise<void> {
    await channel.assertQueue(queue, options);
    if (!this.#queues.includes(queue)) this.#queues.push(queue);
  }

  #serve(send: Channel, { content, properties }: ConsumeMessage, kind: MessageKind): void {
    this.owed--;
    // Only calls expire.
    const isCall = properties.expiration !== undefined;
    this.deliveries[isCall ? 'call' : kind === 'call' ? 'cast' : kind]++;
    if (!isCall) return;
    const msgId = msgIdOf(content);
    const call = this.#open.get(msgId);
    if (call === undefined) {
      this.#fail(new Error('a call came that nobody here sent: one load at a time on a virtual host'));
    } else if (!call.isAnswered) {
      this.#open.delete(msgId);
      this.unanswered++;
    } else if (this.#options.replyDelayMs === 0) {
      this.#reply(send, msgId, call);
    } else {
      setTimeout(() => this.#reply(send, msgId, call), this.#options.replyDelayMs);
    }
  }

  #reply(send: Channel, msgId: string, { stencil, replyQueue }: OpenCall): void {
    const body = stencil.reply.stamp({ uniqueId: newId(), msgId });
    send.publish('', replyQueue, body, { ...PROPERTIES, mandatory: true });
    this.publishes.reply++;
  }

  #answered(content: Buffer): void {
    this.owed--;
    this.deliveries.reply++;
    const msgId = msgIdOf(content);
    const call = this.#open.get(msgId);
    if (call === undefined) {
      this.#fail(new Error('a reply came to a call that is not open'));
      return;
    }
    this.#open.delete(msgId);
    this.latenciesMs.push(performance.now() - call.beganMs);
  }
}

/** A process that asks. Takes no more while its socket is full: `isFull`. */
export class Client {
  readonly replyQueue = `reply_${newId()}`;
  isFull = false;
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.on('drain', () => {
      this.isFull = false;
    });
  }

  publish({ exchange, routingKey }: Stencil, body: Buffer, properties: object): void {
    this.isFull = !this.#channel.publish(exchange, routingKey, body, properties);
  }
}

/** On a channel of its own, which does not survive a refusal: what others use stays. */
async function attempt(connection: ChannelModel | undefined, work: (channel: Channel) => Promise<unknown>): Promise<void> {
  const channel = await connection?.createChannel();
  if (channel === undefined) return;
  channel.on('error', () => {});
  await work(channel)
    .then(() => channel.close())
    .catch(() => {});
}

/**
 * One system call for what is written at once. amqplib makes two for each message, its frames' and its body's, and they
 * were half of this load's CPU time; it has no option for that, so this reaches for its socket.
 */
function writeTogether(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let isCorked = false;
  socket.write = (...args: unknown[]) => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      process.nextTick(() => {
        isCorked = false;
        socket.uncork();
      });
    }
    return write(...args);
  };
}

/** Somebody reads `notifications.*`; nobody the versioned ones. */
function isRead(routingKey: string): boolean {
  return routingKey.startsWith('notifications.');
}

/** Stands behind the bulk of a message, so it is searched for from the end. */
function msgIdOf(body: Buffer): string {
  const at = body.lastIndexOf(MSG_ID_MARK) + MSG_ID_MARK.length;
  return body.toString('latin1', at, at + 32);
}
