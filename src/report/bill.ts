/** What a trace cost: how many messages of each kind, their bytes, the queues they went through. */
import type { MessageDetail, TraceSummary } from '../queries/traces.ts';
import { percent, size, table } from './format.ts';

export interface BillLine {
  readonly what: string;
  readonly messages: number;
  readonly deliveries: number;
  readonly bytes: number;
}

export interface Bill {
  readonly lines: readonly BillLine[];
  /** Queues that took or delivered one of its messages, reply queues included. */
  readonly queues: readonly string[];
}

export function billOf(messages: readonly MessageDetail[]): Bill {
  const kinds = ['call', 'cast', 'fanout', 'notification'] as const;
  const lines = kinds.map((kind) =>
    lineOf(
      `${kind}s`,
      messages.filter((message) => message.kind === kind),
    ),
  );
  lines.splice(1, 0, replyLine(messages));
  return { lines, queues: queuesOf(messages) };
}

/** The bill as a table for people. */
export function renderBill({ lines, queues }: Bill, { counts, coverage }: TraceSummary): string {
  const rows = lines.map(({ what, messages, deliveries, bytes }) => [what, String(messages), String(deliveries), size(bytes)]);
  const total = ['together', String(counts.publishes), String(counts.deliveries), size(counts.bytes_published)];
  const bill = table([['THE BILL', 'MESSAGES', 'DELIVERIES', 'BYTES'], ...rows, total], new Set([1, 2, 3]));
  const events = counts.publishes + counts.deliveries;
  return [
    bill,
    `${events} firehose events, ${queues.length} queues touched, ${size(counts.bytes_delivered)} delivered, coverage ${percent(coverage)}\n`,
    counts.failures + counts.timeouts === 0
      ? ''
      : `${counts.failures} replies with an exception, ${counts.timeouts} calls timed out\n`,
  ].join('');
}

function lineOf(what: string, messages: readonly MessageDetail[]): BillLine {
  return {
    what,
    messages: messages.length,
    deliveries: sum(messages.map(({ to }) => to.length)),
    bytes: sum(messages.map(({ bytes }) => bytes)),
  };
}

function replyLine(messages: readonly MessageDetail[]): BillLine {
  return {
    what: 'replies',
    messages: sum(messages.map(({ replies }) => replies)),
    deliveries: sum(messages.map(({ reply_deliveries }) => reply_deliveries)),
    bytes: sum(messages.map(({ reply_bytes }) => reply_bytes)),
  };
}

function queuesOf(messages: readonly MessageDetail[]): string[] {
  const queues = new Set<string>();
  for (const { to, routed_queues, reply_queue, replies } of messages) {
    for (const { queue } of to) queues.add(queue);
    for (const queue of routed_queues) queues.add(queue);
    if (replies > 0) queues.add(reply_queue);
  }
  return [...queues].sort();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
