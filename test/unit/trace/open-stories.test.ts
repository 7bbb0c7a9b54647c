/** What is open, and that nothing else is held. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/trace/limits.ts';
import { newStory, OpenStories, type OpenStory } from '../../../src/trace/open-stories.ts';
import type { Initiating } from '../../../src/trace/traced-message.ts';
import { publish } from '../../support/events.ts';

const ROUNDS = 20_000;
const OPEN_MAX = 500;

test('a story that is closed is let go, also after the oldest was searched for once', async () => {
  const stories = new OpenStories(DEFAULT_LIMITS, () => false);
  const open: OpenStory[] = [];
  const closed: WeakRef<object>[] = [];
  for (let nth = 0; nth < ROUNDS; nth++) {
    const event = publish(nth, 'api', { id: String(nth) });
    open.push(newStory(event.message as Initiating, event));
    stories.add(open.at(-1) as OpenStory);
    if (nth === OPEN_MAX) stories.oldest();
    if (nth <= OPEN_MAX) continue;
    const story = open.shift() as OpenStory;
    stories.remove(story);
    closed.push(new WeakRef(story));
  }
  await setImmediate(); // a WeakRef holds what it was made of until its job is done
  collectGarbage();
  expect(closed.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(ROUNDS / 10);
  expect(stories.size).toBe(open.length); // and so it was there all the time
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
