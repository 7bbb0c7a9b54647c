/** What counts as a change between two fingerprints, and what is noise. */
import { describe, expect, test } from 'vitest';
import { diffFingerprints, isEmpty } from '../../../src/report/diff.ts';
import { renderDiffMarkdown } from '../../../src/report/diff-markdown.ts';
import { compareSides } from '../../../src/report/diff-sides.ts';
import { renderDiff } from '../../../src/report/diff-text.ts';
import { readThreshold, regressionsOf, THRESHOLDS } from '../../../src/report/diff-thresholds.ts';
import { fingerprintText, readFingerprint, samplesOf } from '../../../src/report/fingerprint.ts';
import { args, fingerprint, latency, type Made, rpc } from '../../support/fingerprints.ts';

const times = (count: number, value: number): number[] => new Array<number>(count).fill(value);
const rising = (count: number, from: number, step: number): number[] => Array.from({ length: count }, (_, i) => from + i * step);
const diff = (a: Made, b: Made) => diffFingerprints(fingerprint(a), fingerprint(b));
const changes = (a: Made, b: Made) =>
  diff(a, b).rpcs.map(({ change, rpc: { method }, a: from, b: to }) => [change, method, from.mean, to.mean]);

describe('counts', () => {
  test('an RPC that each request has on one side only is gained, or lost', () => {
    const a = { requests: 3, rpcs: [rpc('save', [6, 6, 6]), rpc('old', [1, 1, 1])] };
    const b = { requests: 2, rpcs: [rpc('save', [6, 6]), rpc('new', [2, 2])] };
    expect(changes(a, b)).toEqual([
      ['gained', 'new', 0, 2],
      ['lost', 'old', 1, 0],
    ]);
  });

  test('an RPC that all requests of one side make more often is multiplied', () => {
    const b = { requests: 2, rpcs: [rpc('save', [7, 9])] };
    expect(changes({ requests: 2, rpcs: [rpc('save', [5, 6])] }, b)).toEqual([['multiplied', 'save', 5.5, 8]]);
    expect(changes(b, { requests: 1, rpcs: [rpc('save', [6])] })).toEqual([['reduced', 'save', 8, 6]]);
  });

  test('what varies between the requests of one side is no change, and is counted as such', () => {
    const found = diff({ requests: 3, rpcs: [rpc('save', [5, 6, 7])] }, { requests: 2, rpcs: [rpc('save', [7, 8])] });
    expect(isEmpty(found)).toBe(true);
    expect(found.compared.rpcs_varying).toBe(1);
  });

  test('what overlaps is a change once the rank test says so', () => {
    const found = diff(
      { requests: 20, rpcs: [rpc('save', [...times(19, 6), 8])] },
      { requests: 20, rpcs: [rpc('save', [6, ...times(19, 8)])] },
    );
    expect(found.rpcs).toMatchObject([{ change: 'multiplied', evidence: { by: 'rank_test' } }]);
  });

  test('an RPC that some requests of one side make is a change only where there are enough of them', () => {
    expect(changes({ requests: 4 }, { requests: 4, rpcs: [rpc('new', [0, 0, 1, 1])] })).toEqual([]);
    const many = { requests: 40, rpcs: [rpc('new', [...times(20, 0), ...times(20, 1)])] };
    expect(changes({ requests: 40 }, many)).toEqual([['gained', 'new', 0, 0.5]]);
  });

  test('tests are corrected for their number', () => {
    const one = [...times(10, 0), 1, 1, 1, 1, 1, 1];
    const quiet = Array.from({ length: 200 }, (_, i) => rpc(`m${i}`, rising(16, 1, 1)));
    const alone = changes({ requests: 16 }, { requests: 16, rpcs: [rpc('new', one)] });
    expect(alone).toHaveLength(1);
    const noisy = (count: number[]) => Array.from(quiet, (each, i) => rpc(each.method, [...count.slice(i % 2), 17]));
    const among = changes({ requests: 16, rpcs: quiet }, { requests: 16, rpcs: [...noisy(rising(16, 1, 1)), rpc('new', one)] });
    expect(among).toEqual([]);
  });

  test('a fingerprint and itself have no difference', () => {
    const made = {
      requests: 30,
      rpcs: [rpc('save', rising(30, 1, 1), { latency_ms: latency(rising(30, 5, 0.3)) })],
      durations: rising(30, 900, 7),
    };
    expect(isEmpty(diff(made, made))).toBe(true);
  });
});

describe('latencies', () => {
  const calls = (took: readonly number[]): Made => ({
    requests: took.length,
    rpcs: [rpc('save', times(took.length, 1), { latency_ms: latency(took) })],
  });

  test('are a change where they are significantly different', () => {
    const [change] = diff(calls(rising(12, 10, 0.1)), calls(rising(12, 20, 0.1))).latencies;
    expect(change).toMatchObject({ rpc: { method: 'save' }, a_ms: 10.6, b_ms: 20.6, superiority: 1 });
    expect(change?.ratio).toBeCloseTo(20.6 / 10.6);
    expect(change?.p_adjusted).toBeLessThan(0.001);
  });

  test('are none where they overlap, however different their means', () => {
    const wide = [1, 2, 3, 4, 5, 6, 7, 8, 9, 900];
    expect(diff(calls(wide), calls([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).latencies).toEqual([]);
  });

  test('are not judged of fewer than eight requests, and that is said', () => {
    const found = diff(calls(rising(7, 1, 1)), calls(rising(7, 1_000, 1)));
    expect([found.latencies, found.compared.latencies_tested, found.compared.latencies_too_few]).toEqual([[], 0, 2]);
  });

  test('of the request as a whole are among them', () => {
    const found = diff({ requests: 10, durations: rising(10, 100, 1) }, { requests: 10, durations: rising(10, 50, 1) });
    expect(found.latencies).toMatchObject([{ rpc: null, a_ms: 105, b_ms: 55 }]);
  });
});

describe('shapes', () => {
  const shape = (told: Parameters<typeof rpc>[2]): Made => ({ requests: 1, rpcs: [rpc('build', [1], told)] });
  const argumentsOf = (a: Parameters<typeof args>[1], b: Parameters<typeof args>[1]) =>
    diff(shape({ arguments: args(3, a) }), shape({ arguments: args(3, b) })).arguments.map(({ rpc: _, ...change }) => change);

  test('one argument removed and one of the same type added is one renamed', () => {
    expect(argumentsOf({ host: 'string', filters: 'object' }, { host: 'string', properties: 'object' })).toEqual([
      { change: 'renamed', name: 'filters', to: 'properties', types: ['object'] },
    ]);
  });

  test('of another type it is one removed and one added', () => {
    expect(argumentsOf({ node: 'string' }, { nodes: 'array' })).toEqual([
      { change: 'removed', name: 'node', types: ['string'] },
      { change: 'added', name: 'nodes', types: ['array'] },
    ]);
  });

  test('of two that may have been renamed nothing is guessed', () => {
    const found = argumentsOf({ a: 'string', b: 'string' }, { c: 'string' });
    expect(found.map(({ change, name }) => [change, name])).toEqual([
      ['removed', 'a'],
      ['removed', 'b'],
      ['added', 'c'],
    ]);
  });

  test('a type that changed is named with both', () => {
    expect(argumentsOf({ instance: 'object<Instance>' }, { instance: 'string' })).toEqual([
      { change: 'type', name: 'instance', types: ['object<Instance>'], to_types: ['string'] },
    ]);
  });

  test('an argument that is in some messages is not missed where few were read', () => {
    const optional = { messages_read: 10, names: [{ name: 'limits', types: { object: 3 } }] };
    const few = shape({ arguments: args(2, {}) });
    const many = shape({ arguments: args(40, {}) });
    expect(diff(shape({ arguments: optional }), few).arguments).toEqual([]);
    expect(diff(shape({ arguments: optional }), many).arguments).toMatchObject([{ change: 'removed', name: 'limits' }]);
  });

  test('arguments that were not read on one side are not compared', () => {
    const found = diff(shape({ arguments: args(3, { host: 'string' }) }), shape({}));
    expect([found.arguments, found.compared.arguments_compared]).toEqual([[], 0]);
  });

  test('a version that changed is told with both', () => {
    expect(diff(shape({ versions: { '6.0': 1 } }), shape({ versions: { '6.1': 1 } })).versions).toMatchObject([
      { rpc: { method: 'build' }, a: ['6.0'], b: ['6.1'] },
    ]);
  });

  test('other senders or receivers are told, but not where a side has no names for them', () => {
    const route = (from: string, to: string[]) => shape({ routes: [{ from, to, messages: 4, deliveries: 4 }] });
    expect(diff(route('a', ['b']), route('a', ['c'])).routes).toMatchObject([{ a: [{ to: ['b'] }], b: [{ to: ['c'] }] }]);
    expect(diff(route('a', ['b']), route('', ['b'])).routes).toEqual([]);
    expect(diff(route('a', ['b']), route('a', [])).routes).toEqual([]);
    const nobody = shape({ routes: [{ from: 'a', to: [], messages: 4, deliveries: 0 }] });
    expect(diff(route('a', ['b']), nobody).routes).toMatchObject([{ b: [{ from: 'a', to: [] }] }]);
  });
});

describe('thresholds', () => {
  const more = diff({ requests: 1, publishes: [100] }, { requests: 1, publishes: [112], rpcs: [rpc('new', [1])] });

  test('an RPC gained and more than a tenth more messages are regressions unless told otherwise', () => {
    expect(regressionsOf(more, THRESHOLDS)).toMatchObject([
      { threshold: 'gained', limit: 0, actual: 1, text: 'gained call new at conductor' },
      { threshold: 'messages', limit: 10, actual: 12, text: '12 % more messages' },
    ]);
    expect(regressionsOf(more, { ...THRESHOLDS, gained: 1, messages: 12 })).toEqual([]);
    expect(regressionsOf(more, { ...THRESHOLDS, gained: null, messages: null })).toEqual([]);
  });

  test('so is what takes significantly longer by more than a fifth', () => {
    const slower = (step: number) =>
      diff({ requests: 30, durations: rising(30, 100, 0.1) }, { requests: 30, durations: rising(30, step, 0.1) });
    expect(regressionsOf(slower(119), THRESHOLDS)).toEqual([]);
    expect(regressionsOf(slower(130), THRESHOLDS)).toMatchObject([{ threshold: 'slower', text: 'the request 30 % more time' }]);
    expect(regressionsOf(slower(60), THRESHOLDS)).toEqual([]);
  });

  test.each([
    ['messages=25', { messages: 25 }],
    ['slower=12.5%', { slower: 12.5 }],
    ['gained=off', { gained: null }],
    ['bytes=0', { bytes: 0 }],
  ])('%s is read', (text, wanted) => {
    expect(readThreshold(text, THRESHOLDS)).toEqual({ ...THRESHOLDS, ...wanted });
  });

  test.each(['messages', 'messages=', 'messages=-1', 'messages=ten', 'constructor=1', 'all=1', ''])('%j is not', (text) => {
    expect(readThreshold(text, THRESHOLDS)).toMatch(/is none: use gained, messages, /);
  });
});

test('what was not seen, and what is left out, is said beside the figures', () => {
  const told = { coverage: { min: 0.9, mean: 0.973 }, left_out: 2 };
  const [a, b] = [fingerprint({ requests: 3 }), fingerprint({ requests: 1, told })];
  const comparison = compareSides({ label: 'a', fingerprints: [a] }, { label: 'b', fingerprints: [b] }, THRESHOLDS);
  for (const render of [renderDiff, renderDiffMarkdown]) {
    expect(render(comparison)).toContain('Coverage of B: 97.3 %: what seems to be lost there may not have been seen.');
    expect(render(comparison)).toContain('2 requests of B still ran, and are left out.');
  }
});

test('operations that only one side has are told, and are no change', () => {
  const [boot, removal] = [fingerprint({ requests: 1 }), fingerprint({ requests: 1, told: { operation: 'server.delete' } })];
  const [a, b] = [
    { label: 'a', fingerprints: [boot, removal] },
    { label: 'b', fingerprints: [boot] },
  ];
  expect(compareSides(a, b, THRESHOLDS)).toMatchObject({
    is_empty: true,
    only_in_a: ['server.delete'],
    only_in_b: [],
    regressions: [],
  });
  expect(renderDiff(compareSides(b, a, THRESHOLDS))).toContain('Only in B, not compared: server.delete\n');
});

describe('a fingerprint as a file', () => {
  test('is read as it was written', () => {
    const made = fingerprint({ requests: 9, rpcs: [rpc('save', rising(9, 1, 1), { arguments: args(9, { host: 'string' }) })] });
    expect(readFingerprint(fingerprintText(made))).toEqual(made);
    expect(fingerprintText(made)).toContain('"values": [1,2,3,4,5,6,7,8,9]\n');
  });

  test.each([
    ['{', 'it is not JSON'],
    ['[]', 'it is no fingerprint'],
    ['null', 'it is no fingerprint'],
    ['{"fingerprint":2}', 'its format is 2; this release reads 1'],
    [JSON.stringify({ ...fingerprint({ requests: 1 }), requests: 0 }), 'its requests is wrong'],
    [JSON.stringify({ ...fingerprint({ requests: 1 }), rpcs: [{}] }), 'its rpcs.0.kind is wrong'],
    [JSON.stringify({ ...fingerprint({ requests: 1 }), password: 'x' }), 'its form is wrong'],
  ])('%.40s is refused', (text, why) => {
    expect(readFingerprint(text)).toContain(why);
  });

  test('has 200 values of a statistic at most: the least, the greatest, and what is between them by rank', () => {
    const { values, min, max, median } = samplesOf(rising(10_000, 0, 1).toReversed());
    expect([values.length, min, max, median]).toEqual([200, 0, 9_999, 5_000]);
    expect(Math.max(...values.map((value, i) => Math.abs(value - (i * 9_999) / 199)))).toBeLessThanOrEqual(0.5);
  });
});
