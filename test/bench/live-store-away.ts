/**
 * The disk is full while a load goes on, for real: of the store alone, and of the store with the journal beside it. The sidecar keeps
 * what it has, takes no more than it may hold, and the tap's queue holds the rest; when there is room again, every RPC is there once.
 */
import { compare, count, onceEach } from './live-check.ts';
import { diskTrouble, type Trouble } from './live-disk.ts';
import { type Point, Samples } from './live-process.ts';
import { Stage } from './live-stage.ts';
import { pause } from './live-wait.ts';
import { megabytes, number, type Report } from './report.ts';

export interface StoreAwayOptions {
  readonly rate: number;
  /** Of load in all. */
  readonly seconds: number;
  /** How long nothing can be written. */
  readonly awaySeconds: number;
}

/** What is full: the engine's directory, or all that the sidecar writes. */
type Place = 'store' | 'store and journal';
/** What is not memory of what waits: the engine's own buffers, and V8's freedom. */
const GROWTH_SHARE = 1.15;
const GROWTH_BYTES = 50 * 2 ** 20;

export async function storeAway(options: StoreAwayOptions): Promise<Report[]> {
  const reports: Report[] = [];
  for (const place of ['store', 'store and journal'] as const)
    reports.push(await Stage.play((stage) => run(stage, place, options)));
  return reports;
}

async function run(stage: Stage, place: Place, { rate, seconds, awaySeconds }: StoreAwayOptions): Promise<Report> {
  const [data, truth] = [stage.path('data'), stage.path('truth.ndjson')];
  const trouble: Trouble = diskTrouble(stage, place === 'store' ? stage.path('data/chdb') : data);
  const sidecar = await stage.armedSidecar(['--store', `chdb:${data}`, '--lag-step', '86400']);
  const memory = new Samples(() => sidecar.rssBytes);
  const load = stage.load({ rate, seconds, truth });
  await pause(Math.max(5, (seconds - awaySeconds) / 2));
  const beforeBytes = memory.max;
  trouble.begin(sidecar.pid);
  const isHurt = await sidecar.says('store_away', awaySeconds * 1_000).then(
    () => true,
    () => false,
  );
  const awayFrom = memory.points.length;
  await pause(awaySeconds);
  const away: readonly Point[] = memory.points.slice(awayFrom);
  const backlog = await stage.backlog();
  trouble.end(sidecar.pid);
  const roomMs = performance.now();
  await sidecar.says('store_back');
  const againSeconds = (performance.now() - roomMs) / 1_000;
  const result = await load.result;
  const drainSeconds = await stage.drained();
  memory.end();
  const code = await sidecar.stop();
  const found = await compare(data, [truth]);
  const awayBytes = away.reduce((most, { value }) => Math.max(most, value), 0);
  const boundBytes = beforeBytes * GROWTH_SHARE + GROWTH_BYTES;
  return {
    title: `No room for the ${place} for ${awaySeconds} s (${trouble.how}), ${rate} RPC/s`,
    rows: [
      ['messages sent', count(found.sent)],
      ['sidecar RSS, peak before', megabytes(beforeBytes)],
      ['sidecar RSS, peak while there was no room', megabytes(awayBytes)],
      ['sidecar RSS, peak of all', megabytes(memory.max)],
      ['messages in the tap queue, at the end of it', count(backlog)],
      ['until it worked again', `${number(againSeconds)} s`],
      ['after the load, until the queue was empty', `${number(drainSeconds)} s`],
      ['client latency p50 / p95', `${number(result.latency_ms.p50)} / ${number(result.latency_ms.p95)} ms`],
      ['coverage', String(found.coverage)],
    ],
    verdicts: [
      ...onceEach(found),
      { claim: 'the sidecar could not write, and said so', holds: isHurt },
      { claim: `the tap queue held what came: ${count(backlog)}`, holds: backlog > 0 },
      { claim: `memory stays below ${megabytes(boundBytes)}: ${megabytes(awayBytes)}`, holds: awayBytes < boundBytes },
      { claim: `coverage 1: ${found.coverage}`, holds: found.coverage === 1 },
      { claim: `the load got all its answers; missing: ${result.missing}`, holds: result.missing === 0 },
      { claim: `the sidecar ended in order: ${code}`, holds: code === 0 },
    ],
    figures: { rss_before_bytes: beforeBytes, rss_away_bytes: awayBytes, again_seconds: againSeconds },
  };
}
