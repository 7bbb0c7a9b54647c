/** One request on an axis of time: a row a message, a bar from its publish to the last thing that it took. */
import { escapeXml, printable } from './report-text.ts';
import type { LinkKind } from './svg-call-graph.ts';
import type { Drawing, DrawingOptions } from './svg-style.ts';
import { drawing, label, px, widthOf } from './svg-text.ts';

export interface WaterfallRow {
  /** Below how many others it stands: 0 for what has no parent. */
  readonly depth: number;
  readonly kind: LinkKind | 'http';
  /** What it was: `Instance.save`. */
  readonly name: string;
  /** Who sent it, and to whom: `nova-compute@cmp2 → nova-conductor@ctl`. */
  readonly place: string;
  /** After the request's beginning. Milliseconds. */
  readonly atMs: number;
  /** From its publish to its delivery: the outlined part of the bar. Milliseconds. */
  readonly waitMs: number;
  /** All of it, the wait included; 0 is drawn as a mark. Milliseconds. */
  readonly tookMs: number;
  readonly isFailed: boolean;
}

export interface Waterfall extends Drawing {
  /** The axis. Milliseconds, more than 0. */
  readonly lengthMs: number;
  /** In the order in which they are drawn. A hundred are legible. */
  readonly rows: readonly WaterfallRow[];
  /** How a duration is written. */
  readonly duration: (ms: number) => string;
}

const ROW_PX = 20;
const HEAD_PX = 24;
const AXIS_PX = 620;
const INDENT_PX = 12;
const SMALL_PX = 11;
const NAME_CHARS_MAX = 58;
const DEPTH_MAX = 8;
const GAP_PX = 12;
/** A bar is at least so wide: it must be seen. */
const BAR_PX_MIN = 2;
const TICKS = 8;

/** SVG text. The same rows give the same text. */
export function waterfallSvg(waterfall: Waterfall, options: DrawingOptions): string {
  const { rows, lengthMs, duration } = waterfall;
  const texts = rows.map(({ kind, name }) => `${kind} ${name}`);
  const widths = rows.map(
    ({ depth }, at) => indentOf(depth) + widthOf((texts[at] ?? '').slice(0, NAME_CHARS_MAX), SMALL_PX) + GAP_PX,
  );
  const left = Math.min(460, Math.max(120, ...widths));
  const right = widthOf(duration(lengthMs), SMALL_PX) + 2 * GAP_PX;
  const height = HEAD_PX + rows.length * ROW_PX + 4;
  const toX = (ms: number) => left + (Math.min(Math.max(ms, 0), lengthMs) / lengthMs) * AXIS_PX;
  const body = [
    ...axis(lengthMs, height, toX, duration),
    ...rows.map((row, at) => drawRow(row, { text: texts[at] ?? '', top: HEAD_PX + at * ROW_PX, left, toX, duration })),
  ];
  return drawing(waterfall, { width: left + AXIS_PX + right, height }, body, options);
}

function axis(lengthMs: number, height: number, toX: (ms: number) => number, duration: (ms: number) => string): string[] {
  const step = stepOf(lengthMs / TICKS);
  const count = Math.floor(lengthMs / step);
  return Array.from({ length: count + 1 }, (_, at) => at * step).map((ms) => {
    const x = px(toX(ms));
    const text = ms === 0 ? '0' : duration(ms);
    return `<path class="grid" d="M${x} ${HEAD_PX - 6}V${px(height)}"/>${label({ x: toX(ms), y: 12, text, look: 'small faint', anchor: 'middle' })}`;
  });
}

/** 1, 2 or 5 times a power of ten: the next above. */
function stepOf(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * (least <= power ? 1 : least <= 2 * power ? 2 : least <= 5 * power ? 5 : 10);
}

interface RowPlace {
  readonly text: string;
  readonly top: number;
  readonly left: number;
  readonly toX: (ms: number) => number;
  readonly duration: (ms: number) => string;
}

function drawRow(row: WaterfallRow, { text, top, left, toX, duration }: RowPlace): string {
  const { depth, kind, place, atMs, waitMs, tookMs, isFailed } = row;
  const indent = indentOf(depth);
  const charsMax = Math.max(8, Math.floor((left - indent - GAP_PX) / (SMALL_PX * 0.62)));
  // The whole of it is the row's title.
  const name = label({ x: indent, y: top + 14, text: printable(text, charsMax), look: 'small' });
  const from = toX(atMs);
  const handled = toX(atMs + Math.min(waitMs, tookMs));
  const to = Math.max(toX(atMs + tookMs), handled + BAR_PX_MIN);
  const look = isFailed ? 'failed' : kind;
  const wait =
    handled - from < 1
      ? ''
      : `<rect class="wait ${look}" x="${px(from)}" y="${top + 5.5}" width="${px(handled - from)}" height="9"/>`;
  const bar = `<rect class="bar ${look}" x="${px(handled)}" y="${top + 5}" width="${px(to - handled)}" height="10"/>`;
  const took = `${tookMs > 0 ? duration(tookMs) : ''}${isFailed ? ' ✗' : ''}`;
  const figure = took === '' ? '' : figureBeside(took, { from, to, left, y: top + 14 });
  const whole = escapeXml(`${text}, ${place}${took === '' ? '' : `, ${took}`}`, 400);
  return `<g><title>${whole}</title>${name}${wait}${bar}${figure}</g>`;
}

/** Right of its bar; left of it where there is more room. */
function figureBeside(text: string, { from, to, left, y }: { from: number; to: number; left: number; y: number }): string {
  const isRight = to + widthOf(text, SMALL_PX) < left + AXIS_PX + GAP_PX * 4 || from - left < widthOf(text, SMALL_PX) + GAP_PX;
  return isRight
    ? label({ x: to + 5, y, text, look: 'small faint' })
    : label({ x: from - 5, y, text, look: 'small faint', anchor: 'end' });
}

function indentOf(depth: number): number {
  return Math.min(depth, DEPTH_MAX) * INDENT_PX;
}
