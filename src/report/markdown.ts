/** The report as Markdown, for mailing lists and wikis. Its call graphs are Mermaid: text that GitLab, GitHub and others draw. */
import { clock, duration, percent, size } from './format.ts';
import { background, failures, fanouts, gaps, queueContents } from './markdown-cloud.ts';
import { tableLines } from './markdown-table.ts';
import { counted, figure, methodName } from './report-figures.ts';
import { leftOutWords, serviceGraph } from './report-graph.ts';
import { COUNT_NAMES, type Edge, type OperationReport, type Report, type Sample, type Spread } from './report-shape.ts';
import { markdownCode, markdownText, mermaidText } from './report-text.ts';
import { METHOD, measured, NOT_SEEN, SOURCE } from './report-words.ts';

export function renderMarkdown(report: Report): string {
  return [
    '# RPC report',
    '',
    ...introduction(report),
    '## Operations',
    '',
    ...overview(report),
    ...report.operations.flatMap(operation),
    '## Background',
    '',
    ...background(report),
    ...queueContents(report),
    ...fanouts(report),
    ...failures(report),
    ...gaps(report),
    ...method(report),
    '',
  ].join('\n');
}

function introduction({ window, coverage, orphan_deliveries, undecodable, is_anonymised }: Report): string[] {
  if (window.from === null || window.to === null) return ['The store is empty.', ''];
  const unmatched =
    orphan_deliveries + undecodable === 0
      ? ''
      : `; ${counted(orphan_deliveries, 'event')} without their other half, ${figure(undecodable)} undecodable`;
  return [
    `${counted(window.messages, 'message')} from ${counted(window.hosts, 'host')}, ${clock(window.from)} to ${clock(window.to)}, ` +
      `${figure(Math.round(window.observed_s))} s of them observed. Coverage ${percent(coverage)}${unmatched}.`,
    '',
    SOURCE,
    ...(is_anonymised ? ['Hosts, addresses and ids are pseudonyms.'] : []),
    '',
  ];
}

function overview({ operations }: Report): string[] {
  if (operations.length === 0) return ["No user's request is in the store.", ''];
  const rows = operations.map(({ operation: name, requests, counts, duration_ms }) => [
    markdownText(name),
    figure(requests),
    figure(counts.calls.mean),
    figure(counts.casts.mean),
    figure(counts.fanouts.mean),
    figure(counts.notifications.mean),
    figure(counts.publishes.mean),
    figure(counts.deliveries.mean),
    size(Math.round(counts.bytes_published.mean)),
    duration(duration_ms.p50),
  ]);
  const head = [
    ...['operation', 'requests', 'calls', 'casts', 'fanouts', 'notifications', 'messages', 'deliveries', 'bytes'],
    'took (p50)',
  ];
  return ['Means a request.', '', ...tableLines(head, rows), ''];
}

function operation(one: OperationReport): string[] {
  const { operation: name, requests, counts, duration_ms, methods, edges, queues, typical, slowest } = one;
  const spreads = COUNT_NAMES.map((count) => [count.replace('_', ' '), ...figures(counts[count])]);
  return [
    `### ${markdownText(name)}`,
    '',
    `${counted(requests, 'request')}.${sampleWords(typical, slowest)}`,
    '',
    ...tableLines(['a request', 'min', 'p50', 'p95', 'max', 'mean'], [...spreads, ['duration ms', ...figures(duration_ms)]]),
    '',
    ...part(
      ['kind', 'method', 'a request'],
      methods.map((method) => [method.kind, markdownCode(methodName(method)), figure(method.mean)]),
    ),
    ...mermaid(edges),
    ...part(['from', 'to', 'kind', 'deliveries a request', 'answered in (p95)', 'wait in the queue (p95)'], edges.map(edgeRow)),
    ...part(
      ['queue', 'messages a request'],
      queues.map(({ queue, mean }) => [markdownCode(queue), figure(mean)]),
    ),
  ];
}

/** A table, where it has rows. */
function part(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : [...tableLines(head, rows), ''];
}

function edgeRow({ from, to, kind, mean, duration_p95_ms, queue_wait_p95_ms }: Edge): string[] {
  return [
    markdownText(from || '?'),
    markdownText(to || '?'),
    kind,
    figure(mean),
    duration_p95_ms === null ? '' : duration(duration_p95_ms),
    queue_wait_p95_ms === null ? '' : duration(queue_wait_p95_ms),
  ];
}

/** For `oslotap show`. */
function sampleWords(typical: Sample | null, slowest: Sample | null): string {
  if (typical === null || slowest === null) return '';
  const words = ({ request_id, trace_id, duration_ms }: Sample) =>
    `${markdownCode(request_id ?? trace_id)} took ${duration(duration_ms)}`;
  const one = ` Typical: ${words(typical)}`;
  return typical.trace_id === slowest.trace_id ? `${one}.` : `${one}; slowest: ${words(slowest)}.`;
}

function mermaid(edges: readonly Edge[]): string[] {
  const graph = serviceGraph(edges);
  const { nodes, links } = graph;
  if (nodes.length === 0) return [];
  const ids = new Map(nodes.map(({ id }, index) => [id, `s${index + 1}`]));
  return [
    '```mermaid',
    'flowchart LR',
    ...nodes.map(({ id, name }) => `    ${ids.get(id)}["${mermaidText(name)}"]`),
    ...links.map(({ from, to, lines }) => {
      const text = lines.map((line) => mermaidText(line.text)).join('<br>');
      return `    ${ids.get(from)} -->|"${text}"| ${ids.get(to)}`;
    }),
    '```',
    '',
    ...(graph.pairsLeftOut === 0 ? [] : [`Mean deliveries a request${leftOutWords(graph)}.`, '']),
  ];
}

function method(report: Report): string[] {
  const lines = [...measured(report), ...METHOD, ...NOT_SEEN.map((line) => `Not seen: ${line}`)];
  return ['', '## How this was measured', '', ...lines.map((line) => `- ${line}`)];
}

function figures({ min, p50, p95, max, mean }: Spread): string[] {
  return [min, p50, p95, max, mean].map(figure);
}
