/**
 * Reconstructed spans to an OTLP endpoint. Stories come here once they are written: what happens to an endpoint happens to
 * nothing else. Ids are those of `otel_traces`, so a span that goes out again is the same span.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failed } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Batch, Sink } from '../../pipeline.ts';
import { BUILT_IN_OPERATIONS, type Operations } from '../../trace/operations.ts';
import type { ClosedMessage } from '../../trace/traced-message.ts';
import { rootOf } from '../../trace/traces.ts';
import type { Span } from '../spans/span.ts';
import { spansOf } from '../spans/spans.ts';
import type { OtlpOptions } from './options.ts';
import { type OtlpTally, Sender } from './sender.ts';
import { openTransport, type Transport } from './transport.ts';

/** How long an end may take. Milliseconds. */
export const OTLP_CLOSE_MS = 5_000;
/** A replay waits for an endpoint that fails for so long. Milliseconds. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 1_000;

export class OtlpSpans {
  readonly #transport: Transport;
  readonly #sender: Sender;
  readonly #operations: Operations;
  readonly #backgroundRatio: number;

  private constructor(transport: Transport, options: OtlpOptions, log: Log, operations: Operations) {
    this.#transport = transport;
    this.#sender = new Sender(transport, options, log);
    this.#operations = operations;
    this.#backgroundRatio = options.backgroundRatio;
  }

  /**
   * Makes no connection yet.
   * @param operations the rules that name them.
   * @throws Misuse where the options cannot work.
   */
  static async open(options: OtlpOptions, log: Log, operations: Operations = BUILT_IN_OPERATIONS): Promise<OtlpSpans> {
    return new OtlpSpans(await openTransport(options, log), options, log, operations);
  }

  get tally(): OtlpTally {
    return this.#sender.tally;
  }

  /**
   * Takes stories that are durable. Never waits, never throws: what finds no room is dropped and counted. One that was only
   * suspended, since the program ends, is left out: it goes on after the next start.
   */
  take({ messages }: Pick<Batch, 'messages'>): void {
    for (const closed of messages) {
      if (closed.reason !== 'end_of_input' && this.#isWanted(closed)) this.takeSpans(spansOf(closed, this.#operations));
    }
  }

  /** Takes spans that are no story's: roots that were told from what they caused. */
  takeSpans(spans: readonly Span[]): void {
    for (const span of spans) this.#sender.add(span);
  }

  /**
   * The same for a replay, which nothing hurries: waits for room instead of dropping. What its end left open is taken too.
   * @throws Failed where the endpoint has failed for half a minute.
   */
  async takePatiently({ messages }: Pick<Batch, 'messages'>): Promise<void> {
    for (const closed of messages) {
      if (!this.#isWanted(closed)) continue;
      for (const span of spansOf(closed, this.#operations)) {
        if (!this.#sender.hasRoom) await this.#waitUntil(() => this.#sender.hasRoom);
        this.#sender.add(span);
      }
    }
  }

  /** Waits until all that was taken is sent, or dropped. @throws Failed where the endpoint has failed for half a minute. */
  async flush(): Promise<void> {
    await this.#waitUntil(() => this.tally.queueSpans + this.tally.inFlightSpans === 0);
  }

  /** Sends what waits for at most `withinMs`; the rest is dropped and counted. Never throws. */
  async close(withinMs: number = OTLP_CLOSE_MS): Promise<void> {
    await this.#sender.close(withinMs);
  }

  #isWanted({ traced }: ClosedMessage): boolean {
    const trace = rootOf(traced.trace);
    return trace.requestId !== null || isSampled(trace.id, this.#backgroundRatio);
  }

  async #waitUntil(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      if (this.#sender.failingMs > PATIENCE_MS) throw new Failed(`${this.#transport.name} takes no spans`);
      await Promise.race([this.#sender.progress(), sleep(LOOK_MS, undefined, { ref: false })]);
    }
  }
}

/** A sink that hands on what it has written, and waits until there is room for it: for a replay. */
export function alsoTo(spans: OtlpSpans, sink: Sink): Sink {
  return {
    write: async (batch) => {
      await sink.write(batch);
      await spans.takePatiently(batch);
    },
    close: () => sink.close(),
  };
}

/** Whole traces or none, the same ones wherever it is asked: the ids are uuids, drawn at random. @param ratio 0–1. */
export function isSampled(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(0, 8), 16) < ratio * 2 ** 32;
}
