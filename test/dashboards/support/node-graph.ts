/** The node graph's two frames: Grafana knows the edges by their column `source` (useCategorizeFrames), and fails on an edge to nowhere. */
import { columnsOf, fieldTypeOf, valuesOf } from './frames.ts';
import type { Frame } from './store.ts';

export function nodeGraphProblems(frames: readonly Frame[]): string[] {
  const isEdges = (frame: Frame) => frame.columns.some(({ name }) => name === 'source');
  const edges = frames.filter(isEdges);
  const nodes = frames.filter((frame) => !isEdges(frame));
  const [nodeFrame, edgeFrame] = [nodes[0], edges[0]];
  if (nodeFrame === undefined || edgeFrame === undefined || frames.length !== 2)
    return [`${nodes.length} frames of nodes and ${edges.length} of edges, not one of each`];
  return [
    ...columnProblems(nodeFrame, ['id', 'title'], NODE_COLUMNS),
    ...columnProblems(edgeFrame, ['id', 'source', 'target'], EDGE_COLUMNS),
    ...idProblems(nodeFrame, 'node'),
    ...idProblems(edgeFrame, 'edge'),
    ...danglingProblems(nodeFrame, edgeFrame),
    ...arcProblems(nodeFrame),
  ];
}

const NODE_COLUMNS = /^(id|title|subtitle|mainstat|secondarystat|color|icon|noderadius|highlighted|arc__\w+|detail__\w+)$/;
const EDGE_COLUMNS = /^(id|source|target|mainstat|secondarystat|thickness|color|strokedasharray|detail__\w+)$/;
/** Texts in Grafana, whatever they stand for: ids of the same node must be equal in both frames. */
const TEXTS = ['id', 'title', 'source', 'target'];
const ARC_TOLERANCE = 1e-6;

function columnProblems(frame: Frame, needed: readonly string[], known: RegExp): string[] {
  const names = frame.columns.map(({ name }) => name);
  const missing = needed.filter((name) => !names.includes(name)).map((name) => `${frame.refId}: no column ${name}`);
  const ignored = names.filter((name) => !known.test(name)).map((name) => `${frame.refId}: the panel takes no notice of ${name}`);
  const noText = frame.columns
    .filter((column) => TEXTS.includes(column.name) && fieldTypeOf(column) !== 'string')
    .map(({ name, type }) => `${frame.refId}: ${name} is a ${type}`);
  return [...missing, ...ignored, ...noText];
}

function idProblems(frame: Frame, what: string): string[] {
  const ids = valuesOf(frame, 'id');
  const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
  const empty = ids.filter((id) => id === '' || id === null);
  return [...twice.map((id) => `${what} ${id} twice`), ...empty.map(() => `${what} without an id`)];
}

function danglingProblems(nodes: Frame, edges: Frame): string[] {
  const ids = new Set(valuesOf(nodes, 'id'));
  const ends = ['source', 'target'].flatMap((name) => valuesOf(edges, name).map((id) => ({ name, id })));
  return ends.filter(({ id }) => !ids.has(id)).map(({ name, id }) => `the ${name} ${id} of an edge is no node`);
}

/** The circle round a node is full. */
function arcProblems(nodes: Frame): string[] {
  const arcs = columnsOf(nodes, 'number').filter(({ name }) => name.startsWith('arc__'));
  const named = nodes.columns.filter(({ name }) => name.startsWith('arc__'));
  if (arcs.length < named.length) return ['an arc that is no number'];
  if (arcs.length === 0) return [];
  const byArc = arcs.map(({ name }) => valuesOf(nodes, name).map(Number));
  return nodes.rows.flatMap((_, row) => {
    const shares = byArc.map((values) => values[row] ?? Number.NaN);
    const sum = shares.reduce((total, share) => total + share, 0);
    const isFull = Math.abs(sum - 1) <= ARC_TOLERANCE && shares.every((share) => share >= 0);
    return isFull ? [] : [`the arcs of node ${valuesOf(nodes, 'id')[row]} sum to ${sum}`];
  });
}
