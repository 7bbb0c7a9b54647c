/**
 * The journal's directory.
 *
 *   000000000007.journal   a segment; the one with the highest number is being written
 *   carried.journal        what was not settled of the segments that are gone
 *   carried.new            the next carried.journal, until it is whole
 */
import { constants, existsSync } from 'node:fs';
import { access, type FileHandle, mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Misuse, reasonOf } from '../errors.ts';

export const CARRIED = 'carried.journal';
export const CARRIED_NEW = 'carried.new';
const SEGMENT = /^(\d{12})\.journal$/;

/** One file of the journal, as far as it is on disk. */
export interface JournalFile {
  readonly path: string;
  /** Whole lines, all of them durable; what follows is debris of a write that failed. */
  bytes: number;
  /** Lines that are events. */
  events: number;
}

/** A part of what was received, oldest first. */
export interface Segment extends JournalFile {
  readonly number: number;
}

/** What is still needed of the segments up to `through`, which are gone. */
export interface Carried extends JournalFile {
  readonly through: number;
}

export function newSegment(directory: string, number: number): Segment {
  return { path: join(directory, `${String(number).padStart(12, '0')}.journal`), number, bytes: 0, events: 0 };
}

/** The numbers of the segments that are there, oldest first. */
export async function segmentNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names
    .flatMap((name) => SEGMENT.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** @throws Misuse where the directory cannot be made, read or written. */
export async function prepareDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(resolve(directory));
    await readdir(directory);
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? reasonOf(error);
    throw new Misuse(`the journal's directory ${directory} cannot be written: ${reason}`);
  }
}

/** Step by step: Node's own `recursive` never ends below /proc (mkdir answers ENOENT for a parent that is there). */
async function makeDirectory(path: string): Promise<void> {
  if (existsSync(path)) return;
  await makeDirectory(dirname(path));
  await mkdir(path, { mode: 0o700 });
  await syncDirectory(dirname(path));
}

/** Makes durable which files are in a directory. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes all of it: a disk that fills takes a part, and only then says so. */
export async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
