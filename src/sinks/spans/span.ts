/** A span as a value: what every sink of spans is given. */
import type { Process } from '../../trace/processes.ts';

export type Attributes = Record<string, string>;

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
}

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** `''` for none. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: 'Client' | 'Server' | 'Producer' | 'Consumer' | 'Internal';
  readonly process: Process;
  readonly startNs: bigint;
  /** What is before the start counts as the start. */
  readonly endNs: bigint;
  readonly attributes: Attributes;
  readonly isError: boolean;
  readonly statusMessage: string;
  readonly events: readonly { readonly timeNs: bigint; readonly eventType: string }[];
  readonly links: readonly SpanLink[];
}
