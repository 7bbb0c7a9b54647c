/** What the kernel says of a process: CPU time and memory. Linux only. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

let ticksPerSecond = 0;

/** CPU time of all its threads so far, in seconds; null where it has ended. In steps of 10 ms. */
export function cpuSeconds(pid: number): number | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  ticksPerSecond ||= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  // The name of the program stands in parentheses and may have any character; utime and stime are the fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory in bytes; null where it has ended. */
export function rssBytes(pid: number): number | null {
  return statusBytes(pid, 'VmRSS');
}

/** Of that what is its own: not the pages of its program files, which the kernel reads as they are run and drops as it likes. */
export function ownBytes(pid: number): number | null {
  return statusBytes(pid, 'RssAnon');
}

/** The most that it ever was. */
export function peakRssBytes(pid: number): number | null {
  return statusBytes(pid, 'VmHWM');
}

export interface Handles {
  /** Files, sockets, pipes and the rest. */
  readonly others: number;
  /** What ClickHouse reads of its own threads: three files for each. */
  readonly ofThreads: number;
}

/** What it has open; null where it has ended. */
export function handles(pid: number): Handles | null {
  const targets = targetsIn(`/proc/${pid}/fd`);
  if (targets === null) return null;
  const ofThreads = targets.filter((target) => /^\/proc\/\d+\/task\//.test(target)).length;
  return { others: targets.length - ofThreads, ofThreads };
}

/** Where its links lead; those that were closed meanwhile are left out. */
function targetsIn(directory: string): string[] | null {
  try {
    return readdirSync(directory).flatMap((name) => {
      try {
        return [readlinkSync(`${directory}/${name}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return null;
  }
}

export function threadCount(pid: number): number | null {
  return entryCount(`/proc/${pid}/task`);
}

/** Processes whose command line has this text. */
export function pidsWith(text: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => pid !== process.pid && read(`/proc/${pid}/cmdline`)?.includes(text) === true);
}

function entryCount(directory: string): number | null {
  try {
    return readdirSync(directory).length;
  } catch {
    return null;
  }
}

function statusBytes(pid: number, name: string): number | null {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

export interface Point {
  /** Seconds since the first. */
  readonly atSeconds: number;
  readonly value: number;
}

/** Takes a value each second, until it is ended. */
export class Samples {
  readonly points: Point[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #beganMs = performance.now();

  /** @param take null: nothing to be seen now. */
  constructor(take: () => number | null, periodMs = 1_000) {
    const sample = () => {
      const value = take();
      if (value !== null) this.points.push({ atSeconds: (performance.now() - this.#beganMs) / 1_000, value });
    };
    sample();
    this.#timer = setInterval(sample, periodMs);
  }

  end(): readonly Point[] {
    clearInterval(this.#timer);
    return this.points;
  }

  get max(): number {
    return this.points.reduce((most, { value }) => Math.max(most, value), 0);
  }
}

/** How fast a value grows once the first third is over: a straight line through the rest. Per second. */
export function slopeAfterFirstThird(points: readonly Point[]): number {
  return slope(points.slice(Math.floor(points.length / 3)));
}

/** Of the straight line through them, by least squares. Per second; 0 for less than two. */
export function slope(rest: readonly Point[]): number {
  const mean = (of: (point: Point) => number) => rest.reduce((sum, point) => sum + of(point), 0) / Math.max(1, rest.length);
  const [meanAt, meanValue] = [mean(({ atSeconds }) => atSeconds), mean(({ value }) => value)];
  const covariance = mean(({ atSeconds, value }) => (atSeconds - meanAt) * (value - meanValue));
  const variance = mean(({ atSeconds }) => (atSeconds - meanAt) ** 2);
  return variance === 0 ? 0 : covariance / variance;
}
