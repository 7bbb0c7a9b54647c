/** Traces as a table for people. */
import type { TraceSummary } from '../queries/traces.ts';
import { clock, duration, percent, size, table } from './format.ts';

const HEAD = ['START', 'OPERATION', 'ID', 'TOOK', 'CALLS', 'CASTS', 'FANOUTS', 'NOTIF.', 'FAILED', 'BYTES', 'COVERAGE'];
const RIGHT = new Set([3, 4, 5, 6, 7, 8, 9, 10]);

export function requestTable(traces: readonly TraceSummary[]): string {
  return traces.length === 0 ? '' : table([HEAD, ...traces.map(toRow)], RIGHT);
}

function toRow({ start, operation, request_id, trace_id, duration_ms, counts, coverage, state }: TraceSummary): string[] {
  const { calls, casts, fanouts, notifications, failures, timeouts, bytes_published } = counts;
  const figures = [calls, casts, fanouts, notifications, failures + timeouts].map(String);
  return [
    clock(start),
    operation,
    request_id ?? trace_id,
    state === 'running' ? `${duration(duration_ms)}, running` : duration(duration_ms),
    ...figures,
    size(bytes_published),
    percent(coverage),
  ];
}
