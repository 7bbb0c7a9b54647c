/** The page's parts about the cloud as a whole: background, queues, fanouts, failures, gaps. */
import { clock, place } from './format.ts';
import { type Cell, htmlTable } from './html-table.ts';
import { bytes, count, methodName, time } from './report-figures.ts';
import { ARGUMENTS_CHARS_MAX, argumentsOf } from './report-queues.ts';
import type { QueueContents, Report } from './report-shape.ts';
import { escapeXml } from './report-text.ts';

/** Queues whose contents are shown: those with most messages. */
const QUEUES_MAX = 100;

export function backgroundTables({ background, background_hosts }: Report): string {
  const methods = background.map((method): Cell[] => [
    { code: methodName(method) },
    method.kind,
    method.service || '?',
    count(method.hosts),
    count(method.messages),
    bytes(method.bytes),
    count(method.per_second),
    count(method.per_second_and_host),
  ]);
  const hosts = background_hosts.map((host): Cell[] => [
    place(host) || '?',
    count(host.methods),
    count(host.messages),
    count(host.per_second),
    bytes(host.bytes),
    bytes(host.bytes_per_second),
  ]);
  return [
    htmlTable({
      name: 'background',
      caption: 'Background by method: what no user asked for',
      columns: ['method', 'kind', 'from', 'hosts', 'messages', 'bytes', 'a second', 'a second and host'],
      rows: methods,
      empty: 'None seen.',
    }),
    htmlTable({
      name: 'background hosts',
      caption: 'Background by service and host',
      columns: ['service and host', 'methods', 'messages', 'a second', 'bytes', 'bytes a second'],
      rows: hosts,
      empty: '',
    }),
  ].join('\n');
}

export function queueTables({ queues }: Report): string {
  const rows = queues.map(({ queue, messages, bytes: size, contents }): Cell[] => [
    { code: queue },
    count(messages),
    bytes(size),
    count(contents.length),
    [...new Set(contents.map(({ kind }) => kind))].join(', '),
  ]);
  const overview = htmlTable({
    name: 'queues',
    caption: 'Queues: copies of messages that went into them, ids and hosts left out of their names',
    columns: ['queue', 'messages', 'bytes', 'methods', 'kinds'],
    rows,
    empty: 'No queue took a message.',
  });
  const more = queues.length - QUEUES_MAX;
  const left = more > 0 ? [`<p class="none">What is in ${more} more queues is in the report as JSON.</p>`] : [];
  return [overview, ...queues.slice(0, QUEUES_MAX).map(queueDetails), ...left].join('\n');
}

function queueDetails({ queue, contents }: QueueContents): string {
  const hasArguments = contents.some(({ arguments: names }) => Object.keys(names).length > 0);
  const told = hasArguments ? ['arguments: names and types, never values'] : [];
  const rows = contents.map((content): Cell[] => [
    { code: methodName(content) },
    content.kind,
    count(content.messages),
    bytes(content.bytes_p50),
    bytes(content.bytes_p95),
    bytes(content.bytes_max),
    ...(hasArguments ? [{ code: argumentsOf(content), charsMax: ARGUMENTS_CHARS_MAX }] : []),
  ]);
  const table = htmlTable({
    name: `contents ${queue}`,
    caption: `What is in ${queue}`,
    columns: ['method', 'kind', 'messages', 'size p50', 'size p95', 'size max', ...told],
    rows,
    empty: '',
  });
  return `<details class="behind"><summary>What is in <code>${escapeXml(queue)}</code></summary>${table}</details>`;
}

export function fanoutTable({ fanouts }: Report): string {
  const rows = fanouts.map((fanout): Cell[] => [
    { code: fanout.method },
    { code: fanout.exchange },
    fanout.service || '?',
    count(fanout.messages),
    count(fanout.deliveries),
    count(fanout.amplification),
    count(fanout.deliveries_max),
    bytes(fanout.bytes_published),
    bytes(fanout.bytes_delivered),
  ]);
  const columns = ['method', 'exchange', 'from', 'fanouts', 'deliveries', 'of one, mean', 'of one, max', 'bytes in', 'bytes out'];
  const caption = 'Fanouts: how many deliveries one message becomes';
  return htmlTable({ name: 'fanouts', caption, columns, rows, empty: 'No fanout was seen.' });
}

export function failureTable({ failures }: Report): string {
  const rows = failures.map((failure): Cell[] => [
    failure.verdict ?? (failure.status === 'failed' ? 'expected' : 'unknown'),
    count(failure.calls),
    failure.operation ?? 'background',
    { code: methodName(failure) },
    failure.failure === null ? '' : { code: failure.failure },
    failure.culprit === null ? '' : place(failure.culprit),
    failure.culprit === null || failure.culprit.queue === '' ? '' : { code: failure.culprit.queue },
  ]);
  return htmlTable({
    name: 'failures',
    caption: 'Calls that failed or timed out, by verdict; expected: an exception that its callers take for an answer',
    columns: ['verdict', 'calls', 'operation', 'method', 'exception', 'whom it points at', 'queue'],
    rows,
    empty: 'No call failed.',
  });
}

export function gapTable({ gaps }: Report): string {
  const rows = gaps.map((gap): Cell[] => [
    clock(gap.start),
    gap.is_open ? 'open' : clock(gap.end),
    time(gap.duration_s * 1_000),
    gap.reason,
    gap.node || gap.vhost,
    count(gap.lost_estimate),
    count(gap.lost_min),
    gap.detail,
  ]);
  return htmlTable({
    name: 'gaps',
    caption: 'Gaps: when the tap did not see everything',
    columns: ['from', 'to', 'for', 'reason', 'where', 'events lost, estimated', 'at least', 'what'],
    rows,
    empty: 'No gap is known.',
  });
}
