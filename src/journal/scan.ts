/** What a start finds in the journal's directory: files, and what they say without their events being read. */
import { existsSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Misuse } from '../errors.ts';
import {
  CARRIED,
  CARRIED_NEW,
  type Carried,
  type JournalFile,
  newSegment,
  type Segment,
  segmentNumbers,
  syncDirectory,
} from './files.ts';
import { blocksOf, eachLine, FORMAT_VERSION, type Head, keyAt, keysOf, type LineKind, parseHead, timeOf } from './lines.ts';
import { Settled } from './settled.ts';

export interface Found {
  readonly carried: Carried;
  readonly segments: Segment[];
  readonly settled: Settled;
  /** Time of the last event or tick; null where there is none. */
  lastNs: bigint | null;
  lastLine: LineKind | null;
  /** Lines that are nothing that the journal wrote. */
  damaged: number;
}

/**
 * Reads the directory, and puts it right after a crash: a torn last line is cut off, and what a fold left undone is finished.
 * @throws Misuse where another version of oslotap wrote it, or what the file system throws.
 */
export async function scan(directory: string): Promise<Found> {
  await syncDirectory(directory);
  await rm(join(directory, CARRIED_NEW), { force: true });
  const path = join(directory, CARRIED);
  const through = existsSync(path) ? ((await headOf(path))?.through ?? 0) : 0;
  const found: Found = {
    carried: { path, through, bytes: 0, events: 0 },
    segments: [],
    settled: new Settled(),
    lastNs: null,
    lastLine: null,
    damaged: 0,
  };
  if (existsSync(path)) await scanFile(found, found.carried, through);
  for (const number of await segmentNumbers(directory)) {
    const segment = newSegment(directory, number);
    if (number <= through) await rm(segment.path);
    else await scanSegment(found, segment);
  }
  const last = found.segments.at(-1);
  if (last !== undefined) await cutTail(last);
  return found;
}

/** What a killed process wrote and did not sync was read just now, and will be relied on: so it has to be durable as well. */
async function cutTail({ path, bytes }: Segment): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function scanSegment(found: Found, segment: Segment): Promise<void> {
  await headOf(segment.path);
  await scanFile(found, segment, segment.number);
  found.segments.push(segment);
}

/** @throws Misuse where it is another version's. */
async function headOf(path: string): Promise<Head | null> {
  const { size } = await stat(path);
  for await (const block of blocksOf(path, size)) {
    const head = parseHead(block.toString('utf8', 0, block.indexOf('\n')));
    if (head === null || head.version === FORMAT_VERSION) return head;
    throw new Misuse(
      `${path} is of another version of oslotap (format ${head.version}, not ${FORMAT_VERSION}): start that version, or move the directory away`,
    );
  }
  return null;
}

async function scanFile(found: Found, file: JournalFile, number: number): Promise<void> {
  const { size } = await stat(file.path);
  for await (const block of blocksOf(file.path, size)) {
    file.bytes += block.length;
    let timedAt = -1;
    eachLine(block, (kind, start, end) => {
      found.lastLine = kind;
      if (kind === 'event' || kind === 'tick') timedAt = start;
      if (kind === 'event') {
        file.events++;
        found.settled.reopen(keyAt(block, start, end));
      } else if (kind === 'settled') {
        for (const key of keysOf(block.toString('utf8', start, end))) found.settled.found(key, number);
      } else if (kind === 'damaged') {
        found.damaged++;
      }
    });
    // Of a block only the last time is wanted, so only that line is parsed.
    if (timedAt >= 0) found.lastNs = timeOf(block.toString('utf8', timedAt, block.indexOf('\n', timedAt))) ?? found.lastNs;
  }
}
