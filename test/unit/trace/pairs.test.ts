/** Notifications that tell of a beginning and of an end. */
import { describe, expect, test } from 'vitest';
import type { Notification, Publish } from '../../../src/message.ts';
import { Pairs } from '../../../src/trace/pairs.ts';
import { at, OTHER_REQUEST, publish, type Told } from '../../support/events.ts';

type Step = readonly [atMs: number, eventType: string, told?: Partial<Told> & { readonly by?: string }];

/** When what each step ends began; null where it ends nothing. */
function began(steps: readonly Step[], processOf: (connection: string) => object | null = () => null): (bigint | null)[] {
  const pairs = new Pairs(processOf);
  return steps.map(([atMs, method, { by = 'neutron', ...told } = {}]) => {
    const event: Publish = publish(atMs, by, { id: 'n', kind: 'notification', method, ...told });
    return pairs.add(event.message as Notification, event);
  });
}

test.each(['end', 'error'])('a beginning ends with its .%s, once', (end) => {
  expect(
    began([
      [1, 'port.create.start'],
      [2, `port.create.${end}`],
      [3, `port.create.${end}`],
    ]),
  ).toEqual([null, at(1), null]);
});

test.each([['port.create'], ['start'], ['port.create.ended'], ['constructor']])('%s is no end', (eventType) => {
  expect(
    began([
      [1, `${eventType}`],
      [2, eventType],
    ]),
  ).toEqual([null, null]);
});

describe('an end is not that of', () => {
  test.each<[string, Step]>([
    ['another thing', [1, 'network.create.start']],
    ['another request', [1, 'port.create.start', { requestId: OTHER_REQUEST }]],
    ['what is stamped after it', [3, 'port.create.start']],
  ])('%s', (_, start) => {
    expect(began([start, [2, 'port.create.end']])).toEqual([null, null]);
  });

  test('another process', () => {
    const keys: Record<string, object> = { one: {}, two: {} };
    const steps: Step[] = [
      [1, 'port.create.start', { by: 'one' }],
      [2, 'port.create.end', { by: 'two' }],
    ];
    expect(began(steps, (connection) => keys[connection] ?? null)).toEqual([null, null]);
  });
});

test('two connections that turn out to be one process are one', () => {
  const keys: Record<string, object> = { one: {}, two: {} };
  const pairs = new Pairs((connection) => keys[connection] ?? null);
  const add = (atMs: number, by: string, method: string) => {
    const event = publish(atMs, by, { id: 'n', kind: 'notification', method });
    return pairs.add(event.message as Notification, event);
  };
  add(1, 'one', 'port.create.start');
  keys.one = keys.two = {};
  expect(add(2, 'two', 'port.create.end')).toBe(at(1));
});

test('of several the one about the same, else the last', () => {
  const about = (name: string) => ({ resources: [name] });
  expect(
    began([
      [1, 'port.update.start', about('a')],
      [2, 'port.update.start', about('b')],
      [3, 'port.update.end', about('a')],
      [4, 'port.update.end', about('c')],
    ]),
  ).toEqual([null, null, at(1), at(2)]);
});

test('of what never ends the last 64 are remembered', () => {
  const starts = Array.from({ length: 1_000 }, (_, i): Step => [i, 'port.update.start']);
  const ends = Array.from({ length: 65 }, (_, i): Step => [1_000 + i, 'port.update.end']);
  expect(began([...starts, ...ends]).slice(1_000)).toEqual([...Array.from({ length: 64 }, (_, i) => at(999 - i)), null]);
});
