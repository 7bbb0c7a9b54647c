/** Who asks whom, as a drawing: services are boxes, what they send each other lines with figures on them. */
import { escapeXml, printable } from './report-text.ts';
import { layOut, type Placed, type PlacedLink, type Size } from './svg-graph-layout.ts';
import type { Drawing, DrawingOptions } from './svg-style.ts';
import { drawing, label, px, widthOf } from './svg-text.ts';

export type LinkKind = 'call' | 'cast' | 'fanout' | 'notification';

export interface CallGraphNode {
  readonly id: string;
  /** What stands in its box. */
  readonly name: string;
}

/** All that one sends the other: a line of text a kind. Several links of one pair are drawn apart. */
export interface CallGraphLink {
  readonly from: string;
  readonly to: string;
  readonly lines: readonly { readonly kind: LinkKind; readonly text: string }[];
}

export interface CallGraph extends Drawing {
  /** 1 to about 15 are legible. */
  readonly nodes: readonly CallGraphNode[];
  /** Those from or to what is no node are left out. */
  readonly links: readonly CallGraphLink[];
}

const FONT_PX = 12;
const SMALL_PX = 11;
const LINE_PX = 15;
const NAME_CHARS_MAX = 30;
const TEXT_CHARS_MAX = 44;
const BOX_HEIGHT_PX = 34;
const TIP_PX = 7;

/** SVG text. The same graph gives the same text. */
export function callGraphSvg(graph: CallGraph, options: DrawingOptions): string {
  const boxes = graph.nodes.map(({ id, name }) => ({
    id,
    width: widthOf(printable(name, NAME_CHARS_MAX), FONT_PX) + 24,
    height: BOX_HEIGHT_PX,
  }));
  const ordered = graph.links.toSorted((a, b) => turnOf(a) - turnOf(b));
  const links = ordered.map(({ from, to, lines }) => ({ from, to, label: labelSize(lines) }));
  const { width, height, boxes: placed, links: lines } = layOut(boxes, links);
  const body = [
    ...lines.map((line) => drawLine(line, ordered[line.index] as CallGraphLink)),
    ...graph.nodes.map(({ id, name }) => drawBox(placed.get(id) as Placed, name)),
    ...lines.map((line) => drawLabel(line, ordered[line.index] as CallGraphLink)),
  ];
  return drawing(graph, { width, height }, body, options);
}

/** What is cast goes from left to right: orders do. Calls often go back to whoever keeps the data. */
function turnOf({ lines }: CallGraphLink): number {
  return lines.some(({ kind }) => kind === 'cast' || kind === 'fanout') ? 0 : 1;
}

function labelSize(lines: CallGraphLink['lines']): Size {
  const widest = Math.max(0, ...lines.map(({ text }) => widthOf(printable(text, TEXT_CHARS_MAX), SMALL_PX)));
  return { width: widest + 14, height: lines.length * LINE_PX + 6 };
}

function drawBox({ x, y, width, height }: Placed, name: string): string {
  const corner = `x="${px(x - width / 2)}" y="${px(y - height / 2)}" width="${px(width)}" height="${px(height)}"`;
  return `<rect class="box" ${corner} rx="5"/>${label({ x, y: y + 4, text: name, anchor: 'middle', charsMax: NAME_CHARS_MAX })}`;
}

/** A line, and its tip: in the colour of the first kind it stands for. */
function drawLine({ points }: PlacedLink, { from, to, lines }: CallGraphLink): string {
  const kind = lines[0]?.kind ?? 'call';
  const isLoop = from === to;
  const [first, ...rest] = points.map(([x, y]) => ({ x, y }));
  if (first === undefined) return '';
  let path = `M${px(first.x)} ${px(first.y)}`;
  let before = first;
  for (const point of rest) {
    const middle = (before.x + point.x) / 2;
    const isLevel = isLoop || before.y === point.y;
    path += isLevel
      ? `L${px(point.x)} ${px(point.y)}`
      : `C${px(middle)} ${px(before.y)} ${px(middle)} ${px(point.y)} ${px(point.x)} ${px(point.y)}`;
    before = point;
  }
  const last = rest.at(-1) ?? first;
  const previous = rest.at(-2) ?? first;
  return `<path class="link ${kind}" d="${path}"/><path class="tip ${kind}" d="${isLoop ? tipDown(last) : tip(last, previous)}"/>`;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function tip({ x, y }: Point, from: Point): string {
  const back = from.x <= x ? x - TIP_PX : x + TIP_PX;
  return `M${px(x)} ${px(y)}L${px(back)} ${px(y - 4)}L${px(back)} ${px(y + 4)}Z`;
}

function tipDown({ x, y }: Point): string {
  return `M${px(x)} ${px(y)}L${px(x - 4)} ${px(y - TIP_PX)}L${px(x + 4)} ${px(y - TIP_PX)}Z`;
}

function drawLabel({ label: { x, y, width, height } }: PlacedLink, { lines }: CallGraphLink): string {
  const corner = `x="${px(x - width / 2)}" y="${px(y - height / 2)}" width="${px(width)}" height="${px(height)}"`;
  const texts = lines.map(({ kind, text }, at) =>
    label({
      x,
      y: y - height / 2 + 14 + at * LINE_PX,
      text,
      look: `small own ${escapeXml(kind)}`,
      anchor: 'middle',
      charsMax: TEXT_CHARS_MAX,
    }),
  );
  return `<rect class="pill ${lines[0]?.kind ?? 'call'}" ${corner} rx="4"/>${texts.join('')}`;
}
