/** In which order what stands in a layer stands there: so that few lines cross. */
import type { Chain, Item } from './svg-graph-layout.ts';

const SWEEPS = 16;

/** A step of a line, from one rank to the next. */
type Step = readonly [left: Item, right: Item];

/** By rank, from top to bottom: the order with the fewest crossings of all that the sweeps came by. */
export function order(boxes: readonly Item[], chains: readonly Chain[]): Item[][] {
  const items = new Set([...boxes, ...chains.flatMap(({ items: own }) => own)]);
  const count = 1 + Math.max(0, ...[...items].map(({ rank }) => rank));
  const steps = chains.flatMap(({ items: own }) => own.slice(1).map((right, at): Step => [own[at] as Item, right]));
  let ranks = Array.from({ length: count }, (_, rank) => [...items].filter((item) => item.rank === rank));
  let best = ranks;
  let fewest = crossings(ranks, steps);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    ranks = swept(ranks, steps, sweep % 2 === 0);
    const now = crossings(ranks, steps);
    if (now < fewest) [best, fewest] = [ranks, now];
  }
  return best;
}

/** Each to the mean of its neighbours in the rank before: to the right, or back to the left. */
function swept(ranks: readonly Item[][], steps: readonly Step[], isToRight: boolean): Item[][] {
  const result = ranks.map((rank) => [...rank]);
  const indexes = [...result.keys()];
  for (const index of isToRight ? indexes : indexes.reverse()) {
    const rank = result[index] ?? [];
    const before = result[isToRight ? index - 1 : index + 1] ?? [];
    const places = new Map(before.map((item, at) => [item, at]));
    const means = new Map(
      rank.map((item, at) => {
        const near = steps.flatMap(([left, right]) => {
          const other = isToRight ? (right === item ? left : null) : left === item ? right : null;
          const place = other === null ? undefined : places.get(other);
          return place === undefined ? [] : [place];
        });
        return [item, near.length === 0 ? at : near.reduce((sum, each) => sum + each, 0) / near.length];
      }),
    );
    rank.sort((a, b) => (means.get(a) ?? 0) - (means.get(b) ?? 0));
  }
  return result;
}

function crossings(ranks: readonly Item[][], steps: readonly Step[]): number {
  const place = new Map(ranks.flatMap((rank) => rank.map((item, at) => [item, at] as const)));
  const at = (item: Item) => place.get(item) ?? 0;
  let count = 0;
  for (const [index, [left, right]] of steps.entries()) {
    for (const [otherLeft, otherRight] of steps.slice(index + 1)) {
      if (left.rank === otherLeft.rank && (at(left) - at(otherLeft)) * (at(right) - at(otherRight)) < 0) count++;
    }
  }
  return count;
}
