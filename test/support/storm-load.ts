/**
 * Services that make storms on a real broker: processes with connections, queues and reply queues as oslo.messaging has them, each host
 * at an address of its own (127.x.y.z), and servers that answer, or do not.
 *
 *   const cloud = new StormCloud(amqp);
 *   await cloud.serve('neutron', 'q-plugin', 'neutron-server');
 *   const agent = await cloud.process('neutron-linuxbridge-agent', 'cmp1');
 *   agent.call({ exchange: 'neutron', topic: 'q-plugin', method: 'get_devices_details_list' });
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { dict, envelope, type Json } from './oslo-bodies.ts';
import { newId, newRequestId } from './rpc-load-messages.ts';

export interface Calling {
  readonly exchange: string;
  readonly topic: string;
  readonly method: string;
  /** Of object calls: `InstanceList.get_by_host`. */
  readonly object?: string;
  /** `req-<uuid>` of a user's request. @default work of its own, without a user */
  readonly requestId?: string;
  /** @default 60000 */
  readonly timeoutMs?: number;
}

const TOPIC_QUEUE = { durable: false, autoDelete: false };
const PROCESS_QUEUE = { durable: false, autoDelete: false, expires: 1_800_000 };
const PROPERTIES = { contentType: 'application/json', contentEncoding: 'utf-8', deliveryMode: 2, headers: {} };
/** Connections that are opened at the same time. */
const TOGETHER = 20;

export class StormCloud {
  readonly #amqp: string;
  readonly #connections: ChannelModel[] = [];
  readonly #addresses = new Map<string, string>();
  #pids = 1_000;
  /** Consumers that it has on the broker. */
  consumers = 0;

  /** @param amqp URL, with the vhost. */
  constructor(amqp: string) {
    this.#amqp = amqp;
  }

  /** A process that calls, consumes its own queue `<queue>.<host>`, and waits for replies. */
  async process(service: string, host: string, queue: string): Promise<LiveProcess> {
    const title = `${service}:${++this.#pids}`;
    const process = new LiveProcess(() => this.#connect(title, host));
    await process.start(`${queue}.${host}`);
    this.consumers += 2;
    return process;
  }

  async processes(service: string, count: number, queue: string): Promise<LiveProcess[]> {
    const all: LiveProcess[] = [];
    for (let nth = 0; nth < count; nth += TOGETHER) {
      const hosts = Array.from({ length: Math.min(TOGETHER, count - nth) }, (_, more) => `cmp${nth + more + 1}`);
      all.push(...(await Promise.all(hosts.map((host) => this.process(service, host, queue)))));
    }
    return all;
  }

  /** A server of a topic. @param isSilent it takes what comes, and never answers. */
  async serve(exchange: string, topic: string, service: string, isSilent = false): Promise<void> {
    const channel = await (await this.#connect(`${service}:${++this.#pids}`, 'ctl')).createChannel();
    await channel.assertExchange(exchange, 'topic', { durable: false, autoDelete: false });
    await channel.assertQueue(topic, TOPIC_QUEUE);
    await channel.bindQueue(topic, exchange, topic);
    await channel.consume(topic, (message) => {
      if (message === null) return;
      channel.ack(message);
      if (!isSilent) answer(channel, message.content);
    });
    this.consumers++;
  }

  /** Queues of a topic's fanout, all of which somebody reads. */
  async listen(topic: string, count: number): Promise<void> {
    const connection = await this.#connect(`neutron-linuxbridge-agent:${++this.#pids}`, 'net1');
    const exchange = `${topic}_fanout`;
    const channel = await connection.createChannel();
    await channel.assertExchange(exchange, 'fanout', { durable: false, autoDelete: true });
    for (let nth = 0; nth < count; nth++) {
      const { queue } = await channel.assertQueue(`${exchange}_${newId()}`, PROCESS_QUEUE);
      await channel.bindQueue(queue, exchange, '');
      await channel.consume(queue, (message) => message !== null && channel.ack(message));
    }
    this.consumers += count;
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close().catch(() => {})));
  }

  async #connect(title: string, host: string): Promise<ChannelModel> {
    const nth = this.#addresses.size + 1;
    const localAddress = this.#addresses.get(host) ?? `127.1.${nth >> 8}.${nth & 255}`;
    this.#addresses.set(host, localAddress);
    // net.connect's own option, which amqplib hands on and does not list.
    const socket = { noDelay: true, localAddress, clientProperties: { connection_name: `${title}:${newId()}` } };
    const connection = await connect(this.#amqp, socket);
    connection.on('error', () => {});
    this.#connections.push(connection);
    return connection;
  }
}

export class LiveProcess {
  readonly replyQueue = `reply_${newId()}`;
  readonly #connect: () => Promise<ChannelModel>;
  #channel: Channel | null = null;

  constructor(connect: () => Promise<ChannelModel>) {
    this.#connect = connect;
  }

  async start(queue: string): Promise<void> {
    const channel = await (await this.#connect()).createChannel();
    for (const name of [queue, this.replyQueue]) {
      await channel.assertQueue(name, PROCESS_QUEUE);
      await channel.consume(name, (message) => message !== null && channel.ack(message));
    }
    this.#channel = channel;
  }

  /** From now on it sends on a connection of its own. */
  async reconnect(): Promise<void> {
    this.#channel = await (await this.#connect()).createChannel();
  }

  call({ exchange, topic, method, object, requestId, timeoutMs = 60_000 }: Calling): void {
    const args = object === undefined ? dict({ context: null }) : objectArgs(object);
    const body = bodyOf(method, args, requestId ?? null, { _msg_id: newId(), _reply_q: this.replyQueue, _timeout: null });
    this.#channel?.publish(exchange, topic, body, { ...PROPERTIES, expiration: timeoutMs });
  }

  fanout(topic: string, method: string): void {
    this.#channel?.publish(`${topic}_fanout`, '', bodyOf(method, dict({}), null), PROPERTIES);
  }
}

/** So many a second, for so long. */
export async function pace(rate: number, seconds: number, act: (nth: number) => void): Promise<void> {
  const beganMs = performance.now();
  for (let done = 0; done < rate * seconds; await pause(5)) {
    const due = Math.min(rate * seconds, ((performance.now() - beganMs) / 1_000) * rate);
    for (; done < due; done++) act(done);
  }
}

function objectArgs(name: string): Json {
  const [objname = '', objmethod = ''] = name.split('.');
  return dict({ objname, objmethod, object_versions: dict({ [objname]: '1.0' }), args: [], kwargs: dict({}) });
}

function bodyOf(method: string, args: Json, requestId: string | null, call: Readonly<Record<string, Json>> = {}): Buffer {
  return envelope([
    ['method', method],
    ['args', args],
    ['namespace', null],
    ['version', '1.0'],
    ...Object.entries(call),
    ['_unique_id', newId()],
    ['_context_user_id', requestId === null ? null : newId()],
    ['_context_request_id', requestId ?? newRequestId()],
    ['_context_global_request_id', null],
  ]);
}

function answer(channel: Channel, content: Buffer): void {
  const { 'oslo.message': text } = JSON.parse(content.toString()) as { 'oslo.message': string };
  const { _msg_id: msgId, _reply_q: replyQueue } = JSON.parse(text) as { _msg_id?: string; _reply_q?: string };
  if (msgId === undefined || replyQueue === undefined) return;
  const reply = envelope([
    ['result', null],
    ['failure', null],
    ['ending', true],
    ['_msg_id', msgId],
    ['_unique_id', newId()],
  ]);
  channel.publish('', replyQueue, reply, PROPERTIES);
}
