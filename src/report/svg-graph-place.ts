/** Coordinates for what has a rank and an order in it: near to what it is joined with, and on nothing else. */
import type { Chain, Item, Size } from './svg-graph-layout.ts';

const RANK_GAP_PX = 26;
const ITEM_GAP_PX = 10;
const MARGIN_PX = 8;
const ROUNDS = 24;

/** Fills in every item's x and y. @returns how large the whole is. */
export function placeAll(ranks: readonly Item[][], chains: readonly Chain[]): Size {
  const width = placeColumns(ranks);
  const near = neighbours(chains);
  for (const rank of ranks) placeRank(rank, () => 0);
  for (let round = 0; round < ROUNDS; round++) {
    for (const rank of round % 2 === 0 ? ranks : ranks.toReversed()) {
      placeRank(rank, (item) => {
        const others = near.get(item) ?? [];
        return others.length === 0 ? item.y : others.reduce((sum, { y }) => sum + y, 0) / others.length;
      });
    }
  }
  const items = ranks.flat();
  const top = Math.min(...items.map(({ y, height }) => y - height / 2));
  for (const item of items) item.y += MARGIN_PX - top;
  return { width, height: MARGIN_PX + Math.max(...items.map(({ y, height }) => y + height / 2)) };
}

function placeColumns(ranks: readonly Item[][]): number {
  let left = MARGIN_PX;
  for (const rank of ranks) {
    const width = Math.max(...rank.map((item) => item.width));
    for (const item of rank) item.x = left + width / 2;
    left += width + RANK_GAP_PX;
  }
  return left - RANK_GAP_PX + MARGIN_PX;
}

function neighbours(chains: readonly Chain[]): Map<Item, Item[]> {
  const near = new Map<Item, Item[]>();
  const add = (item: Item, other: Item) => near.set(item, [...(near.get(item) ?? []), other]);
  for (const { items } of chains) {
    for (const [at, right] of items.slice(1).entries()) {
      const left = items[at] as Item;
      add(left, right);
      add(right, left);
    }
  }
  return near;
}

/** Items that stand as close as they may, and where the first of them is wanted by their mean. */
interface Block {
  sum: number;
  count: number;
}

/**
 * As near to where each is wanted as their order and sizes let them be: the least sum of squares, by pooling neighbours that
 * would overlap (isotonic regression).
 */
function placeRank(rank: readonly Item[], wanted: (item: Item) => number): void {
  let offset = 0;
  const offsets = rank.map((item, at) => {
    const before = rank[at - 1];
    if (before !== undefined) offset += (before.height + item.height) / 2 + ITEM_GAP_PX;
    return offset;
  });
  const blocks: Block[] = [];
  for (const [at, item] of rank.entries()) {
    blocks.push({ sum: wanted(item) - (offsets[at] ?? 0), count: 1 });
    for (let last = blocks.at(-1), before = blocks.at(-2); last && before; last = blocks.at(-1), before = blocks.at(-2)) {
      if (before.sum / before.count <= last.sum / last.count) break;
      before.sum += last.sum;
      before.count += last.count;
      blocks.pop();
    }
  }
  const places = blocks.flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count));
  for (const [at, item] of rank.entries()) item.y = (places[at] ?? 0) + (offsets[at] ?? 0);
}
