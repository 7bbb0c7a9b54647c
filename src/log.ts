/**
 * What happens to oslotap, for people and machines: events, never messages. JSON lines on stderr, or readable ones on a terminal.
 * An event that comes again and again is told LINES_PER_MINUTE times a minute; the next line of it says how many were left out.
 */
import { pino } from 'pino';
import pretty from 'pino-pretty';

export const LOG_FORMATS = ['auto', 'json', 'text'] as const;
/** `auto`: text on a terminal, else JSON. */
export type LogFormat = (typeof LOG_FORMATS)[number];

export const LOG_LEVELS = ['info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Beside the text, for machines; never a secret, never a message's contents. */
export type Facts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface Log {
  /** @param event snake_case, the same for all lines of its kind: what alerts and searches go by. */
  info(event: string, text: string, facts?: Facts): void;
  warn(event: string, text: string, facts?: Facts): void;
  error(event: string, text: string, facts?: Facts): void;
}

export interface CountingLog extends Log {
  /** Lines that were left out. */
  readonly suppressedCount: number;
}

export interface LogOptions {
  /** @default 'auto' */
  readonly format?: LogFormat;
  /** What is less grave is left out. @default 'info' */
  readonly level?: LogLevel;
  /** @default process.stderr */
  readonly output?: LogOutput;
  /** Milliseconds that only go on. @default performance.now */
  readonly nowMs?: () => number;
}

export interface LogOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Lines of one event in a minute. */
const LINES_PER_MINUTE = 20;
const MINUTE_MS = 60_000;
/** Wipes a status line that stands there: watchers of a terminal see each line whole. */
const WIPE = '\r\x1b[2K';

export function createLog(options: LogOptions = {}): CountingLog {
  const { format = 'auto', level = 'info', output = process.stderr, nowMs = () => performance.now() } = options;
  const isTerminal = output.isTTY === true;
  const logger = pino(
    {
      level,
      base: { service: 'oslotap' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    format === 'json' || (format === 'auto' && !isTerminal) ? output : readable(output, isTerminal),
  );
  const limit = new Limit(nowMs);
  const tell =
    (level: LogLevel) =>
    (event: string, text: string, facts: Facts = {}) => {
      const suppressed = limit.take(event);
      if (suppressed === null) return;
      const left = suppressed === 0 ? {} : { suppressed };
      logger[level]({ event, ...facts, ...left }, suppressed === 0 ? text : `${text} (and ${suppressed} more like it before)`);
    };
  return {
    info: tell('info'),
    warn: tell('warn'),
    error: tell('error'),
    get suppressedCount() {
      return limit.suppressedCount;
    },
  };
}

function readable(output: LogOutput, isTerminal: boolean): LogOutput {
  const prettify = pretty.prettyFactory({
    colorize: isTerminal,
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    ignore: 'pid,hostname',
  });
  return { write: (line) => output.write(`${isTerminal ? WIPE : ''}${prettify(line)}`) };
}

/** How often each event was told in the minute that runs. Events are few: their names stand in the source. */
class Limit {
  readonly #told = new Map<string, { sinceMs: number; count: number; suppressed: number }>();
  readonly #nowMs: () => number;
  suppressedCount = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @returns how many were left out since the last that was told, or null: this one is left out. */
  take(event: string): number | null {
    const nowMs = this.#nowMs();
    const told = this.#told.get(event) ?? { sinceMs: nowMs, count: 0, suppressed: 0 };
    this.#told.set(event, told);
    if (nowMs - told.sinceMs >= MINUTE_MS) Object.assign(told, { sinceMs: nowMs, count: 0 });
    if (told.count >= LINES_PER_MINUTE) {
      told.suppressed++;
      this.suppressedCount++;
      return null;
    }
    told.count++;
    const { suppressed } = told;
    told.suppressed = 0;
    return suppressed;
  }
}
