/** The captures under test/fixtures, whole in memory: what every bench measures with. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCapture } from '../../collectors/capture/read.ts';
import { readSnapshot } from '../../collectors/capture/snapshot.ts';
import type { TappedMessage } from '../../src/message.ts';
import type { BrokerSnapshot } from '../../src/trace/broker-snapshot.ts';

const DIRECTORY = fileURLToPath(new URL('../fixtures/captures/', import.meta.url));

export interface Capture {
  readonly name: string;
  readonly messages: readonly TappedMessage[];
  readonly snapshot: BrokerSnapshot;
}

/** Every capture, in the order in which they were recorded. */
export async function loadCaptures(): Promise<Capture[]> {
  const files = readdirSync(DIRECTORY).filter((file) => file.endsWith('.ndjson.gz') && !file.endsWith('.parents.ndjson.gz'));
  const captures = await Promise.all(files.map((file) => load(file)));
  return captures.sort((a, b) => Number(startNs(a) - startNs(b)));
}

/** One snapshot of all clouds: their connections' names do not clash. */
export function wholeSnapshot(captures: readonly Capture[]): BrokerSnapshot {
  return {
    connections: captures.flatMap(({ snapshot }) => snapshot.connections),
    consumers: captures.flatMap(({ snapshot }) => snapshot.consumers),
    queues: captures.flatMap(({ snapshot }) => snapshot.queues),
  };
}

export function startNs({ messages }: Capture): bigint {
  return messages[0]?.receivedNs ?? 0n;
}

async function load(file: string): Promise<Capture> {
  const path = join(DIRECTORY, file);
  const messages: TappedMessage[] = [];
  for await (const message of readCapture(path, { broken: fail, truncated: fail, progress: () => {} })) messages.push(message);
  const snapshot = readSnapshot(path);
  if (snapshot === null || typeof snapshot === 'string') throw new Error(`${file}: no connections snapshot`);
  return { name: file.replace('.ndjson.gz', ''), messages, snapshot };
}

function fail(...what: readonly unknown[]): never {
  throw new Error(`a fixture is damaged: ${what.join(' ')}`);
}
