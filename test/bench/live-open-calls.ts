/**
 * Many more calls are open than the tap takes without acknowledging, and their replies come minutes later: were events
 * acknowledged with the end of their story, the tap would wait for replies that it holds up itself. Other calls go on meanwhile.
 */
import { compare, count, onceEach } from './live-check.ts';
import { OtherTraffic } from './live-other-traffic.ts';
import { Samples } from './live-process.ts';
import { Stage } from './live-stage.ts';
import { RSS_BYTES_MAX } from './live-steady.ts';
import { megabytes, type Report } from './report.ts';

export interface OpenCallsOptions {
  /** Calls that wait. */
  readonly count: number;
  readonly delaySeconds: number;
  /** Calls a second beside them. */
  readonly rate: number;
}

const PREFETCH = 1_000;
/** How long the waiting calls take to be sent. Seconds. */
const SENDING_SECONDS = 10;
/** What the tap may be behind: its markers go out once a second. Milliseconds. */
const LAG_MS_MAX = 2_000;
/** Status lines are seldom: what waits in the tap's queue is looked at each second. A tap that stalls has many times that. */
const BACKLOG_MAX = 10_000;
/** No call may run into its own time-out. */
const TIMEOUT_SHARE = 3;

export function openCalls(options: OpenCallsOptions): Promise<Report> {
  return Stage.play((stage) => run(stage, options));
}

async function run(stage: Stage, { count: calls, delaySeconds, rate }: OpenCallsOptions): Promise<Report> {
  const data = stage.path('data');
  const truths = [stage.path('waiting.ndjson'), stage.path('other.ndjson')] as const;
  const sidecar = await stage.armedSidecar(['--store', `chdb:${data}`, '--prefetch', String(PREFETCH)]);
  let backlog = 0;
  const backlogs = new Samples(() => backlog);
  const watch = setInterval(() => {
    stage.backlog().then(
      (messages) => {
        backlog = messages;
      },
      () => {},
    );
  }, 1_000);
  const other = await OtherTraffic.start({ amqp: stage.broker.amqp, rate, truth: truths[1] });
  const waiting = await stage.load({
    count: calls,
    rate: Math.ceil(calls / SENDING_SECONDS),
    'reply-delay-ms': delaySeconds * 1_000,
    'timeout-ms': delaySeconds * 1_000 * TIMEOUT_SHARE,
    truth: truths[0],
  }).result;
  const otherMissing = await other.stop();
  clearInterval(watch);
  backlogs.end();
  await stage.drained();
  const peakBytes = sidecar.peakRssBytes ?? 0;
  const code = await sidecar.stop();
  const found = await compare(data, truths);
  return {
    title: `${count(calls)} calls wait ${delaySeconds} s for their replies, prefetch ${count(PREFETCH)}, ${rate} other calls a second`,
    rows: [
      ['calls that waited', count(waiting.publishes.call)],
      ['other calls', count(other.calls)],
      ['lag, most of its status lines', `${count(sidecar.lagMaxMs)} ms`],
      ['tap queue, most', `${count(backlogs.max)} messages`],
      ['sidecar RSS, peak', megabytes(peakBytes)],
      ['coverage', String(found.coverage)],
    ],
    verdicts: [
      ...onceEach(found),
      { claim: `more calls waited than the prefetch: ${count(calls)}`, holds: calls > PREFETCH },
      { claim: `all got their answers; missing: ${waiting.missing + otherMissing}`, holds: waiting.missing + otherMissing === 0 },
      {
        claim: `nothing stalled: lag below ${LAG_MS_MAX} ms: ${count(sidecar.lagMaxMs)}`,
        holds: sidecar.lagMaxMs < LAG_MS_MAX,
      },
      {
        claim: `nothing stalled: at most ${count(BACKLOG_MAX)} messages wait: ${count(backlogs.max)}`,
        holds: backlogs.max < BACKLOG_MAX,
      },
      { claim: `other calls went on: ${count(other.calls)}`, holds: other.calls >= rate * delaySeconds * 0.9 },
      { claim: `coverage 1: ${found.coverage}`, holds: found.coverage === 1 },
      {
        claim: `RSS below ${RSS_BYTES_MAX / 1e6} million bytes: ${Math.round(peakBytes / 1e6)}`,
        holds: peakBytes < RSS_BYTES_MAX,
      },
      { claim: `the sidecar ended in order: ${code}`, holds: code === 0 },
    ],
    figures: { lag_max_ms: sidecar.lagMaxMs, backlog_max: backlogs.max, rss_peak_bytes: peakBytes },
  };
}
