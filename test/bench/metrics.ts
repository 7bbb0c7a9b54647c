/** How large /metrics is for a large cloud, how long it takes to make, and what a message costs: 5,000 hosts, 300 methods. */
import { CloudMetrics } from '../../src/metrics/cloud.ts';
import { MetricsPage } from '../../src/metrics/page.ts';
import { largeCloud } from '../support/stories.ts';
import { collectGarbage, timed } from './measure.ts';
import { number, type Report } from './report.ts';

const HOSTS = 5_000;
const METHODS = 300;
const BATCH = 2_500;
const ROUNDS = 15;
const BYTES_MAX = 2_000_000;
const PAGE_MS_MAX = 200;

export async function benchMetrics(): Promise<Report[]> {
  const reports = [];
  for (const hosts of [false, true]) reports.push(await measure(hosts));
  return reports;
}

async function measure(hosts: boolean): Promise<Report> {
  let nowMs = 0;
  const cloud = new CloudMetrics({ osloMetricsCompat: true, hosts, nowMs: () => nowMs });
  const feedMs = feed(cloud);
  nowMs += 120_000; // now what is quiet has its name
  const page = new MetricsPage(() => {
    nowMs += 2_000; // no text is served twice
    return nowMs;
  });
  page.addProcess();
  page.add(cloud.sources);
  page.addDistributions(cloud.distributions);
  const times: number[] = [];
  let text = await page.text();
  for (let round = 0; round < ROUNDS; round++) {
    collectGarbage();
    const beganMs = performance.now();
    text = await page.text();
    times.push(performance.now() - beganMs);
  }
  return reportOf(hosts, text, times, (feedMs * 1_000) / (HOSTS * METHODS));
}

/** @returns milliseconds that it took to count all of it, without making the messages. */
function feed(cloud: CloudMetrics): number {
  let feedMs = 0;
  let batch = [];
  for (const message of largeCloud({ hosts: HOSTS, methods: METHODS })) {
    batch.push(message);
    if (batch.length < BATCH) continue;
    const full = batch;
    feedMs += timed(() => cloud.take(full));
    batch = [];
  }
  cloud.take(batch);
  return feedMs;
}

function reportOf(hosts: boolean, text: Buffer, times: readonly number[], perMessageUs: number): Report {
  const sorted = times.toSorted((a, b) => a - b);
  const [median = 0, worst = 0] = [sorted[sorted.length >> 1], sorted.at(-1)];
  const series = text
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#')).length;
  const name = hosts ? 'hosts told' : 'hosts folded';
  return {
    title: `/metrics, ${HOSTS} hosts × ${METHODS} methods, all kinds, oslo.metrics' names too, ${name}`,
    rows: [
      ['', 'size', 'series', 'time (median, worst)', 'counting a message'],
      [
        name,
        `${number(text.length / 1e6)} MB`,
        number(series),
        `${number(median)}, ${number(worst)} ms`,
        `${number(perMessageUs)} µs`,
      ],
    ],
    verdicts: [
      { claim: `less than ${BYTES_MAX / 1e6} MB`, holds: text.length < BYTES_MAX },
      { claim: `less than ${PAGE_MS_MAX} ms`, holds: median < PAGE_MS_MAX },
    ],
    figures: {
      [`metrics_${hosts ? 'hosts' : 'folded'}_bytes`]: text.length,
      [`metrics_${hosts ? 'hosts' : 'folded'}_ms`]: median,
      [`metrics_${hosts ? 'hosts' : 'folded'}_message_us`]: perMessageUs,
    },
  };
}
