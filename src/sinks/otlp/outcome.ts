/**
 * What became of one batch at the endpoint. What may be tried again, and what not, is OTLP's to say
 * (opentelemetry-proto's docs/specification.md, "Failures"): over HTTP 429, 502, 503, 504 and a lost connection; over gRPC the
 * codes below, RESOURCE_EXHAUSTED only where the endpoint says when to come back. Nothing that the endpoint says in words is
 * kept: it may repeat a header.
 */
export type Outcome =
  /** @param rejectedCount spans of it that the endpoint refused all the same. */
  | { readonly kind: 'accepted'; readonly rejectedCount: number }
  /** For good: the same batch would be refused again. */
  | { readonly kind: 'rejected'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** Over HTTP. @param error what the exporter gave up with. */
export function httpOutcome(error: unknown): Outcome {
  const code = codeOf(error);
  if (typeof code === 'number') return { kind: 'rejected', reason: `it answered ${code}` };
  if (typeof code === 'string') return { kind: 'failed', reason: code };
  const isTimeout = error instanceof Error && error.message === 'Request timed out';
  return { kind: 'failed', reason: isTimeout ? 'no answer in time' : 'it has no time for it now (429, 502, 503 or 504)' };
}

/** Over gRPC. */
export function grpcOutcome(error: unknown): Outcome {
  const code = codeOf(error);
  if (typeof code !== 'number') return { kind: 'failed', reason: typeof code === 'string' ? code : 'no answer' };
  const reason = GRPC_NAMES[code] ?? `gRPC status ${code}`;
  const isRetryable = RETRYABLE.has(code) || (code === RESOURCE_EXHAUSTED && tellsWhen(error));
  return { kind: isRetryable ? 'failed' : 'rejected', reason };
}

const RESOURCE_EXHAUSTED = 8;
/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS. */
const RETRYABLE = new Set([1, 4, 10, 11, 14, 15]);
// biome-ignore format: a table, in the order of the codes
const GRPC_NAMES = ['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS',
  'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL',
  'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'];

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}

/** google.rpc.RetryInfo among the details. They are protobuf; the type's name stands in it as it is. */
function tellsWhen(error: unknown): boolean {
  if (!(error instanceof Error) || !('metadata' in error)) return false;
  const { metadata } = error as { metadata?: { get?: (key: string) => unknown[] } };
  const [details] = metadata?.get?.('grpc-status-details-bin') ?? [];
  return Buffer.isBuffer(details) && details.includes('google.rpc.RetryInfo');
}
