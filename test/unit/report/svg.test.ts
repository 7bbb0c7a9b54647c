import fc from 'fast-check';
import { expect, test } from 'vitest';
import { duration } from '../../../src/report/format.ts';
import { type CallGraph, callGraphSvg } from '../../../src/report/svg-call-graph.ts';
import { type Layout, layOut, type Placed } from '../../../src/report/svg-graph-layout.ts';
import { type WaterfallRow, waterfallSvg } from '../../../src/report/svg-waterfall.ts';

const ALONE = { isStandalone: true };
const BOX = { width: 120, height: 34 };
const LABEL = { width: 90, height: 21 };

/** 2 to 15 services, and any links between them; each pair at most once in each direction. */
const graphs = fc.integer({ min: 2, max: 15 }).chain((count) => {
  const end = fc.integer({ min: 0, max: count - 1 });
  return fc.record({
    count: fc.constant(count),
    links: fc.uniqueArray(fc.tuple(end, end), { maxLength: 40, selector: ([from, to]) => `${from} ${to}` }),
  });
});

function layoutOf(count: number, links: readonly (readonly [number, number])[]): Layout {
  const boxes = Array.from({ length: count }, (_, at) => ({ id: `s${at}`, ...BOX }));
  return layOut(
    boxes,
    links.map(([from, to]) => ({ from: `s${from}`, to: `s${to}`, label: LABEL })),
  );
}

test('in no graph do boxes and labels cover each other, or stand outside', () => {
  fc.assert(
    fc.property(graphs, ({ count, links }) => {
      const { boxes, links: lines, width, height } = layoutOf(count, links);
      const placed = [...boxes.values(), ...lines.map(({ label }) => label)];
      expect(lines).toHaveLength(links.length);
      for (const [at, one] of placed.entries()) {
        expect(isInside(one, width, height)).toBe(true);
        for (const other of placed.slice(at + 1)) expect(isApart(one, other), JSON.stringify([one, other])).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test('every line begins at its sender and ends at its receiver', () => {
  fc.assert(
    fc.property(graphs, ({ count, links }) => {
      const { boxes, links: lines } = layoutOf(count, links);
      for (const { index, points } of lines) {
        const [from, to] = links[index] ?? [0, 0];
        expect(isOnEdge(points[0], boxes.get(`s${from}`))).toBe(true);
        expect(isOnEdge(points.at(-1), boxes.get(`s${to}`))).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test('what is cast goes to the right, and the calls back to whom it came from go to the left', () => {
  const { boxes, links } = layoutOf(2, [
    [0, 1],
    [1, 0],
  ]);
  expect(boxes.get('s0')?.x).toBeLessThan(boxes.get('s1')?.x ?? 0);
  const back = links.find(({ index }) => index === 1);
  expect(back?.points[0]?.[0]).toBeGreaterThan(back?.points.at(-1)?.[0] ?? Infinity);
});

const GRAPH: CallGraph = {
  id: 'graph',
  title: 'Who asks whom',
  description: 'A test.',
  nodes: [
    { id: 'a', name: 'nova-conductor' },
    { id: 'b', name: 'nova-compute' },
    { id: 'c', name: 'alone' },
  ],
  links: [
    { from: 'b', to: 'a', lines: [{ kind: 'call', text: 'call 17' }] },
    { from: 'a', to: 'b', lines: [{ kind: 'cast', text: 'cast 1' }] },
    { from: 'a', to: 'a', lines: [{ kind: 'call', text: 'call 2' }] },
    { from: 'a', to: 'nobody', lines: [{ kind: 'call', text: 'never drawn' }] },
  ],
};

test('the same graph gives the same drawing, with its title, its texts and no line to what is no node', () => {
  const svg = callGraphSvg(GRAPH, ALONE);
  expect(callGraphSvg(GRAPH, ALONE)).toBe(svg);
  expect(svg).toMatch(
    /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" class="drawing" role="img" aria-labelledby="graph-t graph-d"/,
  );
  expect(svg).toContain('<title id="graph-t">Who asks whom</title><desc id="graph-d">A test.</desc>');
  for (const text of ['nova-conductor', 'nova-compute', 'alone', 'call 17', 'cast 1', 'call 2'])
    expect(svg).toContain(`>${text}<`);
  expect(svg).not.toContain('never drawn');
  expect(svg.match(/class="link /g)).toHaveLength(3);
});

test('inline a drawing has no style of its own: the page has one, by its hash', () => {
  expect(callGraphSvg(GRAPH, { isStandalone: false })).not.toMatch(/<style|xmlns| style=/);
  expect(callGraphSvg(GRAPH, ALONE)).toContain('<style>');
});

test('a row of a waterfall stands where its message was: the wait outlined, the rest filled', () => {
  const row: WaterfallRow = {
    depth: 0,
    kind: 'call',
    name: 'Instance.save',
    place: 'nova-compute@cmp1 → nova-conductor@ctl',
    atMs: 250,
    waitMs: 250,
    tookMs: 500,
    isFailed: false,
  };
  const svg = waterfallSvg({ id: 'w', title: 't', description: 'd', lengthMs: 1_000, duration, rows: [row] }, ALONE);
  const bars = [...svg.matchAll(/<rect class="(wait|bar) call" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)];
  const [wait, bar] = bars.map(([, what, x, width]) => ({ what, x: Number(x), width: Number(width) }));
  expect(wait).toMatchObject({ what: 'wait', width: 155 });
  expect(bar).toMatchObject({ what: 'bar', width: 155 });
  expect((bar?.x ?? 0) - (wait?.x ?? 0)).toBe(155);
  expect(svg).toContain('<title>call Instance.save, nova-compute@cmp1 → nova-conductor@ctl, 500 ms</title>');
});

test('rows beyond the axis, before it and without a length are drawn within it', () => {
  const row = (atMs: number, tookMs: number): WaterfallRow => ({
    ...{ depth: 99, kind: 'cast', name: 'x', place: '', waitMs: 0, isFailed: true },
    ...{ atMs, tookMs },
  });
  const rows = [row(-50, 10), row(990, 5_000), row(1_000, 0)];
  const svg = waterfallSvg({ id: 'w', title: 't', description: 'd', lengthMs: 1_000, duration, rows }, ALONE);
  const [, width] = /viewBox="0 0 ([\d.]+)/.exec(svg) ?? [];
  for (const [, x, wide] of svg.matchAll(/<rect class="bar failed" x="([\d.-]+)" y="\d+" width="([\d.-]+)"/g)) {
    expect(Number(x)).toBeGreaterThanOrEqual(0);
    expect(Number(wide)).toBeGreaterThanOrEqual(2);
    expect(Number(x) + Number(wide)).toBeLessThanOrEqual(Number(width));
  }
});

function isApart(a: Placed, b: Placed): boolean {
  const isLevel = Math.abs(a.y - b.y) < (a.height + b.height) / 2 - 0.001;
  return !isLevel || Math.abs(a.x - b.x) >= (a.width + b.width) / 2 - 0.001;
}

function isInside({ x, y, width, height }: Placed, right: number, bottom: number): boolean {
  return x - width / 2 >= 0 && y - height / 2 >= -0.001 && x + width / 2 <= right && y + height / 2 <= bottom + 0.001;
}

function isOnEdge(point: readonly [number, number] | undefined, box: Placed | undefined): boolean {
  if (point === undefined || box === undefined) return false;
  const [x, y] = point;
  const isWithin = Math.abs(x - box.x) <= box.width / 2 + 0.001 && Math.abs(y - box.y) <= box.height / 2 + 0.001;
  const isSide = Math.abs(Math.abs(x - box.x) - box.width / 2) < 0.001 || Math.abs(Math.abs(y - box.y) - box.height / 2) < 0.001;
  return isWithin && isSide;
}
