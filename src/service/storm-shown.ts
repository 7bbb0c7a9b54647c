/** A storm as JSON for others: figures and names, nothing of a message's contents. */
import type { StormsView } from '../metrics/storm-view.ts';
import type { BeforeAndDuring, Storm, StormMethod, StormPlace } from '../storm.ts';
import type { NoticeFigure, NoticeMethod, NoticeStorm, StatusStorm, StatusStorms, StormShare, StormTurn } from './storm-shape.ts';

/** In /status, of the open ones, and of the senders of each. */
const OPEN_MAX = 20;
const SENDERS_MAX = 5;

export function statusStorms({ silentReason, open, begun }: StormsView): StatusStorms {
  return {
    is_ready: silentReason === null,
    silent_reason: silentReason,
    open: open.slice(0, OPEN_MAX).map((storm) => statusStorm(storm, SENDERS_MAX)),
    begun: Object.fromEntries(begun),
  };
}

export function noticeStorm(turn: StormTurn, storm: Storm): NoticeStorm {
  const { toNs, detectedNs, signals, methods, receivers, messages, copies, bytes, bytesCopied } = storm;
  return {
    ...statusStorm(storm),
    until: turn === 'end' ? iso(toNs) : null,
    detected_at: iso(detectedNs),
    signals,
    methods: methods.map(noticeMethod),
    receivers: receivers.map(shareOf),
    messages,
    copies,
    bytes,
    bytes_copied: bytesCopied,
    copies_per_message: figure(storm.amplification),
    messages_per_request: figure(storm.perRequest),
    failed_share: figure(storm.failedShare),
    queue_wait_seconds: seconds(storm.queueWaitMs),
  };
}

function statusStorm(storm: Storm, sendersMax: number = storm.senders.length): StatusStorm {
  const { id, vhost, fromNs, methods, senders, sendersCount, peakPerSecond, usualPerSecond, trigger } = storm;
  const { method = '', exchange = '', topic = '' } = methods[0] ?? {};
  const { kind, detail, traceId, count } = trigger;
  return {
    id,
    vhost,
    since: iso(fromNs),
    method,
    exchange,
    topic,
    senders: senders.slice(0, sendersMax).map(shareOf),
    senders_count: sendersCount,
    peak_per_second: round(peakPerSecond),
    usual_per_second: round(usualPerSecond),
    trigger: { kind, detail, trace_id: traceId, count },
  };
}

function shareOf({ service, host, messages, share }: StormPlace): StormShare {
  return { service, host, messages, share: round(share) };
}

function noticeMethod(of: StormMethod): NoticeMethod {
  const { method, objects, kind, exchange, topic, messages, share, peakPerSecond, usualPerSecond } = of;
  const rates = { peak_per_second: round(peakPerSecond), usual_per_second: round(usualPerSecond) };
  return { method, objects, kind, exchange, topic, messages, share: round(share), ...rates };
}

function figure({ usual, during }: BeforeAndDuring): NoticeFigure {
  return { usual: usual === null ? null : round(usual), during: during === null ? null : round(during) };
}

/** Of milliseconds, to the microsecond. */
function seconds(waitMs: BeforeAndDuring): NoticeFigure {
  const { usual, during } = figure(waitMs);
  return { usual: usual === null ? null : usual / 1_000, during: during === null ? null : during / 1_000 };
}

function iso(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString();
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
