/** A capture in a store of its own, for as long as something is read from it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readCapture } from '../../collectors/capture/read.ts';
import { readSnapshot } from '../../collectors/capture/snapshot.ts';
import { Failed, Misuse, reasonOf } from '../errors.ts';
import type { TappedMessage } from '../message.ts';
import { learnProcesses, runPipeline } from '../pipeline.ts';
import { batchingFor, ClickHouseWriter } from '../sinks/clickhouse/writer.ts';
import { openChdb } from '../store/chdb.ts';
import { migrate } from '../store/migrate.ts';
import type { Store } from '../store/store.ts';
import type { Operations } from '../trace/operations.ts';
import { Processes } from '../trace/processes.ts';

/**
 * Replays a capture into an embedded store in a new directory, runs, and takes the directory away, come what may.
 * @throws Misuse where the file is not there. Failed where it is no capture, or is damaged: half of one is not to be compared.
 */
export async function withCapture<T>(file: string, operations: Operations, run: (store: Store) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'oslotap-capture-'));
  const removeAndEnd = () => {
    rmSync(directory, { recursive: true, force: true });
    process.exit(1);
  };
  process.once('SIGINT', removeAndEnd).once('SIGTERM', removeAndEnd);
  try {
    const store = await openChdb({ directory, command: 'diff', isWriter: true });
    try {
      await migrate(store);
      await replay(file, store, operations);
      return await run(store);
    } finally {
      await store.close();
    }
  } finally {
    process.off('SIGINT', removeAndEnd).off('SIGTERM', removeAndEnd);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function replay(file: string, store: Store, operations: Operations): Promise<void> {
  const snapshot = readSnapshot(file);
  const known = typeof snapshot === 'object' ? snapshot : null;
  if (typeof snapshot === 'string') process.stderr.write(`oslotap: ${snapshot}: processes are told from the traffic instead\n`);
  const processes = new Processes(known);
  try {
    if (known === null) await learnProcesses(messagesOf(file), processes);
    const writer = await ClickHouseWriter.open(store, { operations });
    await runPipeline(messagesOf(file), writer, { processes, ...batchingFor(store) });
  } catch (error) {
    if (error instanceof Failed || error instanceof Misuse) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Misuse(`${file}: no such file`);
    throw new Failed(`${file}: ${reasonOf(error)}`);
  }
}

/** @throws Failed where a part of it cannot be read. */
async function* messagesOf(file: string): AsyncGenerator<TappedMessage> {
  let read = 0;
  const fail = (what: string) => {
    throw new Failed(
      `${basename(file)}: ${what}: it is not compared. 'oslotap replay' brings what can be read of it into a store`,
    );
  };
  const listener = {
    broken: (line: number, reason: string) => fail(`line ${line} is ${reason}`),
    truncated: fail,
    progress: () => {},
  };
  for await (const message of readCapture(file, listener)) {
    read++;
    yield message;
  }
  if (read === 0) fail('there is no event in it');
}
