import { expect, test } from 'vitest';
import type { Segment } from '../../../src/queries/paths.ts';
import { heaviestOf, renderPath, sharesOf, toPathSteps } from '../../../src/report/path.ts';

const AT = 1_795_291_200_000_000_000n;

function segment(what: Segment['what'], name: string, [fromMs, toMs]: [number, number], stage = name): Segment {
  const place = { service: 'nova-compute', host: 'cmp1', process: '' };
  const [fromNs, toNs] = [AT + BigInt(fromMs) * 1_000_000n, AT + BigInt(toMs) * 1_000_000n];
  return {
    what,
    uniqueId: name,
    name,
    service: place.service,
    host: place.host,
    stage: { uniqueId: stage, name: stage, place },
    fromNs,
    toNs,
  };
}

const PATH = [
  segment('queue', 'build', [0, 2]),
  segment('work', 'build', [2, 400]),
  segment('work', 'save', [400, 500], 'build'),
  segment('work', 'build', [500, 602]),
  segment('outside', 'event', [602, 1_000]),
];

test('the heaviest is what took most in all its parts', () => {
  expect(heaviestOf(PATH)).toBe('50 % nova-compute@cmp1 build');
  expect(heaviestOf([])).toBe('');
});

test('shares by message: what nothing on the wire explains is no message’s', () => {
  expect([...sharesOf(PATH)]).toEqual([
    ['build', 0.502],
    ['save', 0.1],
  ]);
});

test('steps have times as the contract writes them', () => {
  expect(toPathSteps(PATH)[1]).toMatchObject({
    what: 'work',
    from: '2026-11-21T20:00:00.002000000Z',
    to: '2026-11-21T20:00:00.400000000Z',
    ms: 398,
  });
});

test('for people: on what the time went, then stage by stage', () => {
  expect(renderPath(PATH)).toMatchInlineSnapshot(`
    "SHARE    TOOK  THE CRITICAL PATH: ON WHAT THE TIME WENT
     50 %  500 ms  nova-compute@cmp1 build
     40 %  398 ms  outside, nothing on the wire, until nova-compute@cmp1: event
     10 %  100 ms  nova-compute@cmp1 save

    SHARE    TOOK       AT  AND IN WHAT ORDER                                             OF IT WAITED FOR
     60 %  602 ms        0  nova-compute@cmp1 build                                       10 % nova-compute@cmp1
     40 %  398 ms  +602 ms  outside, nothing on the wire, until nova-compute@cmp1: event
    "
  `);
  expect(renderPath([])).toBe('');
});

test('what sent a message is another stage than its handler, though both are called by its id', () => {
  const sending = { ...segment('work', 'm', [0, 100], 'm'), name: 'work that sent m' };
  const sent = { ...sending, stage: { ...sending.stage, name: 'work that sent m' } };
  const lines = renderPath([sent, segment('work', 'm', [100, 300])]).split('\n');
  expect(lines.slice(-3, -1).map((line) => line.trim())).toEqual([
    '33 %  100 ms        0  nova-compute@cmp1 work that sent m',
    '67 %  200 ms  +100 ms  nova-compute@cmp1 m',
  ]);
});
