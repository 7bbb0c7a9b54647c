/** A million events end to end: speed, peak memory, bytes on the disk. The work is million-child.ts's. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../support/executable.ts';
import type { MillionResult } from './million-child.ts';
import { megabytes, number, type Report } from './report.ts';

const CHILD = fileURLToPath(new URL('./million-child.ts', import.meta.url));
const RSS_BYTES_MAX = 700e6;
const COLUMNS_SHOWN = 16;

export interface MillionOptions {
  readonly events: number;
  /** Copies of the captures that run at the same time. */
  readonly together: number;
}

export async function benchMillion({ events, together }: MillionOptions): Promise<Report[]> {
  const program = [...NODE_FLAGS, '--expose-gc', CHILD, '--events', String(events), '--together', String(together)];
  const { stdout } = await promisify(execFile)(process.execPath, program, {
    maxBuffer: 2 ** 24,
    env: { ...process.env, ...NODE_ENVIRONMENT },
  });
  const result = JSON.parse(stdout) as MillionResult;
  return [speed(result), disk(result), columns(result)];
}

function speed({ tally, wallMs, cpuMs, makingMs, mergeMs, written, together, ...memory }: MillionResult): Report {
  const { events, duplicates, late, closed } = tally;
  const count = (value: number) => value.toLocaleString('en-US');
  // What the captures to be copied take is the bench's, not the pipeline's.
  const ownPeakBytes = memory.peakBytes - (memory.capturesBytes - memory.bareBytes);
  const unmatched = Object.values(tally.unmatched).reduce((sum, value) => sum + value, 0);
  return {
    title: `${count(events)} events through the pipeline into chDB${together > 1 ? `, ${together} copies at the same time` : ''}`,
    rows: [
      ['events/s', number((events / wallMs) * 1000)],
      ['µs an event, wall clock', number((wallMs * 1000) / events)],
      ['µs an event, CPU of all threads', number((cpuMs * 1000) / events)],
      ['making the events (not counted above)', `${number(makingMs / 1000)} s`],
      ['merging at the end', `${number(mergeMs / 1000)} s`],
      ['RSS with the captures loaded', megabytes(memory.capturesBytes)],
      ['RSS with the engine loaded', megabytes(memory.beforeBytes)],
      ['RSS, peak of the samples', megabytes(memory.replayPeakBytes)],
      ['RSS, peak as the kernel counted it', megabytes(memory.peakBytes)],
      ['RSS, peak without the captures', megabytes(ownPeakBytes)],
      ['spans', count(written.spans)],
      ['messages', count(written.messages)],
      ['evicted at the bound', count(closed.evicted)],
      ['duplicates, late, unmatched', [duplicates, late, unmatched].map(count).join(', ')],
    ],
    verdicts: [
      {
        claim: `peak RSS, the captures left out, below ${RSS_BYTES_MAX / 1e6} million bytes: ${Math.round(ownPeakBytes / 1e6)}`,
        holds: ownPeakBytes < RSS_BYTES_MAX,
      },
    ],
    figures: {
      million_us_an_event: (wallMs * 1000) / events,
      million_cpu_us_an_event: (cpuMs * 1000) / events,
      million_peak_rss_bytes: ownPeakBytes,
    },
  };
}

function disk({ tables, written }: MillionResult): Report {
  const whole = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  const traces = tables.find(({ table }) => table === 'otel_traces')?.bytes ?? 0;
  const row = (name: string, rows: string, bytes: number) => [name, rows, megabytes(bytes), number(bytes / written.spans)];
  return {
    title: 'On the disk, merged',
    rows: [
      ['table', 'rows', 'size', 'bytes a span'],
      ...tables.map(({ table, rows, bytes }) => row(table, rows.toLocaleString('en-US'), bytes)),
      row('all', '', whole),
    ],
    verdicts: [],
    figures: { million_traces_bytes_a_span: traces / written.spans, million_all_bytes_a_span: whole / written.spans },
  };
}

function columns({ columns: sizes, written }: MillionResult): Report {
  const shown = sizes
    .slice(0, COLUMNS_SHOWN)
    .map(({ table, column, bytes }) => [`${table}.${column}`, number(bytes / written.spans)]);
  const rest = sizes.slice(COLUMNS_SHOWN).reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    title: 'Where the bytes go',
    rows: [['column', 'bytes a span'], ...shown, [`${sizes.length - COLUMNS_SHOWN} others`, number(rest / written.spans)]],
    verdicts: [],
    figures: {},
  };
}
