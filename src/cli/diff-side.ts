/** One side of a comparison: a fingerprint, a capture, a store, or a time of one. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Failed, Misuse, reasonOf } from '../errors.ts';
import { operationsIn } from '../queries/fingerprint.ts';
import { ALL_OF_TIME, type TimeRange } from '../queries/trace-times.ts';
import type { ComparedSide } from '../report/diff-sides.ts';
import { type Fingerprint, readFingerprint } from '../report/fingerprint.ts';
import { makeFingerprint } from '../report/fingerprint-make.ts';
import { DEFAULT_STORE, parseStore, type Store } from '../store/store.ts';
import type { Operations } from '../trace/operations.ts';
import { withCapture } from './capture-store.ts';
import { withReader } from './store-option.ts';
import { isRange, parseRange, RANGE_FORM } from './time-range.ts';
import { version } from './version.ts';

export type Side =
  | { readonly kind: 'fingerprint'; readonly label: string; readonly fingerprint: Fingerprint }
  | { readonly kind: 'capture'; readonly label: string; readonly file: string }
  | { readonly kind: 'store'; readonly label: string; readonly store: string; readonly range: TimeRange };

export interface SideOptions {
  /** As `--store` has it; '' where it was not given. */
  readonly store: string;
  readonly nowMs: number;
}

const FINGERPRINT_BYTES_MAX = 64 * 1024 * 1024;

/** What a text names. Reads a fingerprint at once, nothing else. @throws Misuse */
export function parseSide(text: string, { store, nowMs }: SideOptions): Side {
  if (/^(chdb:|https?:)/.test(text)) return { kind: 'store', label: storeLabel(text), store: text, range: ALL_OF_TIME };
  if (/\.ndjson(\.gz)?$/.test(text)) return { kind: 'capture', label: basename(text), file: fileAt(text) };
  if (text.endsWith('.json')) return { kind: 'fingerprint', label: basename(text), fingerprint: fingerprintAt(fileAt(text)) };
  if (isRange(text)) {
    const range = parseRange(text, nowMs);
    return { kind: 'store', label: `${storeLabel(store)}, ${text}`, store, range };
  }
  throw new Misuse(`'${text}' is no fingerprint (X.json), capture (X.ndjson.gz), store (chdb:DIRECTORY) or time (${RANGE_FORM})`);
}

/**
 * The fingerprints of a side.
 * @param operation the only one that is wanted; null: all that it has.
 * @throws Failed where the side has no request of it.
 */
export async function loadSide(side: Side, operation: string | null, operations: Operations): Promise<ComparedSide> {
  const { label } = side;
  const fingerprints = await fingerprintsOf(side, operation, operations);
  if (fingerprints.length > 0) return { label, fingerprints };
  throw new Failed(`${label} has no request${operation === null ? ' of a user' : ` of ${operation}`} that is over`);
}

/** A store by name, without a password. @param text as `--store` has it; '' for the default. @throws Misuse */
export function storeLabel(text: string): string {
  const target = parseStore(text === '' ? DEFAULT_STORE : text);
  if (target.kind === 'none') throw new Misuse('--store none holds nothing to compare: use chdb:DIRECTORY');
  return target.kind === 'chdb' ? `chdb:${basename(target.directory)}` : `${target.url}${target.database}`;
}

async function fingerprintsOf(side: Side, operation: string | null, operations: Operations): Promise<Fingerprint[]> {
  const { label } = side;
  if (side.kind === 'fingerprint') {
    const isWanted = operation === null || side.fingerprint.operation === operation;
    return isWanted ? [side.fingerprint] : [];
  }
  if (side.kind === 'capture') {
    return await withCapture(side.file, operations, (store) => readAll(store, { range: ALL_OF_TIME, source: label, operation }));
  }
  const { range } = side;
  return await withReader({ store: side.store }, 'diff', (store) => readAll(store, { range, source: label, operation }));
}

interface Wanted {
  readonly range: TimeRange;
  readonly source: string;
  readonly operation: string | null;
}

async function readAll(store: Store, { range, source, operation }: Wanted): Promise<Fingerprint[]> {
  const names = operation === null ? await operationsIn(store, range) : [operation];
  const made: Fingerprint[] = [];
  for (const name of names) {
    const fingerprint = await makeFingerprint(store, { operation: name, range, source, version: version() });
    if (fingerprint !== null) made.push(fingerprint);
  }
  return made;
}

function fingerprintAt(file: string): Fingerprint {
  if (statSync(file).size > FINGERPRINT_BYTES_MAX) throw new Misuse(`${file} is no fingerprint: it is larger than 64 MiB`);
  const read = readFingerprint(readFileSync(file, 'utf8'));
  if (typeof read === 'string') throw new Misuse(`${file} is no fingerprint that can be read: ${read}`);
  return read;
}

function fileAt(path: string): string {
  try {
    if (statSync(path).isFile()) return path;
  } catch (error) {
    throw new Misuse(`${path}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : reasonOf(error)}`);
  }
  throw new Misuse(`${path} is not a regular file`);
}
