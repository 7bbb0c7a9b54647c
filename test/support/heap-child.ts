/**
 * A burst of which one in eight lives on, so that its end leaves holes, and what comes after it. Prints the share of the bytes V8 held of the
 * system after the burst that it holds in the end. Wants --expose-gc.
 *   heap-child.ts MILLISECONDS between two times that it is reduced
 */
import { setImmediate as turn } from 'node:timers/promises';
import { HeapReducer } from '../../src/service/heap.ts';

const [BURST, ONE_IN] = [400_000, 8];
/** Each step brings new ones, of which the newest stay. */
const [STEPS, NEW, NEWEST] = [2_000, 1_000, 30_000];

const message = (n: number) => ({ id: `a message's id, ${n}`, at: [n, n + 1], text: 'x'.repeat(20) + n });
const burst = Array.from({ length: BURST }, (_, n) => message(n));
const survivors = burst.filter((_, n) => n % ONE_IN === 0);
burst.length = 0;
globalThis.gc?.();
const before = process.memoryUsage().heapTotal;
const reducer = new HeapReducer(Number(process.argv[2]));
const newest: unknown[] = [];
for (let n = 0; n < STEPS * NEW; n++) {
  newest[n % NEWEST] = message(n);
  if (n % NEW === 0) await turn();
}
reducer.close();
if (survivors.length !== BURST / ONE_IN || newest.length !== NEWEST) throw new Error('what lives was not kept');
process.stdout.write(String(process.memoryUsage().heapTotal / before));
