/** The detector of storms in a running sidecar: what it has learned outlives the process, and whoever asks is told. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { StormsView } from '../metrics/storm-view.ts';
import type { Storm, StormMethod, StormSignal } from '../storm.ts';
import type { Baseline } from '../storms/baseline.ts';
import { baselineFromJson, baselineToJson } from '../storms/baseline-json.ts';
import { StormDetector, type StormDetectorOptions } from '../storms/detector.ts';
import type { StormThresholds } from '../storms/thresholds.ts';
import type { Processes } from '../trace/processes.ts';

export interface StormParts {
  readonly thresholds: StormThresholds;
  /** What to begin with, instead of what was learned before; null: the latter. */
  readonly baseline: Baseline | null;
}

interface KeptIn {
  /** Where what was learned is kept; null: nowhere. */
  readonly directory: string | null;
  readonly processes: Processes;
  readonly log: Log;
}

/** Whoever names what is usual wants no warm-up. */
export function detectorOf(
  { thresholds, baseline }: StormParts,
  processes: Processes,
  goingOn: Partial<StormDetectorOptions> = {},
): StormDetector {
  if (baseline === null) return new StormDetector({ processes, thresholds, ...goingOn });
  return new StormDetector({ processes, baseline, thresholds: { ...thresholds, warmUpSeconds: 0 } });
}

const FILE = 'usual.json';
/** What was learned since then is lost with a kill. Milliseconds. */
const SAVE_MS = 300_000;
/** What is older says little of today. Seconds. */
const KEPT_S = 7 * 86_400;

export class LiveStorms implements StormsView {
  readonly detector: StormDetector;
  readonly #file: string | null;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #saving: Promise<void> = Promise.resolve();

  static async open(parts: StormParts, { directory, processes, log }: KeptIn): Promise<LiveStorms> {
    const file = directory === null ? null : join(directory, FILE);
    const kept = parts.baseline === null && file !== null ? await read(file, log) : null;
    const goingOn = kept === null ? {} : { baseline: kept, sinceSecond: kept.untilSecond };
    return new LiveStorms(detectorOf(parts, processes, goingOn), file, log);
  }

  private constructor(detector: StormDetector, file: string | null, log: Log) {
    this.detector = detector;
    this.#file = file;
    this.#log = log;
    this.#timer = setInterval(() => void this.#save(), SAVE_MS).unref();
  }

  get silentReason(): string | null {
    return this.detector.silentReason;
  }

  get open(): readonly Storm[] {
    return this.detector.open;
  }

  get begun(): ReadonlyMap<StormSignal, number> {
    return this.detector.begun;
  }

  rateOf(storm: Storm, method: StormMethod): number {
    return this.detector.rateOf(storm, method);
  }

  /** Keeps what was learned. Never throws. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#save();
  }

  /** One after the other, whole or not at all. */
  async #save(): Promise<void> {
    await this.#saving;
    this.#saving = this.#write().catch((error) => {
      this.#log.warn('usual_not_kept', `what is usual could not be kept: ${reasonOf(error)}; the next start learns it anew`);
    });
    await this.#saving;
  }

  async #write(): Promise<void> {
    const { baseline } = this.detector;
    if (baseline.seconds === 0 || this.#file === null) return;
    await writeFile(`${this.#file}.new`, baselineToJson(baseline), { mode: 0o600 });
    await rename(`${this.#file}.new`, this.#file);
  }
}

async function read(file: string, log: Log): Promise<Baseline | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  const kept = baselineFromJson(text);
  if (kept === null) {
    log.warn('usual_unreadable', `${file} cannot be used: what is usual is learned anew`);
    return null;
  }
  return Date.now() / 1_000 - kept.untilSecond > KEPT_S ? null : kept;
}
