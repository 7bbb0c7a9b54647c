/** The critical path for people: what a request's duration was made of, the heaviest first, then stage by stage. */
import type { Segment, SegmentKind, Subject } from '../queries/paths.ts';
import { duration, place, share, table } from './format.ts';

/** One segment as the command-line contract has it. */
export interface PathStep {
  readonly unique_id: string;
  readonly what: SegmentKind;
  readonly name: string;
  readonly service: string;
  readonly host: string;
  /** The work that it was part of, or that waited for it. */
  readonly stage: { readonly unique_id: string; readonly name: string; readonly service: string; readonly host: string };
  /** RFC 3339 with nanoseconds. */
  readonly from: string;
  readonly to: string;
  readonly ms: number;
}

/** Segments that are the same work, or the same wait, taken together. */
interface Part {
  readonly segment: Segment;
  ns: bigint;
  readonly ids: Set<string>;
}

const HEAVIEST_MAX = 6;
/** A share that is worth a line. */
const SHARE_MIN = 0.01;

export function toPathSteps(path: readonly Segment[]): PathStep[] {
  return path.map(({ uniqueId, what, name, service, host, stage, fromNs, toNs }) => ({
    unique_id: uniqueId,
    what,
    name,
    service,
    host,
    stage: { unique_id: stage.uniqueId, name: stage.name, service: stage.place.service, host: stage.place.host },
    from: rfc3339(fromNs),
    to: rfc3339(toNs),
    ms: Number(toNs - fromNs) / 1e6,
  }));
}

/** `62 % nova-compute@cmp2 build_and_run_instance`; `''` where there is no path. */
export function heaviestOf(path: readonly Segment[]): string {
  const [heaviest] = partsOf(path);
  return heaviest === undefined ? '' : `${share(heaviest.ns, lengthOf(path))} ${wordsOf(heaviest.segment)}`;
}

/** The part of the path, 0 to 1, that passed at each message: waiting in its queue, being handled, being answered. */
export function sharesOf(path: readonly Segment[]): Map<string, number> {
  const all = Number(lengthOf(path));
  const shares = new Map<string, number>();
  for (const { what, uniqueId, fromNs, toNs } of path) {
    if (what === 'outside' || all === 0) continue;
    shares.set(uniqueId, (shares.get(uniqueId) ?? 0) + Number(toNs - fromNs) / all);
  }
  return shares;
}

export function renderPath(path: readonly Segment[]): string {
  const length = lengthOf(path);
  if (length === 0n) return '';
  const heaviest = partsOf(path).slice(0, HEAVIEST_MAX);
  const parts = heaviest
    .filter(({ ns }) => Number(ns) >= SHARE_MIN * Number(length))
    .map(({ segment, ns, ids: { size } }) => [
      share(ns, length),
      took(ns),
      `${wordsOf(segment)}${size > 1 ? `, ${size} times` : ''}`,
    ]);
  const right = new Set([0, 1]);
  const heads = [['SHARE', 'TOOK', 'THE CRITICAL PATH: ON WHAT THE TIME WENT'], ...parts];
  const stages = stagesOf(path).map((stage) => stageRow(stage, path[0]?.fromNs ?? 0n, length));
  return `${table(heads, right)}\n${table([['SHARE', 'TOOK', 'AT', 'AND IN WHAT ORDER', 'OF IT WAITED FOR'], ...stages], new Set([0, 1, 2]))}`;
}

/** The heaviest first. */
function partsOf(path: readonly Segment[]): Part[] {
  const parts = new Map<string, Part>();
  for (const segment of path) {
    const { what, uniqueId, name, service, host, fromNs, toNs } = segment;
    const key = `${what} ${name} ${service} ${host}`;
    const part = parts.get(key);
    if (part === undefined) parts.set(key, { segment, ns: toNs - fromNs, ids: new Set([uniqueId]) });
    else {
      part.ns += toNs - fromNs;
      part.ids.add(uniqueId);
    }
  }
  return [...parts.values()].sort((a, b) => (a.ns < b.ns ? 1 : a.ns > b.ns ? -1 : 0));
}

function wordsOf({ what, name, service, host }: Segment): string {
  const at = place({ service, host });
  if (what === 'work') return `${at} ${name}`;
  if (what === 'queue') return `in the queue to ${at}: ${name}`;
  if (what === 'reply') return `the answer on its way to ${at}: ${name}`;
  return `outside, nothing on the wire, until ${at}: ${name}`;
}

interface Stage {
  readonly subject: Subject;
  readonly segments: Segment[];
}

/** Segments of one stage that follow each other. */
function stagesOf(path: readonly Segment[]): Stage[] {
  const stages: Stage[] = [];
  for (const segment of path) {
    const last = stages.at(-1);
    if (last !== undefined && isOneWork(last.subject, segment.stage) && isOutside(last.segments[0]) === isOutside(segment))
      last.segments.push(segment);
    else stages.push({ subject: segment.stage, segments: [segment] });
  }
  return stages;
}

/** A message's handler and what sent the message have the same id. */
function isOneWork(a: Pick<Subject, 'uniqueId' | 'name'>, b: Pick<Subject, 'uniqueId' | 'name'>): boolean {
  return a.uniqueId === b.uniqueId && a.name === b.name;
}

function isOutside(segment: Segment | undefined): boolean {
  return segment?.what === 'outside';
}

function stageRow({ subject, segments }: Stage, beginNs: bigint, length: bigint): string[] {
  const ns = lengthOf(segments);
  const [first] = segments;
  const atNs = (first?.fromNs ?? beginNs) - beginNs;
  const figures = [share(ns, length), took(ns), atNs === 0n ? '0' : `+${took(atNs)}`];
  if (first !== undefined && isOutside(first)) return [...figures, wordsOf(first), ''];
  const others = segments.filter((segment) => segment.what !== 'work' || !isOneWork(segment, subject));
  return [...figures, `${place(subject.place)} ${subject.name}`, waitsOf(others, length)];
}

/** `12 % neutron-server@ctl, 5 % nova-conductor@ctl`, what is less than a hundredth left out. */
function waitsOf(segments: readonly Segment[], length: bigint): string {
  const byPlace = new Map<string, bigint>();
  for (const { what, service, host, fromNs, toNs } of segments) {
    const key = what === 'work' ? place({ service, host }) : what === 'outside' ? 'outside' : 'queues';
    byPlace.set(key, (byPlace.get(key) ?? 0n) + toNs - fromNs);
  }
  const worth = [...byPlace].filter(([, ns]) => Number(ns) >= SHARE_MIN * Number(length));
  return worth
    .sort(([, a], [, b]) => Number(b - a))
    .map(([who, ns]) => `${share(ns, length)} ${who}`)
    .join(', ');
}

function lengthOf(path: readonly Segment[]): bigint {
  return path.reduce((sum, { fromNs, toNs }) => sum + toNs - fromNs, 0n);
}

function took(ns: bigint): string {
  return duration(Number(ns) / 1e6);
}

function rfc3339(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  const iso = new Date(Number(seconds) * 1_000).toISOString();
  return `${iso.slice(0, 19)}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}
