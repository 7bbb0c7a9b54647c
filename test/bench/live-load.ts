/** test/support/rpc-load.ts as a process of its own: its latencies are not ours, and neither is its CPU time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadResult } from '../support/rpc-load.ts';

const LOAD = fileURLToPath(new URL('../support/rpc-load.ts', import.meta.url));

/** rpc-load's options, by their names on its command line. */
export type LoadArgs = Readonly<Record<string, string | number>>;

/** Calls and their replies, nothing else. */
export const ONLY_CALLS: LoadArgs = { casts: 0, fanouts: 0, notifications: 0 };

export class RunningLoad {
  /** How it ended: what it did, or why it failed. */
  readonly ended: Promise<LoadResult | { readonly failure: string }>;
  hasEnded = false;
  readonly #child: ChildProcess;

  constructor(amqp: string, args: LoadArgs) {
    const options = Object.entries({ amqp, ...args }).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#child = spawn(process.execPath, [LOAD, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, errors] = ['', ''];
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', () => {
        this.hasEnded = true;
        resolve(out.startsWith('{') ? (JSON.parse(out) as LoadResult) : { failure: errors.trim() || 'the load was killed' });
      });
    });
  }

  /** @throws where the load failed. */
  get result(): Promise<LoadResult> {
    return this.ended.then((ended) => {
      if ('failure' in ended) throw new Error(ended.failure);
      return ended;
    });
  }

  /** Ends the sending; what was sent is still waited for. */
  stop(): void {
    this.#child.kill('SIGTERM');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
