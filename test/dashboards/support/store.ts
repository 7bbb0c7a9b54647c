/** A store behind oslotap's own query endpoint, asked as Grafana's data source asks a ClickHouse server; answers come as frames. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CAPTURES, capturePath } from '../../support/captures.ts';
import { oslotap } from '../../support/cli.ts';
import type { QueryRange } from './macros.ts';

const SERVER = fileURLToPath(new URL('panel-server.ts', import.meta.url));
const MINUTE_MS = 60_000;
const TOGETHER = 5;

export interface Column {
  readonly name: string;
  /** ClickHouse's. */
  readonly type: string;
}

export interface Frame {
  readonly refId: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Numbers stay numbers, times are seconds, and what is no number (nan, inf) is told as text, not hidden as null. */
const SETTINGS = new URLSearchParams({
  default_format: 'JSONCompact',
  date_time_output_format: 'unix_timestamp',
  output_format_json_quote_denormals: '1',
  output_format_json_quote_64bit_integers: '0',
  output_format_json_named_tuples_as_objects: '1',
});

/** What an answer may not depend on. */
export interface Asking {
  /** Of the server. @default UTC */
  readonly timeZone?: string;
  /** ClickHouse's bound ones. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export class PanelStore {
  readonly directory: string;
  readonly #url: string;
  readonly #server: ChildProcess;

  private constructor(directory: string, url: string, server: ChildProcess) {
    this.directory = directory;
    this.#url = url;
    this.#server = server;
  }

  /** @param captures names of what is replayed into it; none: only the schema is there. */
  static async open(captures: readonly string[] = CAPTURES): Promise<PanelStore> {
    const directory = mkdtempSync(join(tmpdir(), 'oslotap-panels-'));
    const store = ['--store', `chdb:${directory}`];
    run(['migrate', ...store]);
    // A few at a time: one command line has 50 s, also where the machine is busy.
    for (let first = 0; first < captures.length; first += TOGETHER)
      run(['replay', ...captures.slice(first, first + TOGETHER).map(capturePath), ...store]);
    const server = fork(SERVER, [directory], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [url] = await Promise.race([once(server, 'message'), once(server, 'exit').then(() => [null])]);
    if (typeof url !== 'string') throw new Error('the server of the panels ended');
    return new PanelStore(directory, url, server);
  }

  /** Throws what the server answers where that is an error. */
  async ask(sql: string, refId = 'A', { timeZone = 'UTC', parameters = {} }: Asking = {}): Promise<Frame> {
    const inUrl = new URLSearchParams(SETTINGS);
    inUrl.set('session_timezone', timeZone);
    for (const [name, value] of Object.entries(parameters)) inUrl.set(`param_${name}`, value);
    const response = await fetch(`${this.#url}?${inUrl}`, { method: 'POST', body: sql });
    const text = await response.text();
    if (!response.ok) throw new Error(`${text.trim()}\n${sql}`);
    const { meta, data } = JSON.parse(text) as { meta: Column[]; data: unknown[][] };
    return { refId, columns: meta, rows: data };
  }

  /** The command line on the same store; its JSON. It finds the server by itself. */
  cli<Answer>(...args: readonly string[]): Answer {
    return JSON.parse(this.#print(args)) as Answer;
  }

  /** As `cli`, for what prints a line for each. */
  cliLines<Line>(...args: readonly string[]): Line[] {
    return this.#print(args)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  }

  #print(args: readonly string[]): string {
    return run([...args, '--store', `chdb:${this.directory}`]);
  }

  async close(): Promise<void> {
    const exited = once(this.#server, 'exit');
    this.#server.disconnect();
    await exited;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function run(args: readonly string[]): string {
  const { code, stdout, stderr } = oslotap(args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** All that is in the store, as somebody would choose it: a little wider, in whole seconds; a point a minute. */
export async function rangeOf(store: PanelStore): Promise<QueryRange> {
  const { rows } = await store.ask(
    'SELECT toUnixTimestamp(min(published_at)), toUnixTimestamp(max(ended_at)) FROM oslo_messages',
  );
  const [first, last] = (rows[0] ?? []).map(Number);
  if (first === undefined || last === undefined) throw new Error('the store is empty');
  return { fromMs: first * 1_000 - 2 * MINUTE_MS, toMs: last * 1_000 + 2 * MINUTE_MS, intervalMs: MINUTE_MS };
}
