/**
 * oslotap's own steps as spans: a batch written, the journal committed, a look at the broker. Each of them is rare; no message
 * ever has one. They go where startTelemetry sends them, and never among the spans that are told from the broker.
 */
import type { Attributes, Histogram, Tracer } from '@opentelemetry/api';

/** What is told of a step while it runs: rows, bytes. */
export type Note = (attributes: Attributes) => void;

interface Instruments {
  readonly tracer: Tracer;
  /** Seconds. */
  readonly duration: Histogram;
}

let instruments: Instruments | null = null;

/** Null: off. */
export function useInstruments(next: Instruments | null): void {
  instruments = next;
}

/**
 * Runs `work` as a span of oslotap's own. Off, it is `work` and nothing else.
 * @param name `oslotap.write`, `oslotap.export`: few of them, no ids.
 * @throws what `work` throws; the span says the error's class, and no more of it.
 */
export function traced<T>(name: string, attributes: Attributes, work: (note: Note) => Promise<T>): Promise<T> {
  return instruments === null ? work(ignore) : record(instruments, { name, attributes }, work);
}

const ignore: Note = () => {};
/** SpanStatusCode.ERROR of @opentelemetry/api. */
const ERROR = 2;

interface Step {
  readonly name: string;
  readonly attributes: Attributes;
}

async function record<T>(
  { tracer, duration }: Instruments,
  { name, attributes }: Step,
  work: (note: Note) => Promise<T>,
): Promise<T> {
  return await tracer.startActiveSpan(name, { attributes }, async (span) => {
    const startMs = performance.now();
    const outcome: Attributes = {};
    try {
      return await work((more) => span.setAttributes(more));
    } catch (error) {
      outcome['error.type'] = error instanceof Error ? error.constructor.name : typeof error;
      span.setAttributes(outcome).setStatus({ code: ERROR });
      throw error;
    } finally {
      duration.record((performance.now() - startMs) / 1_000, { 'oslotap.step': name, ...outcome });
      span.end();
    }
  });
}
