/**
 * What OpenTelemetry's libraries have to say, which they tell one logger of the whole process: to the log, never to the
 * console. What an endpoint answered in words is left out: it may repeat a header.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { DiagAPI } from '@opentelemetry/api';
import type { Log } from '../log.ts';

type Rejected = (spanCount: number) => void;

/** DiagLogLevel.WARN of @opentelemetry/api. */
const WARN = 50;
const PARTIAL_SUCCESS = 'Received Partial Success response:';
const TEXT_MAX = 200;

const asking = new AsyncLocalStorage<Rejected>();

/** Runs an export; an endpoint that takes a batch but for some of its spans is told to `rejected`. */
export function hearingOfRejected<T>(rejected: Rejected, work: () => T): T {
  return asking.run(rejected, work);
}

/** Call it again after whatever sets a logger of its own. */
export function sendDiagnosticsTo(diag: DiagAPI, log: Log): void {
  const tell = (message: string, ...details: unknown[]) => {
    if (message === PARTIAL_SUCCESS) tellRejected(log, details[0]);
    else tellTrouble(log, message, ...details);
  };
  const ignore = () => {};
  const logger = { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: WARN, suppressOverrideMessage: true });
}

/** @param details errors among them are told by their names. */
export function tellTrouble(log: Log, message: string, ...details: unknown[]): void {
  log.warn('telemetry_trouble', `OpenTelemetry: ${wordsOf(message, details)}`);
}

function tellRejected(log: Log, answer: unknown): void {
  const count = rejectedCount(answer);
  const rejected = asking.getStore();
  if (rejected !== undefined) rejected(count);
  else if (count > 0) log.warn('telemetry_trouble', `OpenTelemetry: the endpoint refused ${count} of oslotap's own`);
}

/** @param answer JSON: `{"rejectedSpans":3,"errorMessage":"…"}`; its JSON may have numbers as text. */
function rejectedCount(answer: unknown): number {
  try {
    const { rejectedSpans, rejectedDataPoints } = JSON.parse(String(answer)) as Record<string, unknown>;
    const count = Number(rejectedSpans ?? rejectedDataPoints ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}

function wordsOf(message: string, details: readonly unknown[]): string {
  const errors = details.filter((detail) => detail instanceof Error).map(nameOf);
  return [inJson(message) ?? message.split('\n', 1)[0] ?? '', ...errors].join(': ').slice(0, TEXT_MAX);
}

/** The SDK tells an error as the JSON of all that it holds: what was answered too. */
function inJson(text: string): string | null {
  if (!text.startsWith('{')) return null;
  try {
    return nameOf(JSON.parse(text) as object);
  } catch {
    return 'an error that cannot be told';
  }
}

/** Of the system's errors (ECONNREFUSED) the message, which is Node's own; of others the name and what was answered, as a number. */
function nameOf(error: { readonly name?: unknown; readonly code?: unknown; readonly message?: unknown }): string {
  const { name = 'Error', code, message } = error;
  if (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) return String(message);
  return code === undefined ? String(name) : `${name} ${code}`;
}
