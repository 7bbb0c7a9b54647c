/** One request as the rows of a waterfall. */
import { httpName } from '../queries/paths.ts';
import type { MessageDetail, TraceSummary } from '../queries/traces.ts';
import { duration, place } from './format.ts';
import type { Sample, SampleRow } from './report-shape.ts';
import { type TreeNode, treeOf } from './report-tree.ts';
import type { Drawing, DrawingOptions } from './svg-style.ts';
import { type Waterfall, type WaterfallRow, waterfallSvg } from './svg-waterfall.ts';

/** More rows than that are legible for nobody. */
const ROWS_MAX = 100;
/** Of so many that are the same in a row, one row is made. */
const TIMES_MIN = 3;
const RECIPIENTS_SHOWN = 3;

/** @param messages of the request, oldest first. */
export function sampleOf(summary: TraceSummary, messages: readonly MessageDetail[]): Sample {
  const { trace_id, request_id, start, duration_ms, counts, coverage } = summary;
  const beginMs = toMs(messages[0]?.published_at ?? start);
  const tree = treeOf(messages);
  const rows = rowsOf(tree, 0, beginMs);
  return {
    trace_id,
    request_id,
    start,
    duration_ms,
    counts,
    coverage,
    rows: rows.slice(0, ROWS_MAX),
    notifications_left_out: countOf(tree, isLeftOut),
    rows_left_out: Math.max(0, rows.length - ROWS_MAX),
  };
}

/** The sample as a drawing. */
export function sampleSvg(sample: Sample, words: Drawing, options: DrawingOptions): string {
  const ends = sample.rows.map(({ at_ms, took_ms }) => at_ms + took_ms);
  const lengthMs = Math.max(sample.duration_ms, ...ends) || 1;
  const waterfall: Waterfall = { ...words, lengthMs, duration, rows: sample.rows.map(toDrawn) };
  return waterfallSvg(waterfall, options);
}

/** `nova-conductor@ctl`; of several the first, and how many more. */
export function recipientsOf({ to }: SampleRow): string {
  const names = [...new Set(to.map(place))];
  const more = names.length - RECIPIENTS_SHOWN;
  return `${names.slice(0, RECIPIENTS_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function toDrawn(row: SampleRow): WaterfallRow {
  const { depth, kind, name, times, from, at_ms, wait_ms, took_ms, status } = row;
  const recipients = recipientsOf(row);
  return {
    depth,
    kind,
    name: times === 1 ? name : `${name} ×${times}`,
    place: recipients === '' ? place(from) : `${place(from)} → ${recipients}`,
    atMs: at_ms,
    waitMs: wait_ms ?? 0,
    tookMs: took_ms,
    isFailed: status === 'failed' || status === 'timeout',
  };
}

function rowsOf(nodes: readonly TreeNode[], depth: number, beginMs: number): SampleRow[] {
  const shown = nodes.filter((node) => !isLeftOut(node));
  return runsOf(shown).flatMap((run) => {
    const isOneRow = run.length >= TIMES_MIN;
    const rows = isOneRow ? [rowOf(run, depth, beginMs)] : run.map((node) => rowOf([node], depth, beginMs));
    const [first] = run;
    // Only what has nothing below it is put into one run with others.
    return first === undefined ? [] : [...rows, ...rowsOf(first.children, depth + 1, beginMs)];
  });
}

/** A notification is no work; where something hangs on it, it stays. */
function isLeftOut({ message, children }: TreeNode): boolean {
  return message.kind === 'notification' && message.http_path === '' && children.length === 0;
}

function countOf(nodes: readonly TreeNode[], is: (node: TreeNode) => boolean): number {
  return nodes.reduce((sum, node) => sum + (is(node) ? 1 : 0) + countOf(node.children, is), 0);
}

function runsOf(nodes: readonly TreeNode[]): TreeNode[][] {
  const runs: TreeNode[][] = [];
  for (const node of nodes) {
    const last = runs.at(-1);
    if (last?.[0] !== undefined && signature(last[0]) === signature(node)) last.push(node);
    else runs.push([node]);
  }
  return runs;
}

function signature({ message, children, answer }: TreeNode): string {
  const { unique_id, kind, status, failure, verdict, from, to } = message;
  const who = [place(from), ...to.map(place)].join(' ');
  // What something hangs on is like nothing else.
  const own = children.some((child) => !isLeftOut(child)) ? unique_id : '';
  return [kind, nameOf(message), who, status, failure, verdict, answer?.http_status, own].join('\n');
}

function rowOf(run: readonly TreeNode[], depth: number, beginMs: number): SampleRow {
  const [{ message }] = run as [TreeNode];
  // Who collects notifications is none of the request's.
  const to = message.kind === 'notification' ? [] : message.to;
  const atMs = toMs(message.published_at);
  const end = Math.max(...run.map((node) => toMs(node.message.published_at) + tookOf(node)));
  return {
    unique_id: message.unique_id,
    depth,
    kind: message.http_path === '' ? message.kind : 'http',
    name: nameOf(message),
    times: run.length,
    from: { service: message.from.service, host: message.from.host },
    to: distinct(to),
    at_ms: rounded(atMs - beginMs),
    wait_ms: to.length === 0 ? null : rounded(Math.max(...to.map(({ queue_wait_ms }) => queue_wait_ms))),
    took_ms: rounded(end - atMs),
    status: message.status,
    verdict: message.verdict,
  };
}

function nameOf({ http_path, http_action, object, method }: MessageDetail): string {
  return http_path === '' ? (object ?? method) : httpName(http_action, http_path);
}

function tookOf({ message, answer }: TreeNode): number {
  if (answer !== null) return toMs(answer.published_at) - toMs(message.published_at);
  if (message.kind === 'notification') return 0;
  return message.kind === 'call' ? (message.duration_ms ?? message.seen_for_ms) : message.seen_for_ms;
}

function distinct(to: MessageDetail['to']): { service: string; host: string }[] {
  return [...new Map(to.map(({ service, host }) => [`${service} ${host}`, { service, host }])).values()];
}

/** Milliseconds since the epoch, to the nanosecond's end: Date.parse has none below a millisecond. */
function toMs(rfc3339: string): number {
  const [, fraction = ''] = /\.(\d+)Z$/.exec(rfc3339) ?? [];
  return Date.parse(`${rfc3339.slice(0, 19)}Z`) + Number(`0.${fraction || '0'}`) * 1_000;
}

/** A double holds milliseconds since the epoch to a quarter of a microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
