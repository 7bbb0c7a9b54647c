/** One request as a graph of its services, for Graphviz: who sent what to whom, how often, how long the answers took. */
import type { MessageDetail, TraceSummary } from '../queries/traces.ts';
import { printable } from './report-text.ts';
import { serviceGraph } from './show-graph.ts';

/** The DOT language, which Graphviz 2 and later read. The same request gives the same text. */
export function renderDot(summary: TraceSummary, messages: readonly MessageDetail[]): string {
  const { nodes, links } = serviceGraph(messages);
  return [
    'digraph request {',
    '  rankdir=LR; node [shape=box, style=rounded, fontname="sans-serif"]; edge [fontname="sans-serif", fontsize=10];',
    `  label=${quoted([`${summary.operation}  ${summary.request_id ?? summary.trace_id}`])}; labelloc=t;`,
    ...nodes.map(({ id, name }) => `  ${id} [label=${quoted([name])}];`),
    ...links.map(({ from, to, lines }) => `  ${from} -> ${to} [label=${quoted(lines.map(({ text }) => text))}];`),
    '}',
    '',
  ].join('\n');
}

/** A quoted string: in one, a backslash begins an escape and a quote ends it. `\n` parts the lines. */
function quoted(lines: readonly string[]): string {
  return `"${lines.map((line) => printable(line).replace(/[\\"]/g, '\\$&')).join('\\n')}"`;
}
