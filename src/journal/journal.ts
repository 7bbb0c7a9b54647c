/**
 * What a live tap received, durable before the broker is told that it may forget it.
 *
 * Events are appended to segments, and made durable in groups by `commit`. A story that is in the store is settled: its events are
 * no longer needed. After a crash at any moment a start recovers the events, and the correlator that is fed with them has
 * open again what was open. Segments beyond a bound are folded (fold.ts), so the journal stays as small as what is open.
 *
 * One process at a time may have it open: the caller sees to that.
 */
import { rm } from 'node:fs/promises';
import { Failed, Misuse, reasonOf } from '../errors.ts';
import { type Carried, type JournalFile, newSegment, prepareDirectory, type Segment, syncDirectory } from './files.ts';
import { fold } from './fold.ts';
import { eventIdentity, type JournalEvent, journalKey } from './identity.ts';
import { STOP_LINE, settledLines, tickLine } from './lines.ts';
import { eventsAmong, eventsOf, lastEventsOf } from './read.ts';
import { encodeEvent } from './record.ts';
import { type Found, scan } from './scan.ts';
import { SegmentWriter } from './segment-writer.ts';
import type { Settled } from './settled.ts';

export { eventIdentity, type JournalEvent, journalKey } from './identity.ts';

export interface JournalOptions {
  /** A segment is full from here on. Bytes. @default 16 MiB */
  readonly segmentBytesMax?: number;
  /**
   * Full segments that are kept whole, ≥ 1: settled events in them are still recovered, as context. As many again, and as
   * much as is carried, may wait to be folded. @default 8
   */
  readonly segmentsMax?: number;
  /** Unsettled events of segments that are gone; beyond it the oldest are forgotten, and counted. Bytes. @default 256 MiB */
  readonly carriedBytesMax?: number;
}

export interface Recovered {
  readonly event: JournalEvent;
  /** Its story is in the store already. The story's older events may be gone. */
  readonly isSettled: boolean;
}

const DEFAULTS: Required<JournalOptions> = {
  segmentBytesMax: 16 * 2 ** 20,
  segmentsMax: 8,
  carriedBytesMax: 256 * 2 ** 20,
};

export class Journal {
  /** True where a start found no event. */
  readonly isEmpty: boolean;
  /** Time of the last event or tick before this start, nanoseconds; null where there is none. */
  readonly lastNs: bigint | null;
  /** True where the last run ended with `close`. */
  readonly wasClosedCleanly: boolean;
  /** Lines that could not be read, and were passed over: damage to the files, not a crash. */
  damagedLines: number;
  /** Events that were dropped at `carriedBytesMax` though their story was not settled. */
  forgotten = 0;
  /** Why segments could not be folded the last time that it was tried, in one line; null where they could. */
  foldTrouble: string | null = null;

  readonly #directory: string;
  readonly #options: Required<JournalOptions>;
  readonly #settled: Settled;
  readonly #segments: Segment[];
  #carried: Carried;
  #writer: SegmentWriter | null = null;
  /** Lines appended since the last commit began; how many of them are events. */
  #pending = '';
  #pendingEvents = 0;
  /** Lines that a commit is writing, or could not write. */
  #unwritten = '';
  #unwrittenEvents = 0;
  #writing: Promise<void> = Promise.resolve();
  #nextCommit: Promise<void> | null = null;
  #folding: Promise<void> | null = null;
  /** Who reads the files at this moment: they must stay. */
  #readers = 0;
  #closing: Promise<void> | null = null;
  #recovery: 'possible' | 'running' | 'over' = 'possible';
  /** What was settled while events are still being recovered: a mark counts for what stands before it, so it has to wait. */
  readonly #settledMeanwhile = new Set<string>();

  /**
   * Opens the journal, or begins one. What a crash left half done is put right.
   * @throws Misuse where the directory cannot be used, or holds another version's journal; Failed where it cannot be read.
   */
  static async open(directory: string, options: JournalOptions = {}): Promise<Journal> {
    await prepareDirectory(directory);
    try {
      return new Journal(directory, { ...DEFAULTS, ...options }, await scan(directory));
    } catch (error) {
      if (error instanceof Misuse) throw error;
      throw new Failed(`the journal in ${directory} cannot be read: ${reasonOf(error)}`);
    }
  }

  private constructor(directory: string, options: Required<JournalOptions>, found: Found) {
    this.#directory = directory;
    this.#options = options;
    this.#settled = found.settled;
    this.#segments = found.segments;
    this.#carried = found.carried;
    this.isEmpty = this.#files().every(({ events }) => events === 0);
    this.lastNs = found.lastNs;
    this.wasClosedCleanly = found.lastLine === 'stop';
    this.damagedLines = found.damaged;
  }

  /** On disk, without what is still to be committed. */
  get bytes(): number {
    return bytesOf(this.#files());
  }

  /** Segments on disk, the one being written included. */
  get segments(): number {
    return this.#segments.length;
  }

  /** What is kept of segments that are gone, because it is not settled. Bytes. */
  get carriedBytes(): number {
    return this.#carried.bytes;
  }

  /**
   * The events of before this start, oldest first, settled ones too: they give context. To be called once, before the first
   * append; settle, tick and commit may be called meanwhile.
   * @throws Failed where the files cannot be read.
   */
  async *recover(): AsyncGenerator<Recovered> {
    if (this.#recovery !== 'possible') throw new Error('recover comes once, before the first append');
    this.#recovery = 'running';
    this.#readers++;
    try {
      await this.#folding;
      for await (const event of eventsOf(this.#files())) {
        if (event === null) {
          this.damagedLines++;
          continue;
        }
        const key = journalKey(event);
        this.#settledMeanwhile.delete(key);
        yield { event, isSettled: this.#settled.has(key) };
      }
      this.#recovery = 'over';
      this.settle(this.#settledMeanwhile);
    } catch (error) {
      throw new Failed(`the journal in ${this.#directory} cannot be read: ${reasonOf(error)}`);
    } finally {
      this.#recovery = 'over';
      this.#settledMeanwhile.clear();
      this.#readers--;
      this.#foldSoon();
    }
  }

  /** Takes an event into memory; `commit` makes it durable. The caller bounds how much is appended between two commits. */
  append(event: JournalEvent): void {
    if (this.#recovery !== 'over') this.#endRecovery();
    const key = journalKey(event);
    this.#settled.reopen(key);
    this.#pending += encodeEvent(event, key);
    this.#pendingEvents++;
  }

  /** Says that the tap was alive at this time, though nothing came. */
  tick(timeNs: bigint): void {
    this.#pending += tickLine(timeNs);
  }

  /**
   * Says that these stories are durable in the store. An event that comes later for one of them makes it unsettled again, with
   * what is left of it: whoever passes over such an event (a duplicate, a straggler) settles its key once more.
   */
  settle(keys: Iterable<string>): void {
    if (this.#recovery === 'running') {
      for (const key of keys) this.#settledMeanwhile.add(key);
      return;
    }
    const news = [...keys].filter((key) => !this.#settled.has(key));
    // Where a commit is at work, that may fill a segment and begin the next: these marks then come into the one after it.
    for (const key of news) this.#settled.mark(key, this.#lastNumber() + 2);
    this.#pending += settledLines(news);
  }

  /**
   * Makes all that was appended before durable. Calls while one is at work share the next.
   * @throws Failed, in one line. Nothing is lost then, nor written twice: the next commit writes the same lines again.
   */
  commit(): Promise<void> {
    this.#nextCommit ??= this.#writing.then(() => {
      this.#nextCommit = null;
      const write = this.#write();
      this.#writing = write.catch(() => {});
      return write;
    });
    return this.#nextCommit;
  }

  /**
   * How often each of the last `count` events was appended, by eventIdentity: what the broker hands over again, because it never
   * got the acknowledgement, is among them. Events of segments that are gone are not.
   * @throws Failed where the files cannot be read.
   */
  async recentIdentities(count: number): Promise<Map<string, number>> {
    const identities = new Map<string, number>();
    const add = (event: JournalEvent | null) => {
      if (event === null) return;
      const identity = eventIdentity(event);
      identities.set(identity, (identities.get(identity) ?? 0) + 1);
    };
    this.#readers++;
    try {
      await this.#folding;
      const appended = eventsAmong(this.#unwritten + this.#pending);
      const newest = appended.slice(Math.max(0, appended.length - count));
      newest.forEach(add);
      for await (const event of lastEventsOf(this.#segments, count - newest.length)) add(event);
      return identities;
    } catch (error) {
      throw new Failed(`the journal in ${this.#directory} cannot be read: ${reasonOf(error)}`);
    } finally {
      this.#readers--;
      this.#foldSoon();
    }
  }

  /** Commits, and says in the journal that this run ended in order. Calls after the first share it. @throws Failed, as commit. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#pending += STOP_LINE;
    try {
      await this.commit();
    } finally {
      await this.#folding;
      await this.#writer?.close();
    }
  }

  #endRecovery(): void {
    if (this.#recovery === 'running') throw new Error('append comes after recover has ended');
    this.#recovery = 'over';
  }

  async #write(): Promise<void> {
    this.#unwritten += this.#pending;
    this.#unwrittenEvents += this.#pendingEvents;
    this.#pending = '';
    this.#pendingEvents = 0;
    this.#settled.commitBegins();
    if (this.#unwritten === '') return;
    try {
      const writer = await this.#openWriter();
      writer.segment.bytes = await writer.append(this.#unwritten);
      writer.segment.events += this.#unwrittenEvents;
      this.#unwritten = '';
      this.#unwrittenEvents = 0;
      this.#settled.commitDone();
    } catch (error) {
      throw new Failed(`the journal in ${this.#directory} cannot be written: ${reasonOf(error)}; the next commit tries again`);
    }
  }

  /** The writer of the newest segment; of a new one where that is full. */
  async #openWriter(): Promise<SegmentWriter> {
    const newest = this.#segments.at(-1);
    if (newest !== undefined && newest.bytes < this.#options.segmentBytesMax) {
      this.#writer ??= await SegmentWriter.open(newest);
      return this.#writer;
    }
    if (this.#isFoldingLate()) await this.#folding;
    const next = newSegment(this.#directory, this.#lastNumber() + 1);
    const writer = await SegmentWriter.open(next);
    await this.#writer?.close();
    this.#writer = writer;
    this.#segments.push(next);
    this.#foldSoon();
    return writer;
  }

  /** Begins to fold in the background where that is due. */
  #foldSoon(): void {
    if (this.#folding !== null || this.#readers > 0 || this.#closing !== null) return;
    const excess = this.#excess();
    // What is carried is written anew each time: it is done once as much has come as is carried.
    const isDue = excess.length > 0 && bytesOf(excess) >= this.#carried.bytes;
    if (!isDue && this.#excessCarried() === 0) return;
    this.#folding = this.#fold(isDue ? excess : [])
      .then(
        () => null,
        (error) => reasonOf(error),
      )
      .then((trouble) => {
        this.foldTrouble = trouble;
        this.#folding = null;
        if (trouble === null) this.#foldSoon();
      });
  }

  async #fold(oldest: readonly Segment[]): Promise<void> {
    const { carried, forgotten } = await fold({
      directory: this.#directory,
      carried: this.#carried,
      segments: oldest,
      isSettled: (key) => this.#settled.isDurable(key),
      forgetBytes: this.#excessCarried(),
    });
    this.#carried = carried;
    this.#segments.splice(0, oldest.length);
    this.#settled.dropThrough(carried.through);
    this.forgotten += forgotten;
    await syncDirectory(this.#directory);
    for (const { path } of oldest) await rm(path, { force: true });
  }

  /** True where more comes in than a fold at work can take away: then the disk would fill, and a commit has to wait. */
  #isFoldingLate(): boolean {
    const { segmentsMax, segmentBytesMax } = this.#options;
    return this.#folding !== null && bytesOf(this.#excess()) > this.#carried.bytes + segmentsMax * segmentBytesMax;
  }

  /** The full segments that are more than are kept whole. */
  #excess(): Segment[] {
    return this.#segments.slice(0, -1 - Math.max(1, this.#options.segmentsMax));
  }

  /** How much more is carried than there may be. Bytes. */
  #excessCarried(): number {
    const { bytes, events } = this.#carried;
    return events === 0 ? 0 : Math.max(0, bytes - this.#options.carriedBytesMax);
  }

  #files(): JournalFile[] {
    return [this.#carried, ...this.#segments];
  }

  #lastNumber(): number {
    return this.#segments.at(-1)?.number ?? this.#carried.through;
  }
}

function bytesOf(files: readonly JournalFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
