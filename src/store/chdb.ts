/**
 * The embedded engine: ClickHouse inside this process (npm `chdb`), its data in a directory.
 *
 *   DIR/oslotap.json   who has it open (lock.ts)
 *   DIR/chdb/          the engine's own files
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import type { Session } from 'chdb';
import { Failed, Misuse, reasonOf } from '../errors.ts';
import { damagedTable, reopening } from './damage.ts';
import { announce, type Holder, lock, type QueryAddress, unlock } from './lock.ts';
import type { Reader } from './read-request.ts';
import type { QueryParams, Store } from './store.ts';

/** The embedded store, which can let others read beside it. */
export interface EmbeddedStore extends Store {
  /** For other people's queries, read only and fenced. Close it before the store. */
  openReader(): Promise<Reader>;
  /** Tells other processes of this user where their queries are answered; null: no longer. */
  announce(address: QueryAddress | null): void;
}

export interface OpenOptions {
  readonly directory: string;
  /** The command that opens it, for whoever finds it held. */
  readonly command: string;
  /** False: the directory must be there already, and a reader that holds it is waited for. */
  readonly isWriter: boolean;
}

/** How long a reader waits for another reader. Milliseconds. */
const READER_PATIENCE_MS = 10_000;
const ENGINE_DIRECTORY = 'chdb';
/** While it writes, the engine shares the process with the pipeline: one merge and one thread at a time save it 100 MB. */
const FRUGAL: readonly string[] = [
  '--background_pool_size=1',
  '--background_merges_mutations_concurrency_ratio=1',
  '--input_format_parallel_parsing=0',
  '--max_threads=1',
];
/** Rows that were removed may come again as they were: an insert is one that was made before only where its token says so. */
const EACH_INSERT_COUNTS: readonly string[] = ['--deduplicate_insert=disable', '--deduplicate_insert_select=disable'];
const ACCESS_FILE = fileURLToPath(new URL('access.xml', import.meta.url));
/** Rights for those who read beside it: read once, by the first connection of a process. */
const ACCESS: readonly string[] = [`--config-file=${ACCESS_FILE}`, `--users_config=${ACCESS_FILE}`];

/**
 * Opens the embedded store.
 * @throws Misuse where the engine is not installed, or the directory is missing, held or not writable.
 */
export async function openChdb(options: OpenOptions): Promise<EmbeddedStore> {
  const { Session } = await loadEngine();
  prepareDirectory(options);
  await takeLock(options);
  try {
    removeEmptyMutations(join(options.directory, ENGINE_DIRECTORY, 'store'));
    if (options.isWriter) closeStandardInput();
    const path = join(resolve(options.directory), ENGINE_DIRECTORY);
    return new ChdbStore(
      new Session(path, { connectionArgs: options.isWriter ? [...FRUGAL, ...EACH_INSERT_COUNTS, ...ACCESS] : [] }),
      options,
    );
  } catch (error) {
    unlock(options.directory);
    throw new Failed(`the store in ${options.directory} cannot be opened: ${reasonOf(error)}`);
  }
}

/** The engine takes what waits on standard input (a key pressed in the terminal is enough) for rows of the next INSERT, and refuses it. */
function closeStandardInput(): void {
  if (fstatSync(0).rdev === statSync('/dev/null').rdev) return;
  closeSync(0);
  openSync('/dev/null', 'r'); // the lowest number that is free: 0 again
}

/**
 * A DELETE that ran into a full disk can leave a `mutation_N.txt` without contents, at which the engine fails to open. It was
 * not done, and is not promised to anybody: whoever wrote it writes it again.
 */
function removeEmptyMutations(store: string): void {
  const tables = namesIn(store).flatMap((prefix) => namesIn(join(store, prefix)).map((table) => join(store, prefix, table)));
  for (const table of tables) {
    for (const name of namesIn(table)) {
      const path = join(table, name);
      if (/^mutation_\d+\.txt$/.test(name) && statSync(path).size === 0) rmSync(path);
    }
  }
}

function namesIn(directory: string): string[] {
  return existsSync(directory) && statSync(directory).isDirectory() ? readdirSync(directory) : [];
}

/**
 * What the engine frees goes back to the system after a second rather than five, and lies in two arenas rather than four a core: a tenth
 * less memory after ten minutes, for no CPU that could be measured. Read once, as the engine is loaded (jemalloc(3), TUNING).
 */
const ALLOCATOR = 'dirty_decay_ms:1000,muzzy_decay_ms:0,narenas:2';

async function loadEngine(): Promise<typeof import('chdb')> {
  process.env.JE_MALLOC_CONF ??= ALLOCATOR;
  try {
    return await import('chdb');
  } catch {
    throw new Misuse(
      "the embedded store needs the optional package chdb, which is not installed: run 'npm install chdb' (540 MB)",
    );
  }
}

function prepareDirectory({ directory, isWriter }: OpenOptions): void {
  if (!isWriter && !existsSync(join(directory, ENGINE_DIRECTORY))) {
    const isHidden = existsSync(directory) && !isReadable(directory);
    if (isHidden) throw new Misuse(`the data directory ${directory} cannot be read by this user: be the user who wrote it`);
    throw new Misuse(
      `there is no data in ${directory}: 'oslotap run' or 'oslotap replay FILE' brings some, or name another --store`,
    );
  }
  try {
    if (isWriter) makeDirectory(resolve(directory));
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw new Misuse(
      `the data directory ${directory} cannot be written: ${(error as NodeJS.ErrnoException).code ?? reasonOf(error)}`,
    );
  }
}

function isReadable(directory: string): boolean {
  try {
    accessSync(directory, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Step by step: Node's own `recursive` never ends below /proc (mkdir answers ENOENT for a parent that is there). */
export function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

async function takeLock({ directory, command, isWriter }: OpenOptions): Promise<void> {
  const giveUpAt = Date.now() + READER_PATIENCE_MS;
  for (;;) {
    const holder = tryLock(directory, command, isWriter);
    if (holder === null) return;
    if (holder.isWriter || Date.now() > giveUpAt) {
      throw new Misuse(
        `the data directory ${directory} is held by process ${holder.pid} (oslotap ${holder.command}): wait for it to end`,
      );
    }
    await sleep(50);
  }
}

function tryLock(directory: string, command: string, isWriter: boolean): Holder | null {
  try {
    return lock(directory, command, isWriter);
  } catch (error) {
    throw new Misuse(
      `the data directory ${directory} cannot be written: ${(error as NodeJS.ErrnoException).code ?? reasonOf(error)}`,
    );
  }
}

const MIB = 1024 * 1024;
/** What must be free on the disk before anything is written; on a small disk this share of it. */
const ROOM_BYTES_MIN = 128 * MIB;
const ROOM_SHARE_MIN = 0.05;

/** How often the engine gives back memory that it does not need. Milliseconds. */
const PURGE_MS = 30_000;

/**
 * A process that exits while its store is open: the engine's own exit handlers may wait for ever for what computes in another thread, or
 * abort, so another program takes the place of this one before they run, and exits with the same code. What is half written the store
 * gets over, as it does a kill.
 */
function endAtOnce(code: number): void {
  process.execve?.(process.execPath, [process.execPath, '--eval', `process.exitCode = ${code}`], {});
}

/** Node itself would tell it after the exit handlers. */
function tellUncaught(error: Error): void {
  process.stderr.write(`${inspect(error)}\n`);
}

const NEWLINE = 10;
/** Bytes that a UTF-16 unit takes at most. */
const UTF8_BYTES_MAX = 3;

function grown(buffer: Buffer, length: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(needed, buffer.length * 2));
  buffer.copy(larger, 0, 0, length);
  return larger;
}

class ChdbStore implements EmbeddedStore {
  readonly isExclusive = true;
  readonly #session: Session;
  #buffer: Buffer = Buffer.allocUnsafe(1024 * 1024);
  readonly #directory: string;
  readonly #isWriter: boolean;
  #purgedMs = performance.now();

  constructor(session: Session, { directory, isWriter }: OpenOptions) {
    this.#session = session;
    this.#directory = directory;
    this.#isWriter = isWriter;
    process.on('exit', endAtOnce).on('uncaughtExceptionMonitor', tellUncaught);
  }

  async query<Row>(sql: string, params: QueryParams = {}): Promise<Row[]> {
    const result = await this.#guard(this.#session.queryBindAsync(sql, params, { format: 'JSONEachRow' }));
    const text = result.text();
    return text === '' ? [] : (JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as Row[]);
  }

  stream<Row>(sql: string, params: QueryParams = {}): AsyncIterable<Row> {
    return this.#session.queryStreamBind(sql, params, { format: 'JSONEachRow' }).rows<Row>();
  }

  async command(sql: string, params: QueryParams = {}): Promise<void> {
    this.#assertRoom();
    await this.#guard(this.#session.queryBindAsync(sql, params, { format: 'Null' }));
  }

  async insert(table: string, columns: readonly string[], rows: readonly string[]): Promise<void> {
    if (rows.length === 0) return;
    this.#assertRoom();
    await this.#guard(this.#session.insert({ table, columns, values: this.#encode(rows), format: 'JSONCompactEachRow' }));
    if (performance.now() - this.#purgedMs >= PURGE_MS) await this.#purge();
  }

  async openReader(): Promise<Reader> {
    const { ReadEngine } = await import('./read-engine.ts');
    return new ReadEngine(join(this.#directory, ENGINE_DIRECTORY));
  }

  announce(address: QueryAddress | null): void {
    announce(this.#directory, address);
  }

  async close(): Promise<void> {
    this.#session.close();
    process.off('exit', endAtOnce).off('uncaughtExceptionMonitor', tellUncaught);
    unlock(this.#directory);
  }

  /**
   * A disk that fills while the engine deletes rows can cost it a whole part ("Empty marks file"), and each DELETE after that half a
   * minute: so it is left alone while there is little room, and the journal beside it has what is left.
   */
  #assertRoom(): void {
    const { bavail, blocks, bsize } = statfsSync(join(this.#directory, ENGINE_DIRECTORY));
    const neededBytes = Math.min(ROOM_BYTES_MIN, ROOM_SHARE_MIN * blocks * bsize);
    const freeBytes = bavail * bsize;
    if (freeBytes >= neededBytes) return;
    const [free, needed] = [freeBytes, neededBytes].map((bytes) => Math.floor(bytes / MIB));
    throw new Failed(`the disk of ${this.#directory} is full: ${free} MiB are left, the store needs ${needed}`);
  }

  /** The engine's failure in one line, such as a disk that is full. */
  async #guard<T>(operation: Promise<T>): Promise<T> {
    try {
      return await operation;
    } catch (error) {
      const reason = reasonOf(error).replace(/^Code: \d+\. DB::Exception: /, '');
      const table = this.#isWriter ? damagedTable(reason) : null;
      if (table !== null) await this.#reopen(table);
      throw new Failed(`the store in ${this.#directory} failed: ${reason}`);
    }
  }

  /**
   * The engine's allocator gives pages back little by little, as it is asked for others; a busy one is always behind by tens of megabytes. Where
   * the engine was built without it there is nothing to do.
   */
  async #purge(): Promise<void> {
    this.#purgedMs = performance.now();
    await this.#session.queryAsync('SYSTEM JEMALLOC PURGE').catch(() => {});
  }

  /** The failed statement can be tried again then. One that cannot be opened stays as it is, and the next failure says so. */
  async #reopen(table: string): Promise<void> {
    try {
      for (const statement of reopening(table)) await this.#session.queryAsync(statement);
    } catch {}
  }

  /** Rows as text, a line each, in a buffer that is used again: valid until the next insert. */
  #encode(rows: readonly string[]): Buffer {
    let length = 0;
    for (const row of rows) {
      const needed = length + row.length * UTF8_BYTES_MAX + 1;
      if (needed > this.#buffer.length) this.#buffer = grown(this.#buffer, length, needed);
      length += this.#buffer.write(row, length);
      this.#buffer[length++] = NEWLINE;
    }
    return this.#buffer.subarray(0, length);
  }
}
