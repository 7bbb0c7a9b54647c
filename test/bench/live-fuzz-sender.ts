/** Sends fuzz through exchanges of every type to consumers, as fast as the broker takes it; and counts what those were given. */
import { once } from 'node:events';
import { type Channel, type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import type { Broker } from '../support/broker.ts';
import { FuzzMessages, Random } from './live-fuzz-messages.ts';
import { TAP_QUEUE } from './live-stage.ts';
import { pause } from './live-wait.ts';

/** What went through the broker. Its own statistics come late while it is busy; this is counted here. */
export interface Counted {
  /** Confirmed by the broker. */
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
/** So often it waits until the tap has caught up: copies know no flow control, and would fill the broker's memory. */
const PAUSE_EVERY = 10_000;
const BEHIND_MAX = 5_000;
const CONNECTION = 'oslotap bench fuzz';

export class FuzzSender {
  sent = 0;
  readonly #broker: Broker;
  readonly #connections: ChannelModel[] = [];
  #delivered = 0;
  #publisher: ConfirmChannel | null = null;
  #consumer: Channel | null = null;
  readonly #consumerTags: string[] = [];
  #lost: Error | null = null;

  private constructor(broker: Broker) {
    this.#broker = broker;
  }

  static async start(broker: Broker): Promise<FuzzSender> {
    const sender = new FuzzSender(broker);
    const channel = sender.#watched(await (await sender.#connect()).createChannel());
    sender.#consumer = channel;
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
      const { consumerTag } = await channel.consume(
        queue,
        (message) => {
          if (message === null) return;
          sender.#delivered++;
          if (!noAck) channel.ack(message);
        },
        { noAck },
      );
      sender.#consumerTags.push(consumerTag);
    }
    return sender;
  }

  /** As fast as the broker and the tap take it. @throws where the broker closed a connection. */
  async send(count: number, seed: number): Promise<void> {
    const channel = this.#watched(await (await this.#connect()).createConfirmChannel());
    this.#publisher = channel;
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
      // Asked over AMQP the queue answers behind all that was sent to it.
      if (this.sent % PAUSE_EVERY === 0) while ((await channel.checkQueue(TAP_QUEUE)).messageCount > BEHIND_MAX) await pause(0.1);
    }
  }

  /** Once nothing is on its way any more: all is routed, the queues are empty, and what is on the wire has come. */
  async counted(): Promise<Counted> {
    const [publisher, consumer] = [this.#publisher as ConfirmChannel, this.#consumer as Channel];
    await publisher.waitForConfirms();
    for (const queue of QUEUES) while ((await publisher.checkQueue(queue)).messageCount > 0) await pause(0.2);
    for (const tag of this.#consumerTags) await consumer.cancel(tag); // answered after every delivery
    return { published: this.sent, delivered: this.#delivered };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close().catch(() => {})));
  }

  async #connect(): Promise<ChannelModel> {
    const connection = await connect(this.#broker.amqp, { clientProperties: { connection_name: CONNECTION } });
    this.#connections.push(connection);
    connection.on('error', this.#onLoss);
    return connection;
  }

  #watched<T extends Channel>(channel: T): T {
    channel.on('error', this.#onLoss);
    return channel;
  }

  readonly #onLoss = (error: Error): void => {
    this.#lost ??= error;
    this.#publisher?.emit('drain'); // whoever waits for it learns of the loss
  };
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
