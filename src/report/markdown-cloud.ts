/** The Markdown report's parts about the cloud as a whole: background, queues, fanouts, failures, gaps. */
import { clock, duration, place, size } from './format.ts';
import { tableLines } from './markdown-table.ts';
import { figure, methodName } from './report-figures.ts';
import { ARGUMENTS_CHARS_MAX, argumentsOf } from './report-queues.ts';
import type { Report } from './report-shape.ts';
import { markdownCode, markdownText } from './report-text.ts';

export function background({ background: methods, background_hosts: hosts }: Report): string[] {
  if (methods.length === 0) return ['None seen.'];
  const rows = methods.map((method) => [
    method.kind,
    markdownCode(methodName(method)),
    markdownText(method.service || '?'),
    figure(method.hosts),
    figure(method.messages),
    method.per_second.toFixed(3),
    method.per_second_and_host.toFixed(4),
  ]);
  const byHost = hosts.map((host) => [
    markdownText(place(host) || '?'),
    figure(host.methods),
    figure(host.messages),
    host.per_second.toFixed(3),
    size(host.bytes),
  ]);
  return [
    ...tableLines(['kind', 'method', 'from', 'hosts', 'messages', 'a second', 'a second and host'], rows),
    '',
    ...tableLines(['service and host', 'methods', 'messages', 'a second', 'bytes'], byHost),
  ];
}

export function queueContents({ queues }: Report): string[] {
  if (queues.length === 0) return [];
  const rows = queues.flatMap(({ queue, contents }) =>
    contents.map((content) => [
      markdownCode(queue),
      content.kind,
      markdownCode(methodName(content)),
      figure(content.messages),
      size(content.bytes_p50),
      size(content.bytes_max),
      Object.keys(content.arguments).length === 0 ? '' : markdownCode(argumentsOf(content), ARGUMENTS_CHARS_MAX),
    ]),
  );
  const head = ['queue', 'kind', 'method', 'messages', 'size p50', 'size max', 'arguments'];
  return [
    ...heading('Queues, and what is in them'),
    'Copies of messages, ids and hosts left out of the names; of arguments names and types, never values.',
    '',
    ...tableLines(head, rows),
  ];
}

export function fanouts({ fanouts: all }: Report): string[] {
  if (all.length === 0) return [];
  const rows = all.map((fanout) => [
    markdownCode(fanout.method),
    markdownText(fanout.service || '?'),
    figure(fanout.messages),
    figure(fanout.deliveries),
    figure(fanout.amplification),
    figure(fanout.deliveries_max),
    size(fanout.bytes_delivered),
  ]);
  const head = ['method', 'from', 'fanouts', 'deliveries', 'of one, mean', 'of one, max', 'bytes delivered'];
  return [...heading('Fanouts'), 'How many deliveries one message becomes.', '', ...tableLines(head, rows)];
}

export function failures({ failures: all }: Report): string[] {
  if (all.length === 0) return [];
  const rows = all.map((failure) => [
    failure.verdict ?? (failure.status === 'failed' ? 'expected' : 'unknown'),
    figure(failure.calls),
    markdownText(failure.operation ?? 'background'),
    markdownCode(methodName(failure)),
    failure.failure === null ? '' : markdownCode(failure.failure),
    failure.culprit === null ? '' : markdownText(place(failure.culprit)),
  ]);
  const head = ['verdict', 'calls', 'operation', 'method', 'exception', 'whom it points at'];
  const words = 'Calls that failed or timed out; expected: an exception that its callers take for an answer.';
  return [...heading('Failures'), words, '', ...tableLines(head, rows)];
}

export function gaps({ gaps: all }: Report): string[] {
  if (all.length === 0) return [];
  const rows = all.map(({ start, end, duration_s, reason, lost_min, lost_estimate, is_open, detail }) => [
    clock(start),
    is_open ? 'open' : clock(end),
    duration(duration_s * 1_000),
    reason,
    `${figure(lost_estimate)}${lost_min > 0 ? ` (at least ${figure(lost_min)})` : ''}`,
    markdownText(detail),
  ]);
  const head = ['from', 'to', 'for', 'reason', 'events lost, estimated', 'what'];
  return [...heading('Gaps'), 'When the tap did not see everything.', '', ...tableLines(head, rows)];
}

function heading(title: string): string[] {
  return ['', `## ${title}`, ''];
}
