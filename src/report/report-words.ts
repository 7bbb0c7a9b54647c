/** How the report was measured, and what it cannot tell: the same words in every format. */
import { clock, percent } from './format.ts';
import { counted } from './report-figures.ts';
import type { Report } from './report-shape.ts';

export const SOURCE = 'Counted from what RabbitMQ itself saw pass (its firehose), by oslotap; no OpenStack service was changed.';

/** What was read, and how much of it. */
export function measured({ window, coverage, orphan_deliveries, undecodable, lagging, gaps, made_by }: Report): string[] {
  const { events, messages, hosts, observed_s, from, to } = window;
  if (from === null || to === null) return ['The store is empty.'];
  return [
    `Seen: ${counted(events, 'event')} of the firehose (publishes and deliveries) from ${clock(from)} to ${clock(to)}, ${Math.round(observed_s).toLocaleString('en-US')} s of them with traffic; ` +
      `joined into ${counted(messages, 'message')} of ${counted(hosts, 'host')}.`,
    `Coverage: ${percent(coverage)}. It is what was seen, of that and all that is known to be missing: ${counted(orphan_deliveries, 'event')} without their other half, and what ${counted(gaps.length, 'gap')} lost (estimated). A bound, not a measurement.`,
    `Left out: ${counted(undecodable, 'event')} that could not be understood. ${counted(lagging, 'message')} came late to the tap; latencies are told without them.`,
    `Made with oslotap ${made_by.oslotap} and ClickHouse ${made_by.clickhouse}.`,
  ];
}

/** How figures come about. */
export const METHOD: readonly string[] = [
  'A request is all that one API request caused: messages are joined by what their senders were working on, not by request ids alone. Background is what no user asked for.',
  'A request takes as long as from its first message to the last thing that was seen of it. What the API did before its first message is not in it.',
  "p50 and p95 are values that occurred (the nearest rank), not interpolated. A call's time is from its publish to its answer's delivery; the wait in the queue is from a publish to each delivery. Times are those of receipt at the tap, or the broker's own.",
  'Bytes are those of the bodies as they were on the wire: published once, delivered as often as somebody took them.',
  'The typical request is the first that took as long as the p50; the slowest is the first of those that took longest. In a waterfall the outlined part of a bar is the wait in the queue, and a bar ends with the answer, or with the last thing that a handler was seen to do.',
];

/** What does not pass RabbitMQ, or is not kept. */
export const NOT_SEEN: readonly string[] = [
  'REST calls between services, except where an audit filter sends notifications of them; work in databases, on hypervisors, in storage and in the network.',
  'Values of arguments and results, names of users and projects: they never leave the decoder. Of arguments only names and types are kept, of large messages those of a sample.',
  'What a handler did without sending anything; which of several equal causes it was, where the wire does not say (oslotap show says of each message whether its cause is certain or likely).',
];
