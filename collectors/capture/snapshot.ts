/**
 * The connections snapshot beside a capture, `X.connections.json`: what the broker's management API knew of its
 * connections, consumers and queues while X.ndjson.gz was recorded. It is what names the processes: the firehose itself
 * shows addresses only.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { BrokerSnapshot } from '../../src/trace/broker-snapshot.ts';

/** The snapshot's path: as the capture is named, links not resolved. */
export function snapshotPath(capture: string): string {
  return `${capture.replace(/\.ndjson(\.gz)?$/, '')}.connections.json`;
}

/**
 * Reads the snapshot beside a capture.
 * @returns null where there is none; a string (why) where there is one that cannot be used.
 */
export function readSnapshot(capture: string): BrokerSnapshot | string | null {
  const path = snapshotPath(capture);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : `${path} cannot be read`;
  }
  try {
    return toSnapshot(JSON.parse(text));
  } catch {
    return `${path} is not a connections snapshot`;
  }
}

/** What several snapshots had together: connections come and go while a capture is recorded. */
export class SnapshotUnion {
  readonly #connections = new Map<string, BrokerSnapshot['connections'][number]>();
  readonly #consumers = new Map<string, BrokerSnapshot['consumers'][number]>();
  readonly #queues = new Set<string>();

  add({ connections, consumers, queues }: BrokerSnapshot): void {
    for (const connection of connections) this.#connections.set(connection.name, connection);
    for (const consumer of consumers) this.#consumers.set(`${consumer.queue}\0${consumer.connection}`, consumer);
    for (const queue of queues) this.#queues.add(queue);
  }

  get snapshot(): BrokerSnapshot {
    const [connections, consumers] = [[...this.#connections.values()], [...this.#consumers.values()]];
    return { connections, consumers, queues: [...this.#queues] };
  }
}

/** Writes a snapshot beside a capture, with what readSnapshot takes and nothing else. */
export function writeSnapshot(capture: string, snapshot: BrokerSnapshot): void {
  const json = {
    connections: snapshot.connections.map(({ name, peerHost, connectionName, connectedAtMs }) => ({
      name,
      peer_host: peerHost,
      client_properties: { connection_name: connectionName },
      connected_at: connectedAtMs,
    })),
    consumers: snapshot.consumers.map(({ queue, connection }) => ({
      queue: { name: queue },
      channel_details: { connection_name: connection },
    })),
    queues: snapshot.queues.map((name) => ({ name })),
  };
  writeFileSync(snapshotPath(capture), `${JSON.stringify(json)}\n`, { mode: 0o600 });
}

interface Row {
  readonly [key: string]: unknown;
}

function toSnapshot(json: unknown): BrokerSnapshot {
  const root = json as { connections: Row[]; consumers?: Row[]; queues?: Row[] };
  return {
    connections: root.connections.map((row) => ({
      name: String(row.name),
      peerHost: String(row.peer_host ?? ''),
      connectionName: String((row.client_properties as Row | undefined)?.connection_name ?? ''),
      connectedAtMs: Number.isSafeInteger(row.connected_at) ? (row.connected_at as number) : 0,
    })),
    consumers: (root.consumers ?? []).map((row) => ({
      queue: String((row.queue as Row | undefined)?.name ?? ''),
      connection: String((row.channel_details as Row | undefined)?.connection_name ?? ''),
    })),
    queues: (root.queues ?? []).map((row) => String(row.name)),
  };
}
