/** What the settings say of storms: their bounds, and what is usual to begin with. */
import { readFileSync } from 'node:fs';
import { readCapture } from '../../collectors/capture/read.ts';
import { readSnapshot } from '../../collectors/capture/snapshot.ts';
import { Misuse, reasonOf } from '../errors.ts';
import { learnProcesses, runPipeline, type Sink } from '../pipeline.ts';
import type { StormParts } from '../service/storms.ts';
import type { Settings } from '../settings/schema.ts';
import type { Baseline } from '../storms/baseline.ts';
import { baselineFromJson } from '../storms/baseline-json.ts';
import { StormDetector } from '../storms/detector.ts';
import type { StormThresholds } from '../storms/thresholds.ts';
import { Processes } from '../trace/processes.ts';

/** A recording that is shorter says nothing of what is usual. Seconds. */
const BASELINE_S_MIN = 60;
const NOWHERE: Sink = { write: async () => {}, close: async () => {} };
const UNHEARD = { broken: () => {}, truncated: () => {}, progress: () => {} };

/** @returns null where storms are not looked for. @throws Misuse in one line, where the baseline cannot be used. */
export async function readStorms({ storms }: Pick<Settings, 'storms'>): Promise<StormParts | null> {
  if (!storms.enabled) return null;
  const thresholds = thresholdsOf(storms);
  return { thresholds, baseline: storms.baseline === undefined ? null : await readBaseline(storms.baseline, thresholds) };
}

function thresholdsOf(storms: Settings['storms']): StormThresholds {
  const { factor, peakFactor, messagesMin, requestMessagesMin, copiesMin, hostMessagesMin, ignore } = storms;
  const bounds = { factor, peakFactor, messagesMin, requestMessagesMin, copiesMin, hostMessagesMin };
  return { ...bounds, warmUpSeconds: storms.warmUp / 1_000, holdSeconds: storms.hold / 1_000, ignored: ignore };
}

/** From a baseline file, or learned from a capture. */
async function readBaseline(file: string, thresholds: StormThresholds): Promise<Baseline> {
  try {
    if (file.endsWith('.json')) {
      const kept = baselineFromJson(readFileSync(file, 'utf8'));
      if (kept === null) throw new Misuse(`--baseline: ${file} is no baseline: name a capture, or a usual.json of a sidecar`);
      return kept;
    }
    const learned = await learnFrom(file, thresholds);
    if (learned.seconds >= BASELINE_S_MIN) return learned;
    throw new Misuse(`--baseline: ${file} has RPC of ${learned.seconds} s: it takes ${BASELINE_S_MIN} s or more of usual work`);
  } catch (error) {
    if (error instanceof Misuse) throw error;
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Misuse(`--baseline: ${file}: ${isMissing ? 'no such file' : reasonOf(error)}`);
  }
}

async function learnFrom(file: string, thresholds: StormThresholds): Promise<Baseline> {
  const found = readSnapshot(file);
  const snapshot = typeof found === 'object' ? found : null;
  const processes = new Processes(snapshot);
  if (snapshot === null) await learnProcesses(readCapture(file, UNHEARD), processes);
  // It learns, and tells of nothing.
  const storms = new StormDetector({ processes, thresholds: { ...thresholds, warmUpSeconds: Infinity } });
  await runPipeline(readCapture(file, UNHEARD), NOWHERE, { processes, storms });
  return storms.baseline;
}
