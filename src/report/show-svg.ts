/** One request as a drawing of its own: a row a message on an axis of time. */
import type { MessageDetail, TraceSummary } from '../queries/traces.ts';
import { clock, duration } from './format.ts';
import { sampleOf, sampleSvg } from './report-waterfall.ts';

/** The rows are those of the report's waterfall: notifications are left out, and what is beyond its bound, and it says so. */
export function renderSvg(summary: TraceSummary, messages: readonly MessageDetail[]): string {
  const sample = sampleOf(summary, messages);
  const { operation, request_id, trace_id, start, duration_ms, counts } = summary;
  const leftOut = [
    `${sample.notifications_left_out} notifications are not drawn`,
    ...(sample.rows_left_out > 0 ? [`nor are ${sample.rows_left_out} rows more`] : []),
  ].join(', ');
  const words = {
    id: 'request',
    title: `${operation} ${request_id ?? trace_id}`,
    description: `${clock(start)}, ${duration(duration_ms)}: ${counts.calls} calls, ${counts.casts} casts, ${counts.fanouts} fanouts; ${leftOut}.`,
  };
  return sampleSvg(sample, words, { isStandalone: true });
}
