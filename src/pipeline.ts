/**
 * The whole program in one loop: firehose messages in, closed stories out.
 *
 *   tap → decode → order → correlate → sink
 */
import type { BrokerEvent, TappedMessage, Undecodable, UndecodableReason } from './message.ts';
import { decode } from './oslo/decode.ts';
import { Correlator, type UnmatchedReason } from './trace/correlator.ts';
import { DEFAULT_LIMITS, type Limits } from './trace/limits.ts';
import { Processes } from './trace/processes.ts';
import { Reorder, type ReorderWindow } from './trace/reorder.ts';
import type { ClosedMessage, ClosedReason } from './trace/traced-message.ts';

/** An event that is in no story: its other half was never seen, or it could not be understood. */
export type Unmatched =
  | { readonly reason: UnmatchedReason; readonly event: BrokerEvent }
  | { readonly reason: UndecodableReason; readonly event: Undecodable };

export interface Batch {
  readonly messages: readonly ClosedMessage[];
  readonly unmatched: readonly Unmatched[];
}

/** Where stories go. A batch is written once `write` resolves; the pipeline waits for it. */
export interface Sink {
  write(batch: Batch): Promise<void>;
  close(): Promise<void>;
}

export interface PipelineOptions {
  readonly processes?: Processes;
  readonly limits?: Limits;
  readonly window?: ReorderWindow;
}

/** What the pipeline counted. Every event is in exactly one of: duplicates, undecodable, unmatched, or a story. */
export interface Tally {
  events: number;
  readonly undecodable: Partial<Record<UndecodableReason, number>>;
  readonly unmatched: Partial<Record<UnmatchedReason, number>>;
  duplicates: number;
  late: number;
  readonly closed: Readonly<Record<ClosedReason, number>>;
}

/** For a replay nothing is in a hurry: whatever fits into memory is put in order. */
export const REPLAY_WINDOW: ReorderWindow = { windowMs: 600_000, eventsMax: 20_000 };

const BATCH_STORIES = 2_500;

/** Runs a tap's messages through to the sink, until the tap ends. */
export async function runPipeline(tap: AsyncIterable<TappedMessage>, sink: Sink, options: PipelineOptions = {}): Promise<Tally> {
  const { processes = new Processes(), limits = DEFAULT_LIMITS, window = REPLAY_WINDOW } = options;
  const batch = new Collector();
  const correlator = new Correlator(processes, batch, limits);
  const reorder = new Reorder(window, (event) => correlator.add(event));
  const undecodable: Tally['undecodable'] = {};
  let events = 0;
  let writing: Promise<void> = Promise.resolve();

  for await (const tapped of tap) {
    events++;
    const event = decode(tapped);
    if (event.event === 'undecodable') {
      count(undecodable, event.reason);
      batch.unmatched(event, event.reason);
    } else {
      reorder.add(event);
    }
    if (batch.size >= BATCH_STORIES) {
      // One batch is written while the next fills.
      await writing;
      writing = sink.write(batch.take());
      writing.catch(() => {}); // it is awaited above or below: no unhandled rejection in between
    }
  }
  reorder.flush();
  correlator.finish();
  await writing;
  while (batch.size > 0) await sink.write(batch.take());
  return {
    events,
    undecodable,
    unmatched: batch.unmatchedByReason,
    duplicates: correlator.duplicates,
    late: reorder.late,
    closed: correlator.closedByReason,
  };
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
  readonly unmatchedByReason: Tally['unmatched'] = {};
  readonly #messages: ClosedMessage[] = [];
  readonly #unmatched: Unmatched[] = [];

  get size(): number {
    return this.#messages.length + this.#unmatched.length;
  }

  closed(message: ClosedMessage): void {
    this.#messages.push(message);
  }

  unmatched(event: BrokerEvent | Undecodable, reason: UnmatchedReason | UndecodableReason): void {
    this.#unmatched.push({ event, reason } as Unmatched);
    if (event.event !== 'undecodable') count(this.unmatchedByReason, reason as UnmatchedReason);
  }

  /** At most BATCH_STORIES of each: when the input ends, all that is open closes at once. */
  take(): Batch {
    return { messages: this.#messages.splice(0, BATCH_STORIES), unmatched: this.#unmatched.splice(0, BATCH_STORIES) };
  }
}

function count<K extends string>(counts: Partial<Record<K, number>>, key: K): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
