/** `killed-child.ts DIRECTORY RUN`: writes a journal as fast as it can, and says what is durable, until it is killed. */
import { writeSync } from 'node:fs';
import { Journal } from '../../../src/journal/journal.ts';
import { keyOf, numbered } from './arbitrary.ts';
import { OPTIONS, steps } from './steps.ts';

const [directory = '', run = '0'] = process.argv.slice(2);
const journal = await Journal.open(directory, OPTIONS);
let committing: Promise<unknown> = Promise.resolve();
let count = 0;
for (const step of steps(Number(run))) {
  count++;
  if (step.do === 'append') journal.append(numbered(step.n, step.story));
  else if (step.do === 'settle') journal.settle(step.stories.map(keyOf));
  else if (step.do === 'tick') journal.tick(BigInt(step.n));
  else {
    // One commit is at work while the next events are appended.
    await committing;
    const done = count;
    committing = journal.commit().then(() => writeSync(1, `${done}\n`));
  }
}
