/**
 * Spans in batches to an endpoint: nothing waits for it, all of it is bounded, and every span is counted once it is gone.
 *
 *   add → queue → batch → sent → exported
 *    └ full       └────── rejected (for good) · expired (given up) · closed (the program ends)
 *
 * While the endpoint fails, one batch at a time is tried, after a pause that doubles up to half a minute.
 */
import type { Log } from '../../log.ts';
import { traced } from '../../telemetry/traced.ts';
import type { Span } from '../spans/span.ts';
import type { OtlpOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import { SpanQueue } from './queue.ts';
import type { Transport } from './transport.ts';

/** Why spans were not exported: the closed list. */
export type OtlpDropReason =
  /** No room: the newest go, what waits stays. */
  | 'queue_full'
  /** The endpoint refused the batch for good. */
  | 'rejected'
  /** The endpoint took the batch, but not these of it. */
  | 'partly_rejected'
  /** Tried until it was too old. */
  | 'expired'
  /** The program ended. */
  | 'closed';

/** What became of the spans, and what is under way. */
export interface OtlpTally {
  exported: number;
  readonly dropped: Record<OtlpDropReason, number>;
  /** Requests made again for the same batch. */
  readonly retries: number;
  readonly queueSpans: number;
  /** An estimate. */
  readonly queueBytes: number;
  /** Spans that were sent, and wait for an answer or for another try. */
  readonly inFlightSpans: number;
}

/** Spans wait for others of their batch for so long. Milliseconds. */
const BATCH_WAIT_MS = 1_000;
/** Below what a gRPC server takes by default: 4 MiB. */
const BATCH_BYTES_MAX = 1024 * 1024;
const IN_FLIGHT_MAX = 4;
/** A batch that fails when it is older is given up. Milliseconds. */
const EXPIRE_MS = 300_000;
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 30_000;
/** What goes on being dropped is told so often. Milliseconds. */
const TELL_PERIOD_MS = 60_000;

interface Sending {
  readonly spans: readonly Span[];
  /** When the first of them came. */
  readonly sinceMs: number;
  attempts: number;
}

export class Sender {
  readonly #transport: Transport;
  readonly #log: Log;
  readonly #queue: SpanQueue;
  readonly #batchSpansMax: number;
  readonly #dropped: Record<OtlpDropReason, number> = { queue_full: 0, rejected: 0, partly_rejected: 0, expired: 0, closed: 0 };
  readonly #sending = new Set<Sending>();
  /** Batches that failed and are tried again. */
  readonly #again: Sending[] = [];
  /** When each kind of drop was last told. */
  readonly #toldMs = new Map<OtlpDropReason, number>();
  #exported = 0;
  #batches = 0;
  /** How often in a row it failed, and since when. */
  #failures = 0;
  #failingSinceMs: number | null = null;
  #pausedUntilMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #isClosing = false;
  #progress: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(transport: Transport, options: Pick<OtlpOptions, 'queueSpansMax' | 'queueBytesMax' | 'batchSpansMax'>, log: Log) {
    this.#transport = transport;
    this.#log = log;
    this.#batchSpansMax = options.batchSpansMax;
    this.#queue = new SpanQueue({ spansMax: options.queueSpansMax, bytesMax: options.queueBytesMax });
  }

  get tally(): OtlpTally {
    return {
      exported: this.#exported,
      dropped: { ...this.#dropped },
      retries: Math.max(0, this.#transport.requestCount - this.#batches),
      queueSpans: this.#queue.length,
      queueBytes: this.#queue.bytes,
      inFlightSpans: [...this.#sending, ...this.#again].reduce((sum, { spans }) => sum + spans.length, 0),
    };
  }

  get hasRoom(): boolean {
    return this.#queue.hasRoom;
  }

  /** How long it has been failing without a break. Milliseconds; 0 where it works. */
  get failingMs(): number {
    return this.#failingSinceMs === null ? 0 : performance.now() - this.#failingSinceMs;
  }

  /** Takes it, or drops it and counts that. Never waits, never throws. */
  add(span: Span): void {
    const nowMs = performance.now();
    if (this.#isClosing) this.#drop('closed', 1);
    else if (!this.#queue.add(span, nowMs)) this.#drop('queue_full', 1, 'it takes spans too slowly, and no more can wait');
    else if (this.#queue.length >= this.#batchSpansMax && this.#maySend(nowMs)) this.#pump();
    else this.#timer ??= setTimeout(() => this.#pump(), BATCH_WAIT_MS);
  }

  /** Resolves when the endpoint has answered next, or has failed to. */
  progress(): Promise<void> {
    return this.#progress.promise;
  }

  /** Sends what waits, until the first failure and for at most so many milliseconds; the rest is dropped. */
  async close(withinMs: number): Promise<void> {
    this.#isClosing = true;
    this.#pausedUntilMs = 0;
    this.#pump();
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => late.resolve('late'), withinMs);
    while (this.#remaining > 0) if ((await Promise.race([late.promise, this.progress()])) === 'late') break;
    clearTimeout(timer);
    this.#dropRemaining();
    this.#transport.close();
  }

  get #remaining(): number {
    return this.#queue.length + this.#sending.size + this.#again.length;
  }

  #maySend(nowMs: number): boolean {
    return nowMs >= this.#pausedUntilMs && this.#sending.size < this.#sendingMax;
  }

  get #sendingMax(): number {
    return this.#failures > 0 ? 1 : IN_FLIGHT_MAX;
  }

  #pump(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const nowMs = performance.now();
    while (this.#maySend(nowMs)) {
      const sending = this.#again.shift() ?? this.#nextBatch(nowMs);
      if (sending === null) break;
      this.#sending.add(sending);
      void this.#send(sending);
    }
    const dueMs = this.#again.length > 0 ? nowMs : (this.#queue.oldestMs ?? Number.POSITIVE_INFINITY) + BATCH_WAIT_MS;
    const isBusy = this.#sending.size >= this.#sendingMax; // it goes on when one of them is answered
    if (dueMs === Number.POSITIVE_INFINITY || isBusy) return;
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, Math.max(dueMs, this.#pausedUntilMs) - nowMs));
  }

  #nextBatch(nowMs: number): Sending | null {
    const { oldestMs } = this.#queue;
    if (oldestMs === null) return null;
    const isDue = this.#isClosing || this.#queue.length >= this.#batchSpansMax || nowMs - oldestMs >= BATCH_WAIT_MS;
    if (!isDue) return null;
    return {
      spans: this.#queue.take({ spansMax: this.#batchSpansMax, bytesMax: BATCH_BYTES_MAX }),
      sinceMs: oldestMs,
      attempts: 0,
    };
  }

  async #send(sending: Sending): Promise<void> {
    if (sending.attempts === 0) this.#batches++;
    sending.attempts++;
    const facts = { 'oslotap.spans': sending.spans.length, 'oslotap.attempt': sending.attempts };
    const outcome = await traced('oslotap.export', facts, () => this.#transport.send(sending.spans));
    // It was given up meanwhile where the program ended.
    if (this.#sending.delete(sending)) this.#settle(sending, outcome);
    const { resolve } = this.#progress;
    this.#progress = Promise.withResolvers();
    resolve();
    this.#pump();
  }

  #settle(sending: Sending, outcome: Outcome): void {
    const count = sending.spans.length;
    if (outcome.kind === 'failed') {
      this.#fail(sending, outcome.reason);
      return;
    }
    if (this.#failures > 0) this.#log.info('otlp_works_again', `${this.#transport.name} answers again`);
    this.#failures = 0;
    this.#failingSinceMs = null;
    this.#pausedUntilMs = 0;
    if (outcome.kind === 'rejected') {
      this.#drop('rejected', count, outcome.reason);
      return;
    }
    const rejectedCount = Math.min(count, outcome.rejectedCount);
    this.#exported += count - rejectedCount;
    if (rejectedCount > 0) this.#drop('partly_rejected', rejectedCount, 'it took the batch, but not all of it');
  }

  #fail(sending: Sending, reason: string): void {
    const nowMs = performance.now();
    if (this.#failures === 0) {
      const text = `${this.#transport.name}: ${reason}; trying again, spans wait as long as there is room`;
      this.#log.warn('otlp_failing', text, { reason });
    }
    this.#failingSinceMs ??= nowMs;
    if (nowMs >= this.#pausedUntilMs) {
      // Of batches that failed together the first one counts.
      this.#failures++;
      this.#pausedUntilMs = nowMs + pauseMs(this.#failures);
    }
    if (this.#isClosing) {
      this.#drop('closed', sending.spans.length);
      this.#dropRemaining();
    } else if (nowMs - sending.sinceMs > EXPIRE_MS) this.#drop('expired', sending.spans.length, `${reason}, for too long`);
    else this.#again.push(sending);
  }

  #dropRemaining(): void {
    const given = [...this.#sending, ...this.#again].reduce((sum, { spans }) => sum + spans.length, this.#queue.length);
    if (given > 0) this.#drop('closed', given, 'not all could be sent before the end');
    this.#sending.clear();
    this.#again.length = 0;
    this.#queue.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #drop(reason: OtlpDropReason, count: number, why?: string): void {
    this.#dropped[reason] += count;
    if (why === undefined) return;
    const nowMs = performance.now();
    if (nowMs - (this.#toldMs.get(reason) ?? Number.NEGATIVE_INFINITY) < TELL_PERIOD_MS) return;
    this.#toldMs.set(reason, nowMs);
    const dropped = this.#dropped[reason];
    this.#log.error('otlp_dropped', `${this.#transport.name}: ${why}; ${dropped} spans dropped so far`, { reason, dropped });
  }
}

/** Doubling, and never twice the same: many sidecars must not come back at once. */
function pauseMs(failures: number): number {
  const longestMs = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return longestMs * (0.5 + Math.random() / 2);
}
