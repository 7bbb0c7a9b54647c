/** The captures that the tests read, and the pipeline run over them without a store. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readCapture } from '../../collectors/capture/read.ts';
import { readSnapshot } from '../../collectors/capture/snapshot.ts';
import type { TappedMessage } from '../../src/message.ts';
import { learnProcesses, type PipelineOptions, runPipeline, type Tally, type Unmatched } from '../../src/pipeline.ts';
import type { BrokerSnapshot } from '../../src/trace/broker-snapshot.ts';
import { Processes } from '../../src/trace/processes.ts';
import type { ClosedMessage } from '../../src/trace/traced-message.ts';

const DIRECTORY = fileURLToPath(new URL('../fixtures/captures/', import.meta.url));

export const CAPTURES: readonly string[] = readdirSync(DIRECTORY)
  .filter((file) => file.endsWith('.ndjson.gz') && !file.includes('.parents.'))
  .map((file) => file.replace('.ndjson.gz', ''));

export function capturePath(name: string): string {
  return `${DIRECTORY}${name}.ndjson.gz`;
}

/** All messages of a capture. Fails on a damaged one. */
export async function tappedOf(path: string): Promise<TappedMessage[]> {
  const fail = (...what: unknown[]) => {
    throw new Error(`${path}: ${what.join(' ')}`);
  };
  return await Array.fromAsync(readCapture(path, { broken: fail, truncated: fail, progress: () => {} }));
}

export function snapshotOf(path: string): BrokerSnapshot {
  const snapshot = readSnapshot(path);
  if (snapshot === null || typeof snapshot === 'string') throw new Error(`${path}: ${snapshot}`);
  return snapshot;
}

export interface Outcome {
  readonly tally: Tally;
  readonly messages: readonly ClosedMessage[];
  readonly unmatched: readonly Unmatched[];
}

/** Runs messages through the pipeline; without a snapshot the processes are learned from the traffic first. */
export async function run(
  tapped: readonly TappedMessage[],
  snapshot: BrokerSnapshot | null,
  options: PipelineOptions = {},
): Promise<Outcome> {
  const processes = new Processes(snapshot);
  if (snapshot === null) await learnProcesses(stream(tapped), processes);
  const messages: ClosedMessage[] = [];
  const unmatched: Unmatched[] = [];
  const sink = {
    write: async (batch: { messages: readonly ClosedMessage[]; unmatched: readonly Unmatched[] }) => {
      messages.push(...batch.messages);
      unmatched.push(...batch.unmatched);
    },
    close: async () => {},
  };
  const tally = await runPipeline(stream(tapped), sink, { processes, ...options });
  return { tally, messages, unmatched };
}

/** The truth of a capture: each message's `_unique_id` and that of the message whose handler sent it, or null. */
export function parentsOf(path: string): Map<string, string | null> {
  const text = gunzipSync(readFileSync(path.replace('.ndjson.gz', '.parents.ndjson.gz'))).toString();
  const parents = new Map<string, string | null>();
  for (const line of text.trim().split('\n')) {
    const { ev, uid, cause } = JSON.parse(line) as { ev?: string; uid?: string; cause?: { kind?: string; uid?: string } };
    if (uid !== undefined && (ev === undefined || ev === 'send'))
      parents.set(uid, cause?.kind === 'rpc' ? (cause.uid ?? null) : null);
  }
  return parents;
}

async function* stream(tapped: readonly TappedMessage[]): AsyncGenerator<TappedMessage> {
  yield* tapped;
}
