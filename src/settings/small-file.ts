/** Small text files that a person wrote: a configuration, a password. Whatever is wrong is said in words. */
import { readFileSync, statSync } from 'node:fs';
import { reasonOf } from '../errors.ts';

export interface SmallFile {
  readonly text: string;
  /** Every user of the machine can read it. */
  readonly isPublic: boolean;
}

const PUBLIC = 0o004;

/** @returns the file's text without a byte order mark, or what is wrong with it. */
export function readSmallFile(path: string, bytesMax: number): SmallFile | string {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return 'it is a directory';
    if (!stat.isFile()) return 'it is not a regular file';
    if (stat.size > bytesMax) return `it is too large: at most ${bytesMax} bytes`;
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
    return { text, isPublic: (stat.mode & PUBLIC) !== 0 };
  } catch (error) {
    return troubleOf(error as NodeJS.ErrnoException);
  }
}

const TROUBLE: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'it must not be read by this user (EACCES)',
  ENAMETOOLONG: 'no such file: its name is too long',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8',
  ERR_INVALID_ARG_VALUE: 'this is no file name',
};

function troubleOf(error: NodeJS.ErrnoException): string {
  return TROUBLE[error.code ?? ''] ?? `it cannot be read: ${error.code ?? reasonOf(error)}`;
}
