/** The page's main part: every operation's bill, who asks whom in it, and two of its requests in full. */
import { clock, percent, place } from './format.ts';
import { type Cell, htmlTable } from './html-table.ts';
import { bytes, count, counted, figure, methodName, time } from './report-figures.ts';
import { leftOutWords, operationGraphSvg, serviceGraph } from './report-graph.ts';
import { COUNT_NAMES, type OperationReport, type Report, type Sample, type Spread } from './report-shape.ts';
import { escapeXml } from './report-text.ts';
import { recipientsOf, sampleSvg } from './report-waterfall.ts';

const INLINE = { isStandalone: false };
/** Of a count whose name ends with it the unit is bytes. */
const BYTES = 'bytes_';

function operationId(index: number): string {
  return `operation-${index + 1}`;
}

/** All of them side by side. @param partsMax so many have a part of their own, which their names lead to. */
export function operationsTable({ operations }: Report, partsMax: number): string {
  const columns = [
    ...['operation', 'requests', 'calls', 'casts', 'fanouts', 'notifications', 'messages', 'deliveries', 'bytes'],
    ...['took p50', 'took p95'],
  ];
  const rows = operations.map(({ operation, requests, counts, duration_ms }, index): Cell[] => [
    index < partsMax ? { text: operation || '?', id: operationId(index) } : operation,
    count(requests),
    ...[counts.calls, counts.casts, counts.fanouts, counts.notifications, counts.publishes].map(({ mean }) => count(mean)),
    count(counts.deliveries.mean),
    bytes(counts.bytes_published.mean),
    time(duration_ms.p50),
    time(duration_ms.p95),
  ]);
  const caption = 'Operations: how many messages one request makes (means), and how long it takes';
  return htmlTable({ name: 'operations', caption, columns, rows, empty: "No user's request is in the store." });
}

export function operationSection(operation: OperationReport, index: number, isOpen: boolean): string {
  const { operation: name, requests, counts, duration_ms } = operation;
  const figures = `${counted(requests, 'request')}, ${figure(counts.publishes.mean)} messages each, p50 ${time(duration_ms.p50).text}`;
  return [
    `<details class="operation" id="${operationId(index)}"${isOpen ? ' open' : ''}>`,
    `<summary><h3>${escapeXml(name)}</h3> <span class="faint">${escapeXml(figures)}</span></summary>`,
    bill(operation),
    graph(operation, index),
    ...samples(operation, index),
    methods(operation),
    queues(operation),
    '</details>',
  ].join('\n');
}

function bill({ operation, requests, counts, duration_ms }: OperationReport): string {
  const rows = COUNT_NAMES.map((name): Cell[] => [
    name.replace('_', ' '),
    ...spread(counts[name], name.startsWith(BYTES) ? bytes : count),
  ]);
  return htmlTable({
    name: `bill ${operation}`,
    caption: `The bill of ${operation}: each count over ${counted(requests, 'request')}`,
    columns: ['of one request', 'min', 'p50', 'p95', 'max', 'mean'],
    rows: [...rows, ['took', ...spread(duration_ms, time)]],
    empty: '',
  });
}

function spread({ min, p50, p95, max, mean }: Spread, write: (value: number) => Cell): Cell[] {
  return [min, p50, p95, max, mean].map(write);
}

function graph(operation: OperationReport, index: number): string {
  const svg = operationGraphSvg(operation, `graph-${index + 1}`, INLINE);
  if (svg === '') return '<p class="none">No call, cast or fanout: no service asks another through RabbitMQ.</p>';
  const rows = operation.edges.map((edge): Cell[] => [
    edge.from || '?',
    edge.to || '?',
    edge.kind,
    count(edge.mean),
    count(edge.deliveries),
    time(edge.duration_p95_ms),
    time(edge.queue_wait_p95_ms),
  ]);
  const table = htmlTable({
    name: `edges ${operation.operation}`,
    caption: `Who asks whom in ${operation.operation}`,
    columns: ['from', 'to', 'kind', 'a request', 'deliveries', 'answered in, p95', 'wait in the queue, p95'],
    rows,
    empty: '',
  });
  const leftOut = leftOutWords(serviceGraph(operation.edges));
  const words = `Who asks whom: mean deliveries a request, and the p95 of the answer (or of the wait in the queue)${leftOut}.`;
  return picture(svg, words, table);
}

function samples({ operation, typical, slowest, requests }: OperationReport, index: number): string[] {
  if (typical === null || slowest === null)
    return ['<p class="none">No waterfall: only the operations with the requests of most messages have one.</p>'];
  const id = `waterfall-${index + 1}`;
  const isOne = typical.trace_id === slowest.trace_id;
  const which = requests === 1 ? 'The only request' : isOne ? 'The typical request, also the slowest,' : 'A typical request';
  const first = sample(typical, `${which} of ${operation}`, `${id}-typical`);
  return isOne ? [first] : [first, sample(slowest, `The slowest request of ${operation}`, `${id}-slowest`)];
}

function sample(request: Sample, title: string, id: string): string {
  const { rows, start, duration_ms, coverage, notifications_left_out, rows_left_out, request_id, trace_id } = request;
  const facts = `${request_id ?? trace_id}, ${clock(start)}, took ${time(duration_ms).text}, coverage ${percent(coverage)}`;
  const left = [
    ...(notifications_left_out > 0 ? [`${counted(notifications_left_out, 'notification')} not drawn`] : []),
    ...(rows_left_out > 0 ? [`${counted(rows_left_out, 'more row')}`] : []),
  ];
  const words = [`${title}: ${facts}`, ...left].join('; ');
  if (rows.length === 0) return `<p class="none">${escapeXml(`${words}.`)}</p>`;
  const tableRows = rows.map((row): Cell[] => [
    `${'· '.repeat(row.depth)}${row.kind}`,
    { code: row.times === 1 ? row.name : `${row.name} ×${row.times}` },
    place(row.from),
    recipientsOf(row),
    time(row.at_ms),
    time(row.wait_ms),
    time(row.took_ms),
    row.verdict ?? (row.status === 'failed' || row.status === 'timeout' || row.status === 'open' ? row.status : ''),
  ]);
  const columns = ['kind, below its cause', 'what', 'from', 'to', 'at', 'wait', 'took', 'trouble'];
  const table = htmlTable({ name: `${id} ${trace_id}`, caption: title, columns, rows: tableRows, empty: '' });
  return picture(
    sampleSvg(request, { id, title, description: `${words}. The table behind it has each row.` }, INLINE),
    words,
    table,
  );
}

function picture(svg: string, words: string, table: string): string {
  return [
    '<figure>',
    `<div class="wide" tabindex="0" role="group" aria-label="${escapeXml(words, 400)}">${svg}</div>`,
    `<figcaption>${escapeXml(words, 400)}</figcaption>`,
    `<details class="behind"><summary>The same as a table</summary>${table}</details>`,
    '</figure>',
  ].join('\n');
}

function methods({ operation, methods: all }: OperationReport): string {
  return htmlTable({
    name: `methods ${operation}`,
    caption: `Methods and notifications of ${operation}`,
    columns: ['method', 'kind', 'a request', 'messages'],
    rows: all.map((method): Cell[] => [{ code: methodName(method) }, method.kind, count(method.mean), count(method.messages)]),
    empty: '',
  });
}

function queues({ operation, queues: all }: OperationReport): string {
  return htmlTable({
    name: `queues ${operation}`,
    caption: `Queues that ${operation} goes through`,
    columns: ['queue', 'a request', 'messages'],
    rows: all.map(({ queue, mean, messages }): Cell[] => [{ code: queue }, count(mean), count(messages)]),
    empty: 'No queue took one of its messages.',
  });
}
