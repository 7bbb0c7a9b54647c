/**
 * Other people's queries over a store that this process writes: read only, by the engine, and fenced. Each query has a
 * connection of its own without any right but to read (`access.xml`), in one of two threads (`read-thread.ts`).
 */
import { randomUUID } from 'node:crypto';
import { extname, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Session } from 'chdb';
import { FENCE, type ReadChunk, type Reader, type ReadRequest, type ReadRun } from './read-request.ts';
import type { FromThread, ToThread } from './read-thread.ts';

/** An engine that answers one query a thread. Two of its kind in one process share the threads. */
export class ReadEngine implements Reader {
  readonly #directory: string;
  readonly #control: Session;
  readonly #runs = new Set<ThreadRun>();
  #isClosed = false;

  /** @param directory the engine's own, which a writing connection of this process has open. */
  constructor(directory: string) {
    this.#directory = resolve(directory);
    this.#control = new Session(this.#directory, {});
  }

  run(request: ReadRequest): ReadRun {
    if (this.#isClosed) throw new Error('the store is being closed');
    const tag = `oslotap-read-${randomUUID()}`;
    const run = new ThreadRun(takeThread(), toMessage(this.#directory, request, tag), () => this.#kill(tag));
    this.#runs.add(run);
    void run.ended.finally(() => this.#runs.delete(run));
    return run;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const runs = [...this.#runs];
    for (const run of runs) run.cancel();
    await Promise.all(runs.map((run) => run.ended));
    this.#control.close();
  }

  async #kill(tag: string): Promise<void> {
    await this.#control
      .queryAsync(`KILL QUERY WHERE Settings['log_comment'] = '${tag}' ASYNC`, { format: 'Null' })
      .catch(() => {});
  }
}

/** A query that is not there yet, or takes no notice, is killed again. */
const KILL_EVERY_MS = 250;

class ThreadRun implements ReadRun {
  readonly ended: Promise<void>;
  readonly #thread: Thread;
  readonly #kill: () => Promise<void>;
  readonly #inbox: FromThread[] = [];
  #wake: () => void = () => {};
  #killing: NodeJS.Timeout | null = null;
  #isOver = false;

  constructor(thread: Thread, message: ToThread, kill: () => Promise<void>) {
    this.#thread = thread;
    this.#kill = kill;
    this.ended = new Promise((resolve) => {
      thread.onMessage = (answer) => {
        this.#inbox.push(answer);
        if (answer.kind !== 'chunk') {
          this.#finish();
          resolve();
        }
        this.#wake();
      };
    });
    thread.worker.postMessage(message);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReadChunk> {
    try {
      for (;;) {
        const answer = this.#inbox.shift();
        if (answer === undefined) await this.#answered();
        else if (answer.kind === 'chunk') {
          yield answer;
          this.#tell('next');
        } else if (answer.kind === 'failed') throw new Error(answer.message.replace(/^Query failed: /, ''));
        else return;
      }
    } finally {
      this.cancel();
    }
  }

  cancel(): void {
    if (this.#isOver || this.#killing !== null) return;
    this.#tell('cancel');
    this.#killing = setInterval(() => void this.#kill(), KILL_EVERY_MS);
    void this.#kill();
  }

  #answered(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #tell(kind: 'next' | 'cancel'): void {
    if (!this.#isOver) this.#thread.worker.postMessage({ kind } satisfies ToThread);
  }

  #finish(): void {
    this.#isOver = true;
    if (this.#killing !== null) clearInterval(this.#killing);
    this.#thread.onMessage = null;
  }
}

interface Thread {
  readonly worker: Worker;
  /** Of the query that it runs; null: it is free. */
  onMessage: ((message: FromThread) => void) | null;
}

/** Made when they are needed and kept for ever: the end of a thread closes every connection of the process (chDB 3.4). */
const threads: Thread[] = [];

function takeThread(): Thread {
  const free = threads.find(({ onMessage }) => onMessage === null);
  if (free !== undefined) return free;
  if (threads.length >= FENCE.threads) throw new Error('no thread is free');
  // The same ending as this file: .ts in a checkout, .js in a package.
  const file = new URL(`./read-thread${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(file, { execArgv: [] });
  const thread: Thread = { worker, onMessage: null };
  worker.on('message', (message: FromThread) => thread.onMessage?.(message));
  worker.unref();
  threads.push(thread);
  return thread;
}

function toMessage(directory: string, request: ReadRequest, tag: string): ToThread {
  const { sql, format, isStreamed, params } = request;
  const before = ['SET ROLE NONE', ...[...params].map(([name, value]) => `SET param_${name} = ${quoted(value)}`)];
  return { kind: 'run', directory, args: argumentsOf(request, tag), before, sql, format, isStreamed };
}

function argumentsOf({ settings, secondsMax, memoryBytesMax, resultBytesMax }: ReadRequest, tag: string): string[] {
  const fence: Record<string, string | number> = {
    readonly: 1,
    allow_ddl: 0,
    allow_introspection_functions: 0,
    // A pattern of a few bytes can keep it busy for minutes, and nothing stops it.
    allow_hyperscan: 0,
    // "1 + 1" alone is a query to clickhouse-local only.
    implicit_select: 0,
    compile_expressions: 0,
    compile_aggregate_expressions: 0,
    max_threads: 1,
    max_memory_usage: memoryBytesMax,
    max_temporary_data_on_disk_size_for_query: FENCE.spillBytesMax,
    max_query_size: 2 * FENCE.sqlBytesMax,
    max_execution_time: secondsMax,
    log_comment: tag,
  };
  if (resultBytesMax !== null) fence.max_result_bytes = resultBytesMax;
  return [...settings, ...Object.entries(fence)].map(([name, value]) => `--${name}=${value}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
