/** Writes to the end of one segment: durable when it says so, and as it was before where it cannot. */
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Segment, syncDirectory, writeAll } from './files.ts';
import { headLine } from './lines.ts';

export class SegmentWriter {
  readonly segment: Segment;
  readonly #file: FileHandle;
  /** A write was begun and did not end well: there may be more in the file than `segment.bytes`. */
  #isDirty = false;

  /** Opens a segment that is there, or makes a new one. */
  static async open(segment: Segment): Promise<SegmentWriter> {
    return new SegmentWriter(segment, await open(segment.path, segment.bytes > 0 ? 'r+' : 'w', 0o600));
  }

  private constructor(segment: Segment, file: FileHandle) {
    this.segment = segment;
    this.#file = file;
  }

  /**
   * Appends lines and makes them durable.
   * @returns the segment's new length, which is the caller's to note.
   * @throws what the file system throws. The same lines may then be written again: what was left of them is cut off first.
   */
  async append(lines: string): Promise<number> {
    const end = this.segment.bytes;
    // After an fsync that failed the kernel takes the pages for clean: only bytes that are written anew are known to be durable.
    if (this.#isDirty) await this.#file.truncate(end);
    this.#isDirty = true;
    const bytes = Buffer.from(end === 0 ? headLine() + lines : lines);
    await writeAll(this.#file, bytes, end);
    await this.#file.datasync();
    if (end === 0) await syncDirectory(dirname(this.segment.path));
    this.#isDirty = false;
    return end + bytes.length;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
