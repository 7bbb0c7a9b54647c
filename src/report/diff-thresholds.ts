/** From when on what changed is a regression: what makes `oslotap diff` a gate. */
import type { OperationDiff } from './diff.ts';
import { rpcWords } from './diff-words.ts';
import type { CountName } from './report-shape.ts';

/** What may be at most; null: as much as will. */
export interface Thresholds {
  /** RPCs that an operation gained. */
  readonly gained: number | null;
  /** More messages, deliveries or bytes a request. Percent. */
  readonly messages: number | null;
  readonly deliveries: number | null;
  readonly bytes: number | null;
  /** Significantly slower: the request, or one of its calls. Percent. */
  readonly slower: number | null;
}

export const THRESHOLDS: Thresholds = { gained: 0, messages: 10, deliveries: null, bytes: null, slower: 20 };

export interface Regression {
  readonly operation: string;
  readonly threshold: keyof Thresholds;
  readonly limit: number;
  /** Infinite, which JSON has as null, where A has none. */
  readonly actual: number;
  /** For people. */
  readonly text: string;
}

/** Over what each of them is said in one line. */
export function regressionsOf(diff: OperationDiff, thresholds: Thresholds): Regression[] {
  return [
    ...gainedTooMany(diff, thresholds.gained),
    ...tooManyMore(diff, 'messages', 'publishes', thresholds.messages),
    ...tooManyMore(diff, 'deliveries', 'deliveries', thresholds.deliveries),
    ...tooManyMore(diff, 'bytes', 'bytes_published', thresholds.bytes),
    ...tooSlow(diff, thresholds.slower),
  ];
}

/** `messages=15`, `slower=off`. @returns what is wrong with it, as text. */
export function readThreshold(text: string, before: Thresholds): Thresholds | string {
  const [, name = '', value = ''] = /^([a-z]+)=(\d{1,6}(?:\.\d{1,3})?|off)%?$/.exec(text) ?? [];
  if (!isThreshold(name)) return `'${text.slice(0, 40)}' is none: use ${Object.keys(THRESHOLDS).join(', ')} = a number or off`;
  return { ...before, [name]: value === 'off' ? null : Number(value) };
}

function isThreshold(name: string): name is keyof Thresholds {
  return Object.hasOwn(THRESHOLDS, name);
}

function gainedTooMany({ operation, rpcs }: OperationDiff, limit: number | null): Regression[] {
  const gained = rpcs.filter(({ change }) => change === 'gained');
  if (limit === null || gained.length <= limit) return [];
  const names = gained.map(({ rpc }) => rpcWords(rpc)).join(', ');
  return [{ operation, threshold: 'gained', limit, actual: gained.length, text: `gained ${names}` }];
}

type Share = 'messages' | 'deliveries' | 'bytes';

function tooManyMore(
  { operation, counts }: OperationDiff,
  threshold: Share,
  name: CountName,
  limit: number | null,
): Regression[] {
  const change = counts.find(({ count }) => count === name);
  if (limit === null || change === undefined) return [];
  const actual = percentMore(change.ratio);
  return actual <= limit ? [] : [{ operation, threshold, limit, actual, text: `${moreWords(actual)} ${threshold}` }];
}

function tooSlow({ operation, latencies }: OperationDiff, limit: number | null): Regression[] {
  if (limit === null) return [];
  return latencies.flatMap(({ rpc, ratio }) => {
    const actual = percentMore(ratio);
    if (actual <= limit) return [];
    const what = rpc === null ? 'the request' : rpcWords(rpc);
    return [{ operation, threshold: 'slower' as const, limit, actual, text: `${what} ${moreWords(actual)} time` }];
  });
}

/** Infinite where there was none before. */
function percentMore(ratio: number | null): number {
  return ratio === null ? Number.POSITIVE_INFINITY : Math.round(100 * (ratio - 1) * 1e6) / 1e6;
}

function moreWords(percent: number): string {
  return Number.isFinite(percent) ? `${Math.round(percent)} % more` : 'for the first time';
}
