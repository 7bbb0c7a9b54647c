/** Verdicts on calls that failed: what was seen, and whom it points at. */
import { expect, test } from 'vitest';
import type { Delivery, Publish } from '../../../src/message.ts';
import { isExpectedFailure } from '../../../src/trace/expected-failures.ts';
import type { ClosedMessage } from '../../../src/trace/traced-message.ts';
import { isGoingOn, type Verdict, verdictOf } from '../../../src/trace/verdicts.ts';
import { capturePath, run, snapshotOf, tappedOf } from '../../support/captures.ts';
import { correlate, deliver, deliverReply, publish, reply, uid } from '../../support/events.ts';

type Events = readonly (Publish | Delivery)[];
type Facts = Pick<ClosedMessage['traced'], 'takesDeliveries' | 'callerWentOn' | 'isCallerAlive'>;

const A = { id: 'a', expirationMs: 2_000 };
const AGAIN = { ...A, redelivered: true };
/** Something else, long after: the clock goes on, and the tap sees deliveries. */
const LATER: Events = [publish(9_000, 'other', { id: 'z', kind: 'cast' }), deliver(9_001, 'else', { id: 'z', kind: 'cast' })];

/** The story of call `a`, with facts that other messages would have told. */
function storyOf(events: Events, facts: Facts = {}): ClosedMessage {
  const closed = correlate([...events, ...LATER]).byId.get(uid('a'));
  if (closed === undefined) throw new Error('no story');
  return { ...closed, traced: { ...closed.traced, ...facts } };
}

function judge(events: Events, facts?: Facts): Verdict | null {
  return verdictOf(storyOf(events, facts));
}

const NO_QUEUE = { ...A, routedQueues: [] };
const CONDUCTOR = { service: 'nova-conductor', host: '10.0.0.1', queue: 'conductor' };
const WORKER = { service: 'nova-worker', host: '10.0.0.1', queue: 'conductor' };
const CALLER = { service: 'nova-api', host: '10.0.0.1', queue: 'reply_1' };

test.each<{ title: string; events: Events; facts?: Facts; verdict: Verdict | null }>([
  {
    title: 'answered in time',
    events: [publish(0, 'api', A), deliver(1, 'conductor', A), reply(9, 'conductor', 'a'), deliverReply(10, 'api', 'a')],
    verdict: null,
  },
  {
    title: 'no queue',
    events: [publish(0, 'api', NO_QUEUE)],
    verdict: { verdict: 'unroutable', culprit: { ...CONDUCTOR, host: '' }, evidence: 'no queue took the request' },
  },
  {
    title: 'no queue, seen by a tap of publishes alone',
    events: [publish(0, 'api', NO_QUEUE)],
    facts: { takesDeliveries: false },
    verdict: { verdict: 'unroutable', culprit: { ...CONDUCTOR, host: '' }, evidence: 'no queue took the request' },
  },
  {
    title: 'never delivered',
    events: [publish(0, 'api', A)],
    verdict: {
      verdict: 'not_consumed',
      culprit: { ...CONDUCTOR, host: '' },
      evidence: 'queued, not delivered within the time-out of 2 s',
    },
  },
  {
    title: 'never delivered, as nothing is that this tap sees',
    events: [publish(0, 'api', A)],
    facts: { takesDeliveries: false },
    verdict: null,
  },
  {
    title: 'expired, and dead-lettered',
    events: [publish(0, 'api', A), { ...deliver(2_001, 'else', A), queue: 'graveyard' }],
    verdict: {
      verdict: 'not_consumed',
      culprit: { ...CONDUCTOR, host: '' },
      evidence: 'queued, not delivered from there within the time-out of 2 s; dead-lettered instead',
    },
  },
  {
    title: 'delivered, and nothing more',
    events: [publish(0, 'api', A), deliver(1.23, 'conductor', A)],
    verdict: {
      verdict: 'no_reply',
      culprit: CONDUCTOR,
      evidence: 'delivered after 1.2 ms, no reply within the time-out of 2 s; nothing was seen of its handler',
    },
  },
  {
    title: 'delivered; its handler worked, and said so',
    events: [
      publish(0, 'api', A),
      deliver(1, 'conductor', A),
      publish(700, 'conductor', { id: 'b', kind: 'cast' }),
      reply(1_000, 'conductor', 'a', { ending: false }),
    ],
    verdict: {
      verdict: 'no_reply',
      culprit: CONDUCTOR,
      evidence:
        'delivered after 1 ms, no reply within the time-out of 2 s; its server sent heartbeats; its handler was last seen at work 700 ms after the request',
    },
  },
  {
    title: 'delivered to one that died, and to another that is silent: the last is meant',
    events: [publish(0, 'api', A), deliver(1, 'conductor', A), deliver(600, 'worker', AGAIN)],
    verdict: {
      verdict: 'no_reply',
      culprit: WORKER,
      evidence:
        'delivered after 600 ms, no reply within the time-out of 2 s; nothing was seen of its handler; redelivered: a consumer before was lost with it',
    },
  },
  {
    title: 'redelivered, answered late',
    events: [
      publish(0, 'api', A),
      deliver(1, 'conductor', A),
      deliver(600, 'worker', AGAIN),
      reply(2_600, 'worker', 'a'),
      deliverReply(2_601, 'api', 'a'),
    ],
    verdict: {
      verdict: 'late_reply',
      culprit: WORKER,
      evidence: 'reply published 600 ms after the time-out of 2 s; redelivered: a consumer before was lost with it',
    },
  },
  {
    title: 'redelivered, answered in time',
    events: [
      publish(0, 'api', A),
      deliver(1, 'conductor', A),
      deliver(600, 'worker', AGAIN),
      reply(900, 'worker', 'a'),
      deliverReply(901, 'api', 'a'),
    ],
    verdict: null,
  },
  {
    title: 'answered in time, given to its caller late',
    events: [publish(0, 'api', A), deliver(1, 'conductor', A), reply(100, 'conductor', 'a'), deliverReply(3_000, 'api', 'a')],
    verdict: {
      verdict: 'late_reply',
      culprit: CALLER,
      evidence: 'reply published after 100 ms; delivered 1 s after the time-out of 2 s',
    },
  },
  {
    title: 'answered late, and to nobody',
    events: [publish(0, 'api', A), deliver(1, 'conductor', A), reply(2_500, 'conductor', 'a')],
    verdict: {
      verdict: 'late_reply',
      culprit: CONDUCTOR,
      evidence: 'reply published 500 ms after the time-out of 2 s; and never delivered',
    },
  },
  {
    title: 'answered twice in time, never to its caller, who lives',
    events: [
      publish(0, 'api', A),
      deliver(1, 'conductor', A),
      reply(100, 'conductor', 'a'),
      reply(350, 'conductor', 'a', { nth: 2 }),
    ],
    facts: { isCallerAlive: true },
    verdict: {
      verdict: 'reply_lost',
      culprit: CALLER,
      evidence: 'reply published after 100 ms, never delivered; its caller lives, and does not hear; 2 replies published in all',
    },
  },
  {
    title: 'the same, and nothing more is seen of its caller',
    events: [publish(0, 'api', A), deliver(1, 'conductor', A), reply(100, 'conductor', 'a')],
    facts: { isCallerAlive: false },
    verdict: {
      verdict: 'reply_lost',
      culprit: CALLER,
      evidence: 'reply published after 100 ms, never delivered; nothing more was seen of its caller',
    },
  },
  {
    title: 'a cast that no queue took',
    events: [publish(0, 'api', { ...NO_QUEUE, kind: 'cast', expirationMs: null })],
    verdict: null,
  },
  { title: 'received by a tap that lags', events: [{ ...publish(0, 'api', A), isLagging: true }], verdict: null },
  { title: 'received by a tap that is no firehose', events: [publish(0, '', A)], verdict: null },
])('$title', ({ events, facts, verdict }) => {
  expect(judge(events, facts)).toEqual(verdict);
});

test('within its time-out no call is judged', () => {
  const open = correlate([publish(0, 'api', A), deliver(1, 'conductor', A)]).byId.get(uid('a'));
  expect(open?.status).toBe('open');
  expect(verdictOf(open as ClosedMessage)).toBeNull();
});

const GROUP = 'nova.exception.InstanceGroupNotFound';

function failing(failure: string, object: string | null, facts: Facts = {}): Verdict | null {
  const events = [
    publish(0, 'api', A),
    deliver(1, 'conductor', A),
    reply(9, 'conductor', 'a', { failure }),
    deliverReply(10, 'api', 'a', { failure }),
  ];
  const { traced, ...closed } = storyOf(events, facts);
  return verdictOf({
    ...closed,
    traced: { ...traced, message: { ...traced.message, object } as ClosedMessage['traced']['message'] },
  });
}

test.each<{ title: string; failure: string; object: string | null; facts: Facts; evidence: string | null }>([
  { title: 'an exception', failure: 'ValueError', object: null, facts: {}, evidence: 'ValueError came back' },
  {
    title: 'an exception that its caller survived',
    failure: 'ValueError',
    object: null,
    facts: { callerWentOn: true },
    evidence: 'ValueError came back; its caller went on',
  },
  {
    title: 'an exception that its caller passed on',
    failure: 'ValueError',
    object: null,
    facts: { callerWentOn: false },
    evidence: 'ValueError came back; its caller failed by it too',
  },
  {
    title: 'an answer in the form of an exception',
    failure: GROUP,
    object: 'InstanceGroup.get_by_instance_uuid',
    facts: { callerWentOn: true },
    evidence: null,
  },
  {
    title: 'the same, to a caller of whom nothing is known',
    failure: GROUP,
    object: 'InstanceGroup.get_by_instance_uuid',
    facts: {},
    evidence: null,
  },
  {
    title: 'the same, to a caller that gave up',
    failure: GROUP,
    object: 'InstanceGroup.get_by_instance_uuid',
    facts: { callerWentOn: false },
    evidence: `${GROUP} came back; which callers expect, but this one gave up`,
  },
  {
    title: 'the same class of another call',
    failure: GROUP,
    object: 'InstanceGroup.save',
    facts: {},
    evidence: `${GROUP} came back`,
  },
])('failed: $title', ({ failure, object, facts, evidence }) => {
  const verdict = failing(failure, object, facts);
  expect(verdict).toEqual(evidence === null ? null : { verdict: 'failed', culprit: CONDUCTOR, evidence });
});

test.each([
  ['compute.cmp9', 'nova-compute', 'cmp9'],
  ['compute.cmp9.example.org', 'nova-compute', 'cmp9.example.org'],
  ['ironic.conductor_manager.ir1', 'ironic-conductor', 'ir1'],
  ['cinder-volume.vol1@lvm.vol1', 'cinder-volume', 'vol1'],
  ['unheard_of', '', ''],
  ['unheard_of.h1', '', 'h1'],
])('who should consume %s', (routingKey, service, host) => {
  const verdict = judge([{ ...publish(0, 'api', NO_QUEUE), routingKey }]);
  expect(verdict?.culprit).toEqual({ service, host, queue: routingKey });
});

test('a note of an error is no sign of a caller that goes on', () => {
  const [sent] = correlate([publish(0, 'api', A)]).closed;
  const message = sent?.traced.message as ClosedMessage['traced']['message'] & { kind: 'call' };
  const going = (object: string | null) => isGoingOn({ ...message, object });
  expect([null, 'Instance.save', 'InstanceFault.create', 'InstanceActionEvent.event_finish_with_failure'].map(going)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  const notification = correlate([publish(0, 'api', { id: 'n', kind: 'notification' })]).closed[0];
  expect(isGoingOn((notification as ClosedMessage).traced.message)).toBe(false);
});

test('exceptions are expected by class and call', () => {
  expect(isExpectedFailure('nova.exception.InstanceNotFound', 'Instance.save')).toBe(true);
  expect(isExpectedFailure('nova.exception.InstanceNotFound', 'get_console_output')).toBe(false);
  expect(isExpectedFailure('neutron_lib.exceptions.NetworkNotFound', 'update_dhcp_port')).toBe(true);
});

/** Every verdict of a recording of a real OpenStack. */
async function verdictsOf(name: string) {
  const path = capturePath(name);
  const { messages } = await run(await tappedOf(path), snapshotOf(path));
  return messages.map((closed) => ({ closed, verdict: verdictOf(closed) })).filter(({ verdict }) => verdict !== null);
}

test('compute-down: the stopped nova-compute answers too late, and nothing else failed', async () => {
  const found = await verdictsOf('compute-down');
  expect(found.map(({ closed: { traced } }) => traced.message.kind === 'call' && traced.message.method)).toEqual([
    'get_console_output',
  ]);
  expect(found[0]?.verdict).toMatchObject({
    verdict: 'late_reply',
    culprit: { service: 'nova-compute', host: 'cmp3', queue: 'compute.cmp3' },
    evidence: expect.stringMatching(/^reply published \d+(\.\d+)? s after the time-out of 60 s/),
  });
});

test('live-migrate: its two exceptions are control flow', async () => {
  expect(await verdictsOf('live-migrate')).toEqual([]);
});
