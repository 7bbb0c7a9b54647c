/** Spans to send, and an endpoint that does as it is told. */
import type { Outcome } from '../../../src/sinks/otlp/outcome.ts';
import type { Transport } from '../../../src/sinks/otlp/transport.ts';
import type { Span } from '../../../src/sinks/spans/span.ts';

export const TRACE = '11111111111141118111111111111111';

export function span(nth: number, told: Partial<Span> = {}): Span {
  return {
    traceId: TRACE,
    spanId: nth.toString(16).padStart(16, '0'),
    parentSpanId: '',
    name: 'build',
    kind: 'Client',
    process: { id: 'nova-api@ctl:1', service: 'nova-api', host: 'ctl' },
    startNs: 1_763_754_943_491_234_567n,
    endNs: 1_763_754_943_491_234_568n,
    attributes: {},
    isError: false,
    statusMessage: '',
    events: [],
    links: [],
    ...told,
  };
}

export function spans(count: number): Span[] {
  return Array.from({ length: count }, (_, nth) => span(nth + 1));
}

export const ACCEPTED: Outcome = { kind: 'accepted', rejectedCount: 0 };
export const FAILED: Outcome = { kind: 'failed', reason: 'ECONNREFUSED' };
export const REJECTED: Outcome = { kind: 'rejected', reason: 'it answered 400' };

/** Answers at once with `outcome`, or not at all while that is null. */
export class Endpoint implements Transport {
  readonly name = 'http://endpoint';
  readonly batches: (readonly Span[])[] = [];
  outcome: Outcome | null = ACCEPTED;
  isClosed = false;

  get requestCount(): number {
    return this.batches.length;
  }

  send(batch: readonly Span[]): Promise<Outcome> {
    this.batches.push(batch);
    return this.outcome === null ? new Promise(() => {}) : Promise.resolve(this.outcome);
  }

  close(): void {
    this.isClosed = true;
  }
}
