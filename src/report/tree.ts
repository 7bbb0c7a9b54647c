/** One trace as a tree that a person reads at a glance: every message below the one whose handler sent it. */
import { styleText } from 'node:util';
import type { MessageDetail, TraceSummary } from '../queries/traces.ts';
import { clock, duration, percent, place } from './format.ts';

interface Node {
  readonly message: MessageDetail;
  readonly children: Node[];
}

/** One printed line: what it is, and the figures behind it. */
interface Line {
  readonly text: string;
  readonly wait: string;
  readonly took: string;
  readonly mark: string;
}

export function renderTree(summary: TraceSummary, messages: readonly MessageDetail[]): string {
  const lines = roots(messages).flatMap((node, index, all) => linesOf(node, '', index === all.length - 1, true));
  const width = Math.max(0, ...lines.map(({ text }) => [...text].length));
  const waitWidth = Math.max(0, ...lines.map(({ wait }) => wait.length));
  const tookWidth = Math.max(0, ...lines.map(({ took }) => took.length));
  const body = lines.map(({ text, wait, took, mark }) => {
    const figures = `${' '.repeat(width - [...text].length)}  ${wait.padStart(waitWidth)}  ${took.padStart(tookWidth)}`;
    return `${text}${styleText('dim', figures.trimEnd() === '' ? '' : figures, STDOUT)}${mark}`.trimEnd();
  });
  return [...header(summary), ...body, ''].join('\n');
}

const STDOUT = { stream: process.stdout };

function header({ operation, request_id, trace_id, start, duration_ms, counts, coverage }: TraceSummary): string[] {
  const state = counts.timeouts > 0 ? styleText('red', ` ${counts.timeouts} timed out`, STDOUT) : '';
  return [
    `${styleText('bold', operation, STDOUT)}  ${request_id ?? `trace ${trace_id} (no user's request)`}`,
    `${clock(start)}, took ${duration(duration_ms)}, coverage ${percent(coverage)}${state}`,
    '',
  ];
}

function roots(messages: readonly MessageDetail[]): Node[] {
  const nodes = new Map(messages.map((message) => [message.unique_id, { message, children: [] as Node[] }]));
  const top: Node[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.message.parent_unique_id ?? '');
    (parent?.children ?? top).push(node);
  }
  return top;
}

function linesOf(node: Node, indent: string, isLast: boolean, isRoot: boolean): Line[] {
  return renderGroup({ node, count: 1, tookMs: node.message.duration_ms ?? 0 }, indent, isLast, isRoot);
}

/** Messages without children that follow each other and differ in nothing but their times. */
interface Group {
  readonly node: Node;
  count: number;
  tookMs: number;
}

function renderGroup(group: Group, indent: string, isLast: boolean, isRoot: boolean): Line[] {
  const { node, count, tookMs } = group;
  const branch = isRoot ? '' : isLast ? '└─ ' : '├─ ';
  const below = isRoot ? '' : `${indent}${isLast ? '   ' : '│  '}`;
  const { message } = node;
  const times = count > 1 ? ` ×${count}` : '';
  const line: Line = {
    text: `${indent}${branch}${labelOf(message)}${times}`,
    wait: waitOf(message),
    took: tookOf(message, tookMs),
    mark: markOf(message),
  };
  const groups = grouped(node.children);
  return [line, ...groups.flatMap((child, index) => renderGroup(child, isRoot ? '' : below, index === groups.length - 1, false))];
}

function grouped(nodes: readonly Node[]): Group[] {
  const groups: Group[] = [];
  for (const node of nodes) {
    const last = groups.at(-1);
    const tookMs = node.message.duration_ms ?? 0;
    if (last !== undefined && isSame(last.node, node)) {
      last.count++;
      last.tookMs += tookMs;
    } else {
      groups.push({ node, count: 1, tookMs });
    }
  }
  return groups;
}

function isSame(a: Node, b: Node): boolean {
  return a.children.length === 0 && b.children.length === 0 && signature(a.message) === signature(b.message);
}

function signature(message: MessageDetail): string {
  return `${labelOf(message)} ${message.confidence} ${message.status} ${message.failure ?? ''} ${message.verdict?.verdict ?? ''}`;
}

function labelOf(message: MessageDetail): string {
  const what = message.object ?? message.method;
  if (message.kind === 'notification') return `notification ${what}  ${place(message.from)}`;
  return `${message.kind} ${what}  ${place(message.from)} → ${recipientsOf(message)}`;
}

function recipientsOf({ kind, to, routing_key, exchange }: MessageDetail): string {
  const [first] = to;
  if (first === undefined) return `${kind === 'fanout' ? exchange : routing_key} (delivered to nobody)`;
  if (kind !== 'fanout') return place(first);
  const services = [...new Set(to.map(({ service }) => service).filter((service) => service !== ''))];
  return `${services.length === 0 ? exchange : services.join(', ')} ×${to.length}`;
}

function waitOf({ to, kind }: MessageDetail): string {
  if (to.length === 0 || kind === 'notification') return '';
  return `wait ${duration(Math.max(...to.map(({ queue_wait_ms }) => queue_wait_ms)))}`;
}

function tookOf({ kind, seen_for_ms, duration_ms }: MessageDetail, tookMs: number): string {
  if (kind === 'notification') return '';
  if (kind === 'call') return duration_ms === null ? '' : duration(tookMs);
  return duration(seen_for_ms);
}

function verdictWords({ verdict, culprit, evidence }: NonNullable<MessageDetail['verdict']>): string {
  const where = [place(culprit), culprit.queue].filter((part) => part !== '').join(', ');
  return `${verdict} (${where}): ${evidence}`;
}

function markOf({ status, failure, confidence, duration_ms, verdict }: MessageDetail): string {
  const likely = confidence === 'likely' ? styleText('dim', '  ~', STDOUT) : '';
  if (verdict !== null) return `${likely}${styleText('red', `  ✗ ${verdictWords(verdict)}`, STDOUT)}`;
  if (status === 'failed') return `${likely}${styleText('red', `  ✗ ${failure}`, STDOUT)}`;
  if (status === 'timeout') {
    const what = duration_ms === null ? 'no reply within its time-out' : 'answered after its time-out';
    return `${likely}${styleText('red', `  ✗ ${what}`, STDOUT)}`;
  }
  if (status === 'open') return `${likely}${styleText('yellow', '  … no reply yet', STDOUT)}`;
  return likely;
}
