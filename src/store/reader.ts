/** A data directory for reading: by the engine, or through the sidecar that holds it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Misuse } from '../errors.ts';
import { openChdb } from './chdb.ts';
import { type Holder, holderOf, type QueryAddress } from './lock.ts';
import type { Store } from './store.ts';

/** How long a sidecar that starts or stops is waited for. Milliseconds. */
const PATIENCE_MS = 5_000;
/** Longer than the sidecar gives a query of ours. Milliseconds. */
const TIMEOUT_MS = 330_000;

/** @throws Misuse where the directory is missing, or is held by a process that answers no queries. */
export async function openForReading(directory: string, command: string): Promise<Store> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    const holder = holderOf(directory);
    if (holder?.query) return await throughSidecar(holder, holder.query);
    if (holder === null || !mayAnswer(holder)) return await openChdb({ directory, command, isWriter: false });
    if (Date.now() > giveUpAt) {
      throw new Misuse(
        `the data directory ${directory} is held by process ${holder.pid} (oslotap ${holder.command}), which answers no queries now: try again in a moment`,
      );
    }
    await sleep(50);
  }
}

function mayAnswer({ command }: Holder): boolean {
  return command === 'run';
}

async function throughSidecar({ pid }: Holder, { url, token }: QueryAddress): Promise<Store> {
  // Its library takes longer to load than most commands to run.
  const { HttpStore } = await import('./http.ts');
  const name = `the sidecar (process ${pid})`;
  return new HttpStore({ url, database: 'default', login: { token }, name, timeoutMs: TIMEOUT_MS });
}
