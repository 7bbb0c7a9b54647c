/** The report as Markdown, for mailing lists and wikis. */
import { clock, duration, percent, size } from './format.ts';
import { COUNT_NAMES, type OperationReport, type Report, type Spread } from './report.ts';

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
    ...gaps(report),
    '',
  ].join('\n');
}

function introduction({ window, coverage, orphan_deliveries, undecodable }: Report): string[] {
  if (window.from === null || window.to === null) return ['The store is empty.', ''];
  const unmatched =
    orphan_deliveries + undecodable === 0
      ? ''
      : `; ${orphan_deliveries} events without their other half, ${undecodable} undecodable`;
  return [
    `${window.messages.toLocaleString('en-US')} messages from ${window.hosts} ${window.hosts === 1 ? 'host' : 'hosts'}, ${clock(window.from)} to ${clock(window.to)}, ` +
      `${Math.round(window.observed_s)} s of them observed. Coverage ${percent(coverage)}${unmatched}.`,
    '',
    'Counted from what RabbitMQ itself saw pass (its firehose), by oslotap; no OpenStack service was changed.',
    '',
  ];
}

function gaps({ gaps: all }: Report): string[] {
  if (all.length === 0) return [];
  const rows = all.map(({ start, end, duration_s, reason, lost_min, lost_estimate, is_open, detail }) => [
    clock(start),
    is_open ? 'open' : clock(end),
    duration(duration_s * 1_000),
    reason,
    `${lost_estimate.toLocaleString('en-US')}${lost_min > 0 ? ` (at least ${lost_min})` : ''}`,
    detail,
  ]);
  const head = ['from', 'to', 'for', 'reason', 'events lost, estimated', 'what'];
  return ['', '## Gaps', '', 'When the tap did not see everything.', '', ...tableLines(head, rows)];
}

function overview({ operations }: Report): string[] {
  if (operations.length === 0) return ["No user's request is in the store.", ''];
  const rows = operations.map(({ operation: name, requests, counts, duration_ms }) => [
    name,
    String(requests),
    number(counts.calls.mean),
    number(counts.casts.mean),
    number(counts.fanouts.mean),
    number(counts.notifications.mean),
    number(counts.publishes.mean),
    number(counts.deliveries.mean),
    size(Math.round(counts.bytes_published.mean)),
    duration(duration_ms.p50),
  ]);
  const head = [
    'operation',
    'requests',
    'calls',
    'casts',
    'fanouts',
    'notifications',
    'messages',
    'deliveries',
    'bytes',
    'took (p50)',
  ];
  return ['Means a request.', '', ...tableLines(head, rows), ''];
}

function operation({ operation: name, requests, counts, duration_ms, methods, edges, queues }: OperationReport): string[] {
  const spreads = COUNT_NAMES.map((count) => [count.replace('_', ' '), ...figures(counts[count])]);
  return [
    `### ${name}`,
    '',
    `${requests} ${requests === 1 ? 'request' : 'requests'}.`,
    '',
    ...tableLines(['a request', 'min', 'p50', 'p95', 'max', 'mean'], [...spreads, ['duration ms', ...figures(duration_ms)]]),
    '',
    ...tableLines(
      ['kind', 'method', 'a request'],
      methods.map(({ kind, method, object, mean }) => [
        kind,
        code(object === null ? method : `${method} ${object}`),
        number(mean),
      ]),
    ),
    '',
    ...tableLines(
      ['from', 'to', 'kind', 'deliveries a request', 'answered in (p95)', 'wait in the queue (p95)'],
      edges.map(({ from, to, kind, mean, duration_p95_ms, queue_wait_p95_ms }) => [
        from || '?',
        to || '?',
        kind,
        number(mean),
        duration_p95_ms === null ? '' : duration(duration_p95_ms),
        duration(queue_wait_p95_ms),
      ]),
    ),
    '',
    ...tableLines(
      ['queue', 'messages a request'],
      queues.map(({ queue, mean }) => [code(queue), number(mean)]),
    ),
    '',
  ];
}

function background({ background: methods }: Report): string[] {
  if (methods.length === 0) return ['None seen.'];
  const rows = methods.map(({ kind, method, object, service, hosts, messages, per_second, per_second_and_host }) => [
    kind,
    code(object === null ? method : `${method} ${object}`),
    service || '?',
    String(hosts),
    String(messages),
    per_second.toFixed(3),
    per_second_and_host.toFixed(4),
  ]);
  return tableLines(['kind', 'method', 'from', 'hosts', 'messages', 'a second', 'a second and host'], rows);
}

function figures({ min, p50, p95, max, mean }: Spread): string[] {
  return [min, p50, p95, max, mean].map(number);
}

function tableLines(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Whole numbers as they are, others with as many digits as say something. */
function number(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en-US') : value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}
