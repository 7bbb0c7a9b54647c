/** query-server.ts as a process of its own, which does not outlive the test. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { NODE_ENVIRONMENT, NODE_FLAGS } from './executable.ts';
import type { State, Wish } from './query-server.ts';

const PROGRAM = fileURLToPath(new URL('query-server.ts', import.meta.url));

export class QueryProcess {
  readonly #child: ChildProcess;
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  /** All that it logged so far. */
  log = '';

  private constructor(child: ChildProcess, { url, token, pid }: State) {
    this.#child = child;
    this.url = url;
    this.token = token;
    this.pid = pid;
  }

  /** @param options of QueryEndpoint.listen, as far as they are JSON. */
  static async start(directory: string, options: object = {}): Promise<QueryProcess> {
    const child = fork(PROGRAM, [directory, JSON.stringify(options)], {
      execArgv: [...NODE_FLAGS],
      env: { ...process.env, ...NODE_ENVIRONMENT },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let log = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    const state = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => null)]);
    if (state === null) throw new Error(`the query server ended: ${log}`);
    const server = new QueryProcess(child, state[0] as State);
    child.stderr?.on('data', (text: string) => {
      server.log += text;
    });
    return server;
  }

  /** Since it was asked last. */
  async state(wish: Wish = 'state'): Promise<State> {
    const answer = once(this.#child, 'message');
    this.#child.send(wish);
    return (await answer)[0] as State;
  }

  /** @returns its exit code; null where a signal ended it. */
  async end(how: 'end' | 'exit' = 'end'): Promise<number | null> {
    const exited = this.exited();
    this.#child.send(how);
    return await exited;
  }

  async kill(): Promise<void> {
    const exited = this.exited();
    this.#child.kill('SIGKILL');
    await exited;
  }

  async exited(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    return (await once(this.#child, 'exit'))[0] as number | null;
  }
}
