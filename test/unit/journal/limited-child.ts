/**
 * `limited-child.ts DIRECTORY`: writes a journal in a process whose files may not grow, says what commit says, and goes on
 * when it is told (a byte on stdin) that they may again.
 */
import { once } from 'node:events';
import { Journal } from '../../../src/journal/journal.ts';
import { numbered } from './arbitrary.ts';

const journal = await Journal.open(process.argv[2] ?? '');
let n = 0;
for (;;) {
  for (let i = 0; i < 50; i++) journal.append(numbered(n, n++));
  try {
    await journal.commit();
  } catch (error) {
    console.log((error as Error).message);
    break;
  }
}
await once(process.stdin, 'data');
await journal.commit();
await journal.close();
console.log(n);
process.exit(0);
