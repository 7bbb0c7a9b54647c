/**
 * The sidecar is killed and nobody starts it again: what does that cost the broker and its clients, while the tap's queue is
 * there, after it expired, and after `tap disarm`?
 *
 * Latencies are of the same rate in the same run. What they are compared with is measured before and after: the mean counts.
 */
import type { LoadResult } from '../support/rpc-load.ts';
import { count } from './live-check.ts';
import { disarm } from './live-cli.ts';
import { ONLY_CALLS } from './live-load.ts';
import { rssBytes } from './live-process.ts';
import { Stage } from './live-stage.ts';
import { pause, until } from './live-wait.ts';
import { megabytes, number, type Report, type Verdict } from './report.ts';

export interface DeadOptions {
  readonly rate: number;
  /** How long nobody consumes; then the queue expires. */
  readonly minutes: number;
  /** Of each measurement. */
  readonly seconds: number;
}

/** Messages: the default, or less where that would not be full in the time. */
const QUEUE_LENGTH_MAX = 200_000;
const FULL_AFTER_SHARE = 0.25;
/** Copies that a call and its reply make. */
const COPIES = 4;
/** How much longer a call may take than beside what it is compared with. */
const RATIO_MAX = 1.15;
const LINES = 10;
/** A broker's memory is never still: what is more than this growth is growth. */
const GROWTH_SHARE = 1.15;
const GROWTH_BYTES = 50 * 2 ** 20;
const SAMPLE_SECONDS = 1;

export function dead(options: DeadOptions): Promise<Report[]> {
  return Stage.play((stage) => run(stage, options));
}

interface Sample {
  readonly atSeconds: number;
  readonly rss: number;
  readonly messages: number;
}

async function run(stage: Stage, { rate, minutes, seconds }: DeadOptions): Promise<Report[]> {
  const data = stage.path('data');
  const deadSeconds = Math.round(minutes * 60);
  const lengthMax = Math.min(QUEUE_LENGTH_MAX, Math.round(rate * COPIES * deadSeconds * FULL_AFTER_SHARE));
  const measure = () => stage.load({ ...ONLY_CALLS, rate, seconds }).result;
  const untraced = () => stage.trace(false).then(measure);
  const unbound = () => stage.trace(true).then(measure);

  await measure(); // the first one is slower, whatever the state
  const off = [await untraced()];
  const nothingBound = [await unbound()];
  await stage.trace(false);
  const bounds = ['--queue-length', String(lengthMax), '--queue-expires', String(deadSeconds)];
  const sidecar = await stage.armedSidecar(['--store', `chdb:${data}`, ...bounds]);
  const beside = await measure();
  await sidecar.kill();
  const { samples, results } = await watchDead(stage, { rate, deadSeconds, seconds });
  const otherwise = () => 'the tap queue did not expire';
  await until(async () => (await stage.queue()) === null, {
    otherwise,
    patienceMs: (deadSeconds + 120) * 1_000,
    periodMs: 1_000,
  });
  const expired = await measure();
  const isStillOn = await stage.isTracing();
  const said = disarm(data, stage.env);
  const isOffAgain = !(await stage.isTracing());
  const disarmed = await measure();
  nothingBound.push(await unbound());
  off.push(await untraced());

  const ratios = { expired: p50(expired) / mean(nothingBound), disarmed: p50(disarmed) / mean(off) };
  const latency = (name: string, result: LoadResult, ratio: string) => [
    name,
    `${number(result.latency_ms.p50)} ms`,
    `${number(result.latency_ms.p95)} ms`,
    ratio,
  ];
  const toOff = (results: readonly LoadResult[]) => `${number(mean(results) / mean(off))}`;
  return [
    {
      title: `What clients notice of a dead sidecar, ${rate} RPC/s`,
      rows: [
        ['', 'p50', 'p95', 'p50, times that of no tracing'],
        ...off.map((result, nth) => latency(`no tracing, ${nth === 0 ? 'before' : 'after'}`, result, '')),
        ...nothingBound.map((result, nth) =>
          latency(`tracing, nothing bound, ${nth === 0 ? 'before' : 'after'}`, result, toOff([result])),
        ),
        latency('the sidecar at work', beside, toOff([beside])),
        ...results.map((result, nth) => latency(`dead, ${nth === 0 ? 'at first' : 'at last'}`, result, toOff([result]))),
        latency('its queue expired', expired, toOff([expired])),
        latency('disarmed', disarmed, toOff([disarmed])),
      ],
      verdicts: [
        { claim: `the queue expired, and the firehose is still on: ${isStillOn}`, holds: isStillOn },
        atMost('after the queue expired', ratios.expired, 'with tracing on and nothing bound'),
        { claim: `tap disarm switches the firehose off: ${said.trim().split('\n').at(-1)}`, holds: isOffAgain },
        atMost('after tap disarm', ratios.disarmed, 'without tracing'),
      ],
      figures: { p50_ratio_expired: ratios.expired, p50_ratio_disarmed: ratios.disarmed },
    },
    memoryReport(samples, lengthMax, deadSeconds),
  ];
}

/** Load from the death to the expiry. */
async function watchDead(stage: Stage, { rate, deadSeconds, seconds }: { rate: number; deadSeconds: number; seconds: number }) {
  const samples: Sample[] = [];
  const beganMs = performance.now();
  const elapsed = () => (performance.now() - beganMs) / 1_000;
  const results: LoadResult[] = [];
  const loading = (async () => {
    // One ends before the other begins: so do their latencies. Together they last as long as nobody consumes.
    for (const part of [seconds, Math.max(seconds, deadSeconds - seconds - 5)]) {
      results.push(await stage.load({ ...ONLY_CALLS, rate, seconds: part }).result);
    }
  })();
  let isOver = false;
  const over = loading.finally(() => {
    isOver = true;
  });
  over.catch(() => {}); // it is awaited below
  while (!isOver) {
    const queue = await stage.queue();
    if (queue !== null) samples.push({ atSeconds: elapsed(), rss: rssBytes(stage.broker.pid) ?? 0, messages: queue.messages });
    await pause(SAMPLE_SECONDS);
  }
  await over;
  return { samples, results };
}

function memoryReport(samples: readonly Sample[], lengthMax: number, deadSeconds: number): Report {
  const every = Math.max(1, Math.ceil(samples.length / LINES));
  const shown = samples.filter((_, index) => index % every === 0 || index === samples.length - 1);
  const half = samples.length >> 1;
  const first = most(samples.slice(0, half), ({ rss }) => rss);
  const second = most(samples.slice(half), ({ rss }) => rss);
  const longest = most(samples, ({ messages }) => messages);
  return {
    title: `The broker while nobody consumes the tap queue, which holds ${count(lengthMax)} messages at most, for ${deadSeconds} s`,
    rows: [
      ['after', 'broker RSS', 'messages in the tap queue'],
      ...shown.map(({ atSeconds, rss, messages }) => [`${Math.round(atSeconds)} s`, megabytes(rss), count(messages)]),
    ],
    verdicts: [
      {
        claim: `the queue is full, and stays within its bound: ${count(longest)}`,
        holds: longest >= lengthMax * 0.99 && longest <= lengthMax * 1.01,
      },
      {
        claim: `memory does not grow: ${megabytes(first)} at most in the first half, ${megabytes(second)} in the second`,
        holds: second <= first * GROWTH_SHARE + GROWTH_BYTES,
      },
    ],
    figures: { broker_rss_first_half: first, broker_rss_second_half: second, queue_messages_max: longest },
  };
}

function atMost(when: string, ratio: number, comparedWith: string): Verdict {
  return { claim: `${when} p50 is at most ${RATIO_MAX} times that ${comparedWith}: ${number(ratio)}`, holds: ratio <= RATIO_MAX };
}

function p50({ latency_ms: { p50 } }: LoadResult): number {
  return p50;
}

function mean(results: readonly LoadResult[]): number {
  return results.reduce((sum, result) => sum + p50(result), 0) / results.length;
}

function most<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((largest, item) => Math.max(largest, of(item)), 0);
}
