/**
 * Folds the oldest segments into carried.journal: of both, only the events whose story is not settled are kept.
 *
 * carried.new is written, made durable and renamed; only then may the segments be deleted. Its head names the last of them, so a
 * start after a crash in between knows that what they hold is there already.
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CARRIED_NEW, type Carried, type JournalFile, type Segment, writeAll } from './files.ts';
import { blocksOf, eachLine, headLine, keyAt } from './lines.ts';

export interface Fold {
  readonly directory: string;
  readonly carried: Carried;
  /** Those that go, oldest first. */
  readonly segments: readonly Segment[];
  /** Whether a story's events may go: its mark has to be durable, or after a crash what is left of it would look unsettled. */
  readonly isSettled: (key: string) => boolean;
  /** So many bytes of what is kept are dropped all the same, the oldest: there is a bound. */
  readonly forgetBytes: number;
}

export interface Folded {
  readonly carried: Carried;
  /** Events dropped though their story was not settled. */
  readonly forgotten: number;
}

/** @throws what the file system throws; then all is as it was. */
export async function fold({ directory, carried, segments, isSettled, forgetBytes }: Fold): Promise<Folded> {
  const through = segments.at(-1)?.number ?? carried.through;
  const path = join(directory, CARRIED_NEW);
  const file = await open(path, 'w', 0o600);
  try {
    const writer = new Keeper(file, isSettled, forgetBytes);
    await writer.begin(through);
    for (const source of [carried, ...segments]) await writer.keepOf(source);
    await file.datasync();
    await rename(path, carried.path);
    return { carried: { path: carried.path, through, bytes: writer.bytes, events: writer.events }, forgotten: writer.forgotten };
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

/** Writes the lines of a file that are still needed. */
class Keeper {
  bytes = 0;
  events = 0;
  forgotten = 0;
  readonly #file: FileHandle;
  readonly #isSettled: (key: string) => boolean;
  #forgetBytes: number;

  constructor(file: FileHandle, isSettled: (key: string) => boolean, forgetBytes: number) {
    this.#file = file;
    this.#isSettled = isSettled;
    this.#forgetBytes = forgetBytes;
  }

  async begin(through: number): Promise<void> {
    await this.#write(Buffer.from(headLine(through)));
  }

  async keepOf({ path, bytes }: JournalFile): Promise<void> {
    if (bytes === 0) return;
    for await (const block of blocksOf(path, bytes)) await this.#write(block.subarray(0, this.#compact(block)));
  }

  /** Moves what is kept to the block's beginning. @returns its length. */
  #compact(block: Buffer): number {
    let length = 0;
    eachLine(block, (kind, start, end) => {
      if (kind !== 'event' || this.#isSettled(keyAt(block, start, end))) return;
      if (this.#forgetBytes > 0) {
        this.#forgetBytes -= end + 1 - start;
        this.forgotten++;
        return;
      }
      block.copyWithin(length, start, end + 1);
      length += end + 1 - start;
      this.events++;
    });
    return length;
  }

  async #write(bytes: Buffer): Promise<void> {
    await writeAll(this.#file, bytes, this.bytes);
    this.bytes += bytes.length;
  }
}
