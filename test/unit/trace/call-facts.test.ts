/** What other messages tell of a call that failed. */
import { expect, test } from 'vitest';
import { CallFacts } from '../../../src/trace/call-facts.ts';
import { Processes } from '../../../src/trace/processes.ts';
import type { ClosedMessage, TracedDelivery, TracedMessage } from '../../../src/trace/traced-message.ts';
import { at, correlate, deliver, deliverReply, publish, reply } from '../../support/events.ts';

/** A call that is published at 0 and answered at 9 ms, of what a handler was at work on. */
function answeredCall(): TracedMessage & { cause: { delivery: TracedDelivery } } {
  const events = [publish(0, 'api', { id: 'a' }), deliver(1, 'conductor', { id: 'a' }), reply(9, 'conductor', 'a')];
  const { traced } = correlate(events).closed[0] as ClosedMessage;
  const delivery = traced.deliveries[0] as TracedDelivery;
  const { takesDeliveries, callerWentOn, isCallerAlive, ...story } = traced as TracedMessage;
  return { ...story, cause: { uniqueId: story.uniqueId, delivery } };
}

function completed(facts: CallFacts, callerNs: bigint | null = null): TracedMessage {
  const story = answeredCall();
  facts.complete(story, callerNs);
  return story;
}

test.each([
  { title: 'nothing', events: [], takesDeliveries: false },
  { title: 'a delivery before it', events: [deliver(-1, 'x', { id: 'z' })], takesDeliveries: false },
  { title: 'a delivery after it', events: [deliver(2, 'x', { id: 'z' })], takesDeliveries: true },
  {
    title: 'a delivery after it, then a straggler',
    events: [deliver(2, 'x', { id: 'z' }), deliver(-1, 'x', { id: 'y' })],
    takesDeliveries: true,
  },
  { title: 'publishes', events: [publish(2, 'x', { id: 'z' })], takesDeliveries: false },
])('whether the tap takes deliveries: $title', ({ events, takesDeliveries }) => {
  const facts = new CallFacts();
  for (const event of events) if (event.event === 'deliver') facts.delivered(event.timeNs);
  expect(completed(facts).takesDeliveries).toBe(takesDeliveries);
});

test('a caller lives that published something after the reply was published', () => {
  const facts = new CallFacts();
  expect(completed(facts, at(8)).isCallerAlive).toBe(false);
  expect(completed(facts, null).isCallerAlive).toBeUndefined();
  expect(completed(facts, at(10)).isCallerAlive).toBe(true);
});

test('what one half of a process published, the whole did', () => {
  const processes = new Processes();
  processes.observe(publish(5, 'sending', { id: 'a', replyQueue: 'reply_1' }));
  processes.observe(deliverReply(6, 'consuming', 'a'));
  processes.observe(publish(10, 'sending', { id: 'b', kind: 'cast' }));
  expect(processes.publishedNs('consuming')).toBe(at(10));
  expect(processes.publishedNs('a stranger')).toBeNull();
});

test.each<{ title: string; wentOn: boolean | undefined; act: (facts: CallFacts, handled: TracedDelivery) => void }>([
  { title: 'nothing', wentOn: undefined, act: () => {} },
  { title: 'it calls somebody', wentOn: true, act: (facts, handled) => facts.sent(handled, answeredCall().message) },
  { title: 'it answers', wentOn: true, act: (facts, handled) => facts.answered(handled, null) },
  { title: 'it answers with an exception', wentOn: false, act: (facts, handled) => facts.answered(handled, 'ValueError') },
  {
    title: 'it calls somebody, then answers with an exception of its own',
    wentOn: true,
    act: (facts, handled) => {
      facts.sent(handled, answeredCall().message);
      facts.answered(handled, 'ValueError');
    },
  },
  {
    title: 'it notifies of an error, then answers with it',
    wentOn: false,
    act: (facts, handled) => {
      const [notification] = correlate([publish(0, 'api', { id: 'n', kind: 'notification' })]).closed;
      if (notification !== undefined) facts.sent(handled, notification.traced.message);
      facts.answered(handled, 'ValueError');
    },
  },
])('what a handler did after an exception: $title', ({ wentOn, act }) => {
  const facts = new CallFacts();
  const call = answeredCall();
  facts.failed(call);
  act(facts, call.cause.delivery);
  expect(call.callerWentOn).toBe(wentOn);
});
