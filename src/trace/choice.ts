/** Which of several works sent a message: the one about the same resources, or the one that woke last. */
import type { Resource } from '../message.ts';
import type { Work } from './work.ts';
import { resourcesOf } from './work.ts';

export interface Choice<W extends Work> {
  readonly work: W;
  /** What decided: a resource, or who woke last. */
  readonly by: 'resource' | 'latest';
  readonly resource: string | null;
}

interface Scored<W extends Work> {
  readonly work: W;
  /** How much the resources in common set it apart from the other candidates. */
  distinction: number;
  resource: string | null;
}

/** @param candidates at least two. */
export function chooseAmong<W extends Work>(candidates: readonly W[], resources: readonly Resource[]): Choice<W> {
  const scored = score(candidates, resources).sort(compareScored);
  const [best, next] = scored as [Scored<W>, Scored<W>];
  const isDecided = best.distinction > next.distinction;
  return { work: best.work, by: isDecided ? 'resource' : 'latest', resource: isDecided ? best.resource : null };
}

/** A resource that one candidate alone names says much; one that all of them name says nothing. */
function score<W extends Work>(candidates: readonly W[], resources: readonly Resource[]): Scored<W>[] {
  const scored = candidates.map((work): Scored<W> => ({ work, distinction: 0, resource: null }));
  if (resources.length === 0) return scored;
  const holdersOf = new Map<string, Scored<W>[]>();
  for (const { id } of resources) holdersOf.set(id, []);
  for (const one of scored) for (const { id } of resourcesOf(one.work)) holdersOf.get(id)?.push(one);
  holdersOf.forEach((holders, id) => {
    if (holders.length === candidates.length) return;
    for (const holder of holders) {
      holder.distinction += 1 / holders.length ** 2;
      holder.resource ??= id;
    }
  });
  return scored;
}

function compareScored(a: Scored<Work>, b: Scored<Work>): number {
  return (
    b.distinction - a.distinction ||
    Number(isAnswering(b.work)) - Number(isAnswering(a.work)) ||
    Number(b.work.waitsFor.length === 0) - Number(a.work.waitsFor.length === 0) ||
    Number(b.work.wakeNs - a.work.wakeNs)
  );
}

function isAnswering(work: Work): boolean {
  return work.kind === 'handler' && work.isCall && work.endNs === null;
}
