/**
 * The sidecar's one loop. What taps receive is decoded and journalled, then acknowledged; stories are written when they
 * end. So an acknowledgement follows the durability of the event, never the end of its story: a prefetch window full of
 * open calls would wait for the replies that it holds back itself.
 *
 *   chunk → decode → journal → correlate      commit the journal → acknowledge      write what has ended
 */
import type { Gap } from '../gap.ts';
import { eventIdentity } from '../journal/identity.ts';
import { type Journal, journalKey } from '../journal/journal.ts';
import type { Chunk, LiveMessage, Tick } from '../message.ts';
import { decode } from '../oslo/decode.ts';
import { isOwnTraffic } from '../oslo/own-traffic.ts';
import { type Batch, Pipeline, type Sink, type Tally } from '../pipeline.ts';
import type { Storm } from '../storm.ts';
import type { StormDetector } from '../storms/detector.ts';
import { DEFAULT_LIMITS, type Limits } from '../trace/limits.ts';
import type { WaitingCalls } from '../trace/open-stories.ts';
import type { Processes } from '../trace/processes.ts';
import type { Tables } from '../trace/recent.ts';
import type { ReorderWindow } from '../trace/reorder.ts';

export interface SidecarOptions {
  readonly chunks: AsyncIterable<Chunk>;
  readonly sink: Sink;
  /** Null: nothing outlives the process. */
  readonly journal: Journal | null;
  readonly processes: Processes;
  /** Watches for storms; null: nobody does. */
  readonly storms: StormDetector | null;
  readonly onStorm: (storm: Storm) => void;
  /** Does what makes something durable, again and again until it is done. */
  readonly persist: (operation: () => Promise<void>) => Promise<void>;
  /** Stories in a batch. */
  readonly batchStories?: number;
  /** Events that may have been received and not acknowledged: among so many, what comes again is looked for. */
  readonly unacknowledgedMax: number;
}

/** A tap hands events over in the order of their receipt; only several taps, and a broker that stamps, need more. */
const LIVE_WINDOW: ReorderWindow = { windowMs: 500, eventsMax: 20_000 };
/** An open story takes 1 to 4 KB. */
const LIVE_LIMITS: Limits = { ...DEFAULT_LIMITS, openMax: 50_000 };
/** What has ended is written after at most this time. Milliseconds. */
const WRITE_PERIOD_MS = 1_000;
/** What is open and quiet is looked for so often, to be shown as it stands. Milliseconds. */
const SHOW_PERIOD_MS = 5_000;
/** So long is not unusual. Milliseconds. */
const WAITING_MS = 2_000;

export class Sidecar {
  readonly #options: SidecarOptions;
  readonly #pipeline: Pipeline;
  /** How often each event that may come again is in the journal; null until one comes again. */
  #twins: Map<string, number> | null = null;
  /** The same as it was when a connection was lost: another tap may have filled the journal since. */
  #twinsAtLoss: Promise<Map<string, number>> | null = null;
  /** Messages yet to come that may be there already, though the broker does not say so: a shovel publishes again. */
  #doubtfulCount = 0;
  #busySinceMs: number | null = null;
  #writtenMs = 0;
  #shownMs = 0;
  /** Events that came again and were in the journal already. */
  repeatedCount = 0;
  recoveredCount = 0;
  /** The clock by the markers: everything published before was taken. */
  #tickNs = 0n;

  constructor(options: SidecarOptions) {
    this.#options = options;
    const { sink, processes, journal, storms, onStorm, batchStories } = options;
    this.#pipeline = new Pipeline(sink, {
      ...(storms !== null && { storms, onStorm }),
      ...(batchStories !== undefined && { batchStories }),
      processes,
      limits: LIVE_LIMITS,
      window: LIVE_WINDOW,
      onWritten: (batch) => journal?.settle(settledKeys(batch)),
      onRepeated: (event) => journal?.settle([journalKey(event)]),
    });
  }

  get tally(): Tally {
    return this.#pipeline.tally;
  }

  get openCount(): number {
    return this.#pipeline.openCount;
  }

  /** Calls that wait for their reply. */
  get waitingCalls(): WaitingCalls {
    return this.#pipeline.waitingCalls;
  }

  get tables(): Tables {
    return this.#pipeline.tables;
  }

  /** How long it has been at work on one chunk; 0 between two. Milliseconds. */
  get busyMs(): number {
    return this.#busySinceMs === null ? 0 : performance.now() - this.#busySinceMs;
  }

  /** The clock of what it took: everything published before was taken. Nanoseconds; 0 before the first. */
  get tickNs(): bigint {
    return this.#tickNs;
  }

  addGap(gap: Gap): void {
    this.#pipeline.addGap(gap);
  }

  /** Something happened to the broker, for people: it may have started a storm. */
  tellOfBroker(detail: string): void {
    this.#options.storms?.tellOfBroker(detail);
  }

  /** True while it waits for its store or its disk: then nothing is taken from the taps. */
  get isWaiting(): boolean {
    return this.#busySinceMs !== null && performance.now() - this.#busySinceMs > WAITING_MS;
  }

  /** What comes from now on may have been received before. @param isTold whether the broker marks such messages. */
  connectionLost(isTold = true): void {
    const { journal, unacknowledgedMax } = this.#options;
    this.#twinsAtLoss = journal?.recentIdentities(unacknowledgedMax) ?? null;
    this.#twinsAtLoss?.catch(() => {}); // it is awaited when an event comes again
    this.#twins = null;
    if (!isTold) this.#doubtfulCount = unacknowledgedMax;
  }

  /** Takes up what the run before this one left open. */
  async recover(): Promise<void> {
    const { journal } = this.#options;
    if (journal === null) return;
    for await (const { event, isSettled } of journal.recover()) {
      this.recoveredCount++;
      this.#pipeline.takeAgain(event, isSettled);
      if (this.#pipeline.isFull) await this.#pipeline.write();
    }
  }

  /** Runs until the taps end. */
  async run(): Promise<void> {
    const { chunks, journal, persist } = this.#options;
    for await (const chunk of chunks) {
      for (const item of chunk.items) {
        if ('tickNs' in item) this.#tick(item);
        else this.#take(item, this.#isDoubtful(item) ? await this.#knownTwins() : null);
      }
      this.#busySinceMs = performance.now();
      if (journal !== null) await persist(() => journal.commit());
      chunk.acknowledge();
      if (this.#pipeline.isFull || Date.now() - this.#writtenMs >= WRITE_PERIOD_MS) await this.#write();
      this.#busySinceMs = null;
    }
  }

  /** After the taps' end: writes what is known, also of what is still open. Whatever `signal` cuts short is in the journal. */
  async close(signal: AbortSignal): Promise<void> {
    try {
      await this.#pipeline.suspend(signal);
    } finally {
      await this.#options.journal?.close();
    }
  }

  #take(message: LiveMessage, twins: Map<string, number> | null): void {
    if (isOwnTraffic(message)) return;
    const event = decode(message);
    if (twins !== null && takeOne(twins, eventIdentity(event))) {
      this.repeatedCount++;
      return;
    }
    this.#options.journal?.append(event);
    this.#pipeline.take(event);
  }

  #tick({ tickNs }: Tick): void {
    if (tickNs <= this.#tickNs) return;
    this.#tickNs = tickNs;
    this.#options.journal?.tick(tickNs);
    this.#pipeline.advance(tickNs);
  }

  #isDoubtful({ isRedelivered }: LiveMessage): boolean {
    if (this.#doubtfulCount === 0) return isRedelivered;
    this.#doubtfulCount--;
    return true;
  }

  /** The broker gives again what was not acknowledged; what was journalled of it counts once. */
  async #knownTwins(): Promise<Map<string, number> | null> {
    const { journal, unacknowledgedMax } = this.#options;
    if (journal === null || this.#twins !== null) return this.#twins;
    const atLoss = this.#twinsAtLoss;
    const twins = await journal.recentIdentities(unacknowledgedMax);
    for (const [identity, count] of (await atLoss) ?? []) twins.set(identity, Math.max(count, twins.get(identity) ?? 0));
    if (atLoss === this.#twinsAtLoss) this.#twins = twins; // unless another connection was lost meanwhile
    return twins;
  }

  async #write(): Promise<void> {
    this.#writtenMs = Date.now();
    if (this.#writtenMs - this.#shownMs >= SHOW_PERIOD_MS) {
      this.#shownMs = this.#writtenMs;
      this.#pipeline.showQuiet();
    }
    await this.#pipeline.write();
  }
}

function takeOne(counts: Map<string, number>, key: string): boolean {
  const count = counts.get(key) ?? 0;
  if (count > 0) counts.set(key, count - 1);
  return count > 0;
}

/** Stories that are in the store for good. One that was only suspended goes on. */
function settledKeys({ messages, unmatched }: Batch): string[] {
  const ended = messages.filter(({ reason }) => reason !== 'end_of_input');
  return [...ended.map(({ traced }) => journalKey(traced.publish)), ...unmatched.map(({ event }) => journalKey(event))];
}
