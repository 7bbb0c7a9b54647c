/** `oslotap replay FILE…`: captures through the pipeline, into the store. */
import { accessSync, constants, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Command } from 'commander';
import { readCapture } from '../../collectors/capture/read.ts';
import { readSnapshot } from '../../collectors/capture/snapshot.ts';
import { Failed, Misuse, reasonOf } from '../errors.ts';
import { createLog } from '../log.ts';
import type { TappedMessage } from '../message.ts';
import { learnProcesses, runPipeline, type Sink, type Tally } from '../pipeline.ts';
import { endWithoutExporters } from '../service/outlets.ts';
import { detectorOf, type StormParts } from '../service/storms.ts';
import { type OnRoots, summarizeAll } from '../service/summaries.ts';
import { RollUps } from '../sinks/clickhouse/roll-ups.ts';
import { batchingFor, ClickHouseWriter, type WriteTally } from '../sinks/clickhouse/writer.ts';
import { alsoTo, OtlpSpans } from '../sinks/otlp/otlp-spans.ts';
import type { Store } from '../store/store.ts';
import { thousands } from '../thousands.ts';
import type { Operations } from '../trace/operations.ts';
import { Processes } from '../trace/processes.ts';
import { readOperations } from './operations-option.ts';
import { readOtlp } from './otlp-options.ts';
import { Progress } from './progress.ts';
import { addSettings, placing, settingsFor } from './settings-options.ts';
import { openWriter, STORE_SETTINGS } from './store-option.ts';
import { readStorms } from './storm-options.ts';

const SETTINGS = [...STORE_SETTINGS, 'operations', 'otlp', 'storms'];

export function replayCommand(): Command {
  const command = new Command('replay')
    .description('read captures of a firehose into the store; the same capture twice changes nothing')
    .argument('<FILE...>', 'captures: NDJSON, gzip or plain; X.connections.json beside X.ndjson.gz names the processes');
  return addSettings(command, SETTINGS)
    .option('--json', 'print what was counted as JSON, a line a file')
    .addHelpText(
      'after',
      `
Each FILE is a recording of its own. One that was cut into pieces can be joined: cat a.ndjson.gz b.ndjson.gz > whole.ndjson.gz
With --store none nothing is kept: a check of what is in a capture.`,
    )
    .action(replay);
}

interface ReplayOptions {
  readonly json?: true;
}

async function replay(files: readonly string[], options: ReplayOptions, command: Command): Promise<void> {
  for (const file of files) assertReadable(file);
  const { settings, reading } = settingsFor(command, SETTINGS);
  const operations = placing(reading, () => readOperations(settings));
  const storms = await readStorms(settings);
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const endpoint = readOtlp(settings);
  const otlp = endpoint === null ? null : await OtlpSpans.open(endpoint, createLog(), operations);
  const store = (await openWriter(settings, 'replay'))?.store ?? null;
  const kept = store === null ? null : { store, rollUps: new RollUps(store) };
  try {
    const parts = { kept, operations, otlp, storms, signal: interrupt.signal };
    for (const file of files) await replayFile(file, parts, options);
  } finally {
    if (kept !== null && !interrupt.signal.aborted) await finish(kept, (roots) => otlp?.takeSpans(roots));
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await store?.close();
  }
  if (otlp !== null) await sendAll(otlp);
}

/** What is told from all that is in the store. Where it fails, the next replay does it. */
async function finish({ store, rollUps }: Kept, onRoots: OnRoots): Promise<void> {
  const warnOf = (what: string) => (error: unknown) => warn(`${what}: ${reasonOf(error)}; the next replay does it`);
  await rollUps.compute().catch(warnOf('the sums of minutes are not up to date'));
  await summarizeAll(store, onRoots).catch(warnOf('critical paths are not stored'));
}

/** @throws Failed where not all spans could be sent. */
async function sendAll(otlp: OtlpSpans): Promise<void> {
  await otlp.flush().finally(() => otlp.close());
  endWithoutExporters();
  const { exported, dropped } = otlp.tally;
  const droppedCount = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  if (droppedCount > 0)
    throw new Failed(`${thousands(droppedCount)} of ${thousands(exported + droppedCount)} spans were not sent`);
}

function assertReadable(file: string): void {
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) throw new Misuse(`${file} is a directory: name a capture, X.ndjson.gz`);
    if (!stat.isFile()) throw new Misuse(`${file} is not a regular file: write the capture to one first`);
    accessSync(file, constants.R_OK);
  } catch (error) {
    if (error instanceof Misuse) throw error;
    throw new Misuse(`${file}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : reasonOf(error)}`);
  }
}

/** Where it is kept, and what has to be summed up of it in the end. */
interface Kept {
  readonly store: Store;
  readonly rollUps: RollUps;
}

interface ReplayParts {
  readonly kept: Kept | null;
  readonly operations: Operations;
  readonly otlp: OtlpSpans | null;
  readonly storms: StormParts | null;
  readonly signal: AbortSignal;
}

async function replayFile(file: string, parts: ReplayParts, options: ReplayOptions): Promise<void> {
  const { kept, operations, otlp, signal } = parts;
  const snapshot = readSnapshot(file);
  if (typeof snapshot === 'string') warn(`${snapshot}: processes are told from the traffic instead`);
  const known = typeof snapshot === 'object' ? snapshot : null;
  const processes = new Processes(known);
  const reading = new Reading(file, known === null ? 2 : 1, signal);
  const writer = kept === null ? null : await ClickHouseWriter.open(kept.store, { operations, rollUps: kept.rollUps });
  const detector = parts.storms === null ? null : detectorOf(parts.storms, processes);
  const storms = new Set<string>();
  try {
    if (known === null) await learnProcesses(reading.pass(), processes);
    const sink = writer ?? NOWHERE;
    const tally = await runPipeline(reading.pass(), otlp === null ? sink : alsoTo(otlp, sink), {
      processes,
      ...(detector !== null && { storms: detector, onStorm: ({ id }) => storms.add(id) }),
      ...(kept !== null && batchingFor(kept.store)),
    });
    reading.end();
    report(file, { tally, written: writer?.tally ?? null, reading, storms: storms.size }, options);
  } catch (error) {
    reading.end();
    throw asFailure(error, file);
  }
}

const NOWHERE: Sink = { write: async () => {}, close: async () => {} };

/** Reading a file, once or twice: its progress, and what in it could not be used. */
class Reading {
  lines = 0;
  broken = 0;
  truncated: string | null = null;
  #passesDone = 0;
  #bytes = 0;
  readonly #file: string;
  readonly #passes: number;
  readonly #signal: AbortSignal;
  readonly #size: number;
  readonly #progress: Progress;
  #firstReason = '';

  constructor(file: string, passes: number, signal: AbortSignal) {
    this.#file = file;
    this.#passes = passes;
    this.#signal = signal;
    this.#size = statSync(file).size;
    this.#progress = new Progress(`replaying ${basename(file)}`);
  }

  async *pass(): AsyncGenerator<TappedMessage> {
    this.lines = 0;
    this.broken = 0;
    this.truncated = null;
    const notes: string[] = [];
    const listener = {
      broken: (line: number, reason: string) => {
        this.broken++;
        this.#firstReason ||= `line ${line} is ${reason}`;
        if (this.lines === 0 && this.broken >= BROKEN_LINES_MAX) throw this.#notACapture();
        if (notes.length < LINES_NAMED_MAX) notes.push(`${this.#file}: line ${line} passed over: ${reason}`);
      },
      truncated: (reason: string) => {
        this.truncated = reason;
      },
      progress: (bytes: number) => {
        this.#bytes = bytes;
        this.#signal.throwIfAborted();
      },
    };
    for await (const tapped of readCapture(this.#file, listener)) {
      this.lines++;
      if (this.lines % 500 === 0) this.#progress.update(this.#share(), this.lines);
      yield tapped;
    }
    if (this.lines === 0) throw this.broken + Number(this.truncated !== null) > 0 ? this.#notACapture() : this.#empty();
    this.#passesDone++;
    this.#bytes = 0;
    if (this.#passesDone === this.#passes) for (const note of notes) warn(note);
  }

  end(): void {
    this.#progress.end();
  }

  #share(): number {
    return Math.min(1, (this.#passesDone + this.#bytes / this.#size) / this.#passes);
  }

  #notACapture(): Failed {
    return new Failed(`${this.#file} is not a capture: ${this.truncated ?? this.#firstReason}`);
  }

  #empty(): Failed {
    return new Failed(`${this.#file} is empty: there is no event in it`);
  }
}

/** Broken lines after which a file without a single good one is given up. */
const BROKEN_LINES_MAX = 1_000;
/** Broken lines that are named; the rest is counted. */
const LINES_NAMED_MAX = 5;

interface Replayed {
  readonly tally: Tally;
  readonly written: WriteTally | null;
  readonly reading: Reading;
  readonly storms: number;
}

function report(file: string, { tally, written, reading, storms }: Replayed, options: ReplayOptions): void {
  const undecodable = total(tally.undecodable);
  const unmatched = total(tally.unmatched);
  const messages = total(tally.closed);
  if (options.json) {
    const { events, duplicates, late } = tally;
    const counted = { file, events, messages, spans: written?.spans ?? 0, already_stored: written?.known ?? 0, duplicates, late };
    const unused = {
      broken_lines: reading.broken,
      undecodable: tally.undecodable,
      unmatched: tally.unmatched,
      truncated: reading.truncated,
    };
    process.stdout.write(`${JSON.stringify({ ...counted, ...unused, closed: tally.closed, storms })}\n`);
  }
  const parts = [`${thousands(tally.events)} events`, `${thousands(messages)} messages`];
  if (written !== null)
    parts.push(
      written.known === 0 ? `${thousands(written.spans)} spans stored` : `${thousands(written.known)} of them stored already`,
    );
  if (storms > 0) parts.push(storms === 1 ? 'an RPC storm (oslotap storms)' : `${storms} RPC storms (oslotap storms)`);
  if (tally.duplicates > 0) parts.push(`${thousands(tally.duplicates)} seen twice`);
  if (tally.closed.evicted > 0) parts.push(`${thousands(tally.closed.evicted)} closed early at the bound of open ones`);
  if (tally.late > 0) parts.push(`${thousands(tally.late)} too late to be put in order`);
  if (reading.broken > 0) parts.push(`${thousands(reading.broken)} broken lines passed over`);
  if (undecodable > 0) parts.push(`${thousands(undecodable)} undecodable (${Object.keys(tally.undecodable).join(', ')})`);
  if (unmatched > 0) parts.push(`${thousands(unmatched)} without their other half`);
  warn(`${file}: ${parts.join(', ')}`);
  if (reading.truncated !== null) throw new Failed(`${file}: ${reading.truncated}: what stands before it was used`);
}

function asFailure(error: unknown, file: string): unknown {
  if (error instanceof Failed || error instanceof Misuse) return error;
  if (error instanceof DOMException && error.name === 'AbortError') {
    return new Failed(`${file}: interrupted: what is stored stays, replay it again to complete it`);
  }
  return new Failed(`${file}: ${reasonOf(error)}`);
}

function warn(text: string): void {
  process.stderr.write(`oslotap: ${text}\n`);
}

function total(counts: Readonly<Partial<Record<string, number>>>): number {
  return Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}
