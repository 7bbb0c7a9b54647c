/** Where spans are sent to, as src/sinks/otlp takes it. */

import type { Settings } from '../settings/schema.ts';
import type { OtlpOptions } from '../sinks/otlp/options.ts';

/** Null: they are not sent. */
export function readOtlp({ otlp }: Settings): OtlpOptions | null {
  if (otlp.endpoint === undefined) return null;
  return {
    endpoint: otlp.endpoint,
    protocol: otlp.protocol,
    headers: Object.fromEntries(otlp.headers),
    compression: otlp.compression,
    caFile: otlp.ca ?? null,
    timeoutMs: otlp.timeout,
    queueSpansMax: otlp.queueSpans,
    queueBytesMax: otlp.queueBytes,
    batchSpansMax: otlp.batchSpans,
    backgroundRatio: otlp.backgroundRatio,
  };
}
