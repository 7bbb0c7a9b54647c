/**
 * A thread that runs one query at a time for `read-engine.ts`, each in a connection of its own:
 *
 *   run ─→ chunk, next, chunk, next … ─→ done        (or `failed`, with the engine's words)
 *             └── cancel ─→ done
 *
 * A thread, since the engine works out scalar subqueries and sets before it hands over a stream, and would hold up the event
 * loop of whoever asked, for as long as the query may take.
 */
import { parentPort } from 'node:worker_threads';
import { Session } from 'chdb';

/** What the engine thread is asked to do. */
export type ToThread =
  | {
      readonly kind: 'run';
      readonly directory: string;
      /** The engine's arguments: `--readonly=1` … */
      readonly args: readonly string[];
      /** What goes before, one statement each. */
      readonly before: readonly string[];
      readonly sql: string;
      readonly format: string;
      /** False: the result comes as one chunk, for formats with a beginning and an end. */
      readonly isStreamed: boolean;
    }
  | { readonly kind: 'next' }
  | { readonly kind: 'cancel' };

export type FromThread =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array; readonly rows: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };

type Run = Extract<ToThread, { kind: 'run' }>;
type Wish = 'next' | 'cancel';

const wishes: Wish[] = [];
let wished: () => void = () => {};

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'run') void answer(message);
  else {
    wishes.push(message.kind);
    wished();
  }
});
// The end of a thread closes every connection of the process, the writer's too: whatever happens, it stays.
process.on('uncaughtException', (error) => post({ kind: 'failed', message: String(error) }));

async function answer(run: Run): Promise<void> {
  wishes.length = 0;
  let last: FromThread = { kind: 'done' };
  try {
    await execute(run);
  } catch (error) {
    last = { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  post(last);
}

async function execute(run: Run): Promise<void> {
  const session = connect(run);
  try {
    for (const statement of run.before) session.query(statement);
    if (run.isStreamed) await stream(session, run);
    else {
      const result = await session.queryAsync(run.sql, { format: run.format });
      post({ kind: 'chunk', bytes: new Uint8Array(result.bytes()), rows: 0 });
    }
  } finally {
    session.close();
  }
}

function connect({ directory, args }: Run): Session {
  try {
    return new Session(directory, { connectionArgs: args });
  } catch {
    // The engine's own words are of the directory; the directory is open, so it was an argument.
    throw new Error('Code: 36. DB::Exception: A setting has a value that cannot be. (BAD_ARGUMENTS)');
  }
}

async function stream(session: Session, { sql, format }: Run): Promise<void> {
  for await (const chunk of session.queryStream(sql, { format })) {
    post({ kind: 'chunk', bytes: new Uint8Array(chunk.raw()), rows: chunk.numRows });
    if ((await wish()) === 'cancel') return;
  }
}

async function wish(): Promise<Wish> {
  for (;;) {
    const first = wishes.shift();
    if (first !== undefined) return first;
    await new Promise<void>((resolve) => {
      wished = resolve;
    });
  }
}

function post(message: FromThread): void {
  parentPort?.postMessage(message, message.kind === 'chunk' ? [message.bytes.buffer as ArrayBuffer] : []);
}
