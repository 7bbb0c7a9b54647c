/** Which requests are at work on what a message is about. */
import { describe, expect, test } from 'vitest';
import type { Publish, Resource } from '../../../src/message.ts';
import { Activity } from '../../../src/trace/activity.ts';
import { merge, type Trace, Traces } from '../../../src/trace/traces.ts';
import { publish } from '../../support/events.ts';

const IDLE_MS = 60_000;
const instance = (id: string): Resource => ({ type: 'instance', id });
const about = (atMs: number, ...resources: readonly Resource[]): Publish => publish(atMs, 'api', { id: 'a', resources });

const traces = new Traces();
const traceOf = (name: string): Trace => traces.unattributed(name);

function found(activity: Activity, event: Publish): (string | undefined)[] {
  return activity.find(event).map(({ trace, resource }) => `${trace.id} by ${resource}`);
}

test('a request that touched the instance is at work on it, until it is silent for the stated time', () => {
  const activity = new Activity(IDLE_MS);
  activity.note(traceOf('boot'), about(0, instance('server1')));
  expect(found(activity, about(IDLE_MS, instance('server1')))).toEqual(['boot by server1']);
  expect(found(activity, about(IDLE_MS + 1, instance('server1')))).toEqual([]);
  expect(found(activity, about(1, instance('server2')))).toEqual([]);
});

test('networks and images are shared by many and say nothing', () => {
  const activity = new Activity(IDLE_MS);
  const shared: Resource[] = [
    { type: 'network', id: 'n' },
    { type: 'image', id: 'i' },
    { type: 'unknown', id: 'u' },
  ];
  activity.note(traceOf('boot'), about(0, ...shared));
  expect(found(activity, about(1, ...shared))).toEqual([]);
});

test('what a uuid is may be told by another message', () => {
  const activity = new Activity(IDLE_MS);
  activity.learn([{ type: 'port', id: 'p' }]);
  activity.note(traceOf('boot'), about(0, { type: 'unknown', id: 'p' }));
  expect(found(activity, about(1, { type: 'unknown', id: 'p' }))).toEqual(['boot by p']);
});

test('a message about more than 32 is a list, not work on any of it', () => {
  const list = (count: number) => Array.from({ length: count }, (_, i) => instance(`server${i}`));
  for (const [count, expected] of [
    [32, ['boot by server0']],
    [33, []],
    [256, []],
  ] as const) {
    const activity = new Activity(IDLE_MS);
    activity.note(traceOf('boot'), about(0, ...list(count)));
    expect(found(activity, about(1, instance('server0')))).toEqual(expected);
  }
});

describe('of several requests', () => {
  test("those on most of a message's resources", () => {
    const activity = new Activity(IDLE_MS);
    activity.note(traceOf('attach'), about(0, instance('server'), { type: 'port', id: 'p' }));
    activity.note(traceOf('stop'), about(1, instance('server')));
    expect(found(activity, about(2, instance('server'), { type: 'port', id: 'p' }))).toEqual(['attach by server']);
    expect(found(activity, about(2, instance('server')))).toEqual(['attach by server', 'stop by server']);
  });

  test('the four that touched a resource last are remembered', () => {
    const activity = new Activity(IDLE_MS);
    const names = ['one', 'two', 'three', 'four', 'five'].map(traceOf);
    for (const trace of names.slice(0, 4)) activity.note(trace, about(0, instance('server')));
    activity.note(names[0] ?? expect.fail(), about(1, instance('server')));
    activity.note(names[4] ?? expect.fail(), about(2, instance('server')));
    expect(found(activity, about(3, instance('server'))).sort()).toEqual(
      ['one', 'three', 'four', 'five'].map((name) => `${name} by server`).sort(),
    );
  });

  test('two that turn out to be one count once', () => {
    const activity = new Activity(IDLE_MS);
    const [whole, part, other] = ['whole', 'part', 'other'].map(traceOf);
    if (!whole || !part || !other) throw new Error('three traces');
    for (const trace of [whole, part, other]) activity.note(trace, about(0, instance('server')));
    const evidence = { kind: 'passed_id', resource: null, candidates: 0 } as const;
    merge(part, { into: whole, join: 'request_id', confidence: 'certain', evidence });
    expect(found(activity, about(1, instance('server')))).toEqual(['whole by server', 'other by server']);
  });
});

test('a straggler neither ends the work on a resource nor joins what began long after it', () => {
  const activity = new Activity(IDLE_MS);
  const trace = traceOf('boot');
  activity.note(trace, about(100_000, instance('server')));
  activity.note(trace, about(0, instance('server')));
  expect(found(activity, about(150_000, instance('server')))).toEqual(['boot by server']);
  expect(found(activity, about(39_999, instance('server')))).toEqual([]);
});

test('a message about nothing has no request at work on it', () => {
  expect(found(new Activity(IDLE_MS), about(0))).toEqual([]);
});
