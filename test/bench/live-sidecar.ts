/** `oslotap run` as a process of its own, for benches: what it logs, how far it lags, what it takes of the machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../support/executable.ts';
import { cpuSeconds, peakRssBytes, rssBytes } from './live-process.ts';
import { until } from './live-wait.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BIN = 'src/cli/bin.ts';
/** Of its words an error quotes so many lines. */
const QUOTED_LINES = 5;

/** A line of its log. */
export interface Event {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly level: string;
  readonly name: string;
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The last line that it says: what it saw. */
export interface Summary {
  readonly events: number;
  readonly messages: number;
  readonly open: number;
  readonly seenTwice: number;
  readonly undecodable: number;
  readonly unmatched: number;
  readonly text: string;
}

export class RunningSidecar {
  readonly pid: number;
  readonly args: readonly string[];
  readonly events: Event[] = [];
  /** What it said outside its log: why it did not start. */
  #otherWords = '';
  /** By its status lines, one a minute; of the others see `Stage.backlog`. Milliseconds. */
  lagMaxMs = 0;
  /** `full`, `publish` or `off`. */
  tier = 'full';
  readonly exited: Promise<number | null>;
  /** It was told to end, or killed. */
  isEnding = false;
  /** All that it said, line by line. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  #unread = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.args = args;
    this.#child = spawn(process.execPath, [...NODE_FLAGS, BIN, 'run', ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...NODE_ENVIRONMENT, ...env },
    });
    if (this.#child.pid === undefined) throw new Error('node could not be started');
    this.pid = this.#child.pid;
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.exited = new Promise((resolve) => this.#child.once('close', (code) => resolve(code)));
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get rssBytes(): number | null {
    return rssBytes(this.pid);
  }

  get peakRssBytes(): number | null {
    return peakRssBytes(this.pid);
  }

  get cpuSeconds(): number | null {
    return cpuSeconds(this.pid);
  }

  /** For errors. */
  get lastWords(): string {
    const lines = this.events.slice(-QUOTED_LINES).map(({ name, text }) => `${name}: ${text}`);
    return [...lines, this.#otherWords.trim()].filter((line) => line !== '').join(' | ') || '(nothing)';
  }

  /** Waits until it has logged an event of this name. @throws where it ends without that, or time is over. */
  async says(name: string, patienceMs = 60_000): Promise<void> {
    await until(() => this.times(name) > 0 || this.hasEnded, {
      otherwise: () => `the sidecar never said ${name}: ${this.lastWords}`,
      patienceMs,
    });
    if (this.times(name) === 0) throw new Error(`the sidecar ended without saying ${name}: ${this.lastWords}`);
  }

  /** How often it has logged it. */
  times(name: string): number {
    return this.events.filter((event) => event.name === name).length;
  }

  /** SIGTERM, and its end awaited. @returns its exit code. */
  async stop(): Promise<number | null> {
    this.isEnding = true;
    if (!this.hasEnded) this.#child.kill('SIGTERM');
    return this.exited;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.isEnding = true;
    if (!this.hasEnded) this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** What it said at its end; null before it, and after a kill. */
  get summary(): Summary | null {
    const ended = this.events.findLast(({ name }) => name === 'ended');
    if (ended === undefined) return null;
    const { text, facts } = ended;
    const count = (words: string) => Number((new RegExp(`([\\d,]+) ${words}`).exec(text)?.[1] ?? '0').replaceAll(',', ''));
    return {
      text,
      events: Number(facts.events),
      messages: Number(facts.messages),
      open: Number(facts.open),
      seenTwice: Number(facts.seen_twice),
      undecodable: count('undecodable'),
      unmatched: count('without their other half'),
    };
  }

  #hear(text: string): void {
    const lines = (this.#unread + text).split('\n');
    this.#unread = lines.pop() ?? '';
    this.lines.push(...lines);
    for (const line of lines) {
      const event = eventOf(line);
      if (event === null) this.#otherWords += `${line}\n`;
      else this.#note(event);
    }
  }

  #note(event: Event): void {
    this.events.push(event);
    const { name, facts } = event;
    if (name === 'tier_changed') this.tier = String(facts.to);
    if (name === 'status') this.lagMaxMs = Math.max(this.lagMaxMs, Number(facts.lag_ms));
  }
}

/** Null: no line of the log. */
function eventOf(line: string): Event | null {
  if (!line.startsWith('{')) return null;
  try {
    const { time, level, event, msg, ...facts } = JSON.parse(line) as Record<string, unknown>;
    return { atMs: Date.parse(String(time)), level: String(level), name: String(event), text: String(msg), facts };
  } catch {
    return null;
  }
}
