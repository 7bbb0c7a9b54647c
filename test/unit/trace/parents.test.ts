/** Who caused a message: which of the things that its sender was working on. */
import { describe, expect, test } from 'vitest';
import { CAPTURES, capturePath } from '../../support/captures.ts';
import { answered, correlate, deliver, OTHER_REQUEST, publish, REQUEST, reply, uid } from '../../support/events.ts';
import { f1, precision, recall, type Scores, scoreOf, together } from '../../support/score.ts';

const THIRD_REQUEST = 'req-33333333-3333-4333-8333-333333333333';

const parentOf = (events: Parameters<typeof correlate>[0], id: string) => {
  const { cause, confidence } = correlate(events).byId.get(uid(id))?.traced ?? expect.fail();
  return cause === null ? null : [cause.uniqueId, confidence];
};

test('the only message with its request id that the process is working on: certain', () => {
  const events = [...answered(0, 'api', 'conductor', { id: 'a' }, 100), publish(50, 'conductor', { id: 'b' })];
  expect(parentOf(events, 'b')).toEqual([uid('a'), 'certain']);
});

test('of several with its request id, the one that names the same resource', () => {
  const events = [
    publish(0, 'conductor', { id: 'build1', kind: 'cast', resources: ['network', 'server1'] }),
    publish(1, 'conductor', { id: 'build2', kind: 'cast', resources: ['network', 'server2'] }),
    deliver(2, 'compute', { id: 'build1', kind: 'cast' }),
    deliver(3, 'compute', { id: 'build2', kind: 'cast' }),
    publish(4, 'compute', { id: 'save1', resources: ['network', 'server1'] }),
  ];
  expect(parentOf(events, 'save1')).toEqual([uid('build1'), 'certain']);
});

test('of several that no resource tells apart, the one that is not waiting for an answer: likely', () => {
  const events = [
    publish(0, 'conductor', { id: 'build1', kind: 'cast' }),
    publish(1, 'conductor', { id: 'build2', kind: 'cast' }),
    deliver(2, 'compute', { id: 'build1', kind: 'cast' }),
    publish(3, 'compute', { id: 'save1' }),
    deliver(4, 'compute', { id: 'build2', kind: 'cast' }),
    publish(5, 'compute', { id: 'save2' }),
  ];
  expect(parentOf(events, 'save1')).toEqual([uid('build1'), 'certain']);
  expect(parentOf(events, 'save2')).toEqual([uid('build2'), 'likely']);
});

describe('no id in common', () => {
  const foreign = { id: 'b', requestId: OTHER_REQUEST, hasUser: false };

  test('and the process answers just one call: that one, likely', () => {
    const events = [publish(0, 'agent', { id: 'a' }), deliver(1, 'server', { id: 'a' }), publish(2, 'server', foreign)];
    expect(parentOf(events, 'b')).toEqual([uid('a'), 'likely']);
  });

  test('and it answers two that nothing tells apart: none', () => {
    const events = [
      ...['a1', 'a2'].flatMap((id) => [publish(0, 'agent', { id }), deliver(1, 'server', { id })]),
      publish(2, 'server', foreign),
    ];
    expect(parentOf(events, 'b')).toBeNull();
  });

  test('and it answers two: the one about the same resource, likely', () => {
    const events = [
      ...['a1', 'a2'].flatMap((id) => [publish(0, 'agent', { id, resources: [`of ${id}`] }), deliver(1, 'server', { id })]),
      publish(2, 'server', { ...foreign, resources: ['of a1'] }),
    ];
    expect(parentOf(events, 'b')).toEqual([uid('a1'), 'likely']);
  });

  test('and one of the two waits for an answer: the other, likely', () => {
    const calls = ['a1', 'a2'].flatMap((id) => {
      const told = { id, requestId: id === 'a1' ? REQUEST : THIRD_REQUEST };
      return [publish(0, 'agent', told), deliver(1, 'server', told)];
    });
    const events = [...calls, publish(2, 'server', { id: 'deep' }), publish(3, 'server', foreign)];
    expect(parentOf(events, 'b')).toEqual([uid('a2'), 'likely']);
  });

  test('and of the two one only asks, for which nothing is sent: the other, likely', () => {
    const calls = ['get_ports', 'update_port'].flatMap((method) => {
      const told = { id: method, method };
      return [publish(0, 'agent', told), deliver(1, 'server', told)];
    });
    expect(parentOf([...calls, publish(2, 'server', foreign)], 'b')).toEqual([uid('update_port'), 'likely']);
  });

  describe('and all it has is a cast, whose end nobody knows', () => {
    const cast = (method: string, requestId = REQUEST) => ({ id: `a${method}`, kind: 'cast', method, requestId }) as const;
    const handled = (atMs: number, method: string, requestId = REQUEST) => [
      publish(atMs, 'api', cast(method, requestId)),
      deliver(atMs + 1, 'agent', cast(method, requestId)),
    ];

    test('none', () => {
      expect(parentOf([...handled(0, 'push'), publish(2, 'agent', foreign)], 'b')).toBeNull();
    });

    test('of which the sources say that it sends such: that one, for two seconds', () => {
      const asks = { ...foreign, method: 'get_network_info' };
      const events = (atMs: number) => [...handled(0, 'network_create_end'), publish(atMs, 'agent', asks)];
      expect(parentOf(events(2_001), 'b')).toEqual([uid('anetwork_create_end'), 'likely']);
      expect(parentOf(events(2_002), 'b')).toBeNull();
    });

    test('of which it was seen that it sends such, by an id in common: that one', () => {
      const learned = [...handled(0, 'push'), publish(2, 'agent', { id: 'sure', method: 'pull' })];
      const again = { ...cast('push', THIRD_REQUEST), id: 'again' };
      const events = [
        ...learned,
        publish(10_000, 'api', again),
        deliver(10_001, 'agent', again),
        publish(10_002, 'agent', { ...foreign, method: 'pull' }),
      ];
      expect(parentOf(events, 'b')).toEqual([uid('again'), 'likely']);
      expect(parentOf(events.slice(3), 'b')).toBeNull();
    });

    test('which waits in the order in which they came: each once, the first first', () => {
      const asks = (id: string) => ({ ...foreign, id, method: 'get_network_info' });
      const events = [
        ...handled(0, 'network_create_end'),
        ...handled(1, 'subnet_create_end'),
        publish(10, 'agent', { ...asks('b1'), kind: 'notification' }),
        publish(20, 'agent', { ...asks('b2'), kind: 'notification', requestId: THIRD_REQUEST }),
      ];
      expect(parentOf(events, 'b1')).toEqual([uid('anetwork_create_end'), 'likely']);
      expect(parentOf(events, 'b2')).toEqual([uid('asubnet_create_end'), 'likely']);
    });
  });

  test('and its like is sent by loops: none, whatever its sender works on', () => {
    const save = { ...foreign, method: 'report_state' };
    const events = [publish(0, 'agent', { id: 'a' }), deliver(1, 'server', { id: 'a' }), publish(2, 'server', save)];
    expect(parentOf(events, 'b')).toBeNull();
  });
});

test('an answered call is no candidate any more, but for a short grace', () => {
  const call = [publish(0, 'api', { id: 'a' }), deliver(1, 'conductor', { id: 'a' }), reply(10, 'conductor', 'a')];
  expect(parentOf([...call, publish(200, 'conductor', { id: 'b' })], 'b')).toEqual([uid('a'), 'certain']);
  expect(parentOf([...call, publish(400, 'conductor', { id: 'b' })], 'b')).toBeNull();
});

test("a handler of an id is alive for ten minutes of silence, a call's until it is answered", () => {
  const cast = { id: 'a', kind: 'cast' } as const;
  const events = (told: typeof cast | { id: string }, atMs: number) => [
    publish(0, 'api', told),
    deliver(1, 'conductor', told),
    publish(atMs, 'conductor', { id: 'b' }),
  ];
  expect(parentOf(events(cast, 600_000), 'b')).toEqual([uid('a'), 'certain']);
  expect(parentOf(events(cast, 600_002), 'b')).toBeNull();
  expect(parentOf(events({ id: 'a' }, 300_000), 'b')).toEqual([uid('a'), 'certain']);
});

test("an agent's id for life is no sign of a parent: a fanout that carries it comes back to the agent itself", () => {
  const life = { requestId: OTHER_REQUEST, hasUser: false };
  const events = [
    ...answered(0, 'agent', 'server', { id: 'report', ...life }),
    publish(5_000, 'server', { id: 'push', kind: 'fanout', ...life }),
    deliver(5_001, 'agent', { id: 'push', kind: 'fanout', ...life }),
    publish(5_500, 'agent', { id: 'next', ...life }),
  ];
  expect(parentOf(events, 'next')).toBeNull();
});

describe('on the captures of a real OpenStack', () => {
  const scored = async (hasSnapshot: boolean) =>
    await Promise.all(CAPTURES.map((name) => scoreOf(capturePath(name), hasSnapshot)));
  const sum = (scores: readonly Scores[], name: 'parents' | 'bills' | 'billsWithAudit') =>
    together(scores.map((score) => score[name]));

  test('parents and bills are right', async () => {
    const scores = await scored(true);
    const [parents, bills, withAudit] = [sum(scores, 'parents'), sum(scores, 'bills'), sum(scores, 'billsWithAudit')];
    expect(parents.right + parents.missed).toBeGreaterThan(1_000);
    expect(f1(parents)).toBeGreaterThanOrEqual(0.99);
    for (const { parents: one } of scores) if (one.right + one.missed >= 40) expect(f1(one)).toBeGreaterThanOrEqual(0.97);
    expect(precision(bills)).toBeGreaterThanOrEqual(0.98);
    expect(recall(bills)).toBeGreaterThanOrEqual(0.97);
    expect(precision(withAudit)).toBeGreaterThanOrEqual(0.95);
    expect(recall(withAudit)).toBeGreaterThanOrEqual(0.93);
  });

  test('parents are, without a snapshot, by the traffic alone', async () => {
    expect(f1(sum(await scored(false), 'parents'))).toBeGreaterThanOrEqual(0.95);
  });
});
