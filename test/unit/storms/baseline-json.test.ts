import { expect, test } from 'vitest';
import type { Baseline } from '../../../src/storms/baseline.ts';
import { baselineFromJson, baselineToJson } from '../../../src/storms/baseline-json.ts';

const BASELINE: Baseline = {
  seconds: 600,
  hosts: 5,
  untilSecond: 1_800_000_000,
  series: new Map([
    [
      '["/","nova","conductor","object_action",null,"call",false]',
      {
        ...{ seconds: 600, mean: 0.5, messages: 0.5, senders: 3, hosts: 5, peaks: [3, 8, 30], senderPeak: 4, tracePeak: 0 },
        waitMs: 0.1,
        failedShare: null,
      },
    ],
  ]),
};

test('what was learned comes back from its file', () => {
  expect(baselineFromJson(baselineToJson(BASELINE))).toEqual(BASELINE);
});

test.each([
  ['no JSON', '{'],
  ['another version', JSON.stringify({ ...JSON.parse(baselineToJson(BASELINE)), version: 2 })],
  ['a negative rate', baselineToJson(BASELINE).replace('"mean":0.5', '"mean":-1')],
  ['no series', '{"version":1,"seconds":1,"hosts":1,"untilSecond":1}'],
])('%s is no baseline', (_, text) => {
  expect(baselineFromJson(text)).toBeNull();
});
