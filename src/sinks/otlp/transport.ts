/**
 * One batch of spans to an OTLP endpoint, through OpenTelemetry's own exporters, which are loaded here and only where spans
 * are sent. Over HTTP they try again by themselves, with jitter and as `Retry-After` says, as long as `timeoutMs` allows; over gRPC
 * they do not. What they give up is the sender's to try again.
 */
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import { Failed, Misuse, reasonOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { hearingOfRejected, sendDiagnosticsTo } from '../../telemetry/diagnostics.ts';
import type { Span } from '../spans/span.ts';
import { type OtlpOptions, type OtlpTarget, otlpTarget } from './options.ts';
import { grpcOutcome, httpOutcome, type Outcome } from './outcome.ts';
import { type MakeResource, readableSpans } from './readable-spans.ts';

export interface Transport {
  /** The endpoint, for people. */
  readonly name: string;
  /** Requests made, the exporter's own repetitions included. */
  readonly requestCount: number;
  /** Never throws. Ends after twice `timeoutMs`, whatever the endpoint does. */
  send(spans: readonly Span[]): Promise<Outcome>;
  /** Ends what is under way. */
  close(): void;
}

/** @throws Misuse where the options cannot work. Makes no connection yet. */
export async function openTransport(options: OtlpOptions, log: Log): Promise<Transport> {
  const target = otlpTarget(options);
  sendDiagnosticsTo((await import('@opentelemetry/api')).diag, log); // what an endpoint refuses of a batch is told there alone
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const parts = options.protocol === 'grpc' ? await grpcExporter(options, target) : await httpExporter(options, target);
  return new ExporterTransport(target.name, options, parts, resourceFromAttributes);
}

type Export = Parameters<Parameters<SpanExporter['export']>[1]>[0];

interface ExporterParts {
  readonly exporter: SpanExporter;
  /** Breaks its connections off; the next request makes new ones. */
  readonly cut: () => void;
  /** The same for good. */
  readonly close: () => void;
  readonly outcome: (error: unknown) => Outcome;
  /** Requests made; null: one for each export. */
  readonly requests: { count: number } | null;
}

class ExporterTransport implements Transport {
  readonly name: string;
  readonly #options: OtlpOptions;
  readonly #parts: ExporterParts;
  readonly #makeResource: MakeResource;
  #sends = 0;

  constructor(name: string, options: OtlpOptions, parts: ExporterParts, makeResource: MakeResource) {
    this.name = name;
    this.#options = options;
    this.#parts = parts;
    this.#makeResource = makeResource;
  }

  get requestCount(): number {
    return this.#parts.requests?.count ?? this.#sends;
  }

  async send(spans: readonly Span[]): Promise<Outcome> {
    this.#sends++;
    let rejectedCount = 0;
    const hear = (count: number) => {
      rejectedCount += count;
    };
    try {
      const result = await this.#withinTime(hearingOfRejected(hear, () => this.#export(spans)));
      if (result === null) return { kind: 'failed', reason: 'no answer in time' };
      return result.code === SUCCESS ? { kind: 'accepted', rejectedCount } : this.#parts.outcome(result.error);
    } catch (error) {
      return { kind: 'rejected', reason: `it cannot be encoded: ${reasonOf(error)}` };
    }
  }

  close(): void {
    this.#parts.close();
    this.#parts.exporter.shutdown().catch(() => {}); // it waits for what was cut off just now
  }

  #export(spans: readonly Span[]): Promise<Export> {
    return new Promise((resolve) => this.#parts.exporter.export(readableSpans(spans, this.#makeResource), resolve));
  }

  /** The exporter's time-out over HTTP is one of silence: an endpoint that answers a byte a second would never end. */
  async #withinTime(exporting: Promise<Export>): Promise<Export | null> {
    const { promise, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => {
      this.#parts.cut();
      resolve(null);
    }, 2 * this.#options.timeoutMs);
    return await Promise.race([exporting, promise]).finally(() => clearTimeout(timer));
  }
}

/** ExportResultCode of @opentelemetry/core. */
const SUCCESS = 0;
/** The sender has fewer under way; a few more may be on their way out. */
const CONCURRENCY_MAX = 8;

async function httpExporter(options: OtlpOptions, { url, ca }: OtlpTarget): Promise<ExporterParts> {
  const { OTLPTraceExporter } =
    options.protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  const { Agent } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const agent = new Agent({ keepAlive: true, ...(ca !== null && { ca }) });
  const requests = { count: 0 };
  let isClosed = false;
  // It is asked before each request, also by what still means to try again after the end.
  const headers = async () => {
    if (isClosed) throw new Failed('closed');
    requests.count++;
    return { ...options.headers };
  };
  const close = () => {
    isClosed = true;
    agent.destroy();
  };
  const common = { ...commonOptions(options), url: url.href, headers, httpAgentOptions: async () => agent };
  const exporter = withoutEnvironment(() => new OTLPTraceExporter(common));
  return { exporter, cut: () => agent.destroy(), close, outcome: httpOutcome, requests };
}

async function grpcExporter(options: OtlpOptions, { url, ca }: OtlpTarget): Promise<ExporterParts> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
  const { credentials, Metadata } = await import('@grpc/grpc-js');
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(options.headers)) {
    try {
      metadata.set(name, value);
    } catch {
      throw new Misuse(`otlp.headers: ${JSON.stringify(name)} cannot be gRPC's metadata`);
    }
  }
  const channel = url.protocol === 'https:' ? credentials.createSsl(ca) : credentials.createInsecure();
  const common = { ...commonOptions(options), url: url.origin, metadata, credentials: channel };
  const exporter = withoutEnvironment(() => new OTLPTraceExporter(common));
  return { exporter, cut: () => {}, close: () => {}, outcome: grpcOutcome, requests: null }; // each call has its deadline
}

type ExporterOptions = NonNullable<
  ConstructorParameters<typeof import('@opentelemetry/exporter-trace-otlp-proto').OTLPTraceExporter>[0]
>;

function commonOptions({ timeoutMs, compression }: OtlpOptions) {
  return {
    timeoutMillis: timeoutMs,
    concurrencyLimit: CONCURRENCY_MAX,
    // An enum of a package that is "for internal use only"; its values are these texts.
    compression: compression as NonNullable<ExporterOptions['compression']>,
    userAgent: 'oslotap',
  };
}

/**
 * OTEL_EXPORTER_OTLP_* is for oslotap's own telemetry. The exporters would take from it what they are not given, and send the
 * token for one endpoint to the other. They read it when they are made, at once.
 */
function withoutEnvironment<T>(make: () => T): T {
  const names = Object.keys(process.env).filter((name) => name.startsWith('OTEL_EXPORTER_OTLP'));
  const kept = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) delete process.env[name];
  try {
    return make();
  } finally {
    for (const [name, value] of kept) process.env[name] = value;
  }
}
