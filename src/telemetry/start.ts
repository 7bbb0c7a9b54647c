/**
 * oslotap's own telemetry, off by default: OpenTelemetry's NodeSDK, which reads OTEL_* from the environment (where to, which protocol, which
 * sampler, OTEL_SDK_DISABLED …). It instruments nothing by itself: the spans are those of `traced`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { sendDiagnosticsTo, tellTrouble } from './diagnostics.ts';
import { useInstruments } from './traced.ts';

export interface TelemetryOptions {
  /** oslotap's own. */
  readonly version: string;
  readonly log: Log;
}

export interface Telemetry {
  /** Sends what waits, within TELEMETRY_CLOSE_MS; never throws. */
  close(): Promise<void>;
}

/** Milliseconds. */
export const TELEMETRY_CLOSE_MS = 3_000;

/** Seconds, of a step: from a look at the broker to a write that has to wait. */
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * The SDK is loaded here and nowhere else: without telemetry it takes no memory. Never throws: where it cannot be started
 * that is told, and there is none.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  try {
    return await start(options);
  } catch (error) {
    const reason = error instanceof Error ? error.constructor.name : 'an error';
    options.log.error('telemetry_off', `oslotap's own telemetry does not start (${reason}): look at the OTEL_* variables`);
    return { close: async () => {} };
  }
}

async function start({ version, log }: TelemetryOptions): Promise<Telemetry> {
  const { diag, metrics, trace } = await import('@opentelemetry/api');
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  sendDiagnosticsTo(diag, log);
  const options = { ...(await sdkOptions(version)), instrumentations: [], logRecordProcessors: [] };
  const sdk = withoutConsole(() => new NodeSDK(options));
  sdk.start();
  const duration = metrics.getMeter('oslotap', version).createHistogram('oslotap.step.duration', {
    description: "How long oslotap's own steps took",
    unit: 's',
    advice: { explicitBucketBoundaries: BUCKETS },
  });
  useInstruments({ tracer: trace.getTracer('oslotap', version), duration });
  return { close: () => end(sdk, log) };
}

async function end(sdk: { shutdown(): Promise<void> }, log: Log): Promise<void> {
  useInstruments(null);
  const ended = sdk.shutdown().catch((error: unknown) => tellTrouble(log, 'the last of it was not sent', error));
  const late = sleep(TELEMETRY_CLOSE_MS, 'late', { ref: false });
  if ((await Promise.race([ended, late])) === 'late') tellTrouble(log, 'the last of it was not sent in time');
}

/**
 * Its name and version can be set by OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES. No detector of processes: it tells the
 * command line, in which a broker's password may stand.
 */
async function sdkOptions(version: string) {
  const { defaultResource, envDetector, hostDetector, resourceFromAttributes, serviceInstanceIdDetector } = await import(
    '@opentelemetry/resources'
  );
  const resource = defaultResource().merge(resourceFromAttributes({ 'service.name': 'oslotap', 'service.version': version }));
  return { resource, resourceDetectors: [serviceInstanceIdDetector, hostDetector, envDetector] };
}

/** OTEL_LOG_LEVEL makes the SDK put a logger to the console in the place of ours. */
function withoutConsole<T>(make: () => T): T {
  const { OTEL_LOG_LEVEL: level } = process.env;
  delete process.env.OTEL_LOG_LEVEL;
  try {
    return make();
  } finally {
    if (level !== undefined) process.env.OTEL_LOG_LEVEL = level;
  }
}
