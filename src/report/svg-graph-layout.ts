/**
 * Where the boxes and lines of a directed graph go: in layers from left to right, as few lines crossing as a few sweeps
 * find (Sugiyama's method). A line's label is a box of its own between the layers, so that it covers nothing. The same graph gives
 * the same picture.
 */
import { order } from './svg-graph-order.ts';
import { placeAll } from './svg-graph-place.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface BoxToPlace extends Size {
  readonly id: string;
}

export interface LinkToPlace {
  readonly from: string;
  readonly to: string;
  /** Of its label. */
  readonly label: Size;
}

/** Its middle is at x, y. */
export interface Placed extends Size {
  readonly x: number;
  readonly y: number;
}

export interface PlacedLink {
  /** Of the links given. */
  readonly index: number;
  readonly label: Placed;
  /** From its sender to its receiver. Between two points: level at both ends; in a link to itself one loop over four points. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Layout extends Size {
  readonly boxes: ReadonlyMap<string, Placed>;
  readonly links: readonly PlacedLink[];
}

/** A box, a label, or the point where a line passes a layer. */
export interface Item {
  readonly key: string;
  readonly rank: number;
  readonly width: number;
  readonly height: number;
  x: number;
  y: number;
}

/** A line that goes from left to right; where it was turned round for that, its tip is at its beginning. */
export interface Chain {
  readonly index: number;
  readonly isTurned: boolean;
  /** Boxes at both ends, its label among those between. */
  readonly items: readonly Item[];
  readonly label: Item;
}

/** Room for one more line at a box's side. */
const PORT_PX = 16;
/** What a loop takes above its box, without its label. */
const LOOP_PX = 22;

/** @param links a line against those before it goes from right to left. Those to boxes that are not there are left out. */
export function layOut(boxes: readonly BoxToPlace[], links: readonly LinkToPlace[]): Layout {
  const known = new Set(boxes.map(({ id }) => id));
  const all = links.map((link, index) => ({ ...link, index })).filter(({ from, to }) => known.has(from) && known.has(to));
  const straight = all.filter(({ from, to }) => from !== to);
  const loops = new Map(all.filter(({ from, to }) => from === to).map((loop) => [loop.from, loop]));
  const turned = turnedLinks(straight);
  const layers = layersOf([...known], straight, turned);
  const items = new Map(
    boxes.map((box) => [box.id, boxItem(box, 2 * (layers.get(box.id) ?? 0), straight, loops.get(box.id)?.label)]),
  );
  const chains = straight.map((link) => chainOf(link, items, turned.has(link.index)));
  const ranks = order([...items.values()], chains);
  const size = placeAll(ranks, chains);
  const placed = new Map(boxes.map((box) => [box.id, boxIn(items.get(box.id) as Item, box, loops.get(box.id)?.label)]));
  const lines = chains.map((chain) => ({ index: chain.index, label: chain.label, points: pointsOf(chain, chains, placed) }));
  const rounds = [...loops.values()].map(({ from, index, label }) => loopOf(placed.get(from) as Placed, index, label));
  return { ...size, boxes: placed, links: [...lines, ...rounds] };
}

type Link = LinkToPlace & { readonly index: number };

/** Links that would lead back to where others come from: turned round, no way goes in a circle. Those that stand first stay. */
function turnedLinks(links: readonly Link[]): Set<number> {
  const turned = new Set<number>();
  const next = new Map<string, string[]>();
  const leadsTo = (from: string, to: string, seen = new Set<string>()): boolean => {
    if (from === to) return true;
    seen.add(from);
    return (next.get(from) ?? []).some((id) => !seen.has(id) && leadsTo(id, to, seen));
  };
  for (const { from, to, index } of links) {
    const isBack = leadsTo(to, from);
    if (isBack) turned.add(index);
    const [left, right] = isBack ? [to, from] : [from, to];
    next.set(left, [...(next.get(left) ?? []), right]);
  }
  return turned;
}

/** Each box one layer right of the last of those that ask it. */
function layersOf(ids: readonly string[], links: readonly Link[], turned: ReadonlySet<number>): Map<string, number> {
  const layers = new Map(ids.map((id) => [id, 0]));
  // Without circles it is done after as many rounds as there are boxes, at most.
  for (let round = 0; round < ids.length; round++) {
    for (const { from, to, index } of links) {
      const [left, right] = turned.has(index) ? [to, from] : [from, to];
      layers.set(right, Math.max(layers.get(right) ?? 0, (layers.get(left) ?? 0) + 1));
    }
  }
  return layers;
}

function boxItem({ id, width, height }: BoxToPlace, rank: number, links: readonly Link[], loop: Size | undefined): Item {
  const ends = links.flatMap(({ from, to }) => [from, to]).filter((end) => end === id).length;
  const room = loop === undefined ? 0 : loop.height + LOOP_PX;
  const size = { width: Math.max(width, loop?.width ?? 0), height: Math.max(height, ends * PORT_PX) + room };
  return { key: `box ${id}`, rank, ...size, x: 0, y: 0 };
}

function chainOf({ from, to, index, label }: Link, boxes: ReadonlyMap<string, Item>, isTurned: boolean): Chain {
  const [left, right] = (isTurned ? [to, from] : [from, to]).map((id) => boxes.get(id) as Item) as [Item, Item];
  // Labels stand in odd ranks, between the layers: nearest to the middle.
  const labelRank = left.rank + 1 + 2 * Math.floor((right.rank - left.rank - 2) / 4);
  const between = Array.from({ length: right.rank - left.rank - 1 }, (_, step): Item => {
    const rank = left.rank + 1 + step;
    const size = rank === labelRank ? label : { width: 0, height: 8 };
    return { key: `link ${index} ${rank}`, rank, ...size, x: 0, y: 0 };
  });
  const own = between.find(({ rank }) => rank === labelRank) as Item;
  return { index, isTurned, items: [left, ...between, right], label: own };
}

/** A box stands below what loops over it. */
function boxIn({ x, y, height }: Item, { width }: BoxToPlace, loop: Size | undefined): Placed {
  const room = loop === undefined ? 0 : loop.height + LOOP_PX;
  return { x, y: y + room / 2, width, height: height - room };
}

function pointsOf(chain: Chain, chains: readonly Chain[], boxes: ReadonlyMap<string, Placed>): [number, number][] {
  const [left, right] = [chain.items[0], chain.items.at(-1)] as [Item, Item];
  const between = chain.items.slice(1, -1).flatMap(({ x, y, width }): [number, number][] =>
    width === 0
      ? [[x, y]]
      : [
          [x - width / 2, y],
          [x + width / 2, y],
        ],
  );
  const leftBox = boxes.get(left.key.slice(4)) as Placed;
  const rightBox = boxes.get(right.key.slice(4)) as Placed;
  const out = chains.filter(({ items }) => items[0] === left).map((each) => ({ each, next: each.items[1] as Item }));
  const into = chains.filter(({ items }) => items.at(-1) === right).map((each) => ({ each, next: each.items.at(-2) as Item }));
  const points: [number, number][] = [
    [leftBox.x + leftBox.width / 2, portOf(leftBox, out, chain)],
    ...between,
    [rightBox.x - rightBox.width / 2, portOf(rightBox, into, chain)],
  ];
  return chain.isTurned ? points.reverse() : points;
}

/** Lines leave a side of a box in the order of where they go. */
function portOf(box: Placed, ends: { readonly each: Chain; readonly next: Item }[], chain: Chain): number {
  const ordered = ends.toSorted((a, b) => a.next.y - b.next.y || a.each.index - b.each.index);
  const at = ordered.findIndex(({ each }) => each === chain);
  return box.y - box.height / 2 + (box.height * (at + 1)) / (ordered.length + 1);
}

function loopOf({ x, y, width, height }: Placed, index: number, size: Size): PlacedLink {
  const top = y - height / 2;
  const label = { x, y: top - LOOP_PX - size.height / 2 + 6, ...size };
  const reach = Math.min(width / 3, 40);
  const over = label.y;
  const points: [number, number][] = [
    [x - reach, top],
    [x - reach, over],
    [x + reach, over],
    [x + reach, top],
  ];
  return { index, label, points };
}
