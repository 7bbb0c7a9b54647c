/** What a soak found, as tables, and what must hold. */
import { count } from './live-check.ts';
import { megabytes, number, type Report, type Verdict } from './report.ts';
import { growth, type Life, type Sample, secondsOf, thirds, warm } from './soak-lives.ts';
import { clock, storeReport } from './soak-report-store.ts';
import type { Soaked } from './soak-run.ts';

const MEGABYTE = 2 ** 20;
/** What a straight line through memory may rise where nothing leaks: ClickHouse's caches and merges come and go. */
const GROWTH_BYTES_PER_MINUTE_MAX = 2 * MEGABYTE;
/** A slope of less is one of noise. Seconds after the warm-up. */
const SLOPE_SECONDS_MIN = 420;
/** Open files of the parts of some twenty tables come and go. */
const HANDLES_GROWTH_MAX = 40;
const RSS_BYTES_MAX = 1_000e6;

export function reportsOf(soaked: Soaked): Report[] {
  return [livesReport(soaked), actsReport(soaked), gapsReport(soaked), storeReport(soaked)];
}

function livesReport({ lives }: Soaked): Report {
  const rows = lives.map((life, nth) => {
    const rss = thirds(life, rssOf).map((bytes) => megabytes(bytes));
    const perMinute = (of: (sample: Sample) => number) => `${number((growth(life, of) * 60) / MEGABYTE)} MB/min`;
    const handles = thirds(life, handlesOf).map((handles) => number(handles));
    const last = life.samples.at(-1);
    const heap = last?.heapBytes ?? null;
    return [
      `${nth + 1}, ended by ${life.endedBy === 'kill' ? 'kill -9' : 'SIGTERM'}`,
      `${Math.round(secondsOf(life))} s`,
      ...rss,
      ...(warm(life).length < 10 ? ['', ''] : [perMinute(rssOf), perMinute(ownOf)]),
      handles.join(' '),
      `${last?.threadHandles ?? ''} / ${last?.threads ?? ''}`,
      heap === null ? 'not told' : megabytes(heap),
      life.sidecar.summary === null ? 'killed' : count(life.sidecar.summary.events),
    ];
  });
  return {
    title: 'The lives of the sidecar (means of a third each, after the warm-up: 11 minutes or half of the life)',
    rows: [
      [
        'life',
        'lasted',
        'RSS, start',
        'middle',
        'end',
        'slope',
        'without files',
        'handles',
        'of threads / threads',
        'heap',
        'events it told',
      ],
      ...rows,
    ],
    verdicts: livesVerdicts(lives),
    figures: figuresOf(lives),
  };
}

function livesVerdicts(lives: readonly Life[]): Verdict[] {
  const long = longest(lives);
  const growthBytes = growth(long, ownOf) * 60;
  const [before, , after] = thirds(long, handlesOf);
  const warmSeconds = secondsOf(long) - (warm(long)[0]?.atSeconds ?? 0);
  const slope = `${number(growthBytes / MEGABYTE)} MB a minute without the pages of program files, over ${Math.round(warmSeconds)} s`;
  const peakBytes = Math.max(...lives.flatMap(({ samples }) => samples.map(rssOf)));
  const codes = lives.flatMap(({ endedBy, code }) => (endedBy === 'stop' ? [code] : []));
  return [
    warmSeconds < SLOPE_SECONDS_MIN
      ? { claim: `memory is flat after the warm-up: too short a life to judge by (${slope}): soak for 26m`, holds: true }
      : { claim: `memory is flat after the warm-up: ${slope}`, holds: growthBytes < GROWTH_BYTES_PER_MINUTE_MAX },
    { claim: `RSS below ${RSS_BYTES_MAX / 1e6} million bytes: ${count(peakBytes / 1e6)}`, holds: peakBytes < RSS_BYTES_MAX },
    { claim: `handles are flat: ${number(before)}, then ${number(after)}`, holds: after <= before + HANDLES_GROWTH_MAX },
    { claim: `each SIGTERM ended it in order: ${codes.join(', ')}`, holds: codes.every((code) => code === 0) },
  ];
}

function figuresOf(lives: readonly Life[]): Record<string, number> {
  const long = longest(lives);
  const [start, middle, end] = thirds(long, rssOf);
  const [handlesStart, , handlesEnd] = thirds(long, handlesOf);
  return {
    lives: lives.length,
    long_life_seconds: secondsOf(long),
    rss_start_bytes: start,
    rss_middle_bytes: middle,
    rss_end_bytes: end,
    rss_growth_bytes_per_minute: growth(long, rssOf) * 60,
    own_growth_bytes_per_minute: growth(long, ownOf) * 60,
    handles_start: handlesStart,
    handles_end: handlesEnd,
  };
}

function actsReport({ options, acts, lives }: Soaked): Report {
  const failed = acts.filter(({ failure }) => failure !== null);
  const restarts = acts.filter(({ kind }) => /restarts|start again/.test(kind));
  const survived = restarts.filter(({ failure }) => failure === null).length;
  return {
    title: `What was done, drawn from seed ${options.seed}`,
    rows: [
      ['act', 'at', 'until all was well', ''],
      ...acts.map(({ kind, fromMs, toMs, failure }) => [
        kind,
        clock(fromMs),
        `${((toMs - fromMs) / 1_000).toFixed(1)} s`,
        failure ?? '',
      ]),
    ],
    verdicts: [
      { claim: `every restart was survived: ${survived} of ${restarts.length}`, holds: survived === restarts.length },
      {
        claim: `after every act all was well again: ${acts.length - failed.length} of ${acts.length}`,
        holds: failed.length === 0,
      },
      {
        claim: `the sidecar never ended by itself: ${lives.length} lives`,
        holds: lives.every(({ endedBy }) => endedBy !== null),
      },
    ],
    figures: { acts: acts.length, acts_failed: failed.length },
  };
}

function gapsReport({ found, acts }: Soaked): Report {
  const { gaps, withoutGap, minutesOutside, minutes } = found;
  const open = gaps.filter(({ isOpen }) => isOpen);
  const unknown = gaps.filter(({ cause }) => cause === null);
  const silent = gaps.filter(({ missing, lostEstimate }) => missing > 0 && lostEstimate === 0);
  const outside = minutesOutside.map(({ start, coverage }) => `${start} ${coverage.toFixed(4)}`).join(', ');
  return {
    title: 'What the tap did not see, as it says itself',
    rows: [
      ['gap', 'from', 'to', 'events lost, estimated', 'messages not seen', 'coverage of its minutes', 'by'],
      ...gaps.map(({ reason, start, end, lostEstimate, missing, coverage, cause }) => [
        reason,
        start,
        end,
        count(lostEstimate),
        count(missing),
        coverage.toFixed(4),
        cause ?? '(unknown)',
      ]),
    ],
    verdicts: [
      { claim: `each gap has its cause: ${gaps.length - unknown.length} of ${gaps.length}`, holds: unknown.length === 0 },
      {
        claim: `what has to make a gap has made one: ${withoutGap.map(({ kind, fromMs }) => `not ${kind} at ${clock(fromMs)}`).join(', ') || 'all'}`,
        holds: withoutGap.length === 0,
      },
      { claim: `no gap stays open: ${open.length}`, holds: open.length === 0 },
      {
        claim: `what went lost shows in an estimate: ${gaps.length - silent.length} of ${gaps.length}`,
        holds: silent.length === 0,
      },
      {
        claim: `coverage 1 in each of the ${minutes} minutes that no gap touches: ${outside || 'all'}`,
        holds: minutesOutside.length === 0,
      },
    ],
    figures: { gaps: gaps.length, minutes, minutes_outside: minutesOutside.length, acts: acts.length },
  };
}

function longest(lives: readonly Life[]): Life {
  return lives.toSorted((a, b) => secondsOf(b) - secondsOf(a))[0] as Life;
}

function ownOf({ ownBytes }: Sample): number {
  return ownBytes;
}

function rssOf({ rssBytes }: Sample): number {
  return rssBytes;
}

function handlesOf({ handles }: Sample): number {
  return handles;
}
