/** `oslotap run` as a process of its own, for benches: what it says, how far it lags, what it takes of the machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cpuSeconds, peakRssBytes, rssBytes } from './live-process.ts';
import { until } from './live-wait.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BIN = 'src/cli/bin.ts';
/** As the executable's first line has them. */
const HEAP = ['--max-semi-space-size=4', '--max-old-space-size=384'];
/** On a terminal the sidecar renews its status line twice a second; in a log it writes one a minute, which is too seldom here. */
const AS_ON_A_TERMINAL = '--import=data:text/javascript,Object.assign(process.stderr,{isTTY:true,columns:400})';
const STATUS_MARK = '\r\x1b[2K';

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
  /** All that it said so far, its status line left out. */
  log = '';
  /** By its status line; 0 is less than 100. Milliseconds. */
  lagMs = 0;
  lagMaxMs = 0;
  /** `full`, `publish` or `off`. */
  tier = '';
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [...HEAP, AS_ON_A_TERMINAL, BIN, 'run', ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
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

  async says(pattern: RegExp, patienceMs = 60_000): Promise<void> {
    await until(() => pattern.test(this.log) || this.hasEnded, {
      otherwise: () => `it never said ${pattern}: ${this.log}`,
      patienceMs,
    });
    if (!pattern.test(this.log)) throw new Error(`the sidecar ended without saying ${pattern}: ${this.log}`);
  }

  /** How often it has said so. */
  times(pattern: RegExp): number {
    return this.log.match(new RegExp(pattern, 'g'))?.length ?? 0;
  }

  /** SIGTERM, and its end awaited. @returns its exit code. */
  async stop(): Promise<number | null> {
    if (!this.hasEnded) this.#child.kill('SIGTERM');
    return this.exited;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    if (!this.hasEnded) this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** What it said at its end; null before it, and after a kill. */
  get summary(): Summary | null {
    const text = this.log.split('\n').findLast((line) => /^oslotap: [\d,]+ events, /.test(line));
    if (text === undefined) return null;
    const count = (words: string) => Number((new RegExp(`([\\d,]+) ${words}`).exec(text)?.[1] ?? '0').replaceAll(',', ''));
    return {
      text: text.replace('oslotap: ', ''),
      events: count('events'),
      messages: count('messages'),
      open: count('open'),
      seenTwice: count('seen twice'),
      undecodable: count('undecodable'),
      unmatched: count('without their other half'),
    };
  }

  #hear(text: string): void {
    for (const [index, part] of text.split(STATUS_MARK).entries()) {
      if (index === 0) this.log += part;
      else {
        // Lines of the log come right behind the status line, without a new line of their own.
        const at = part.indexOf('oslotap: ');
        this.#readStatus(at === -1 ? part : part.slice(0, at));
        if (at !== -1) this.log += part.slice(at);
      }
    }
  }

  #readStatus(status: string): void {
    const [, tier, lag] = /^tier (\w+), [\d,]+ events\/s(?:, lags by ([\d.]+) s)?/.exec(status) ?? [];
    if (tier === undefined) return;
    this.tier = tier;
    this.lagMs = Number(lag ?? 0) * 1_000;
    this.lagMaxMs = Math.max(this.lagMaxMs, this.lagMs);
  }
}
