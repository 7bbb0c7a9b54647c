/**
 * The way of every event: order → correlate → sink.
 *
 * A replay runs a tap to its end through it (`runPipeline`); the sidecar feeds it for as long as it lives (sidecar.ts).
 */
import type { Gap } from './gap.ts';
import type { BrokerEvent, TappedMessage, Undecodable, UndecodableReason } from './message.ts';
import { decode } from './oslo/decode.ts';
import { isOwnTraffic } from './oslo/own-traffic.ts';
import type { Storm } from './storm.ts';
import type { StormDetector } from './storms/detector.ts';
import { Correlator, type UnmatchedReason } from './trace/correlator.ts';
import { DEFAULT_LIMITS, type Limits } from './trace/limits.ts';
import type { WaitingCalls } from './trace/open-stories.ts';
import { Processes } from './trace/processes.ts';
import type { Tables } from './trace/recent.ts';
import { Reorder, type ReorderWindow } from './trace/reorder.ts';
import type { ClosedMessage, ClosedReason, TracedMessage } from './trace/traced-message.ts';

/** An event that is in no story: its other half was never seen, or it could not be understood. */
export type Unmatched =
  | { readonly reason: UnmatchedReason; readonly event: BrokerEvent }
  | { readonly reason: UndecodableReason; readonly event: Undecodable };

export interface Batch {
  readonly messages: readonly ClosedMessage[];
  readonly unmatched: readonly Unmatched[];
  readonly gaps: readonly Gap[];
  readonly storms: readonly Storm[];
}

/** Where stories go. A batch is durable once `write` resolves; the pipeline waits for it. */
export interface Sink {
  write(batch: Batch): Promise<void>;
  close(): Promise<void>;
}

export interface PipelineOptions {
  readonly processes?: Processes;
  readonly limits?: Limits;
  readonly window?: ReorderWindow;
  /** Stories in a batch at most. @default 2,500 */
  readonly batchStories?: number;
  /** Watches what passes; what it tells of is written. */
  readonly storms?: StormDetector;
  /** Called with each state of a storm, as soon as it is known. */
  readonly onStorm?: (storm: Storm) => void;
  /** Called when a batch is durable in the sink. */
  readonly onWritten?: (batch: Batch) => void;
  /** Called with an event that changes nothing: its story was written before. */
  readonly onRepeated?: (event: BrokerEvent) => void;
}

/** What the pipeline counted. Every event is in exactly one of: own, duplicates, undecodable, unmatched, or a story. */
export interface Tally {
  readonly events: number;
  readonly undecodable: Readonly<Partial<Record<UndecodableReason, number>>>;
  readonly unmatched: Readonly<Partial<Record<UnmatchedReason, number>>>;
  readonly duplicates: number;
  readonly late: number;
  readonly closed: Readonly<Record<ClosedReason, number>>;
}

/** For a replay nothing is in a hurry: whatever fits into memory is put in order. */
export const REPLAY_WINDOW: ReorderWindow = { windowMs: 600_000, eventsMax: 20_000 };

/** What the embedded store takes without holding up the tap: about 3,400 spans. */
const BATCH_STORIES = 2_500;
/** Rows are replaced together, at every so many looks for quiet stories: each time costs the store a mutation. */
const LOOKS_A_REPLACEMENT = 6;

export class Pipeline {
  readonly #sink: Sink;
  readonly #onWritten: (batch: Batch) => void;
  readonly #batch: Collector;
  readonly #correlator: Correlator;
  readonly #reorder: Reorder;
  readonly #undecodable: Partial<Record<UndecodableReason, number>> = {};
  readonly #storms: StormDetector | null;
  readonly #batchStories: number;
  #events = 0;
  #looks = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(sink: Sink, options: PipelineOptions = {}) {
    const { processes = new Processes(), limits = DEFAULT_LIMITS, window = REPLAY_WINDOW } = options;
    const { onWritten = () => {}, onRepeated = () => {}, onStorm = () => {}, batchStories = BATCH_STORIES } = options;
    this.#batchStories = batchStories;
    this.#batch = new Collector(onRepeated, batchStories, options.storms ?? null);
    this.#storms = options.storms ?? null;
    if (this.#storms !== null)
      this.#storms.onStorm = (storm) => {
        this.#batch.storms.set(storm.id, storm);
        onStorm(storm);
      };
    this.#sink = sink;
    this.#onWritten = onWritten;
    this.#correlator = new Correlator(processes, this.#batch, limits);
    this.#reorder = new Reorder(window, (event) => this.#correlator.add(event));
  }

  take(event: BrokerEvent | Undecodable): void {
    this.#events++;
    if (event.event === 'undecodable') {
      count(this.#undecodable, event.reason);
      this.#batch.unmatched(event, event.reason);
    } else {
      this.#reorder.add(event);
    }
  }

  /**
   * Takes an event again that a run before this one had. `isSettled`: its story ended and was written; it is given for what it tells
   * of others, and what it does not join now it had joined then.
   */
  takeAgain(event: BrokerEvent | Undecodable, isSettled: boolean): void {
    if (event.event === 'undecodable') {
      if (!isSettled) this.#batch.unmatched(event, event.reason);
      return;
    }
    if (isSettled) this.#batch.known.add(event);
    this.#reorder.add(event);
  }

  /** What the tap could not see; a later one of the same id replaces it. */
  addGap(gap: Gap): void {
    this.#batch.gaps.set(gap.id, gap);
    this.#storms?.noteGap(gap);
  }

  /** The clock, where no event tells it: every event before `nowNs` was taken. */
  advance(nowNs: bigint): void {
    this.#reorder.advance(nowNs);
    this.#correlator.advance(this.#reorder.releasedNs);
    this.#storms?.advance(this.#reorder.releasedNs);
  }

  /** Stories that wait to be written. */
  get waitingCount(): number {
    return this.#batch.size;
  }

  get openCount(): number {
    return this.#correlator.openCount;
  }

  /** Calls that wait for their reply. */
  get waitingCalls(): WaitingCalls {
    return this.#correlator.waitingCalls;
  }

  get tables(): Tables {
    return this.#correlator.tables;
  }

  get isFull(): boolean {
    return this.#batch.size >= this.#batchStories;
  }

  /** Has some of what is open and quiet written as it stands; a later row replaces it where it goes on. Call it every few seconds. */
  showQuiet(): void {
    if (++this.#looks % LOOKS_A_REPLACEMENT === 0) this.#batch.release();
    for (const story of this.#correlator.quietStories()) {
      this.#batch.closed(story);
      if (this.isFull) return;
    }
  }

  /** Begins to write what waits. Resolves when the batch before it is written: one is written while the next one fills. */
  async write(): Promise<void> {
    await this.#writing;
    if (this.#batch.size === 0) return;
    this.#writing = this.#writeBatch(this.#batch.take());
    this.#writing.catch(() => {}); // it is awaited above or below: no unhandled rejection in between
  }

  /** The input ended, or a part of it that stands for itself: closes and writes everything. */
  async end(): Promise<void> {
    this.#reorder.flush();
    this.#correlator.finish();
    this.#storms?.finish();
    this.#batch.release();
    await this.#writing;
    while (this.#batch.size > 0) await this.#writeBatch(this.#batch.take());
  }

  /**
   * The program ends, the input does not: writes what is closed, and what is open as far as it is known; a later row will
   * replace that. Ends early when `signal` says so, between two batches.
   */
  async suspend(signal: AbortSignal): Promise<void> {
    this.#reorder.flush();
    this.#storms?.finish();
    await this.#writing;
    // What is not in the store at all goes before what only replaces a row.
    await this.#writeWaiting(signal);
    await this.#writeOpen(signal, (story) => !story.wasShown);
    this.#batch.release();
    await this.#writeWaiting(signal);
    await this.#writeOpen(signal, (story) => story.wasShown);
  }

  async #writeWaiting(signal: AbortSignal): Promise<void> {
    while (this.#batch.size > 0 && !signal.aborted) await this.#writeBatch(this.#batch.take());
  }

  async #writeOpen(signal: AbortSignal, isWanted: (story: ClosedMessage) => boolean): Promise<void> {
    let open: ClosedMessage[] = [];
    for (const story of this.#correlator.openStories()) {
      if (signal.aborted) return;
      if (!isWanted(story)) continue;
      open.push(story);
      if (open.length < this.#batchStories) continue;
      await this.#sink.write({ messages: open, unmatched: [], gaps: [], storms: [] });
      open = [];
    }
    if (open.length > 0) await this.#sink.write({ messages: open, unmatched: [], gaps: [], storms: [] });
  }

  get tally(): Tally {
    return {
      events: this.#events,
      undecodable: this.#undecodable,
      unmatched: this.#batch.unmatchedByReason,
      duplicates: this.#correlator.duplicates,
      late: this.#reorder.late,
      closed: this.#correlator.closedByReason,
    };
  }

  async #writeBatch(batch: Batch): Promise<void> {
    await this.#sink.write(batch);
    this.#onWritten(batch);
  }
}

/** Runs a tap's messages through to the sink, until the tap ends. */
export async function runPipeline(tap: AsyncIterable<TappedMessage>, sink: Sink, options: PipelineOptions = {}): Promise<Tally> {
  const pipeline = new Pipeline(sink, options);
  for await (const tapped of tap) {
    if (isOwnTraffic(tapped)) continue;
    pipeline.take(decode(tapped));
    if (pipeline.isFull) await pipeline.write();
  }
  await pipeline.end();
  return pipeline.tally;
}

/** Reads a tap to its end for its processes alone: which connections belong together. */
export async function learnProcesses(tap: AsyncIterable<TappedMessage>, processes: Processes): Promise<void> {
  for await (const tapped of tap) {
    const event = decode(tapped);
    if (event.event !== 'undecodable') processes.observe(event);
  }
  processes.joinByPlace();
}

class Collector {
  /** Events whose stories were written by a run before this one. */
  readonly known = new WeakSet<BrokerEvent>();
  /** The latest of each. */
  readonly gaps = new Map<string, Gap>();
  readonly storms = new Map<string, Storm>();
  readonly repeated: (event: BrokerEvent) => void;
  /** Stories in a batch. */
  readonly #max: number;
  readonly #detector: StormDetector | null;
  readonly unmatchedByReason: Partial<Record<UnmatchedReason, number>> = {};
  readonly #messages: ClosedMessage[] = [];
  /** Messages that were written before, while they were open. */
  readonly #replacements: ClosedMessage[] = [];
  readonly #unmatched: Unmatched[] = [];

  constructor(repeated: (event: BrokerEvent) => void, max: number, storms: StormDetector | null) {
    this.#max = max;
    this.#detector = storms;
    this.repeated = repeated;
  }

  get size(): number {
    return this.#messages.length + this.#unmatched.length + this.gaps.size + this.storms.size;
  }

  published(story: TracedMessage): void {
    this.#detector?.published(story);
  }

  streamed(story: TracedMessage): void {
    this.#detector?.streamed(story);
  }

  closed(message: ClosedMessage): void {
    this.#detector?.closed(message);
    if (this.known.has(message.traced.publish)) return;
    if (!message.wasShown) this.#messages.push(message);
    else if (this.#replacements.push(message) >= this.#max) this.release();
  }

  /** From now on those that replace rows wait to be written, too. */
  release(): void {
    this.#messages.push(...this.#replacements.splice(0));
  }

  unmatched(event: BrokerEvent | Undecodable, reason: UnmatchedReason | UndecodableReason): void {
    if (this.known.has(event as BrokerEvent)) return;
    this.#unmatched.push({ event, reason } as Unmatched);
    if (event.event !== 'undecodable') count(this.unmatchedByReason, reason as UnmatchedReason);
  }

  /** So many of each at most: when the input ends, all that is open closes at once. */
  take(): Batch {
    const [gaps, storms] = [[...this.gaps.values()], [...this.storms.values()]];
    this.gaps.clear();
    this.storms.clear();
    return { messages: this.#messages.splice(0, this.#max), unmatched: this.#unmatched.splice(0, this.#max), gaps, storms };
  }
}

function count<K extends string>(counts: Partial<Record<K, number>>, key: K): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
