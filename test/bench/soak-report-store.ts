/** What a soak has left behind: in the store, in the journal, at the broker; and what must hold of it. */
import { count } from './live-check.ts';
import type { Report, Verdict } from './report.ts';
import type { Soaked } from './soak-run.ts';

const SHOWN = 3;

export function storeReport(soaked: Soaked): Report {
  const { found, seconds } = soaked;
  const { comparison } = found;
  return {
    title: `The store after ${Math.round(seconds)} s`,
    rows: rowsOf(soaked),
    verdicts: [...storeVerdicts(soaked), ...endVerdicts(soaked), ...endpointVerdicts(soaked)],
    figures: {
      messages: comparison.sent,
      events: comparison.events,
      spans: found.spans,
      coverage: comparison.coverage,
      missing_outside: missingOutside(soaked),
      invented: comparison.invented,
      twice: comparison.twice,
    },
  };
}

function rowsOf(soaked: Soaked): string[][] {
  const { found, parts, openCalls, asked } = soaked;
  const { comparison } = found;
  return [
    ['messages sent', count(comparison.sent)],
    ['messages stored', count(comparison.stored)],
    ['of the others, in a gap', count(comparison.missing.length - missingOutside(soaked))],
    ['events in their rows', count(comparison.events)],
    ['spans', count(found.spans)],
    ['coverage of all', comparison.coverage.toFixed(4)],
    ['undecodable events', count(found.undecodable)],
    ['calls that stayed open', count(openCalls.sent)],
    ['loads, one after the other, by restarts of the broker and bursts', count(parts.length)],
    ['open at the end, in the store / in the journal', `${count(found.open)} / ${count(found.journalStories)}`],
    ...(asked.length === 0 ? [['endpoints asked', 'none: the sidecar told of none']] : []),
    ...asked.map((endpoint) => [endpoint.path, toldOf(endpoint)]),
  ];
}

function storeVerdicts({ found, undecodableSent }: Soaked): Verdict[] {
  const { comparison, wrongOutside, unmatchedOutside, undecodable, withoutSpan } = found;
  const where = found.missingOutside.map(({ missing, fromMs, toMs }) => `${missing} from ${clock(fromMs)} to ${clock(toMs)}`);
  const wrong = wrongOutside.map(({ outcome, status, publishedMs }) => `${outcome}→${status} at ${clock(publishedMs)}`);
  return [
    { claim: `messages were sent: ${count(comparison.sent)}`, holds: comparison.sent > 0 },
    { claim: `none is missing outside the gaps: ${firstOf(where)}`, holds: where.length === 0 },
    { claim: `none is there that was not sent: ${count(comparison.invented)}`, holds: comparison.invented === 0 },
    { claim: `none is there twice, nor its spans: ${count(comparison.twice)}`, holds: comparison.twice === 0 },
    { claim: `each call, cast and fanout has its sender's span; not: ${count(withoutSpan)}`, holds: withoutSpan === 0 },
    {
      claim: `the sums of minutes are those of the messages; not: ${firstOf(found.wrongSums)}`,
      holds: found.wrongSums.length === 0,
    },
    { claim: `each has its outcome outside the gaps; another: ${firstOf(wrong)}`, holds: wrong.length === 0 },
    {
      claim: `no event is without its other half outside the gaps: ${firstOf(unmatchedOutside)}`,
      holds: unmatchedOutside.length === 0,
    },
    { claim: `each undecodable event is noted: ${undecodable} of ${undecodableSent}`, holds: undecodable === undecodableSent },
  ];
}

function endVerdicts({ found, parts, openCalls, left, lives, drainFailure }: Soaked): Verdict[] {
  const owed = parts.reduce((sum, { missing }) => sum + (missing ?? 0), 0);
  const open = lives.at(-1)?.sidecar.summary?.open ?? 0;
  return [
    { claim: `the tap took all that it had: ${drainFailure ?? 'yes'}`, holds: drainFailure === null },
    { claim: `the load got all its answers, where it was not cut off; missing: ${owed}`, holds: owed === 0 },
    {
      claim: `calls that stayed open got theirs: ${openCalls.sent}, missing ${openCalls.missing ?? 'all'}`,
      holds: openCalls.sent > 0 && openCalls.missing === 0,
    },
    { claim: `the journal keeps only what is open: ${found.journalStories} of ${open}`, holds: found.journalStories <= open },
    { claim: `no queue of ours is left: ${left.queues.join(', ') || 'none'}`, holds: left.queues.length === 0 },
    { claim: `the firehose is off again: ${!left.isTracing}`, holds: !left.isTracing },
    { claim: `no process is left: ${left.processes}`, holds: left.processes === 0 },
  ];
}

function endpointVerdicts({ asked }: Soaked): Verdict[] {
  if (asked.length === 0) return [];
  const failures = asked.filter(({ failed }) => failed > 0);
  const told = failures.map((endpoint) => `${endpoint.path} ${toldOf(endpoint)}`).join('; ');
  return [{ claim: `the endpoints answered: ${told || 'always'}`, holds: failures.length === 0 }];
}

function missingOutside({ found }: Soaked): number {
  return found.missingOutside.reduce((sum, { missing }) => sum + missing, 0);
}

function toldOf({ asked, failed, slowestMs, lastFailure }: Soaked['asked'][number]): string {
  const failures = failed === 0 ? '' : `, ${failed} failed: ${lastFailure}`;
  return `${asked} times, slowest ${Math.round(slowestMs)} ms${failures}`;
}

/** Few, where there are many. */
function firstOf(texts: readonly string[]): string {
  if (texts.length === 0) return 'none';
  return `${texts.slice(0, SHOWN).join(', ')}${texts.length > SHOWN ? ` and ${texts.length - SHOWN} more` : ''}`;
}

/** `07:29:01`, UTC. */
export function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
