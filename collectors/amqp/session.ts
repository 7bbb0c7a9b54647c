/**
 * One connection of a tap, from the queue's declaration to its end. A second connection goes with it, for what the tap
 * publishes: a broker in alarm stops reading from connections that publish, and acknowledgements must be read.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ChannelModel, ConsumeMessage, GetMessage } from 'amqplib';
import { reasonOf } from '../../src/errors.ts';
import { BrokerFailure, connect, type TlsMaterial, type Turn } from './connect.ts';
import type { Acknowledger, Inbox } from './inbox.ts';
import { boundedArguments, type QueueBounds } from './queue-bounds.ts';
import { destroySocket, pauseReading, resumeReading } from './reading.ts';
import type { Broker } from './url.ts';

export interface Binding {
  readonly exchange: string;
  readonly key: string;
  /** Passed over where there is no such exchange. */
  readonly isOptional?: true;
}

/** The queue, and what it is bound to. */
export interface QueuePlan {
  readonly broker: Broker;
  /** Begins with `oslotap.`. */
  readonly queue: string;
  readonly bounds: QueueBounds;
  /** Bindings that may be there, of which those that are not wanted are taken away. */
  readonly possibleBindings: readonly Binding[];
  /** Makes what the queue is bound to, where that is the tap's own. */
  readonly prepare?: (channel: Channel) => Promise<void>;
}

/** How long an orderly end may take. Milliseconds. */
const CLOSE_MS = 3_000;

export class Session implements Acknowledger {
  /** Resolves with the reason when nothing more will come: close it then. */
  readonly ended: Promise<Error>;
  readonly #connection: ChannelModel;
  #companion: ChannelModel | null = null;
  #channel: Channel | null = null;
  #consumerTag: string | null = null;
  /** What it was bound to on this connection, and exchanges that were seen. */
  readonly #bound = new Map<string, Binding>();
  readonly #exchanges = new Set<string>();
  #tellEnded: (reason: Error) => void = () => {};
  #closing: Promise<void> | null = null;
  #acknowledgedTag = 0;
  #receivedTag = 0;

  constructor(connection: ChannelModel) {
    this.#connection = connection;
    this.ended = new Promise((resolve) => {
      this.#tellEnded = resolve;
    });
    this.#watch(connection);
  }

  /** True where everything that was received is acknowledged. */
  get isClean(): boolean {
    return this.#acknowledgedTag === this.#receivedTag;
  }

  /** Declares and binds the queue; tells whether it was there before. */
  async prepare(options: QueuePlan, bindings: readonly Binding[]): Promise<{ isNew: boolean; backlogCount: number }> {
    const { queue, bounds } = options;
    const found = await this.#find((passive) => passive.checkQueue(queue));
    const channel = await this.#openChannel();
    await permitted(options, `configure on the queue '${queue}'`, async () => {
      await options.prepare?.(channel);
      const ours = { ...boundedArguments(bounds), 'x-single-active-consumer': true };
      await channel.assertQueue(queue, { durable: false, arguments: ours });
    });
    await this.bind(options, bindings);
    return { isNew: found === null, backlogCount: found?.messageCount ?? 0 };
  }

  async bind(options: QueuePlan, wanted: readonly Binding[]): Promise<void> {
    const channel = this.#channel;
    const { queue, possibleBindings } = options;
    if (channel === null) return;
    for (const binding of await this.#there(wanted)) {
      const { exchange, key } = binding;
      const right = `write on the queue '${queue}' and read on the exchange '${exchange}'`;
      await permitted(options, right, () => channel.bindQueue(queue, exchange, key));
      this.#bound.set(nameOf(binding), binding);
    }
    const names = new Set(wanted.map(nameOf));
    const others = new Map([...possibleBindings.map((binding) => [nameOf(binding), binding] as const), ...this.#bound]);
    for (const [name, { exchange, key }] of others) {
      if (names.has(name)) continue;
      await channel.unbindQueue(queue, exchange, key);
      this.#bound.delete(name);
    }
  }

  /** Without the optional ones whose exchange is not there. */
  async #there(wanted: readonly Binding[]): Promise<readonly Binding[]> {
    for (const { exchange, isOptional } of wanted) {
      if (isOptional !== true || this.#exchanges.has(exchange)) continue;
      if ((await this.#find((channel) => channel.checkExchange(exchange))) !== null) this.#exchanges.add(exchange);
    }
    return wanted.filter(({ exchange, isOptional }) => isOptional !== true || this.#exchanges.has(exchange));
  }

  /** A second connection, for what is published: it ends with this one. */
  async companion(broker: Broker, tls: TlsMaterial, turn: Turn): Promise<ChannelModel> {
    this.#companion = await connect(broker, tls, 'marker', turn);
    this.#watch(this.#companion);
    return this.#companion;
  }

  async consume(queue: string, prefetch: number, receive: (message: ConsumeMessage) => void): Promise<void> {
    const channel = this.#channel as Channel;
    if (prefetch > 0) await channel.prefetch(prefetch);
    const onMessage = (message: ConsumeMessage | null) => {
      if (message === null) {
        this.#tellEnded(new Error('the tap queue was deleted'));
        return;
      }
      this.#receivedTag = message.fields.deliveryTag;
      receive(message);
    };
    const { consumerTag } = await channel.consume(queue, onMessage, { noAck: prefetch === 0 });
    if (prefetch === 0) this.#acknowledgedTag = Number.POSITIVE_INFINITY;
    this.#consumerTag = consumerTag;
  }

  acknowledge(deliveryTag: number): void {
    if (deliveryTag <= this.#acknowledgedTag) return;
    this.#acknowledgedTag = deliveryTag;
    try {
      this.#channel?.ack({ fields: { deliveryTag } } as GetMessage, true);
    } catch {
      // The channel is gone, and the broker gives these again: they are told apart by what is in the journal.
    }
  }

  /** One message that the broker forgets as it sends it; null where the queue is empty. */
  async getWithoutAck(queue: string): Promise<GetMessage | 'unreadable' | null> {
    const channel = this.#channel as Channel;
    const got = channel.get(queue, { noAck: true }).then((message) => (message === false ? null : message));
    got.catch(() => {});
    const result = await Promise.race([got, this.ended]);
    if (!(result instanceof Error)) return result;
    if (isUnreadable(result)) return 'unreadable';
    throw result;
  }

  pauseUntilRoom(inbox: Inbox): void {
    pauseReading(this.#connection);
    inbox.onRoom(() => resumeReading(this.#connection));
  }

  async cancel(): Promise<void> {
    const [channel, tag] = [this.#channel, this.#consumerTag];
    this.#consumerTag = null;
    if (channel !== null && tag !== null) await channel.cancel(tag).catch(() => {});
  }

  /** Ends this connection, for another to follow. */
  renew(): void {
    this.#tellEnded(new Error('taking up the usual pace again'));
  }

  /** Ends both connections, in bounded time, also where the broker does not answer. Again and again does no harm. */
  close(queueToRemove: string | null): Promise<void> {
    this.#closing ??= this.#closeOnce(queueToRemove);
    return this.#closing;
  }

  async #closeOnce(queueToRemove: string | null): Promise<void> {
    const connections = [this.#companion, this.#connection].filter((connection) => connection !== null);
    resumeReading(this.#connection);
    await within(CLOSE_MS, async () => {
      await this.cancel();
      if (queueToRemove !== null) await this.#channel?.deleteQueue(queueToRemove, { ifUnused: true }).catch(() => {});
      await Promise.all(connections.map((connection) => connection.close().catch(() => {})));
    });
    // The library waits for the broker's end of a connection for as long as that takes.
    for (const connection of connections) destroySocket(connection);
    this.#tellEnded(new Error('closed'));
  }

  #watch(connection: ChannelModel): void {
    let reason: Error | null = null;
    connection.on('error', (error: Error) => {
      reason ??= error;
    });
    connection.on('close', (error?: Error) => {
      this.#tellEnded(reason ?? error ?? new Error('the connection was closed'));
    });
  }

  async #openChannel(): Promise<Channel> {
    const channel = await this.#connection.createChannel();
    let reason: Error | null = null;
    channel.on('error', (error: Error) => {
      reason = error;
    });
    channel.on('close', () => {
      if (reason !== null) this.#tellEnded(reason);
    });
    this.#channel = channel;
    return channel;
  }

  /** What a look finds, or null where it is not there. On a channel of its own, which is closed by what is not there. */
  async #find<T>(look: (channel: Channel) => Promise<T>): Promise<T | null> {
    const channel = await this.#connection.createChannel();
    channel.on('error', () => {});
    try {
      const found = await look(channel);
      await channel.close();
      return found;
    } catch (error) {
      if ((error as { code?: number }).code === 404) return null;
      throw error;
    }
  }
}

/** Waits for the work, but no longer. */
async function within(timeoutMs: number, work: () => Promise<void>): Promise<void> {
  const timeout = new AbortController();
  await Promise.race([work().catch(() => {}), sleep(timeoutMs, undefined, { signal: timeout.signal }).catch(() => {})]);
  timeout.abort();
}

function nameOf({ exchange, key }: Binding): string {
  return `${exchange}\0${key}`;
}

/** Runs one step of the set-up; where the broker refuses it, says which permission is missing. */
async function permitted({ broker, queue }: QueuePlan, right: string, step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (error) {
    const { code } = error as { code?: number };
    const { user, vhost } = broker;
    if (code === 403) throw new BrokerFailure(`user '${user}' needs permission to ${right} in vhost '${vhost}'`, true);
    if (code === 404) throw new BrokerFailure(`in vhost '${vhost}': ${reasonOf(error).replace(/^.*NOT_FOUND - /, '')}`, true);
    if (code === 406) {
      throw new BrokerFailure(`the queue '${queue}' is there with other bounds: delete it, or give them as it has them`, true);
    }
    throw error;
  }
}

/** Thrown inside the AMQP library by header tables it cannot decode: a type it does not know, or nested too deep. */
export function isUnreadable(error: Error): boolean {
  return error instanceof RangeError || (error instanceof TypeError && /type tag|decode/i.test(error.message));
}
