/** Which traces are sent: users' requests whole, of the rest a part. */
import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Publish } from '../../../src/message.ts';
import { OTLP_DEFAULTS } from '../../../src/sinks/otlp/options.ts';
import { isSampled, OtlpSpans } from '../../../src/sinks/otlp/otlp-spans.ts';
import { correlate, publish } from '../../support/events.ts';
import { keptLog } from '../../support/otlp-spans.ts';

const REQUESTED = publish(0, 'api', { id: 'aa', kind: 'cast', method: 'build' });
/** Of several agents. */
const BACKGROUND = Array.from({ length: 20 }, (_, nth) =>
  publish(nth, `agent-${nth}`, { id: `b${nth}`, kind: 'cast', method: 'report_state', requestId: null, hasUser: false }),
);
const TRACE_IDS = Array.from({ length: 4_000 }, (_, nth) => hash('md5', String(nth)));

/** What came before is over by then; this is not. */
const OPEN = publish(3_600_000, 'api', { id: 'open', kind: 'cast', method: 'build' });

async function taken(events: readonly Publish[], backgroundRatio: number, isReplay = false): Promise<number> {
  const options = { ...OTLP_DEFAULTS, endpoint: 'http://127.0.0.1:1', batchSpansMax: 10_000, timeoutMs: 100, backgroundRatio };
  const spans = await OtlpSpans.open(options, keptLog().log);
  try {
    const messages = correlate([...events, OPEN]).closed;
    if (isReplay) await spans.takePatiently({ messages });
    else spans.take({ messages });
    return spans.tally.queueSpans;
  } finally {
    await spans.close(0);
  }
}

test("a user's request is sent whatever part of the rest is", async () => {
  expect(await taken([REQUESTED], 0)).toBe(1);
});

test.each([
  [0, 0],
  [1, 20],
])('of background work the part %d is %d of 20 spans', async (ratio, count) => {
  expect(await taken(BACKGROUND, ratio)).toBe(count);
});

test('what is open when the sidecar ends is left for its next run; a replay has none', async () => {
  expect(await taken([], 1)).toBe(0);
  expect(await taken([], 1, true)).toBe(1);
});

test.each([0, 0.01, 0.25, 0.9, 1])('the part %d of traces is that part', (ratio) => {
  const count = TRACE_IDS.filter((id) => isSampled(id, ratio)).length;
  expect(Math.abs(count / TRACE_IDS.length - ratio)).toBeLessThan(0.02);
});

test('what is in a part is in each larger part', () => {
  const small = TRACE_IDS.filter((id) => isSampled(id, 0.1));
  expect(small.every((id) => isSampled(id, 0.3))).toBe(true);
});
