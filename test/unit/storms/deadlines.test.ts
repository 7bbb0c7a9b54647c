import { expect, test } from 'vitest';
import { Deadlines } from '../../../src/storms/deadlines.ts';
import { newStory } from '../../../src/trace/open-stories.ts';
import type { Initiating } from '../../../src/trace/traced-message.ts';
import { publish } from '../../support/events.ts';

function call(id: string, expirationMs: number | null) {
  const event = publish(0, 'caller', { id, expirationMs });
  const story = newStory(event.message as Initiating, event);
  story.publish = event;
  return story;
}

const ids = (deadlines: Deadlines, second: number) => [...deadlines.passed(second)].map(({ uniqueId }) => uniqueId);

test('a call that is not answered is told of once, when its time is up', () => {
  const deadlines = new Deadlines();
  const story = call('a', 2_000);
  deadlines.add(story, 100);
  expect(ids(deadlines, 102)).toEqual([]);
  expect(ids(deadlines, 103)).toEqual([story.uniqueId]);
  expect(ids(deadlines, 200)).toEqual([]);
});

test('one that was answered is not, whether its story has ended or not', () => {
  const deadlines = new Deadlines();
  const [ended, answered] = [call('a', 2_000), call('b', 2_000)];
  deadlines.add(ended, 100);
  deadlines.add(answered, 100);
  deadlines.remove(ended);
  answered.reply = { uniqueId: 'r', publishedNs: 0n, bytes: 1, failure: null };
  expect(ids(deadlines, 200)).toEqual([]);
});

test('short time-outs do not wait for long ones, and what waits for ever is passed over', () => {
  const deadlines = new Deadlines();
  const [long, short, ever] = [call('a', 60_000), call('b', 1_000), call('c', null)];
  for (const story of [long, short, ever]) deadlines.add(story, 100);
  expect(ids(deadlines, 110)).toEqual([short.uniqueId]);
  expect(ids(deadlines, 200)).toEqual([long.uniqueId]);
});

test('it holds 50,000 at most, and has room again for each that is gone', () => {
  const deadlines = new Deadlines();
  const stories = Array.from({ length: 50_001 }, (_, at) => call(String(at), 1_000));
  for (const story of stories) deadlines.add(story, 100);
  deadlines.remove(stories[0] as (typeof stories)[0]);
  deadlines.add(call('more', 1_000), 100);
  expect(ids(deadlines, 200)).toHaveLength(50_000);
});
