/** clickhouse-server-child.ts as a process of its own, which can be killed and started again, and does not outlive the test. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Fault, SeenRequest, ServerOptions, Wish } from './clickhouse-server-child.ts';

const PROGRAM = fileURLToPath(new URL('clickhouse-server-child.ts', import.meta.url));

export class ClickHouseServer {
  readonly #directory: string;
  readonly #options: ServerOptions;
  #child: ChildProcess;
  readonly port: number;

  private constructor(directory: string, options: ServerOptions, child: ChildProcess, port: number) {
    this.#directory = directory;
    this.#options = options;
    this.#child = child;
    this.port = port;
  }

  static async start(directory: string, options: ServerOptions = {}): Promise<ClickHouseServer> {
    const { child, port } = await begin(directory, options);
    return new ClickHouseServer(directory, options, child, port);
  }

  /** Without user and password. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Instead of those that were set before. */
  async setFaults(...faults: Fault[]): Promise<void> {
    await this.#ask({ ask: 'faults', faults });
  }

  /** What was asked since this was asked last. */
  async seen(): Promise<SeenRequest[]> {
    return (await this.#ask({ ask: 'seen' })) as SeenRequest[];
  }

  async kill(): Promise<void> {
    if (this.#isOver) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** On the same port, after `kill` or `end`. */
  async restart(): Promise<void> {
    const { child } = await begin(this.#directory, { ...this.#options, port: this.port });
    this.#child = child;
  }

  async end(): Promise<void> {
    if (this.#isOver) return;
    const exited = once(this.#child, 'exit');
    this.#child.send({ ask: 'end' } satisfies Wish);
    await exited;
  }

  get #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #ask(wish: Wish): Promise<unknown> {
    const answer = once(this.#child, 'message');
    this.#child.send(wish);
    return (await answer)[0];
  }
}

async function begin(directory: string, options: ServerOptions): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(PROGRAM, [directory, JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const first = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => null)]);
  if (first === null) throw new Error(`the server ended: ${log}`);
  return { child, port: first[0] as number };
}
