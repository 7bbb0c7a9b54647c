/** Events out of the journal's files: all of them, oldest first, or what the last ones were. */
import type { JournalFile, Segment } from './files.ts';
import type { JournalEvent } from './identity.ts';
import { blocksOf, eachLine } from './lines.ts';
import { decodeEvent } from './record.ts';

/** Every event of these files, in their order; null for a line that cannot be read as the event that it is marked as. */
export async function* eventsOf(files: readonly JournalFile[]): AsyncGenerator<JournalEvent | null> {
  // The lengths as they are now: what is appended while this runs is not part of it.
  for (const { path, bytes } of files.map((file) => ({ ...file }))) {
    if (bytes === 0) continue;
    for await (const block of blocksOf(path, bytes)) {
      const lines: number[] = [];
      eachLine(block, (kind, start, end) => {
        if (kind === 'event') lines.push(start, end);
      });
      for (let i = 0; i < lines.length; i += 2) yield decodeEvent(block.toString('utf8', lines[i], lines[i + 1]));
    }
  }
}

/** The last `count` events of these segments. */
export async function* lastEventsOf(segments: readonly Segment[], count: number): AsyncGenerator<JournalEvent | null> {
  let first = segments.length;
  let events = 0;
  while (first > 0 && events < count) events += segments[--first]?.events ?? 0;
  let passed = 0;
  for await (const event of eventsOf(segments.slice(first))) if (++passed > events - count) yield event;
}

/** The events among lines that are not in a file yet. */
export function eventsAmong(lines: string): JournalEvent[] {
  return lines
    .split('\n')
    .map(decodeEvent)
    .filter((event) => event !== null);
}
