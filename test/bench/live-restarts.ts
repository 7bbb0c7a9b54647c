/**
 * RabbitMQ restarts twice in the middle of a load, the sidecar stays: every RPC once outside the gaps, and each gap is told.
 *
 * A restart ends the load's connections and the load with it, in the middle of its calls; another one follows when the sidecar
 * is connected again. The truth of each part is in the order of sending, which tells of a message that is missing whether
 * it was sent in the gap: nothing that was sent after it may have been published before the gap.
 */
import { type Comparison, compare, count, onceEach, readTruth, type StoredGap } from './live-check.ts';
import { Stage } from './live-stage.ts';
import { pause, until } from './live-wait.ts';
import type { Report, Verdict } from './report.ts';

export interface RestartsOptions {
  readonly rate: number;
  /** Of load in all: a third before, between and after the restarts. */
  readonly seconds: number;
}

const RESTARTS = 2;
/** Clients have connections of their own: what one of them sent a moment later may be published a moment earlier. */
const SLACK_MS = 250;

export function restarts(options: RestartsOptions): Promise<Report> {
  return Stage.play((stage) => run(stage, options));
}

async function run(stage: Stage, { rate, seconds }: RestartsOptions): Promise<Report> {
  const data = stage.path('data');
  const truths = [0, 1, 2].map((nth) => stage.path(`truth-${nth}.ndjson`));
  const sidecar = await stage.armedSidecar(['--store', `chdb:${data}`]);
  const awaySeconds: number[] = [];
  for (const truth of truths.slice(0, RESTARTS)) {
    const load = stage.load({ rate, seconds: seconds * 10, truth });
    await pause(seconds / 3);
    const connections = sidecar.times('tap_connected');
    const beganMs = performance.now();
    await stage.broker.restart();
    await load.ended;
    const otherwise = () => `the sidecar did not come back: ${sidecar.lastWords}`;
    await until(() => sidecar.times('tap_connected') > connections, { otherwise });
    await stage.untilTracing();
    awaySeconds.push((performance.now() - beganMs) / 1_000);
  }
  const last = await stage.load({ rate, seconds: seconds / 3, truth: truths.at(-1) ?? '' }).result;
  await stage.drained();
  const code = await sidecar.stop();
  const found = await compare(data, truths);
  const outside = await missingOutside(found, truths);
  return {
    title: `RabbitMQ restarted ${RESTARTS} times under ${rate} RPC/s`,
    rows: [
      ['gap', 'from', 'to', 'events lost, estimated', 'coverage of its minutes'],
      ...found.gaps.map((gap) => [
        gap.reason + (gap.isOpen ? ' (open)' : ''),
        gap.start,
        gap.end,
        count(gap.lostEstimate),
        gap.coverage.toFixed(4),
      ]),
      ['messages sent', count(found.sent), '', '', ''],
      ['of these not seen, in the gaps', count(found.missing.length - outside), '', '', ''],
      ['until the firehose was on again', awaySeconds.map((s) => `${s.toFixed(1)} s`).join(', '), '', '', ''],
      ['coverage of all', found.coverage.toFixed(4), '', '', ''],
    ],
    verdicts: verdicts({ found, outside, code, missingAtTheEnd: last.missing }),
    figures: { lost: found.missing.length, lost_outside: outside, gaps: found.gaps.length, coverage: found.coverage },
  };
}

interface Outcome {
  readonly found: Comparison;
  readonly outside: number;
  readonly code: number | null;
  readonly missingAtTheEnd: number;
}

function verdicts({ found, outside, code, missingAtTheEnd }: Outcome): Verdict[] {
  const disconnected = found.gaps.filter(({ reason }) => reason === 'disconnected');
  const isLossTold = found.missing.length === 0 || found.gaps.some(({ lostEstimate }) => lostEstimate > 0);
  // Calls and deliveries that the restart cut off have no outcome of their own, and no other half.
  const uncut = onceEach(found).filter(({ claim }) => !/missing|other half|outcome/.test(claim));
  return [
    ...uncut,
    { claim: `none is missing outside the gaps: ${count(outside)}`, holds: outside === 0 },
    { claim: `a gap for each restart: ${disconnected.length}`, holds: disconnected.length === RESTARTS },
    { claim: 'no gap stays open', holds: found.gaps.every(({ isOpen }) => !isOpen) },
    { claim: 'each gap lasts, and its coverage is below 1', holds: found.gaps.every(isTold) },
    { claim: `no two gaps tell of the same time: ${overlaps(found.gaps)}`, holds: overlaps(found.gaps) === 0 },
    { claim: 'what went lost shows in an estimate', holds: isLossTold },
    { claim: `coverage below 1: ${found.coverage}`, holds: found.coverage < 1 },
    { claim: `the load after it got all its answers; missing: ${missingAtTheEnd}`, holds: missingAtTheEnd === 0 },
    { claim: `the sidecar ended in order: ${code}`, holds: code === 0 },
  ];
}

function isTold({ fromMs, toMs, coverage }: StoredGap): boolean {
  return toMs > fromMs && coverage < 1;
}

/** Messages that are missing though they were sent before the connection was lost, or after it was there again. */
async function missingOutside({ publishedMs, gaps }: Comparison, truths: readonly string[]): Promise<number> {
  let outside = 0;
  for (const truth of truths) {
    const sent = await readTruth(truth);
    const latestMs = sent.reduce((latest, { uniqueId }) => Math.max(latest, publishedMs.get(uniqueId) ?? 0), 0);
    const gap = gaps.find(({ reason, toMs }) => reason === 'disconnected' && toMs >= latestMs);
    let earliestLaterMs = Number.POSITIVE_INFINITY;
    for (const { uniqueId } of sent.reverse()) {
      const ms = publishedMs.get(uniqueId);
      if (ms !== undefined) earliestLaterMs = Math.min(earliestLaterMs, ms);
      else if (gap === undefined || earliestLaterMs < gap.fromMs - SLACK_MS) outside++;
    }
  }
  return outside;
}

/** Stretches that two gaps cover at once count twice in coverage. */
function overlaps(gaps: readonly StoredGap[]): number {
  const inOrder = gaps.toSorted((a, b) => a.fromMs - b.fromMs);
  return inOrder.filter(({ fromMs }, index) => inOrder.slice(0, index).some(({ toMs }) => toMs > fromMs)).length;
}
