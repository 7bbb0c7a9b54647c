/** An operation's call graph: its services, and what they ask each other. */
import { duration } from './format.ts';
import { counted, figure } from './report-figures.ts';
import type { Edge, OperationReport } from './report-shape.ts';
import { type CallGraph, type CallGraphLink, type CallGraphNode, callGraphSvg } from './svg-call-graph.ts';
import type { DrawingOptions } from './svg-style.ts';

export interface ServiceGraph {
  readonly nodes: readonly CallGraphNode[];
  readonly links: readonly CallGraphLink[];
  /** Pairs of services that it does not show. */
  readonly pairsLeftOut: number;
}

/** What no service is known of: it has no name on the wire. */
const UNKNOWN = '?';
/** More are legible for nobody. */
const SERVICES_MAX = 20;
const LINKS_MAX = 60;
const KINDS = ['call', 'cast', 'fanout'] as const;

/**
 * One link a pair and direction, with a line a kind: `call 16 · p95 35 ms`. A call's p95 is its answer's, else that of the wait.
 * @param edges those with most deliveries first: beyond the bounds the rest is left out.
 */
export function serviceGraph(edges: readonly Edge[]): ServiceGraph {
  const pairs = Map.groupBy(edges, ({ from, to }) => JSON.stringify([from, to]));
  const services = new Set<string>();
  const links: CallGraphLink[] = [];
  for (const pair of pairs.values()) {
    const [{ from, to }] = pair as [Edge];
    if (links.length === LINKS_MAX || new Set([...services, from, to]).size > SERVICES_MAX) continue;
    services.add(from).add(to);
    const ordered = KINDS.flatMap((kind) => pair.filter((edge) => edge.kind === kind));
    links.push({ from, to, lines: ordered.map((edge) => ({ kind: edge.kind, text: linkText(edge) })) });
  }
  const nodes = [...services].sort().map((id) => ({ id, name: id || UNKNOWN }));
  return { nodes, links, pairsLeftOut: pairs.size - links.length };
}

/** `; 3 more pairs of services are in the table`, or `''`. */
export function leftOutWords({ pairsLeftOut }: ServiceGraph): string {
  return pairsLeftOut === 0 ? '' : `; ${counted(pairsLeftOut, 'more pair')} of services are in the table`;
}

/** `''` for an operation that asks nobody: then there is nothing to draw. */
export function operationGraphSvg({ operation, requests, edges }: OperationReport, id: string, options: DrawingOptions): string {
  const graph = serviceGraph(edges);
  if (graph.nodes.length === 0) return '';
  const asks = edges.slice(0, LINKS_MAX).map((edge) => `${edge.from || UNKNOWN} to ${edge.to || UNKNOWN}: ${linkText(edge)}`);
  const drawn: CallGraph = {
    id,
    title: `Who asks whom in ${operation}`,
    description: `Mean deliveries a request, over ${requests}; p95 of answers, and of the wait in the queue where there is no answer. ${asks.join('. ')}.`,
    ...graph,
  };
  return callGraphSvg(drawn, options);
}

function linkText({ kind, mean, duration_p95_ms, queue_wait_p95_ms }: Edge): string {
  const wait = queue_wait_p95_ms === null ? '' : ` · wait p95 ${duration(queue_wait_p95_ms)}`;
  return `${kind} ${figure(mean)}${duration_p95_ms === null ? wait : ` · p95 ${duration(duration_p95_ms)}`}`;
}
