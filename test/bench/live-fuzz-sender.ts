/** Sends fuzz through exchanges of every type to consumers, as fast as the broker takes it; and asks the broker what it counted. */
import { once } from 'node:events';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import type { Broker } from '../support/broker.ts';
import { FuzzMessages, Random } from './live-fuzz-messages.ts';
import { pause } from './live-wait.ts';

/** What the broker counted on these connections. */
export interface Counted {
  readonly published: number;
  readonly delivered: number;
}

const EXCHANGES = {
  'fuzz-topic': 'topic',
  'fuzz.fan.out': 'fanout',
  'fuzz-direct': 'direct',
  'fuzz-hëaders': 'headers',
} as const;
const QUEUES = ['fuzz', 'fuzz.with.dots', 'reply_0123456789abcdef0123456789abcdef'] as const;
const DIRECT_KEY = 'a.key';
const BURST = 200;
const CONNECTION = 'oslotap bench fuzz';
/** The broker counts once a second: so long nothing may change. */
const STEADY_LOOKS = 4;

export class FuzzSender {
  sent = 0;
  readonly #broker: Broker;
  readonly #connections: ChannelModel[] = [];
  #lost: Error | null = null;

  private constructor(broker: Broker) {
    this.#broker = broker;
  }

  static async start(broker: Broker): Promise<FuzzSender> {
    const sender = new FuzzSender(broker);
    const channel = await sender.#connect();
    for (const [exchange, type] of Object.entries(EXCHANGES)) await channel.assertExchange(exchange, type, { durable: false });
    for (const queue of QUEUES) {
      await channel.assertQueue(queue, { durable: false });
      await channel.bindQueue(queue, 'fuzz.fan.out', '');
    }
    await channel.bindQueue(QUEUES[0], 'fuzz-topic', '#');
    await channel.bindQueue(QUEUES[1], 'fuzz-direct', DIRECT_KEY);
    await channel.bindQueue(QUEUES[2], 'fuzz-hëaders', '');
    for (const [index, queue] of QUEUES.entries()) {
      // Headers as the broker gives them back are none of ours to check: the tap has to.
      const noAck = index > 0;
      await channel.consume(queue, (message) => message !== null && !noAck && channel.ack(message), { noAck });
    }
    return sender;
  }

  /** @throws where the broker closed a connection. */
  async send(count: number, seed: number): Promise<void> {
    const channel = await this.#connect();
    const messages = await FuzzMessages.load(seed);
    const random = new Random(seed + 1);
    while (this.sent < count) {
      if (this.#lost !== null) throw this.#lost;
      let hasRoom = true;
      for (let left = Math.min(BURST, count - this.sent); left > 0; left--) {
        const { body, properties } = messages.next();
        const [exchange, key] = placeOf(random);
        hasRoom = channel.publish(exchange, key, body, properties);
        this.sent++;
      }
      await (hasRoom ? new Promise(setImmediate) : once(channel, 'drain'));
    }
  }

  /** Once nothing is on its way any more. */
  async counted(): Promise<Counted> {
    let [last, same] = ['', 0];
    for (;;) {
      const rows = (await this.#broker.manage('GET', '/api/channels')) as ChannelRow[];
      const ours = rows
        .filter(({ connection_details: { name } }) => this.#names.has(name))
        .map(({ message_stats }) => message_stats ?? {});
      const sum = (...names: (keyof Stats)[]) =>
        ours.reduce((total, stats) => total + names.reduce((part, name) => part + (stats[name] ?? 0), 0), 0);
      const counted = { published: sum('publish'), delivered: sum('deliver', 'deliver_no_ack') };
      same = JSON.stringify(counted) === last && counted.published >= this.sent ? same + 1 : 0;
      if (same >= STEADY_LOOKS) return counted;
      last = JSON.stringify(counted);
      await pause(1);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close().catch(() => {})));
  }

  readonly #names = new Set<string>();

  async #connect(): Promise<Channel> {
    const connection = await connect(this.#broker.amqp, { clientProperties: { connection_name: CONNECTION } });
    this.#connections.push(connection);
    const { localAddress, localPort, remoteAddress, remotePort } = (connection.connection as unknown as WithStream).stream;
    this.#names.add(`${localAddress}:${localPort} -> ${remoteAddress}:${remotePort}`);
    const channel = await connection.createChannel();
    const lost = (error: Error) => {
      this.#lost ??= error;
      channel.emit('drain'); // whoever waits for it learns of the loss
    };
    connection.on('error', lost);
    channel.on('error', lost);
    return channel;
  }
}

interface WithStream {
  readonly stream: {
    readonly localAddress: string;
    readonly localPort: number;
    readonly remoteAddress: string;
    readonly remotePort: number;
  };
}

type Stats = Partial<Record<'publish' | 'deliver' | 'deliver_no_ack', number>>;

interface ChannelRow {
  readonly connection_details: { readonly name: string };
  readonly message_stats?: Stats;
}

/** Where to: each exchange, the default one too; keys that fit, and some that nobody has. */
function placeOf(random: Random): readonly [string, string] {
  switch (random.below(10)) {
    case 0:
      return ['fuzz.fan.out', ''];
    case 1:
      return ['fuzz-hëaders', 'any'];
    case 2:
      return ['fuzz-direct', random.of([DIRECT_KEY, 'nobody'])];
    case 3:
      return ['', random.of([...QUEUES, 'nobody'])];
    default:
      return ['fuzz-topic', random.of(['conductor', 'a.b.c', '', '\u0000é', 'x'.repeat(255)])];
  }
}
