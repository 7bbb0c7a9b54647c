/** Any bytes and any headers through the firehose: nothing ends the sidecar, and every event is accounted for. */
import { openChdb } from '../../src/store/chdb.ts';
import { count } from './live-check.ts';
import { FuzzSender } from './live-fuzz-sender.ts';
import { Stage } from './live-stage.ts';
import { RSS_BYTES_MAX } from './live-steady.ts';
import { pause } from './live-wait.ts';
import { megabytes, number, type Report } from './report.ts';

export interface FuzzOptions {
  /** Messages. */
  readonly count: number;
  readonly seed: number;
}

/** Nothing is to be lost or left out because there is much of it: that is what other scenarios are for. */
const UNBOUNDED = ['--queue-length', '1000000000', '--queue-bytes', '1000000000000', '--lag-step', '86400', '--queue-max', '100'];
/** Replies wait 30 s for their calls, and are looked through every 30 s: then they are known to be without. */
const SETTLE_SECONDS = 65;

export function fuzz(options: FuzzOptions): Promise<Report> {
  return Stage.play((stage) => run(stage, options));
}

async function run(stage: Stage, { count: messages, seed }: FuzzOptions): Promise<Report> {
  const data = stage.path('data');
  const sidecar = await stage.armedSidecar(['--store', `chdb:${data}`, ...UNBOUNDED]);
  const sender = await FuzzSender.start(stage.broker);
  const beganMs = performance.now();
  await sender.send(messages, seed);
  const sendSeconds = (performance.now() - beganMs) / 1_000;
  const counted = await sender.counted();
  await stage.drained();
  const seconds = (performance.now() - beganMs) / 1_000;
  await sender.stop();
  await pause(SETTLE_SECONDS);
  const peakBytes = sidecar.peakRssBytes ?? 0;
  const isAlive = !sidecar.hasEnded;
  const code = await sidecar.stop();
  const { summary } = sidecar;
  const stored = await storedEvents(data);
  const shown = counted.published + counted.delivered;
  const taken = summary?.events ?? 0;
  const accounted = stored.inMessages + stored.unmatched + (summary?.seenTwice ?? 0);
  const losses = sidecar.times('tap_lost');
  return {
    title: `${count(messages)} messages of any bytes, with any headers (seed ${seed})`,
    rows: [
      ['messages a second, sent', count(messages / sendSeconds)],
      ['events a second, stored', count(taken / seconds)],
      ['published, confirmed', count(counted.published)],
      ['delivered, as the consumers counted', count(counted.delivered)],
      ['events, as the sidecar counted', count(taken)],
      ['  in rows of messages', `${count(stored.inMessages)} (in ${count(stored.messages)} rows)`],
      ['  in rows of unmatched', count(stored.unmatched)],
      ...stored.reasons.map(({ reason, rows }) => [`    ${reason}`, count(rows)]),
      ['  seen twice and counted once', count(summary?.seenTwice ?? 0)],
      ['sidecar RSS, peak', megabytes(peakBytes)],
      ['took, in all', `${number(seconds)} s`],
    ],
    verdicts: [
      { claim: `the broker took all: ${count(counted.published)}`, holds: counted.published === messages },
      { claim: 'the sidecar is alive at the end', holds: isAlive },
      { claim: `it ended in order: ${code}`, holds: code === 0 },
      { claim: `it never lost its connection: ${losses}`, holds: losses === 0 },
      { claim: `every event was counted: ${count(taken)} of ${count(shown)}`, holds: taken === shown },
      { claim: `every event is in a row, or was seen twice: ${count(accounted)} of ${count(taken)}`, holds: accounted === taken },
      { claim: `the bytes were of every kind: ${stored.reasons.length} reasons`, holds: stored.reasons.length >= REASONS_MIN },
      {
        claim: `RSS below ${RSS_BYTES_MAX / 1e6} million bytes: ${Math.round(peakBytes / 1e6)}`,
        holds: peakBytes < RSS_BYTES_MAX,
      },
    ],
    figures: { events: taken, events_per_second: taken / seconds, rss_peak_bytes: peakBytes },
  };
}

/** Otherwise the fuzz tries less than it says. */
const REASONS_MIN = 5;

interface StoredEvents {
  readonly messages: number;
  readonly inMessages: number;
  readonly unmatched: number;
  readonly reasons: readonly { readonly reason: string; readonly rows: number }[];
}

async function storedEvents(directory: string): Promise<StoredEvents> {
  const store = await openChdb({ directory, command: 'bench', isWriter: false });
  try {
    const [row] = await store.query<{ messages: number; events: number }>(
      'SELECT count() AS messages, sum(1 + replies + length(delivered_at) + reply_deliveries) AS events FROM oslo_messages FINAL',
    );
    const reasons = await store.query<{ reason: string; rows: number }>(
      'SELECT toString(reason) AS reason, count() AS rows FROM oslo_unmatched FINAL GROUP BY reason ORDER BY rows DESC',
    );
    const unmatched = reasons.reduce((sum, { rows }) => sum + Number(rows), 0);
    return { messages: Number(row?.messages ?? 0), inMessages: Number(row?.events ?? 0), unmatched, reasons };
  } finally {
    await store.close();
  }
}
