/** What becomes of a call, a cast, a fanout and a notification. */
import { describe, expect, test } from 'vitest';
import { lastActivityNs } from '../../../src/trace/open-stories.ts';
import { Processes } from '../../../src/trace/processes.ts';
import { rootOf } from '../../../src/trace/traces.ts';
import {
  answered,
  at,
  correlate,
  deliver,
  deliverReply,
  OTHER_REQUEST,
  publish,
  REQUEST,
  reply,
  snapshot,
  uid,
} from '../../support/events.ts';

describe('a call', () => {
  test('is ok when its reply was delivered in time', () => {
    const { byId } = correlate(answered(0, 'api', 'conductor', { id: 'a' }, 10));
    const { status, reason, traced } = byId.get(uid('a')) ?? expect.fail();
    expect({ status, reason, deliveries: traced.deliveries.length, replies: traced.replyCount }).toEqual({
      status: 'ok',
      reason: 'end_of_input',
      deliveries: 1,
      replies: 1,
    });
    expect(traced.answeredNs).toBe(at(11));
  });

  test('closes as answered once nothing more of it is expected', () => {
    const later = publish(6_000, 'api', { id: 'later' });
    const { byId } = correlate([...answered(0, 'api', 'conductor', { id: 'a' }), later]);
    expect(byId.get(uid('a'))?.reason).toBe('answered');
  });

  test('is failed when an exception came back, whose class is kept', () => {
    const events = [
      publish(0, 'api', { id: 'a' }),
      deliver(1, 'conductor', { id: 'a' }),
      reply(2, 'conductor', 'a', { failure: 'nova.exception.InstanceNotFound' }),
      deliverReply(3, 'api', 'a', { failure: 'nova.exception.InstanceNotFound' }),
    ];
    const { status, traced } = correlate(events).byId.get(uid('a')) ?? expect.fail();
    expect([status, traced.reply?.failure, traced.failureCount]).toEqual(['failed', 'nova.exception.InstanceNotFound', 1]);
  });

  test('is open before its time-out, a time-out behind it', () => {
    const call = [publish(0, 'api', { id: 'a', expirationMs: 1_000 }), deliver(1, 'conductor', { id: 'a' })];
    const tick = (ms: number) => publish(ms, 'api', { id: `t${ms}`, kind: 'cast' });
    expect(correlate([...call, tick(999)]).byId.get(uid('a'))?.status).toBe('open');
    expect(correlate([...call, tick(1_001)]).byId.get(uid('a'))?.status).toBe('timeout');
  });

  test('is a time-out all the same when its reply comes late, and the late reply is in its story', () => {
    const events = [
      publish(0, 'api', { id: 'a', expirationMs: 60_000 }),
      deliver(1, 'conductor', { id: 'a' }),
      reply(67_000, 'conductor', 'a'),
      deliverReply(67_001, 'api', 'a'),
    ];
    const { status, traced } = correlate(events).byId.get(uid('a')) ?? expect.fail();
    expect([status, traced.replyCount, traced.answeredNs]).toEqual(['timeout', 1, at(67_001)]);
  });

  test('counts the heartbeats of call monitoring as replies, and ends with the one that says so', () => {
    const beat = { ending: false, nth: 7 };
    const events = [
      publish(0, 'api', { id: 'a' }),
      deliver(1, 'conductor', { id: 'a' }),
      reply(1_000, 'conductor', 'a', beat),
      deliverReply(1_001, 'api', 'a', beat),
      reply(2_000, 'conductor', 'a'),
      deliverReply(2_001, 'api', 'a'),
    ];
    const { status, traced } = correlate(events).byId.get(uid('a')) ?? expect.fail();
    expect([status, traced.replyCount, traced.replyDeliveries, traced.answeredNs]).toEqual(['ok', 2, 2, at(2_001)]);
  });

  test('whose reply was not seen to be published is answered by its delivery', () => {
    const call = [publish(0, 'api', { id: 'a' }), deliver(1, 'conductor', { id: 'a' })];
    const later = publish(100_000, 'api', { id: 'later', kind: 'cast' });
    const statusOf = (failure: string | null) =>
      correlate([...call, deliverReply(50, 'api', 'a', { failure }), later]).byId.get(uid('a'))?.status;
    expect([statusOf(null), statusOf('Boom')]).toEqual(['ok', 'failed']);
  });

  test('has one delivery an event, a redelivery included', () => {
    const events = [
      publish(0, 'api', { id: 'a' }),
      deliver(1, 'conductor', { id: 'a' }),
      deliver(2, 'conductor', { id: 'a', redelivered: true }),
    ];
    const { traced } = correlate(events).byId.get(uid('a')) ?? expect.fail();
    expect(traced.deliveries.map(({ event }) => event.redelivered)).toEqual([false, true]);
  });
});

describe('an id that is used twice', () => {
  test('two calls of one _msg_id: the answer is that of the later, also when the first has ended', () => {
    const twin = { msgId: uid('mb'), requestId: OTHER_REQUEST };
    const events = [
      publish(0, 'api', { id: 'a', ...twin, expirationMs: 1_000 }),
      publish(300_000, 'api', { id: 'b', ...twin }),
      publish(302_000, 'api', { id: 'tick', kind: 'cast' }),
      reply(303_000, 'conductor', 'b'),
      deliverReply(303_001, 'api', 'b'),
    ];
    const { byId, unmatched } = correlate(events);
    expect([byId.get(uid('a'))?.status, byId.get(uid('b'))?.status, unmatched]).toEqual(['timeout', 'ok', []]);
  });

  test('a message seen by a tap without connections, and by the firehose, is one, told by the firehose', () => {
    const seen = (connection: string, atMs: number) =>
      publish(atMs, connection, { id: 'n', kind: 'notification', method: 'port.create.start' });
    for (const events of [
      [seen('', 0), seen('api', 1)],
      [seen('api', 0), seen('', 1)],
    ]) {
      const { closed, correlator } = correlate(events);
      expect([closed.length, correlator.duplicates, closed[0]?.traced.publish?.connection]).toEqual([1, 1, 'api']);
      expect(closed[0]?.traced.publish?.timeNs).toBe(at(0));
    }
  });

  test('a call seen by both is made once: its caller goes on with its answer', () => {
    const asked = { id: 'a', requestId: OTHER_REQUEST };
    const call = { id: 'c', requestId: OTHER_REQUEST };
    const events = [
      publish(0, 'agent', asked),
      deliver(1, 'api', asked),
      publish(2, '', call),
      publish(3, 'api', call),
      deliver(4, 'conductor', call),
      reply(5, 'conductor', 'c'),
      deliverReply(6, 'api', 'c'),
      publish(7, 'api', { id: 'b', kind: 'cast', requestId: null, hasUser: false }),
    ];
    const { byId } = correlate(events);
    expect(byId.get(uid('b'))?.traced.cause?.uniqueId).toBe(uid('a'));
  });
});

test('the same event seen twice counts once', () => {
  const events = answered(0, 'api', 'conductor', { id: 'a' });
  const { correlator, byId } = correlate(events.flatMap((event) => [event, event]));
  expect(correlator.duplicates).toBe(4);
  expect(byId.get(uid('a'))?.traced).toMatchObject({ deliveries: [{}], replyCount: 1, replyDeliveries: 1 });
});

test('a publish seen again long after its story was closed is no new message', () => {
  const { closed, correlator } = correlate([
    publish(0, 'api', { id: 'n', kind: 'notification' }),
    publish(60_000, 'api', { id: 'tick', kind: 'cast' }),
    publish(61_000, 'api', { id: 'n', kind: 'notification' }),
  ]);
  expect([closed.length, correlator.duplicates]).toEqual([2, 1]);
});

test('a cast ends with the last thing its handler was seen to do', () => {
  const events = [
    publish(0, 'api', { id: 'cast', kind: 'cast' }),
    deliver(1, 'conductor', { id: 'cast', kind: 'cast' }),
    ...answered(500, 'conductor', 'compute', { id: 'child' }, 100),
  ];
  expect(lastActivityNs(correlate(events).byId.get(uid('cast'))?.traced ?? expect.fail())).toBe(at(601));
});

describe('a stream', () => {
  const fanout = { id: 'f', kind: 'fanout', streamOffset: 5 } as const;

  test('is delivered to each of its readers', () => {
    const events = [publish(0, 'api', fanout), deliver(1, 'conductor', fanout), deliver(1, 'compute', fanout)];
    const { traced } = correlate(events).byId.get(uid('f')) ?? expect.fail();
    expect(traced.deliveries.map(({ isReread }) => isReread)).toEqual([false, false]);
  });

  test('read again by a reader that had it, on a new connection of its process, is a re-read', () => {
    const events = [
      publish(0, 'api', fanout),
      deliver(1, 'conductor', fanout),
      { ...deliver(433_000, 'conductor', fanout), channel: 2 },
    ];
    const { traced } = correlate(events).byId.get(uid('f')) ?? expect.fail();
    expect(traced.deliveries.map(({ isReread }) => isReread)).toEqual([false, true]);
  });

  test('read again on the very channel it was read on before is a re-read too; a moment later it is the same event', () => {
    const events = [publish(0, 'api', fanout), ...[1, 200, 1_000, 433_000].map((ms) => deliver(ms, 'conductor', fanout))];
    const { byId, correlator } = correlate(events);
    const { traced } = byId.get(uid('f')) ?? expect.fail();
    expect(traced.deliveries.map(({ isReread, nth }) => [isReread, nth])).toEqual([
      [false, 0],
      [true, 1],
      [true, 2],
    ]);
    expect(correlator.duplicates).toBe(1);
  });

  test('delivered for the first time to a connection that nobody has seen before is no re-read', () => {
    const unnamed = '10.0.0.9:40000 -> 10.0.0.1:5672';
    const processes = new Processes(snapshot('api'));
    const { traced } =
      correlate([publish(0, 'api', fanout), deliver(2, unnamed, fanout)], {}, processes).byId.get(uid('f')) ?? expect.fail();
    expect(traced.deliveries.map(({ isReread }) => isReread)).toEqual([false]);
  });

  test('read by a connection that is younger than the message is a re-read', () => {
    const unnamed = '10.0.0.9:40000 -> 10.0.0.1:5672';
    const events = [publish(0, 'api', fanout), deliver(1, 'conductor', fanout), deliver(433_000, unnamed, fanout)];
    const processes = new Processes(snapshot('api', 'conductor'));
    const { traced } = correlate(events, {}, processes).byId.get(uid('f')) ?? expect.fail();
    expect(traced.deliveries.map(({ isReread }) => isReread)).toEqual([false, true]);
  });
});

describe('what has no other half', () => {
  test('a delivery without its publish has no story: it is unmatched', () => {
    const { closed, unmatched } = correlate([deliver(0, 'conductor', { id: 'a' })]);
    expect([closed.length, unmatched]).toEqual([0, ['delivery_without_publish']]);
  });

  test('a reply without its call is unmatched, its delivery too', () => {
    const { unmatched } = correlate([reply(0, 'conductor', 'a'), deliverReply(1, 'api', 'a')]);
    expect(unmatched).toEqual(['reply_without_request', 'reply_without_request']);
  });

  test('thousands of replies to a call that nobody saw are held no longer than their number allows, and each counts', () => {
    const beats = Array.from({ length: 5_000 }, (_, nth) => reply(nth / 10, 'conductor', 'a', { nth, ending: false }));
    const { unmatched } = correlate(beats);
    expect(unmatched).toEqual(beats.map(() => 'reply_without_request'));
    const { byId, correlator } = correlate([...beats, publish(501, 'api', { id: 'a' })]);
    expect([byId.get(uid('a'))?.traced.replyCount, correlator.duplicates]).toEqual([64, 0]);
  });

  test('a reply that is stamped before its call joins it all the same', () => {
    const events = [
      reply(0, 'conductor', 'a'),
      deliverReply(1, 'api', 'a'),
      publish(2, 'api', { id: 'a' }),
      deliver(3, 'conductor', { id: 'a' }),
    ];
    const { byId, unmatched } = correlate(events);
    expect([byId.get(uid('a'))?.status, unmatched]).toEqual(['ok', []]);
  });
});

test('at its bound the oldest story is closed as evicted, and no other is touched', () => {
  const calls = Array.from({ length: 5 }, (_, i) => publish(i, 'api', { id: `c${i}` }));
  const { closed, correlator } = correlate(calls, { openMax: 3 });
  expect(closed.filter(({ reason }) => reason === 'evicted').map(({ traced }) => traced.uniqueId)).toEqual([
    uid('c0'),
    uid('c1'),
  ]);
  expect(correlator.closedByReason).toMatchObject({ evicted: 2, end_of_input: 3 });
});

describe('the trace of a message', () => {
  const traceOf = (events: Parameters<typeof correlate>[0], id: string) => {
    const { traced } = correlate(events).byId.get(uid(id)) ?? expect.fail();
    return [rootOf(traced.trace).id, traced.join];
  };
  const own = REQUEST.slice(4).replaceAll('-', '');
  const other = OTHER_REQUEST.slice(4).replaceAll('-', '');

  test("is its user's request", () => {
    expect(traceOf([publish(0, 'api', { id: 'a' })], 'a')).toEqual([own, 'request_id']);
  });

  test('is the first request, where it carries that as its global id', () => {
    const events = [
      publish(0, 'api', { id: 'a' }),
      publish(9, 'neutron', { id: 'b', requestId: OTHER_REQUEST, globalRequestId: REQUEST }),
    ];
    expect(traceOf(events, 'b')).toEqual([own, 'request_id']);
  });

  test('is the first request also where that is seen only later', () => {
    const events = [
      publish(0, 'neutron', { id: 'b', requestId: OTHER_REQUEST, globalRequestId: REQUEST }),
      publish(9, 'api', { id: 'a' }),
    ];
    expect(traceOf(events, 'b')).toEqual([own, 'request_id']);
  });

  test('stays apart where the global id is never seen as a request', () => {
    const events = [publish(0, 'neutron', { id: 'b', requestId: OTHER_REQUEST, globalRequestId: REQUEST })];
    expect(traceOf(events, 'b')).toEqual([other, 'request_id']);
  });

  test('is named by the first message of its round, where no user asked for it: five seconds of silence end a round', () => {
    const loop = { hasUser: false, method: 'report_state' };
    const events = [0, 100, 5_100, 10_101].map((ms) => publish(ms, 'agent', { id: `p${ms}`, ...loop }));
    expect(traceOf(events, 'p0')).toEqual([uid('p0'), 'none']);
    expect(traceOf(events, 'p5100')).toEqual([uid('p0'), 'none']);
    expect(traceOf(events, 'p10101')).toEqual([uid('p10101'), 'none']);
  });
});
