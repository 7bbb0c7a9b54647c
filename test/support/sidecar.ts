/** `oslotap run` as a process of its own, and what it has stored. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Message } from '../../src/queries/traces.ts';
import { openChdb } from '../../src/store/chdb.ts';
import { oslotap, ROOT } from './cli.ts';
import { NODE_ENVIRONMENT, NODE_FLAGS } from './executable.ts';

const BIN = join(ROOT, 'src/cli/bin.ts');
/** Several of them run at once. */
const ANYWHERE = { OSLOTAP_HTTP_LISTEN: '127.0.0.1:0', OSLOTAP_QUERY_LISTEN: '127.0.0.1:0' };
const PATIENCE_MS = 40_000;

export class Sidecar {
  readonly #child: ChildProcess;
  /** All that it said so far. */
  log = '';
  readonly #exited: Promise<number | null>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    this.#exited = new Promise((resolve) => child.once('exit', resolve));
  }

  /** Starts it; `connected` is awaited unless it is told not to. It does not outlive the test. */
  static async start(args: readonly string[], env: Readonly<Record<string, string>>, isAwaited = true): Promise<Sidecar> {
    const child = spawn(process.execPath, [...NODE_FLAGS, BIN, 'run', ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...NODE_ENVIRONMENT, ...ANYWHERE, ...env },
    });
    const sidecar = new Sidecar(child);
    onTestFinished(() => sidecar.kill().then(() => {}));
    if (isAwaited) await sidecar.says(/connected to/);
    return sidecar;
  }

  /** Waits until it has said this. */
  async says(pattern: RegExp): Promise<void> {
    await until(
      () => pattern.test(this.log) || this.#child.exitCode !== null,
      () => `it never said ${pattern}: ${this.log}`,
    );
    if (!pattern.test(this.log)) throw new Error(`it ended without saying ${pattern}: ${this.log}`);
  }

  /** SIGTERM. @returns its exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.#exited;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/** Polls until it holds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  otherwise: () => string,
  patienceMs: number = PATIENCE_MS,
): Promise<void> {
  const giveUpMs = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > giveUpMs) throw new Error(otherwise());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function storedMessages(store: string): Message[] {
  const { stdout, stderr, code } = oslotap(['messages', '--json', '--store', store]);
  if (code !== 0) throw new Error(stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Message);
}

/** Rows of a query on a store that no sidecar holds. */
export async function ask<Row>(store: string, sql: string): Promise<Row[]> {
  const directory = store.replace(/^chdb:/, '');
  const opened = await openChdb({ directory, command: 'test', isWriter: false });
  try {
    return await opened.query<Row>(sql);
  } finally {
    await opened.close();
  }
}

/** Lines of the load's truth: what every message was. */
export function truthOf(file: string): { unique_id: string; kind: string; outcome: string }[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** What is wrong with a store beside the truth: nothing, if both lists are empty and every table has each thing once. */
export async function differences(store: string, truth: string): Promise<Record<string, number>> {
  const stored = storedMessages(store).map(({ unique_id }) => unique_id);
  const sent = truthOf(truth).map(({ unique_id }) => unique_id);
  const [spans] = await ask<{ twice: number }>(store, 'SELECT count() - uniqExact(SpanId) AS twice FROM otel_traces');
  const [rows] = await ask<{ twice: number }>(store, 'SELECT count() - uniqExact(unique_id) AS twice FROM oslo_messages');
  const [unmatched] = await ask<{ rows: number }>(store, 'SELECT count() AS rows FROM oslo_unmatched');
  const [has, was] = [new Set(stored), new Set(sent)];
  return {
    missing: sent.filter((id) => !has.has(id)).length,
    invented: stored.filter((id) => !was.has(id)).length,
    messagesTwice: stored.length - has.size + (rows?.twice ?? 0),
    spansTwice: spans?.twice ?? 0,
    unmatched: unmatched?.rows ?? 0,
  };
}

export const NO_DIFFERENCE = { missing: 0, invented: 0, messagesTwice: 0, spansTwice: 0, unmatched: 0 };
