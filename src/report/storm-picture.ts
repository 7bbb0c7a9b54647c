/** All that is known of one storm, for people. */
import type { GrownMethod, StoredStorm, StormPart, StormSignal, UsualAndDuring } from '../queries/storms.ts';
import { clock, duration, size, table } from './format.ts';
import { figure, methodWords, partWords, plain, printable, shareWords, timesWords } from './storm-words.ts';

/** What each signal means: docs/storms.md has more. */
const SIGNALS: Readonly<Record<StormSignal, string>> = {
  rate: 'a method came many times as often as usual',
  host_rate: 'one sender sent many times what its like send',
  fanout: 'fanouts were copied to many times as many queues as usual',
  retries: 'the same call was sent again and again, after it had failed or timed out',
  per_request: 'one request caused many times the messages that its like cause',
  failures: 'most calls of a method failed',
  queue_wait: 'messages waited in their queue for long',
};

export function stormPicture(storm: StoredStorm): string {
  const parts = [head(storm), figures(storm), methods(storm.methods), senders(storm), receivers(storm)];
  return parts.filter((part) => part !== '').join('\n');
}

function head(storm: StoredStorm): string {
  const { id, vhost, start, duration_ms, detected_after_ms, is_open, signals, trigger } = storm;
  const lasted = is_open ? `open, for ${duration(duration_ms)} so far` : `lasted ${duration(duration_ms)}`;
  const cause = trigger.detail === '' ? trigger.kind : `${trigger.kind}: ${printable(trigger.detail)}`;
  return [
    `storm ${id} on vhost ${plain(vhost)}\n`,
    `${clock(start)}, ${lasted}, known after ${duration(detected_after_ms)}\n`,
    labelled('started by:', [cause, ...(trigger.trace_id === null ? [] : [`oslotap show ${trigger.trace_id}`])]),
    labelled(
      'seen by:',
      signals.map((signal) => `${signal}: ${SIGNALS[signal]}`),
    ),
  ].join('');
}

const LABEL_CHARS = 12;

function labelled(label: string, lines: readonly string[]): string {
  return lines.map((line, i) => `${(i === 0 ? label : '').padEnd(LABEL_CHARS)}${line}\n`).join('');
}

/** How much it was, beside what is usual. What is not known at all is left out. */
function figures(storm: StoredStorm): string {
  const { usual_per_second: usual, peak_per_second: during, factor } = storm;
  const rows = [
    ['messages a second, in the worst ten seconds', figure(usual), figure(during), timesWords(factor)],
    ...pair('copies a message', storm.amplification, figure),
    ...pair('messages a request', storm.per_request, figure),
    ...pair('calls that failed', storm.failed_share, shareWords),
    ...pair('mean wait in the queue', storm.queue_wait_ms, duration),
  ];
  const { messages, bytes, copies, bytes_copied } = storm;
  const sum = `${messages} messages, ${size(bytes)}, of which the broker made ${copies} copies, ${size(bytes_copied)}\n`;
  return table([['HOW MUCH', 'USUAL', 'DURING', 'TIMES'], ...rows], new Set([1, 2, 3])) + sum;
}

function pair(what: string, { usual, during }: UsualAndDuring, words: (value: number) => string): string[][] {
  if (usual === null && during === null) return [];
  const times = usual === null || during === null || usual === 0 ? '' : timesWords(during / usual);
  return [[what, usual === null ? '?' : words(usual), during === null ? '?' : words(during), times]];
}

function methods(grown: readonly GrownMethod[]): string {
  const rows = grown.map((method) => [
    methodWords({ ...method, objects: [] }),
    plain(method.exchange),
    String(method.messages),
    shareWords(method.share),
    figure(method.usual_per_second),
    figure(method.peak_per_second),
    timesWords(method.factor),
    method.objects.map(printable).join(', '),
  ]);
  const title = ['WHAT GREW', 'EXCHANGE', 'MESSAGES', 'SHARE', 'USUAL/S', 'PEAK/S', 'TIMES', 'OBJECTS'];
  return table([title, ...rows], new Set([2, 3, 4, 5, 6]));
}

function senders({ senders: most, senders_count }: StoredStorm): string {
  const more = senders_count - most.length;
  return places('FROM', most) + (more > 0 ? `… and ${more} more\n` : '');
}

function receivers({ receivers: most }: StoredStorm): string {
  return places('FOR', most);
}

/** `''` where there are none. */
function places(title: string, parts: readonly StormPart[]): string {
  if (parts.length === 0) return '';
  const rows = parts.map((part) => [partWords(part), String(part.messages), shareWords(part.share)]);
  return table([[title, 'MESSAGES', 'SHARE'], ...rows], new Set([1, 2]));
}
