/** By what a message comes to its cause and to its request, and what ends a work. */
import { describe, expect, test } from 'vitest';
import type { Publish, Resource } from '../../../src/message.ts';
import { Processes } from '../../../src/trace/processes.ts';
import { rootOf } from '../../../src/trace/traces.ts';
import {
  answered,
  at,
  audited,
  type Correlated,
  correlate,
  deliver,
  deliverReply,
  OTHER_REQUEST,
  publish,
  REQUEST,
  reply,
  uid,
} from '../../support/events.ts';

type Events = Parameters<typeof correlate>[0];

const SECOND = 'req-33333333-3333-4333-8333-333333333333';
const FOREIGN = { requestId: OTHER_REQUEST, hasUser: false };

function traced({ byId }: Correlated, id: string) {
  return byId.get(uid(id))?.traced ?? expect.fail(`no story ${id}`);
}

function parentOf(events: Events, id: string, limits: Parameters<typeof correlate>[1] = {}): string | null {
  return traced(correlate(events, limits), id).cause?.uniqueId ?? null;
}

/** The request whose bill a message is on, how it came there, and by what. */
function billOf(events: Events, id: string): readonly (string | null)[] {
  const { trace, join, evidence } = traced(correlate(events), id);
  return [rootOf(trace).requestId, join, evidence.kind];
}

const cast = (id: string, told = {}) => ({ id, kind: 'cast', ...told }) as const;
/** A cast that the conductor handles. */
const handled = (atMs: number, id: string, told = {}) => [
  publish(atMs, 'api', cast(id, told)),
  deliver(atMs + 1, 'conductor', cast(id, told)),
];

describe('who made a call and has no answer', () => {
  const twoCasts = [...handled(0, 'first'), ...handled(10, 'second')];
  const expirationMs = 1_000;
  // The second made it, since it was the last to be woken; so the next message is the first's.
  const waits = [...twoCasts, publish(20, 'conductor', { id: 'call', expirationMs })];

  test('sends nothing before its time-out; at its time-out it goes on', () => {
    expect(parentOf([...waits, publish(1_020, 'conductor', cast('next'))], 'next')).toBe(uid('first'));
    expect(parentOf([...waits, publish(1_021, 'conductor', cast('next'))], 'next')).toBe(uid('second'));
  });

  test('waits a minute where the call says nothing', () => {
    const calls = [...twoCasts, publish(20, 'conductor', { id: 'call', expirationMs: null })];
    expect(parentOf([...calls, publish(60_020, 'conductor', cast('next'))], 'next')).toBe(uid('first'));
    expect(parentOf([...calls, publish(60_021, 'conductor', cast('next'))], 'next')).toBe(uid('second'));
  });

  test('does not hear the answer that comes after it gave up', () => {
    const events = [...waits, deliver(21, 'compute', { id: 'call' }), reply(5_000, 'compute', 'call')];
    const late = correlate([...events, deliverReply(5_001, 'conductor', 'call')]);
    expect(traced(late, 'second').deliveries.map(({ lastActivityNs }) => lastActivityNs)).toEqual([at(20)]);
  });

  test('hears the one that comes in time', () => {
    const events = [...waits, deliver(21, 'compute', { id: 'call' }), reply(500, 'compute', 'call')];
    const timely = correlate([...events, deliverReply(501, 'conductor', 'call')]);
    expect(traced(timely, 'second').deliveries.map(({ lastActivityNs }) => lastActivityNs)).toEqual([at(501)]);
  });

  test('is not taken to wait for ever where its call had to go at the bound', () => {
    const events = [
      audited(0, 'server', 'asked'),
      publish(1, 'server', { id: 'deep' }),
      publish(2, 'other', { id: 'call', requestId: SECOND }),
      publish(3, 'server', cast('next', FOREIGN)),
    ];
    const joinOf = (openMax: number) => traced(correlate(events, { openMax }), 'next').join;
    expect([joinOf(10), joinOf(1)]).toEqual(['none', 'rest']);
  });
});

describe('what is no work any more', () => {
  const foreign = cast('b', FOREIGN);

  test('a call that was answered before its delivery was seen', () => {
    const events = [publish(0, 'agent', { id: 'a' }), reply(1, 'server', 'a'), deliver(2, 'server', { id: 'a' })];
    expect(parentOf([...events, publish(400, 'server', foreign)], 'b')).toBeNull();
  });

  test('a call whose reply was seen only as its delivery', () => {
    const events = [publish(0, 'agent', { id: 'a' }), deliver(1, 'server', { id: 'a' }), deliverReply(2, 'agent', 'a')];
    expect(parentOf([...events, publish(400, 'server', foreign)], 'b')).toBeNull();
  });

  test('what came again to another, since a server acknowledges before it begins', () => {
    const again = { id: 'a', redelivered: true };
    const events = [publish(0, 'agent', { id: 'a' }), deliver(1, 'server', { id: 'a' }), deliver(9, 'other', again)];
    expect(parentOf([...events, publish(10, 'server', foreign)], 'b')).toBeNull();
    expect(parentOf([...events, publish(10, 'other', foreign)], 'b')).toBe(uid('a'));
  });

  test('what came again to the same process counts once', () => {
    const events = [publish(0, 'agent', { id: 'a' }), deliver(1, 'server', { id: 'a' })];
    const again = { ...deliver(9, 'server', { id: 'a', redelivered: true }), channel: 2 };
    const { confidence, cause } = traced(correlate([...events, again, publish(10, 'server', { id: 'b' })]), 'b');
    expect([confidence, cause?.uniqueId, cause?.delivery.event.timeNs]).toEqual(['certain', uid('a'), at(9)]);
  });

  test('an HTTP request that was answered; one whose answer is never told, after ten minutes', () => {
    const serves = [audited(0, 'server', 'asked')];
    const end = audited(10, 'server', 'told', { status: 202 });
    const next = (atMs: number) => publish(atMs, 'server', foreign);
    expect(billOf([...serves, next(5)], 'b')).toEqual([REQUEST, 'rest', 'serving']);
    expect(billOf([...serves, end, next(11)], 'b')).toEqual([null, 'none', 'nothing']);
    expect(billOf([...serves, next(600_000)], 'b')[1]).toBe('rest');
    expect(billOf([...serves, next(600_001)], 'b')[1]).toBe('none');
  });

  test('an HTTP request that no audit ends, two seconds after its last message', () => {
    const serves = [publish(0, 'api', cast('a'))];
    expect(billOf([...serves, publish(2_000, 'api', foreign)], 'b')).toEqual([REQUEST, 'rest', 'serving']);
    expect(billOf([...serves, publish(2_001, 'api', foreign)], 'b')).toEqual([null, 'none', 'nothing']);
  });
});

describe('an event that comes late, with a time long before', () => {
  test('was not caused by what came since', () => {
    const events = [...handled(60_000, 'a'), publish(1_000, 'conductor', cast('b'))];
    expect(parentOf(events, 'b')).toBeNull();
  });

  test('does not turn back what its handler did: no span ends before it begins', () => {
    const events = [...handled(0, 'a'), publish(500, 'conductor', cast('b')), publish(0.9, 'conductor', cast('c'))];
    const [delivery] = traced(correlate(events), 'a').deliveries;
    expect([delivery?.lastActivityNs, delivery?.activities]).toEqual([at(500), 2]);
  });

  test('is no part of a round that came later, and that goes on', () => {
    const beat = (atMs: number) => publish(atMs, 'agent', { id: `p${atMs}`, ...FOREIGN });
    const stories = correlate([beat(60_000), beat(1_000), beat(61_000)]);
    expect(['p60000', 'p1000', 'p61000'].map((id) => rootOf(traced(stories, id).trace ?? expect.fail()).id)).toEqual([
      uid('p60000'),
      uid('p1000'),
      uid('p60000'),
    ]);
  });
});

describe('an HTTP request that an audit tells of', () => {
  test('has its messages and what it asks of services on its bill, and says when it began', () => {
    const events = [
      audited(0, 'api', 'asked'),
      publish(1, 'api', cast('own')),
      publish(2, 'api', cast('other', FOREIGN)),
      audited(10, 'api', 'told', { status: 202 }),
    ];
    expect(billOf(events, 'asked')).toEqual([REQUEST, 'request_id', 'own_id']);
    expect(billOf(events, 'own')).toEqual([REQUEST, 'request_id', 'own_id']);
    expect(billOf(events, 'other')).toEqual([REQUEST, 'rest', 'serving']);
    expect(traced(correlate(events), 'told').beganNs).toBe(at(0));
  });

  test('began nobody knows when, where only its answer is seen', () => {
    const events = [publish(1, 'api', cast('own')), audited(10, 'api', 'told', { status: 202 })];
    expect(billOf(events, 'told')).toEqual([REQUEST, 'request_id', 'own_id']);
    expect(traced(correlate(events), 'told').beganNs).toBeNull();
  });

  test('without an id is a trace of its own', () => {
    expect(billOf([audited(0, 'api', 'asked', { requestId: null })], 'asked')).toEqual([null, 'request_id', 'own_id']);
  });

  test('of two at once the one about the same', () => {
    const events = [
      { ...audited(0, 'server', 'one', { requestId: REQUEST }), resources: [port('p1')] },
      { ...audited(1, 'server', 'two', { requestId: SECOND }), resources: [port('p2')] },
      publish(2, 'server', cast('b', { ...FOREIGN, resources: [port('p1')] })),
    ];
    expect(billOf(events, 'b').slice(0, 2)).toEqual([REQUEST, 'rest']);
  });

  test('of two at once that nothing tells apart, none', () => {
    const events = [audited(0, 'server', 'one'), audited(1, 'server', 'two', { requestId: SECOND })];
    expect(billOf([...events, publish(2, 'server', cast('b', FOREIGN))], 'b')).toEqual([null, 'none', 'nothing']);
  });

  test('is about all that its messages are about, each counted once', () => {
    const updates = Array.from({ length: 20 }, (_, i) => publish(i + 1, 'server', cast(`u${i}`, { resources: [port('p1')] })));
    const events = [
      audited(0, 'server', 'one'),
      ...updates,
      publish(30, 'server', cast('v', { resources: [port('p2')] })),
      audited(31, 'server', 'two', { requestId: SECOND }),
      publish(32, 'server', cast('b', { ...FOREIGN, resources: [port('p2')] })),
    ];
    expect(billOf(events, 'b').slice(0, 2)).toEqual([REQUEST, 'rest']);
  });
});

describe('a request that a service made', () => {
  const works = (atMs: number, id: string, requestId: string, ...names: string[]) =>
    publish(atMs, 'api', cast(id, { requestId, resources: names }));
  const event = (...names: string[]): Publish =>
    publish(100, 'nova', cast('event', { method: 'external_instance_event', requestId: OTHER_REQUEST, resources: names }));

  test('is on the bill of the only request at work on what it is about: likely', () => {
    const stories = correlate([works(0, 'boot', REQUEST, 'server1'), event('server1')]);
    const { trace, links } = traced(stories, 'event');
    expect([rootOf(trace ?? expect.fail()).requestId, links]).toEqual([REQUEST, []]);
  });

  test('that is about the work of two is linked to both, and on no bill', () => {
    const events = [works(0, 'b1', REQUEST, 'server1'), works(1, 'b2', SECOND, 'server2'), event('server1', 'server2')];
    const { trace, links } = traced(correlate(events), 'event');
    expect(rootOf(trace ?? expect.fail()).requestId).toBeNull();
    expect(links.map(({ trace, resource }) => [trace.requestId, resource])).toEqual([
      [REQUEST, 'server1'],
      [SECOND, 'server2'],
    ]);
  });

  test("a minute after is nobody's", () => {
    const events = [works(-60_000, 'boot', REQUEST, 'server1'), event('server1')];
    expect(rootOf(traced(correlate(events), 'event').trace ?? expect.fail()).requestId).toBeNull();
  });
});

test('background work that comes across a resource is only linked to the request at work on it', () => {
  const events = [
    publish(0, 'api', cast('boot', { resources: ['server1'] })),
    publish(1, 'compute', cast('sync', { ...FOREIGN, resources: ['server1'] })),
  ];
  const { trace, join, links } = traced(correlate(events), 'sync');
  expect([trace?.requestId, join, links.map(({ trace }) => trace.requestId)]).toEqual([null, 'none', [REQUEST]]);
});

describe('a connection that nothing names', () => {
  const SERVER = '10.0.0.7:1 -> 10.0.0.1:5672';
  const NAMELESS = '10.0.0.7:2 -> 10.0.0.1:5672';
  const ELSEWHERE = '10.0.0.9:3 -> 10.0.0.1:5672';
  const works = [publish(0, ELSEWHERE, { id: 'a' }), deliver(1, SERVER, { id: 'a' })];

  test('may be of the process at its address that works on the same request', () => {
    const { cause, confidence } = traced(correlate([...works, publish(2, NAMELESS, cast('b'))], {}, new Processes()), 'b');
    expect([cause?.uniqueId, confidence]).toEqual([uid('a'), 'certain']);
    const apart = publish(2, '10.0.0.8:2 -> 10.0.0.1:5672', cast('b'));
    expect(traced(correlate([...works, apart], {}, new Processes()), 'b').cause).toBeNull();
  });

  test("is taken to be that process's own after three messages that say so", () => {
    const processes = new Processes();
    const sends = (count: number) => Array.from({ length: count }, (_, i) => publish(2 + i, NAMELESS, cast(`b${i}`)));
    correlate([...works, ...sends(2)], {}, processes);
    expect(processes.keyOf(NAMELESS)).not.toBe(processes.keyOf(SERVER));
    correlate([...works, ...sends(3)], {}, processes);
    expect(processes.keyOf(NAMELESS)).toBe(processes.keyOf(SERVER));
  });
});

describe('hostile values', () => {
  test('thousands of open casts of one request: the newest 256 are told apart', () => {
    const casts = Array.from({ length: 3_000 }, (_, i) => handled(i, `c${i}`, { resources: [`server${i}`] })).flat();
    const sent = (i: number) => publish(5_000 + i, 'conductor', cast(`b${i}`, { resources: [`server${i}`] }));
    const stories = correlate([...casts, ...[0, 2_900, 2_999].map(sent)]);
    expect(traced(stories, 'b2999').cause?.uniqueId).toBe(uid('c2999'));
    expect(traced(stories, 'b2900').cause?.uniqueId).toBe(uid('c2900'));
    expect(traced(stories, 'b0').confidence).toBe('likely');
  });

  test('messages about 256 things each', () => {
    const things = (n: number): Resource[] => Array.from({ length: 256 }, (_, i) => port(`${n} ${i}`));
    const casts = Array.from({ length: 100 }, (_, n) => handled(n, `c${n}`, { resources: things(n) })).flat();
    const events = [...casts, publish(200, 'conductor', cast('b', { resources: things(42) }))];
    expect(parentOf(events, 'b')).toBe(uid('c42'));
  });

  test.each(['constructor', '__proto__', 'hasOwnProperty'])('a method called %s', (method) => {
    const events = [...answered(0, 'api', 'conductor', { id: 'a', method }, 100), publish(50, 'conductor', { id: 'b', method })];
    expect(parentOf(events, 'b')).toBe(uid('a'));
  });

  test('events of a connection without a name have no process, and no cause', () => {
    const events = [publish(0, '', { id: 'a' }), deliver(1, '', { id: 'a' }), publish(2, '', cast('b'))];
    expect(traced(correlate(events, {}, new Processes()), 'b').cause).toBeNull();
  });
});

function port(id: string): Resource {
  return { type: 'port', id };
}
