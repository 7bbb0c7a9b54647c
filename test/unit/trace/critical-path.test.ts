import fc from 'fast-check';
import { expect, test } from 'vitest';
import { criticalPath } from '../../../src/trace/critical-path.ts';
import type { PathMessage, Place } from '../../../src/trace/request-works.ts';

const API: Place = { service: 'nova-api', host: 'ctl', process: 'a' };
const CONDUCTOR: Place = { service: 'nova-conductor', host: 'ctl', process: 'c' };
const COMPUTE: Place = { service: 'nova-compute', host: 'cmp1', process: 'n' };
const NEUTRON: Place = { service: 'neutron-server', host: 'ctl', process: 'q' };

type Given = Partial<Omit<PathMessage, 'publishedNs' | 'deliveries' | 'replyPublishedNs' | 'repliedNs' | 'endedNs'>> & {
  at: number;
  /** To whom it was delivered, and when. */
  to?: [Place, number];
  /** When the answer was published and delivered. */
  answer?: [number, number];
  ended?: number;
};

let made = 0;

function message({ at, to, answer, ended, ...given }: Given): PathMessage {
  const times = [at, to?.[1] ?? at, answer?.[1] ?? at, ended ?? at];
  return {
    uniqueId: String(made++),
    parentUniqueId: null,
    kind: answer === undefined ? 'cast' : 'call',
    name: 'm',
    requestId: 'r',
    join: 'request_id',
    from: API,
    publishedNs: BigInt(at),
    deliveries: to === undefined ? [] : [{ atNs: BigInt(to[1]), to: to[0] }],
    replyPublishedNs: answer === undefined ? null : BigInt(answer[0]),
    repliedNs: answer === undefined ? null : BigInt(answer[1]),
    endedNs: BigInt(Math.max(...times)),
    http: null,
    ...given,
  };
}

function audit(at: number, path: string, isResponse: boolean, given: Partial<Given> = {}): PathMessage {
  return message({ at, kind: 'notification', from: NEUTRON, http: { action: 'create', path, isResponse }, ...given });
}

/** `0-2 queue nova-conductor save` */
function told(messages: readonly PathMessage[]): string[] {
  return criticalPath(messages).map(({ what, service, name, fromNs, toNs }) => `${fromNs}-${toNs} ${what} ${service} ${name}`);
}

test('a cast, and a call that its handler made: queue, own work, queue, work, reply, own work', () => {
  const build = message({ at: 0, name: 'build', to: [COMPUTE, 5], ended: 60 });
  const save = message({
    at: 10,
    name: 'save',
    parentUniqueId: build.uniqueId,
    from: COMPUTE,
    to: [CONDUCTOR, 12],
    answer: [30, 31],
  });
  const end = message({ at: 60, kind: 'notification', name: 'end', parentUniqueId: build.uniqueId, from: COMPUTE });
  expect(told([build, save, end])).toEqual([
    '0-5 queue nova-compute build',
    '5-10 work nova-compute build',
    '10-12 queue nova-conductor save',
    '12-30 work nova-conductor save',
    '30-31 reply nova-compute save',
    '31-60 work nova-compute build',
  ]);
});

test('of two calls at the same time the one that answered last counts, and what ran beside it does not', () => {
  const build = message({ at: 0, name: 'build', to: [COMPUTE, 0], ended: 100 });
  const parent = { parentUniqueId: build.uniqueId, from: COMPUTE };
  const slow = message({ at: 10, name: 'slow', ...parent, to: [CONDUCTOR, 10], answer: [90, 90] });
  const fast = message({ at: 20, name: 'fast', ...parent, to: [CONDUCTOR, 20], answer: [30, 30] });
  const end = message({ at: 100, kind: 'notification', name: 'end', ...parent });
  expect(told([build, slow, fast, end])).toEqual([
    '0-10 work nova-compute build',
    '10-90 work nova-conductor slow',
    '90-100 work nova-compute build',
  ]);
});

test('an audited HTTP request is waited for by the work of another process that was under way', () => {
  const build = message({ at: 0, name: 'build', to: [COMPUTE, 0], ended: 100 });
  const asked = audit(10, '/v2.0/ports', false);
  const answered = audit(50, '/v2.0/ports', true);
  const end = message({ at: 100, kind: 'notification', name: 'end', parentUniqueId: build.uniqueId, from: COMPUTE });
  expect(told([build, asked, answered, end])).toEqual([
    '0-10 work nova-compute build',
    '10-50 work neutron-server POST /v2.0/ports',
    '50-100 work nova-compute build',
  ]);
});

test('where nobody was at work, the time until the next that was is outside, and names it', () => {
  const first = message({ at: 0, name: 'first', to: [COMPUTE, 10] });
  const later = message({ at: 500, name: 'later', requestId: 's', from: NEUTRON, to: [COMPUTE, 510] });
  expect(told([first, later])).toEqual([
    '0-10 queue nova-compute first',
    '10-500 outside neutron-server work that sent later',
    '500-510 queue nova-compute later',
  ]);
});

test('a call whose delivery was not seen, one without an answer, and a cast that nobody took', () => {
  const unseen = message({ at: 0, name: 'unseen', answer: [40, 41] });
  expect(told([unseen])).toEqual(['0-40 outside nova-api unseen', '40-41 reply nova-api unseen']);
  const open = message({ at: 0, name: 'open', kind: 'call', to: [COMPUTE, 3], ended: 3 });
  expect(told([open])).toEqual(['0-3 queue nova-compute open']);
  expect(told([message({ at: 7, name: 'lost' })])).toEqual(['7-7 work nova-api lost']);
  expect(told([])).toEqual([]);
});

test('stages: what a handler waited for is its own, what it was sent by is not', () => {
  const schedule = message({ at: 0, name: 'schedule', to: [CONDUCTOR, 1], ended: 20 });
  const build = message({
    at: 20,
    name: 'build',
    parentUniqueId: schedule.uniqueId,
    from: CONDUCTOR,
    to: [COMPUTE, 21],
    ended: 50,
  });
  const save = message({
    at: 30,
    name: 'save',
    parentUniqueId: build.uniqueId,
    from: COMPUTE,
    to: [CONDUCTOR, 30],
    answer: [50, 50],
  });
  const stages = criticalPath([schedule, build, save]).map(({ name, stage }) => `${name} of ${stage.name}`);
  expect(stages).toEqual(['schedule of schedule', 'schedule of schedule', 'build of build', 'build of build', 'save of build']);
});

const time = fc.integer({ min: 0, max: 40 });
const place = fc.constantFrom(API, CONDUCTOR, COMPUTE, NEUTRON);

/** Any trace, clocks and parents broken in every way. */
const anyMessages = fc
  .array(
    fc.record({
      kind: fc.constantFrom('call' as const, 'cast' as const, 'fanout' as const, 'notification' as const),
      parent: fc.option(fc.nat(14), { nil: null }),
      requestId: fc.constantFrom('r', 's', ''),
      join: fc.constantFrom('handled' as const, 'request_id' as const, 'resource' as const),
      from: place,
      published: time,
      deliveries: fc.array(fc.record({ at: time, to: place }), { maxLength: 3 }),
      replyPublished: fc.option(time, { nil: null }),
      replied: fc.option(time, { nil: null }),
      ended: time,
      http: fc.option(fc.record({ path: fc.constantFrom('/a', '/b'), isResponse: fc.boolean() }), { nil: null }),
    }),
    { maxLength: 14 },
  )
  .map((all) =>
    all.map(
      ({ parent, published, deliveries, replyPublished, replied, ended, http, ...rest }, index): PathMessage => ({
        ...rest,
        uniqueId: String(index),
        parentUniqueId: parent === null ? null : String(parent),
        name: `m${index}`,
        publishedNs: BigInt(published),
        deliveries: deliveries.map(({ at, to }) => ({ atNs: BigInt(at), to })),
        replyPublishedNs: replyPublished === null ? null : BigInt(replyPublished),
        repliedNs: replied === null ? null : BigInt(replied),
        endedNs: BigInt(ended),
        http: http === null ? null : { action: 'read', ...http },
      }),
    ),
  );

test('whatever the trace, the segments touch each other, in order, from its first publish to the last thing seen', () => {
  fc.assert(
    fc.property(anyMessages, (messages) => {
      const path = criticalPath(messages);
      if (messages.length === 0) return path.length === 0;
      const beginNs = messages.map(({ publishedNs }) => publishedNs).reduce((a, b) => (b < a ? b : a));
      const endNs = messages.map(({ endedNs }) => endedNs).reduce((a, b) => (b > a ? b : a), beginNs);
      expect(path[0]?.fromNs).toBe(beginNs);
      expect(path.at(-1)?.toNs).toBe(endNs);
      for (const [index, { fromNs, toNs }] of path.entries()) {
        expect(toNs).toBe(path[index + 1]?.fromNs ?? endNs);
        if (endNs > beginNs) expect(toNs > fromNs).toBe(true);
      }
      return true;
    }),
    { numRuns: 3_000, seed: 7 },
  );
});

test('the order in which the messages are given changes nothing', () => {
  const build = message({ at: 0, name: 'build', to: [COMPUTE, 5], ended: 60 });
  const save = message({
    at: 10,
    name: 'save',
    parentUniqueId: build.uniqueId,
    from: COMPUTE,
    to: [CONDUCTOR, 12],
    answer: [30, 31],
  });
  expect(told([save, build])).toEqual(told([build, save]));
});
