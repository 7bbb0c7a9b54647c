/**
 * A tap on a broker: a queue of its own, bounded and expiring, bound to what is to be seen, and consumed for as long as
 * the program lives, whatever happens to the connection.
 *
 *   connect → declare → bind → consume ─→ inbox
 *      ↑                         │
 *      └── back off, next host ←─┘ lost
 *
 * The queue is not exclusive and not durable: after a lost connection its backlog is still there, and where it is not,
 * the broker was restarted and events are lost, which is told apart by just that. One consumer is active at a time
 * (`x-single-active-consumer`); others stand by.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { reasonOf } from '../../src/errors.ts';
import { Backlog } from './backlog.ts';
import { type Clock, StampedTime, stampOf } from './clock.ts';
import { BrokerFailure, connect, hostOf, type TlsMaterial, type Turn } from './connect.ts';
import type { Acknowledger, Inbox } from './inbox.ts';
import { Markers } from './markers.ts';
import { type Binding, isUnreadable, type QueuePlan, Session } from './session.ts';
import { type Broker, describeHost } from './url.ts';

/** A message as a kind of tap makes it of what AMQP delivers; null for what is of no interest. */
export type Received = { readonly routingKey: string; readonly headers: unknown; readonly body: Buffer } | null;

/** The far end, where what the queue holds comes from another broker: markers go the whole way. */
export interface Origin {
  readonly broker: Broker;
  /** Where markers go in. They keep its name as their routing key. */
  readonly queue: string;
  /** Makes it ready. @returns whether it is new: what passed before is lost. */
  prepare(connection: ChannelModel): Promise<{ readonly isNew: boolean }>;
}

export interface TapOptions extends QueuePlan {
  /** @default the tap's own broker and queue */
  readonly origin?: Origin | undefined;
  readonly tls: TlsMaterial;
  /** What it is bound to at first, of the possible ones. */
  readonly bindings: readonly Binding[];
  readonly toReceived: (message: ConsumeMessage) => Received;
  /** Messages given without being acknowledged; 0: the broker waits for no acknowledgement, and a kill loses what was on its way. */
  readonly prefetch: number;
  /** Behind by more than this, what comes is marked as lagging. Milliseconds. */
  readonly lagMaxMs: number;
  /** Time of the last sign of life before this start, or null where there was none. */
  readonly aliveNs: bigint | null;
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly listener: TapListener;
}

/** What a tap tells of itself. Times are nanoseconds since the epoch. */
export interface TapListener {
  /** `isNewQueue`: there was none to find, so what came before is lost. */
  connected(state: { readonly host: string; readonly isNewQueue: boolean; readonly backlogCount: number }): void;
  /** Nothing is received from now on. `sinceNs`: the last moment up to which everything was. */
  lost(reason: string, sinceNs: bigint): void;
  retrying(reason: string, inMs: number): void;
  /** The queue overflowed: what was published between these times is in part lost, at least so many messages. */
  overflowed(fromNs: bigint, toNs: bigint, lostMin: number): void;
  blocked(reason: string | null): void;
}

const BACKOFF_FIRST_MS = 200;
const BACKOFF_MAX_MS = 30_000;
/** Messages taken one by one after one that the AMQP library could not read. */
const CAREFUL_MESSAGES = 1_000;

/** A consumer that is given nothing for so long, not even the markers, stands by. Nanoseconds. */
const STANDBY_NS = 5_000_000_000n;

/** Messages of a backlog between two looks at its clock. */
const BACKLOG_TICK = 500;

/** How the last connection ended, and how to go on. */
type Mode = 'normal' | 'careful' | 'skip';

export class QueueTap {
  /** The last moment up to which everything was received; null before the first. */
  receivedNs: bigint | null = null;
  receivedCount = 0;
  /** When the firehose last showed one of our own markers: it is on, on the node that took it. Nanoseconds. */
  tracedNs: bigint | null = null;
  /** True once something was received: the broker made this consumer the active one. */
  isActive = false;
  readonly #options: TapOptions;
  readonly #turn: Turn = { next: 0 };
  readonly #originTurn: Turn = { next: 0 };
  /** The queue that markers go into. */
  readonly #markerQueue: string;
  readonly #stamped = new StampedTime();
  readonly #markers: Markers;
  readonly #stopping = new AbortController();
  #bindings: readonly Binding[];
  #session: Session | null = null;
  #mode: Mode = 'normal';
  #connectedNs: bigint | null = null;
  #running: Promise<void> = Promise.resolve();
  /** What was queued while nobody consumed: its time of receipt is late. */
  #backlog: Backlog | null = null;
  #isLagging = false;

  constructor(options: TapOptions) {
    this.#options = options;
    this.#bindings = options.bindings;
    const { inbox, listener, clock } = options;
    this.#markerQueue = options.origin?.queue ?? options.queue;
    this.#markers = new Markers(this.#markerQueue, () => clock.nowNs(), {
      returned: (sentNs) => {
        clock.resync();
        this.receivedNs = sentNs;
        this.#backlog?.pin(sentNs);
        inbox.tick(this, sentNs);
      },
      dropped: (fromNs, toNs, lost) => listener.overflowed(fromNs, toNs, lost),
      blocked: (reason) => listener.blocked(reason),
    });
  }

  /** How far behind the broker it is. Milliseconds. */
  get lagMs(): number {
    return this.#stamped.behindMs ?? (this.isActive ? Math.max(0, this.#markers.lagMs) : 0);
  }

  /** Whether what comes next is late. Call it every second or so: a marker that does not come tells it too. */
  noteLag(): void {
    this.#isLagging = this.lagMs > this.#options.lagMaxMs;
  }

  get isConnected(): boolean {
    return this.#session !== null;
  }

  /** True where another sidecar consumes the queue: not even our own marker comes. */
  get isStandby(): boolean {
    return this.#connectedNs !== null && !this.isActive && this.#options.clock.nowNs() - this.#connectedNs > STANDBY_NS;
  }

  /**
   * Connects, and goes on by itself from then on.
   * @throws BrokerFailure where the first attempt fails.
   */
  async start(): Promise<void> {
    const session = await this.#open();
    this.#running = this.#run(session);
  }

  /** In bounded time. @param removeQueue whether the queue is deleted, unless another consumer stands by. */
  async stop(removeQueue: boolean): Promise<void> {
    this.#stopping.abort();
    await this.#session?.close(removeQueue ? this.#options.queue : null);
    await this.#running;
  }

  /** Takes in what was published before now. @returns false where that takes too long: the queue holds the rest. */
  async drain(timeoutMs: number): Promise<boolean> {
    // Where another consumer is the active one, nothing comes here.
    return this.#session === null || !this.isActive ? false : this.#markers.drained(timeoutMs);
  }

  /** Takes no more messages; what was received can still be acknowledged. */
  async cancel(): Promise<void> {
    await this.#session?.cancel();
  }

  /** Binds to these and no others, now or when there is a connection again. */
  async bind(bindings: readonly Binding[]): Promise<void> {
    this.#bindings = bindings;
    await this.#session?.bind(this.#options, bindings);
  }

  async #run(first: Session): Promise<void> {
    let session: Session | null = first;
    const { listener, inbox, clock } = this.#options;
    for (let attempt = 0; !this.#stopping.signal.aborted; ) {
      if (session !== null) {
        attempt = 0;
        const reason = await session.ended;
        this.#leave();
        inbox.leave(this);
        void session.close(null);
        if (this.#stopping.signal.aborted) return;
        this.#mode = nextMode(this.#mode, session, reason);
        listener.lost(reasonOf(reason), this.receivedNs ?? clock.nowNs());
      }
      const waitMs = backoffMs(attempt++);
      await sleep(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
      if (this.#stopping.signal.aborted) return;
      try {
        session = await this.#open();
      } catch (error) {
        session = null;
        listener.retrying(reasonOf(error), backoffMs(attempt, 0.5));
      }
    }
    // Told to stop while it connected.
    this.#leave();
    await session?.close(null);
  }

  #leave(): void {
    this.#session = null;
    this.#connectedNs = null;
    this.isActive = false;
    this.#markers.stop();
  }

  async #open(): Promise<Session> {
    const { broker, tls, listener, prefetch } = this.#options;
    const session = new Session(await connect(broker, tls, 'tap', this.#turn));
    const host = hostOf(broker, this.#turn);
    try {
      const { isNew, backlogCount } = await session.prepare(this.#options, this.#bindings);
      const companion = await this.#openCompanion(session);
      const origin = await this.#options.origin?.prepare(companion);
      const isNewQueue = isNew || origin?.isNew === true;
      this.#backlog = this.#isStale() ? new Backlog(backlogCount, this.#aliveNs, this.#options.clock.nowNs()) : null;
      if (this.#mode === 'skip') await this.#skipUnreadable(session);
      await this.#markers.start(companion);
      this.#session = session;
      const limit = this.#mode === 'normal' ? prefetch : 1;
      await session.consume(this.#options.queue, limit, (message) => this.#receive(message, session));
      this.#connectedNs = this.#options.clock.nowNs();
      listener.connected({ host: describeHost(host), isNewQueue, backlogCount });
      return session;
    } catch (error) {
      this.#leave();
      await session.close(null);
      throw error;
    }
  }

  #openCompanion(session: Session): Promise<ChannelModel> {
    const { broker, tls, origin } = this.#options;
    return origin === undefined
      ? session.companion(broker, tls, this.#turn)
      : session.companion(origin.broker, tls, this.#originTurn);
  }

  /** Was nobody here for so long that what waited in the queue has no good time any more? */
  #isStale(): boolean {
    const { clock, lagMaxMs } = this.#options;
    return this.#aliveNs === null || Number(clock.nowNs() - this.#aliveNs) / 1e6 > lagMaxMs;
  }

  get #aliveNs(): bigint | null {
    return this.receivedNs ?? this.#options.aliveNs;
  }

  /** The head of the queue is a message that ended the connection twice: the broker lets go of it as it is sent. */
  async #skipUnreadable(session: Session): Promise<void> {
    this.#mode = 'careful';
    const { queue, inbox, clock } = this.#options;
    const skipped = await session.getWithoutAck(queue);
    if (skipped === 'unreadable') {
      const nothing = { routingKey: '', headers: {}, body: Buffer.alloc(0), isRedelivered: false };
      inbox.add({ receivedNs: clock.nowNs(), ...nothing }, NOBODY, 0);
      throw new BrokerFailure('a message that the AMQP library cannot read was passed over, and counted', false);
    }
    if (skipped !== null) this.#receive({ ...skipped, fields: { ...skipped.fields, consumerTag: '' } }, NOBODY);
  }

  #isOfMarker({ routingKey, headers }: NonNullable<Received>, nowNs: bigint): boolean {
    if (routingKey !== 'publish.') return false;
    const keys = (headers as { routing_keys?: readonly unknown[] }).routing_keys;
    if (keys?.[0] !== this.#markerQueue) return false;
    this.tracedNs = nowNs;
    return true;
  }

  #receive(message: ConsumeMessage, from: Acknowledger): void {
    this.#take(message, from);
    if (this.#mode !== 'careful') return;
    this.#options.inbox.hurry();
    if (message.fields.deliveryTag < CAREFUL_MESSAGES) return;
    this.#mode = 'normal';
    this.#session?.renew();
  }

  /** One more of what had waited; now and then it tells how late it is by now. */
  #passBacklog(): void {
    const backlog = this.#backlog;
    if (backlog === null) return;
    backlog.pass();
    if (backlog.isOver) this.#backlog = null;
    else if (this.receivedCount % BACKLOG_TICK === 0 && backlog.nowNs !== null) this.#options.inbox.tick(this, backlog.nowNs);
  }

  #take(message: ConsumeMessage, from: Acknowledger): void {
    const { inbox, clock, toReceived, prefetch } = this.#options;
    this.#passBacklog();
    const { fields, properties } = message;
    if (this.isStandby) this.#markers.takeOver();
    this.isActive = true;
    if (fields.exchange === '' || fields.routingKey === this.#markerQueue) {
      this.#markers.receive(properties);
      this.noteLag();
      inbox.passOver(from, fields.deliveryTag);
      return;
    }
    const arrivedNs = clock.nowNs();
    let receivedNs = arrivedNs;
    const received = toReceived(message);
    if (received === null || this.#isOfMarker(received, arrivedNs)) {
      inbox.passOver(from, fields.deliveryTag);
      return;
    }
    this.receivedCount++;
    let isLagging = this.#isLagging;
    // About when it was queued: so that it stands beside the markers' clock, which is behind too.
    if (this.#backlog !== null) receivedNs = this.#backlog.nowNs ?? receivedNs;
    else if (isLagging) receivedNs -= this.#markers.returnedAfterNs ?? 0n;
    isLagging ||= this.#backlog !== null;
    if (received.routingKey.startsWith('publish.')) this.#stamped.learn(arrivedNs, stampOf(received.headers));
    const stampedNs = this.#stamped.at(arrivedNs);
    if (stampedNs !== null) {
      receivedNs = stampedNs;
      isLagging = false;
    }
    inbox.add({ receivedNs, ...received, isLagging, isRedelivered: fields.redelivered }, from, fields.deliveryTag);
    if (prefetch === 0 && inbox.isFull) this.#session?.pauseUntilRoom(inbox);
  }
}

const NOBODY: Acknowledger = { acknowledge: () => {} };

function nextMode(mode: Mode, session: Session, reason: Error): Mode {
  if (!isUnreadable(reason)) return mode;
  // Taken one by one, all before it were acknowledged: the next one is the message.
  return mode === 'normal' ? 'careful' : session.isClean ? 'skip' : 'careful';
}

/** Grows twofold, with jitter, so that the sidecars of a cluster do not come back at the same moment. */
function backoffMs(attempt: number, jitter: number = Math.random()): number {
  return Math.round(Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 16)) * (0.5 + jitter / 2));
}
