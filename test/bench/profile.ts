/** Where time goes inside a piece of work, by V8's sampling profiler: no clock stands in the work itself. */
import { Session } from 'node:inspector/promises';

/** A function whose time, and that of all it calls, is one step's. */
export interface Step {
  readonly name: string;
  readonly function: string;
  /** The end of its file's path. */
  readonly file: string;
}

const INTERVAL_US = 200;
const WHOLE: Step = { name: 'the whole', function: 'underProfile', file: '/test/bench/profile.ts' };

/**
 * @param steps none within another.
 * @returns the share of each step in the whole, 0–1, in their order; what is missing to 1 is in none of them.
 */
export async function profile(steps: readonly Step[], work: () => void): Promise<number[]> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
  const { profile } = await sampled(session, work);
  session.disconnect();
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const timesUs = new Map<Step, number>();
  for (const [nth, sample] of (profile.samples ?? []).entries()) {
    const took = profile.timeDeltas?.[nth] ?? 0;
    for (let at: number | undefined = sample; at !== undefined; at = parents.get(at)) {
      const frame = nodes.get(at)?.callFrame;
      const step = [...steps, WHOLE].find((one) => one.function === frame?.functionName && frame.url.endsWith(one.file));
      if (step === undefined) continue;
      timesUs.set(step, (timesUs.get(step) ?? 0) + took);
    }
  }
  const wholeUs = timesUs.get(WHOLE) ?? 0;
  return steps.map((step) => {
    const timeUs = timesUs.get(step);
    if (timeUs === undefined) throw new Error(`${step.name}: no ${step.function} of ${step.file} was seen at work`);
    return timeUs / wholeUs;
  });
}

async function sampled(session: Session, work: () => void) {
  await session.post('Profiler.start');
  underProfile(work);
  return await session.post('Profiler.stop');
}

function underProfile(work: () => void): void {
  work();
}
