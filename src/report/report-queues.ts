/** What is in the queues: kinds of messages, their sizes, the names of their arguments. */
import { readFileSync } from 'node:fs';
import type { Store } from '../store/store.ts';
import type { QueueContent, QueueContents } from './report-shape.ts';

interface Row extends Omit<QueueContent, 'arguments'> {
  readonly name: string;
  /** Each a JSON object: by name its type. */
  readonly shapes: readonly string[];
}

/** A method with more arguments than that is none of OpenStack's. */
export const ARGUMENTS_CHARS_MAX = 2_000;

const SQL = readFileSync(new URL('../queries/report-queue-contents.sql', import.meta.url), 'utf8');

/** By queue, the one with most messages first. */
export async function readQueueContents(store: Store): Promise<QueueContents[]> {
  const rows = await store.query<Row>(SQL);
  const queues = [...Map.groupBy(rows, ({ name }) => name)].map(([queue, own]) => ({
    queue,
    messages: own.reduce((sum, { messages }) => sum + messages, 0),
    bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
    contents: own.map(toContent),
  }));
  return queues.sort((a, b) => b.messages - a.messages || (a.queue < b.queue ? -1 : 1));
}

/** `host: string, instance: object<Instance> or null` */
export function argumentsOf({ arguments: names }: QueueContent): string {
  return Object.entries(names)
    .map(([name, types]) => `${name}: ${types.join(' or ')}`)
    .join(', ');
}

function toContent({ name, shapes, ...content }: Row): QueueContent {
  return { ...content, arguments: mergedArguments(shapes) };
}

/** All names that were seen, in order, with all types that each of them had. */
function mergedArguments(shapes: readonly string[]): Record<string, string[]> {
  const types = new Map<string, Set<string>>();
  for (const shape of shapes) {
    const names = JSON.parse(shape) as Readonly<Record<string, string>>;
    for (const [name, type] of Object.entries(names)) types.set(name, (types.get(name) ?? new Set()).add(type));
  }
  return Object.fromEntries([...types].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, all]) => [name, [...all].sort()]));
}
