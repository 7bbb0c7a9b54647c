/**
 * One flood through the sidecar's own loop and limits, and a recorded boot right behind it: how much memory that takes,
 * what was forgotten, and whether the boot's messages still find their parents. A program of its own, started by flood.ts.
 * Prints a line of JSON now and then, the last one with everything.
 *
 *   node --expose-gc test/bench/flood-child.ts FLOOD [--share 0.1]
 */
import { parseArgs } from 'node:util';
import type { Chunk, LiveMessage } from '../../src/message.ts';
import type { Batch } from '../../src/pipeline.ts';
import { Sidecar } from '../../src/service/sidecar.ts';
import { Processes } from '../../src/trace/processes.ts';
import { Recent } from '../../src/trace/recent.ts';
import { capturePath, snapshotOf, tappedOf } from '../support/captures.ts';
import { truthOf } from '../support/truth.ts';
import { eventsOf, FLOODS, type Flood, type FloodName } from './flood-events.ts';
import { heapBytes } from './measure.ts';

const BOOT = capturePath('boot-1');
const CHUNK_MESSAGES = 256;
/** Some whole chunks. */
const PROGRESS_EVENTS = 200 * CHUNK_MESSAGES;
/** Between the flood and the boot. */
const PAUSE_NS = 1_000_000_000n;

export interface Progress {
  readonly events: number;
  readonly peakBytes: number;
}

export interface FloodResult extends Progress {
  readonly cpuUsAnEvent: number;
  /** Live heap when the flood is over. */
  readonly heapBytes: number;
  readonly open: number;
  readonly evicted: number;
  /** What a bound made it forget, by who remembered it. */
  readonly forgotten: Readonly<Record<string, number>>;
  /** Parents of the boot's messages. */
  readonly right: number;
  readonly wrong: number;
}

async function run(flood: Flood, share: number): Promise<FloodResult> {
  const boot = await tappedOf(BOOT);
  const parents = new Parents();
  const processes = new Processes(snapshotOf(BOOT));
  const forgotten = watchForgetting();
  const during = { events: 0, cpuUs: 0, heapBytes: 0, open: 0, evicted: 0 };
  const startNs = boot[0]?.receivedNs ?? 0n;
  async function* chunks(): AsyncGenerator<Chunk> {
    let lastNs = startNs - PAUSE_NS;
    const making = new Making(eventsOf(flood, share, startNs));
    const beganUs = cpuUs();
    for (const items of making) {
      yield { items, acknowledge: () => {} };
      during.events += items.length;
      if (during.events % PROGRESS_EVENTS === 0) tell({ events: during.events, peakBytes: peakBytes() });
      lastNs = items.at(-1)?.receivedNs ?? lastNs;
    }
    during.cpuUs = cpuUs() - beganUs - making.cpuUs;
    const { evicted } = sidecar.tally.closed;
    Object.assign(during, { heapBytes: heapBytes(), open: sidecar.openCount, evicted });
    const shiftNs = lastNs + PAUSE_NS - startNs;
    const shifted = boot.map((tapped) => ({ ...tapped, receivedNs: tapped.receivedNs + shiftNs, isRedelivered: false }));
    yield { items: shifted, acknowledge: () => {} };
  }
  const persist = (operation: () => Promise<void>) => operation();
  const sidecar = new Sidecar({
    chunks: chunks(),
    sink: parents,
    journal: null,
    processes,
    persist,
    storms: null,
    onStorm: () => {},
    unacknowledgedMax: 0,
  });
  await sidecar.run();
  await sidecar.close(new AbortController().signal);
  const { cpuUs: takenUs, ...kept } = during;
  return { ...kept, cpuUsAnEvent: takenUs / Math.max(1, during.events), peakBytes: peakBytes(), forgotten, ...parents.score() };
}

/** The flood's messages, and what their making took: no part of what is measured. */
class Making implements Iterable<readonly LiveMessage[]> {
  cpuUs = 0;
  readonly #messages: Iterator<LiveMessage>;

  constructor(messages: Iterator<LiveMessage>) {
    this.#messages = messages;
  }

  *[Symbol.iterator](): Generator<LiveMessage[]> {
    for (;;) {
      const beganUs = cpuUs();
      const chunk: LiveMessage[] = [];
      while (chunk.length < CHUNK_MESSAGES) {
        const { done, value } = this.#messages.next();
        if (done) break;
        chunk.push(value);
      }
      this.cpuUs += cpuUs() - beganUs;
      if (chunk.length === 0) return;
      yield chunk;
    }
  }
}

/** The sink: keeps of the boot who is whose parent, and nothing else. */
class Parents {
  readonly #truth = truthOf(BOOT).messages;
  readonly #found = new Map<string, string | null>();

  async write({ messages }: Batch): Promise<void> {
    for (const { traced } of messages) {
      if (this.#truth.has(traced.uniqueId)) this.#found.set(traced.uniqueId, traced.cause?.uniqueId ?? null);
    }
  }

  async close(): Promise<void> {}

  /** As test/support/score.ts has it. */
  score() {
    const score = { right: 0, wrong: 0 };
    for (const [id, found] of this.#found) {
      if (found === null) continue;
      if (found === this.#truth.get(id)?.parent) score.right++;
      else score.wrong++;
    }
    return score;
  }
}

/** A Recent does not say whose it is: the stack does, when it forgets. */
function watchForgetting(): Record<string, number> {
  const counts: Record<string, number> = {};
  const { set } = Recent.prototype;
  Recent.prototype.set = function (key, value) {
    const before = this.forgotten;
    set.call(this, key, value);
    if (this.forgotten === before) return;
    const caller = /at (\S+)/.exec(new Error().stack?.split('\n')[2] ?? '')?.[1] ?? 'unknown';
    counts[caller] = (counts[caller] ?? 0) + this.forgotten - before;
  };
  return counts;
}

/** Of this thread, since it began. */
function cpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** As the kernel counted it. */
function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

function tell(what: Progress | FloodResult): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { share: { type: 'string', default: '1' } } });
const flood = FLOODS[positionals[0] as FloodName];
if (flood === undefined) throw new Error(`a flood: ${Object.keys(FLOODS).join(', ')}`);
tell(await run(flood, Number(values.share)));
