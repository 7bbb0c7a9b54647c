/**
 * The firehose, tapped on another broker: a shovel there takes the copies over, and the source has no consumer of ours but
 * that one.
 *
 *   source                                    │ analysis broker
 *   amq.rabbitmq.trace → oslotap.shovel ──────┼─ shovel → exchange oslotap.trace → oslotap.firehose → oslotap
 *   marker, one a second ──────↗              │
 *
 * Markers go the whole way: they come in at the source's queue. So the tap's lag is that of shovel and tap, its clock waits for
 * a shovel that is behind, and what either queue drops is noticed.
 */
import type { Channel, ChannelModel } from 'amqplib';
import { reasonOf } from '../../src/errors.ts';
import { BrokerFailure, connect, type TlsMaterial } from '../amqp/connect.ts';
import type { QueueBounds } from '../amqp/queue-bounds.ts';
import type { Broker } from '../amqp/url.ts';
import { bindingsOf, type Tier, toReceived } from '../firehose/firehose.ts';
import { FIREHOSE_QUEUE } from '../firehose/plan.ts';
import { ApiError } from '../management/api-error.ts';
import type { Supply, TapPlan } from '../plan.ts';
import type { ShovelApi, ShovelState } from './api.ts';
import { COPY_EXCHANGE, SHOVEL, shovelDefinition } from './definition.ts';
import { declareSource, SOURCE_QUEUE } from './source.ts';

export interface ShovelOptions {
  /** Where the shovel brings the copies to, and runs. */
  readonly target: Broker;
  /** Null: the shovel is set up by hand, and is only watched. */
  readonly api: ShovelApi | null;
  /** Where the firehose is; null: set up by hand. */
  readonly source: Broker | null;
  readonly tls: TlsMaterial;
  readonly bounds: QueueBounds;
  /** To begin with. */
  readonly tier: Tier;
}

export function shovelPlan(options: ShovelOptions): TapPlan {
  const { target, api, source } = options;
  const markers = { exchange: COPY_EXCHANGE, key: SOURCE_QUEUE };
  const common = {
    broker: target,
    vhost: source?.vhost ?? target.vhost,
    queue: FIREHOSE_QUEUE,
    isFirehose: true,
    areMarkersTraced: source !== null,
    blind: null,
    possibleBindings: [...bindingsOf('full', COPY_EXCHANGE), markers],
    prepare: declareExchange,
    toReceived,
  };
  if (api === null) return { ...common, bindings: (tier) => bindingsOf(tier, COPY_EXCHANGE) };
  if (source === null) {
    const look = new Look(options);
    return {
      ...common,
      bindings: (tier) => bindingsOf(tier, COPY_EXCHANGE),
      check: async () => ({ trouble: await look.trouble(), isKept: true }),
    };
  }
  const shovel = new Shovel({ ...options, api, source });
  return {
    ...common,
    // What is not wanted does not leave the source.
    bindings: () => [...bindingsOf('full', COPY_EXCHANGE), markers],
    origin: { broker: source, queue: SOURCE_QUEUE, prepare: (connection) => shovel.begin(connection) },
    step: (tier) => shovel.step(tier),
    check: () => shovel.check(),
    end: () => shovel.end(),
  };
}

/** Goes with the analysis broker's restart, as the tap's queue does: until it is there again the shovel waits, and loses nothing. */
async function declareExchange(channel: Channel): Promise<void> {
  await channel.assertExchange(COPY_EXCHANGE, 'topic', { durable: false, autoDelete: false });
}

/** A shovel of our own making. */
class Shovel {
  readonly #options: ShovelOptions & { readonly api: ShovelApi; readonly source: Broker };
  /** False once the source's queue was found gone, until the shovel runs again. */
  #isKept = true;

  readonly #look: Look;
  #tier: Tier;

  constructor(options: ShovelOptions & { readonly api: ShovelApi; readonly source: Broker }) {
    this.#options = options;
    this.#look = new Look(options);
    this.#tier = options.tier;
  }

  /** The queue first, then who reads it. @throws BrokerFailure */
  async begin(connection: ChannelModel): Promise<{ isNew: boolean }> {
    const { api, source, target, bounds } = this.#options;
    const declared = await declareSource(connection, source, bounds, this.#tier);
    try {
      await api.putShovel(target.vhost, SHOVEL, shovelDefinition(source, target, bounds));
    } catch (error) {
      if (error instanceof ApiError) throw new BrokerFailure(error.message, !error.isRetryable);
      throw error;
    }
    return declared;
  }

  async step(tier: Tier): Promise<void> {
    this.#tier = tier;
    await this.#atSource(async (connection) => {
      await this.begin(connection);
    });
  }

  /** Where it does not run, whatever of it is missing is made again. */
  async check(): Promise<Supply> {
    const trouble = await this.#look.trouble();
    if (trouble === null) {
      const isKept = this.#isKept;
      this.#isKept = true;
      return { trouble, isKept };
    }
    const hindrance = await this.#mend();
    return { trouble: hindrance === null ? trouble : `${trouble}: ${hindrance}`, isKept: this.#isKept };
  }

  /** @returns what stands in the way. */
  async #mend(): Promise<string | null> {
    try {
      await this.#atSource(async (connection) => {
        const { isNew } = await this.begin(connection);
        if (isNew) this.#isKept = false;
      });
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** The shovel first: it would make a queue that it misses. */
  async end(): Promise<void> {
    const { api, target } = this.#options;
    await api.removeShovel(target.vhost, SHOVEL);
    await api.removeUnusedExchange(target.vhost, COPY_EXCHANGE).catch(() => {}); // in use by others, or not ours to remove
    await this.#atSource(async (connection) => {
      const channel = await connection.createChannel();
      channel.on('error', () => {});
      await channel.deleteQueue(SOURCE_QUEUE);
    });
  }

  async #atSource(work: (connection: ChannelModel) => Promise<void>): Promise<void> {
    const { source, tls } = this.#options;
    const connection = await connect(source, tls, 'shovel', { next: 0 });
    connection.on('error', () => {});
    try {
      await work(connection);
    } finally {
      await connection.close().catch(() => {});
    }
  }
}

/** Ours by its name, or one that fills our exchange; undefined where there is none. */
async function ownShovel({ api, target, source }: ShovelOptions): Promise<ShovelState | undefined> {
  const shovels = (await api?.shovels(target.vhost)) ?? [];
  const named = shovels.find(({ name }) => name === SHOVEL);
  return source === null ? (shovels.find(({ exchange }) => exchange === COPY_EXCHANGE) ?? named) : named;
}

/** Looks at the shovel. One that starts is given until the next look. */
class Look {
  readonly #options: ShovelOptions;
  #isStarting = false;

  constructor(options: ShovelOptions) {
    this.#options = options;
  }

  /** @returns what is wrong, or null. */
  async trouble(): Promise<string | null> {
    const shovel = await ownShovel(this.#options);
    const wasStarting = this.#isStarting;
    this.#isStarting = shovel?.state === 'starting';
    if (shovel === undefined) return 'there is no shovel';
    if (shovel.state === 'running' || (this.#isStarting && !wasStarting)) return null;
    return `the shovel '${shovel.name}' is not running (${shovel.state})`;
  }
}
