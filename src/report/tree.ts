/** One trace as a tree that a person reads at a glance: every message below the one whose handler sent it. */
import { styleText } from 'node:util';
import { httpName, type Segment } from '../queries/paths.ts';
import type { MessageDetail, OpenCall, TraceSummary } from '../queries/traces.ts';
import { clock, duration, percent, place } from './format.ts';
import { heaviestOf, sharesOf } from './path.ts';
import { printable } from './report-text.ts';
import { type TreeNode, treeOf } from './report-tree.ts';

/** One printed line: what it is, and the figures behind it. */
interface Line {
  readonly text: string;
  readonly wait: string;
  readonly took: string;
  readonly mark: string;
}

export function renderTree(summary: TraceSummary, messages: readonly MessageDetail[], path: readonly Segment[]): string {
  const shares = sharesOf(path);
  const lines = grouped(treeOf(messages)).flatMap((group, index, all) =>
    renderGroup(group, '', index === all.length - 1, true, shares),
  );
  const width = Math.max(0, ...lines.map(({ text }) => [...text].length));
  const waitWidth = Math.max(0, ...lines.map(({ wait }) => wait.length));
  const tookWidth = Math.max(0, ...lines.map(({ took }) => took.length));
  const body = lines.map(({ text, wait, took, mark }) => {
    const figures = `${' '.repeat(width - [...text].length)}  ${wait.padStart(waitWidth)}  ${took.padStart(tookWidth)}`;
    return `${text}${styleText('dim', figures.trimEnd() === '' ? '' : figures, STDOUT)}${mark}`.trimEnd();
  });
  return [...header(summary, path), ...body, ''].join('\n');
}

const STDOUT = { stream: process.stdout };

function header(summary: TraceSummary, path: readonly Segment[]): string[] {
  const { operation, request_id, trace_id, start, duration_ms, counts, coverage, state, open_calls } = summary;
  const timedOut = counts.timeouts > 0 ? styleText('red', ` ${counts.timeouts} timed out`, STDOUT) : '';
  const took =
    state === 'running' ? styleText('yellow', `running for ${duration(duration_ms)}`, STDOUT) : `took ${duration(duration_ms)}`;
  return [
    `${styleText('bold', operation, STDOUT)}  ${request_id ?? `trace ${trace_id} (no user's request)`}`,
    `${clock(start)}, ${took}, coverage ${percent(coverage)}${timedOut}`,
    ...open_calls.map(waitingLine),
    ...(duration_ms > 0 ? [heaviestOf(path)] : []),
    '',
  ];
}

function waitingLine({ method, to, waiting_ms }: OpenCall): string {
  return styleText('yellow', `waiting for ${duration(waiting_ms)}: call ${method} → ${printable(to)}`, STDOUT);
}

/** Messages without children that follow each other and differ in nothing but their times. */
interface Group {
  readonly node: TreeNode;
  count: number;
  tookMs: number;
  readonly ids: string[];
}

function renderGroup(
  group: Group,
  indent: string,
  isLast: boolean,
  isRoot: boolean,
  shares: ReadonlyMap<string, number>,
): Line[] {
  const { node, count, tookMs, ids } = group;
  const branch = isRoot ? '' : isLast ? '└─ ' : '├─ ';
  const below = isRoot ? '' : `${indent}${isLast ? '   ' : '│  '}`;
  const { message } = node;
  const times = count > 1 ? ` ×${count}` : '';
  const line: Line = {
    text: `${indent}${branch}${labelOf(message)}${times}`,
    wait: waitOf(message),
    took: tookOf(message, tookMs),
    mark: `${pathMark(ids, shares)}${answerMark(node.answer)}${markOf(message)}`,
  };
  const groups = grouped(node.children);
  const under = isRoot ? '' : below;
  return [line, ...groups.flatMap((child, index) => renderGroup(child, under, index === groups.length - 1, false, shares))];
}

function grouped(nodes: readonly TreeNode[]): Group[] {
  const groups: Group[] = [];
  for (const node of nodes) {
    const last = groups.at(-1);
    const tookMs = tookMsOf(node);
    if (last !== undefined && isSame(last.node, node)) {
      last.count++;
      last.tookMs += tookMs;
      last.ids.push(node.message.unique_id);
    } else {
      groups.push({ node, count: 1, tookMs, ids: [node.message.unique_id] });
    }
  }
  return groups;
}

function isSame(a: TreeNode, b: TreeNode): boolean {
  if (a.children.length + b.children.length > 0 || a.answer?.http_status !== b.answer?.http_status) return false;
  return signature(a.message) === signature(b.message);
}

function tookMsOf({ message, answer }: TreeNode): number {
  if (answer !== null) return Date.parse(answer.published_at) - Date.parse(message.published_at);
  return message.duration_ms ?? 0;
}

function signature(message: MessageDetail): string {
  return `${labelOf(message)} ${message.confidence} ${message.status} ${message.failure ?? ''} ${message.verdict ?? ''}`;
}

function labelOf(message: MessageDetail): string {
  const what = message.object ?? message.method;
  if (message.http_path !== '')
    return `${httpWord(message)} ${httpName(message.http_action, message.http_path)}  ${place(message.from)}`;
  if (message.kind === 'notification') return `notification ${what}  ${place(message.from)}`;
  return `${message.kind} ${what}  ${place(message.from)} → ${recipientsOf(message)}`;
}

/** An answer whose request was not seen stands for itself. */
function httpWord({ http_status }: MessageDetail): string {
  return http_status === 0 ? 'http' : `http ${http_status}`;
}

function recipientsOf({ kind, to, routing_key, exchange }: MessageDetail): string {
  const [first] = to;
  if (first === undefined) return `${printable(kind === 'fanout' ? exchange : routing_key)} (delivered to nobody)`;
  if (kind !== 'fanout') return place(first);
  const services = [...new Set(to.map(({ service }) => service).filter((service) => service !== ''))];
  return `${printable(services.length === 0 ? exchange : services.join(', '))} ×${to.length}`;
}

function waitOf({ to, kind }: MessageDetail): string {
  if (to.length === 0 || kind === 'notification') return '';
  return `wait ${duration(Math.max(...to.map(({ queue_wait_ms }) => queue_wait_ms)))}`;
}

function tookOf({ kind, seen_for_ms, duration_ms, http_status, http_path }: MessageDetail, tookMs: number): string {
  if (http_path !== '' && http_status === 0 && tookMs > 0) return duration(tookMs);
  if (kind === 'notification') return '';
  if (kind === 'call') return duration_ms === null ? '' : duration(tookMs);
  return duration(seen_for_ms);
}

/** It is on the critical path, with so much of it. */
function pathMark(ids: readonly string[], shares: ReadonlyMap<string, number>): string {
  const share = ids.reduce((sum, id) => sum + (shares.get(id) ?? 0), 0);
  if (share === 0) return '';
  return `  ◂${share < 0.01 ? '' : ` ${Math.round(100 * share)} %`}`;
}

function answerMark(answer: MessageDetail | null): string {
  if (answer === null || answer.http_status < 400) return '';
  return styleText('red', `  ✗ ${answer.http_status}`, STDOUT);
}

function verdictWords({ verdict, culprit, verdict_evidence }: MessageDetail): string {
  const where = culprit === null ? [] : [place(culprit), printable(culprit.queue)].filter((part) => part !== '');
  return `${verdict} (${where.join(', ')}): ${verdict_evidence}`;
}

function markOf(message: MessageDetail): string {
  const { status, failure, confidence, duration_ms, verdict } = message;
  const likely = confidence === 'likely' ? styleText('dim', '  ~', STDOUT) : '';
  if (verdict !== null) return `${likely}${styleText('red', `  ✗ ${verdictWords(message)}`, STDOUT)}`;
  if (status === 'failed') return `${likely}${styleText('red', `  ✗ ${failure}`, STDOUT)}`;
  if (status === 'timeout') {
    const what = duration_ms === null ? 'no reply within its time-out' : 'answered after its time-out';
    return `${likely}${styleText('red', `  ✗ ${what}`, STDOUT)}`;
  }
  if (status === 'open') return `${likely}${styleText('yellow', '  … no reply yet', STDOUT)}`;
  return likely;
}
