/**
 * Storms as rows of `oslo_storms`. Of the rows of one storm the one with the greatest revision counts; of equal ones the one that was
 * written last. So a storm keeps its beginning and its id for as long as it lasts.
 */
import type { BeforeAndDuring, Storm, StormMethod, StormPlace } from '../../storm.ts';
import { ns } from './message-rows.ts';

export const STORM_COLUMNS = [
  'started_at',
  'id',
  'vhost',
  'detected_at',
  'ended_at',
  'is_open',
  'signals',
  'methods.method',
  'methods.objects',
  'methods.kind',
  'methods.exchange',
  'methods.topic',
  'methods.messages',
  'methods.share',
  'methods.usual_per_second',
  'methods.peak_per_second',
  'senders.service',
  'senders.host',
  'senders.messages',
  'senders.share',
  'senders_count',
  'receivers.service',
  'receivers.host',
  'receivers.messages',
  'receivers.share',
  'trigger',
  'trigger_detail',
  'trigger_trace_id',
  'trigger_count',
  'messages',
  'copies',
  'bytes',
  'bytes_copied',
  'usual_per_second',
  'peak_per_second',
  'amplification_usual',
  'amplification',
  'per_request_usual',
  'per_request',
  'failed_share_usual',
  'failed_share',
  'queue_wait_ms_usual',
  'queue_wait_ms',
  'revision',
] as const;

/** A row as the text of a JSON array, in the order of STORM_COLUMNS. */
export function stormRow(storm: Storm): string {
  return JSON.stringify([
    ns(storm.fromNs),
    storm.id,
    storm.vhost,
    ns(storm.detectedNs),
    ns(storm.toNs),
    storm.isOpen,
    storm.signals,
    ...methodCells(storm.methods),
    ...placeCells(storm.senders),
    storm.sendersCount,
    ...placeCells(storm.receivers),
    storm.trigger.kind,
    storm.trigger.detail,
    storm.trigger.traceId,
    storm.trigger.count,
    storm.messages,
    storm.copies,
    storm.bytes,
    storm.bytesCopied,
    storm.usualPerSecond,
    storm.peakPerSecond,
    ...pairCells(storm.amplification),
    ...pairCells(storm.perRequest),
    ...pairCells(storm.failedShare),
    ...pairCells(storm.queueWaitMs),
    revisionOf(storm),
  ]);
}

function methodCells(methods: readonly StormMethod[]): unknown[] {
  return [
    methods.map(({ method }) => method),
    methods.map(({ objects }) => objects),
    methods.map(({ kind }) => kind),
    methods.map(({ exchange }) => exchange),
    methods.map(({ topic }) => topic),
    methods.map(({ messages }) => messages),
    methods.map(({ share }) => share),
    methods.map(({ usualPerSecond }) => usualPerSecond),
    methods.map(({ peakPerSecond }) => peakPerSecond),
  ];
}

function placeCells(places: readonly StormPlace[]): unknown[] {
  return [
    places.map(({ service }) => service),
    places.map(({ host }) => host),
    places.map(({ messages }) => messages),
    places.map(({ share }) => share),
  ];
}

function pairCells({ usual, during }: BeforeAndDuring): unknown[] {
  return [usual, during];
}

/** More than any storm lasts: 2^63 nanoseconds are 292 years. */
const OVER = 2n ** 63n;

/**
 * What is over replaces what was open, whatever both say of the end: an open storm may have been written beyond its last moment. Of
 * open ones the longer replaces the shorter. They are even: one more is for a storm of a run that was killed, which another run may
 * still see go on.
 */
function revisionOf({ fromNs, toNs, isOpen }: Storm): string {
  return String((isOpen ? 0n : OVER) + 2n * (toNs - fromNs));
}
