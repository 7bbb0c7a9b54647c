/**
 * One trace in the Trace Event Format: loads in Perfetto (ui.perfetto.dev) and in chrome://tracing.
 * Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 *
 *   a process of a service is a process; its spans that overlap stand in lanes, one a thread (slices of one thread must nest)
 *   X  a span; times are microseconds after the first span's beginning      i  a notification, on the span that sent it
 *   s, f  the arrow from a span to one that it caused elsewhere             M  names of processes and threads
 */

/** What of a span is drawn. */
export interface DrawnSpan {
  readonly spanId: string;
  /** `''` for none. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly process: { readonly id: string; readonly service: string; readonly host: string };
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, string>>;
  readonly isError: boolean;
  readonly events: readonly { readonly timeNs: bigint; readonly eventType: string }[];
}

export interface TraceEvent {
  readonly ph: 'X' | 'i' | 's' | 'f' | 'M';
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly id?: number;
  readonly bp?: 'e';
  readonly s?: 't';
  readonly args?: Readonly<Record<string, string | number | boolean>>;
}

export interface ChromeTrace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string>>;
}

/** @param told of the whole trace, for whoever opens it: its id, when it began. */
export function chromeTrace(spans: readonly DrawnSpan[], told: Readonly<Record<string, string>>): ChromeTrace {
  const placed = place(spans);
  const beginNs = spans.reduce((first, { startNs }) => (startNs < first ? startNs : first), spans[0]?.startNs ?? 0n);
  return {
    traceEvents: [
      ...names(placed),
      ...placed.flatMap((each) => [slice(each, beginNs), ...instants(each, beginNs)]),
      ...arrows(placed, beginNs),
    ],
    displayTimeUnit: 'ms',
    otherData: told,
  };
}

interface Placed {
  readonly span: DrawnSpan;
  readonly endNs: bigint;
  readonly pid: number;
  readonly tid: number;
}

/** Each span in its process's first lane where it fits: beside all others there, or within them. */
function place(spans: readonly DrawnSpan[]): Placed[] {
  const pids = new Map<string, number>();
  const lanes = new Map<number, bigint[][]>();
  return inOrder(spans).map((span) => {
    const pid = numberOf(pids, JSON.stringify(span.process));
    const own = lanes.get(pid) ?? [];
    lanes.set(pid, own);
    const endNs = endOf(span);
    let lane = own.findIndex((ends) => fits(ends, span.startNs, endNs));
    if (lane < 0) lane = own.push([]) - 1;
    own[lane]?.push(endNs);
    return { span, endNs, pid, tid: lane + 1 };
  });
}

/** By beginning; of those that begin together the longest first, so that the others stand within it. */
function inOrder(spans: readonly DrawnSpan[]): DrawnSpan[] {
  return [...spans].sort(
    (a, b) => compare(a.startNs, b.startNs) || compare(endOf(b), endOf(a)) || (a.spanId < b.spanId ? -1 : 1),
  );
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @param ends of the slices that are open in the lane, the innermost last; those that are over are taken off. */
function fits(ends: bigint[], startNs: bigint, endNs: bigint): boolean {
  while (ends.length > 0 && (ends.at(-1) ?? 0n) <= startNs) ends.pop();
  return ends.length === 0 || endNs <= (ends.at(-1) ?? 0n);
}

function names(placed: readonly Placed[]): TraceEvent[] {
  const events = new Map<string, TraceEvent>();
  for (const { span, pid, tid } of placed) {
    const { service, host, id } = span.process;
    const name = service === '' ? host || id : host === '' ? service : `${service}@${host}`;
    events.set(`${pid}`, { ph: 'M', name: 'process_name', pid, tid: 0, args: { name } });
    events.set(`${pid} order`, { ph: 'M', name: 'process_sort_index', pid, tid: 0, args: { sort_index: pid } });
    events.set(`${pid} ${tid}`, { ph: 'M', name: 'thread_name', pid, tid, args: { name: `lane ${tid}` } });
  }
  return [...events.values()];
}

function slice({ span, endNs, pid, tid }: Placed, beginNs: bigint): TraceEvent {
  const { name, kind, startNs, isError, attributes, spanId } = span;
  const args = { ...attributes, span_id: spanId, ...(isError && { error: true }) };
  return { ph: 'X', name, cat: kind.toLowerCase(), pid, tid, ts: micros(startNs - beginNs), dur: micros(endNs - startNs), args };
}

function instants({ span, pid, tid }: Placed, beginNs: bigint): TraceEvent[] {
  return span.events.map(({ timeNs, eventType }) => ({
    ph: 'i',
    name: eventType,
    cat: 'notification',
    pid,
    tid,
    ts: micros(timeNs - beginNs),
    s: 't',
  }));
}

/** From a span to each that it caused in another lane. The arrow begins within the first and ends at the second's beginning. */
function arrows(placed: readonly Placed[], beginNs: bigint): TraceEvent[] {
  const bySpan = new Map(placed.map((each) => [each.span.spanId, each]));
  return placed.flatMap((child, index) => {
    const parent = bySpan.get(child.span.parentSpanId);
    if (parent === undefined || (parent.pid === child.pid && parent.tid === child.tid)) return [];
    const { startNs } = child.span;
    const fromNs = startNs < parent.span.startNs ? parent.span.startNs : startNs > parent.endNs ? parent.endNs : startNs;
    const common = { name: 'causes', cat: 'cause', id: index + 1 };
    return [
      { ph: 's', ...common, pid: parent.pid, tid: parent.tid, ts: micros(fromNs - beginNs) },
      { ph: 'f', ...common, bp: 'e', pid: child.pid, tid: child.tid, ts: micros(startNs - beginNs) },
    ];
  });
}

function endOf({ startNs, endNs }: DrawnSpan): bigint {
  return endNs > startNs ? endNs : startNs;
}

function numberOf(numbers: Map<string, number>, key: string): number {
  const known = numbers.get(key) ?? numbers.size + 1;
  numbers.set(key, known);
  return known;
}

/** Exact to the nanosecond: a trace is at most hours long. */
function micros(ns: bigint): number {
  return Number(ns) / 1_000;
}
