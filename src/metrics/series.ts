/**
 * A bounded set of series: each combination of labels has its own sums, as long as there is room; all others share one, with
 * `other` in every label. A combination that has its own keeps it, and what was counted under `other` stays there: no sum ever
 * goes down. The last half of the room is for what came often, so that rarities of the first minutes do not take it all.
 */
import { Recent } from '../trace/recent.ts';
import type { Distribution, DistributionSample, Labels, Sample } from './definition.ts';

export const OTHER = 'other';
/** Longer values are cut: names on the wire are their sender's. Characters. */
const VALUE_MAX = 80;
/** How often a combination has to come for the last half of the room. */
const OFTEN = 16;
/** Combinations that are watched for that, for each series that there may be. */
const WATCHED_PER_SERIES = 8;

export interface Series<T> {
  readonly labels: Labels;
  readonly sums: T;
}

export class BoundedSeries<T> {
  readonly #names: readonly string[];
  readonly #seriesMax: number;
  readonly #newSums: () => T;
  readonly #series = new Map<string, Series<T>>();
  /** How often each combination without a series came. */
  readonly #watched: Recent<string, number>;
  #other: Series<T> | null = null;
  /** How often something was counted under `other`. */
  folded = 0;

  /** @param names of the labels, in the order in which `of` takes their values. @param seriesMax `other` not included. */
  constructor(names: readonly string[], seriesMax: number, newSums: () => T) {
    this.#names = names;
    this.#seriesMax = Math.max(1, seriesMax);
    this.#newSums = newSums;
    this.#watched = new Recent(WATCHED_PER_SERIES * this.#seriesMax);
  }

  /** The sums to count in. */
  of(...values: readonly string[]): T {
    const clean = values.map((value) => cleaned(value));
    const key = clean.join('\0');
    const known = this.#series.get(key);
    if (known !== undefined) return known.sums;
    if (!clean.every((value) => value === OTHER) && this.#hasRoomFor(key)) return this.#add(key, clean);
    this.folded++;
    this.#other ??= { labels: this.#labels(this.#names.map(() => OTHER)), sums: this.#newSums() };
    return this.#other.sums;
  }

  /** In the order of their coming, `other` last. */
  *values(): Generator<Series<T>> {
    yield* this.#series.values();
    if (this.#other !== null) yield this.#other;
  }

  get size(): number {
    return this.#series.size + Number(this.#other !== null);
  }

  #hasRoomFor(key: string): boolean {
    const { size } = this.#series;
    if (size >= this.#seriesMax) return false;
    if (size < this.#seriesMax / 2) return true;
    const times = (this.#watched.get(key) ?? 0) + 1;
    this.#watched.delete(key);
    if (times >= OFTEN) return true;
    this.#watched.set(key, times);
    return false;
  }

  #add(key: string, values: readonly string[]): T {
    const series = { labels: this.#labels(values), sums: this.#newSums() };
    this.#series.set(key, series);
    return series.sums;
  }

  #labels(values: readonly string[]): Labels {
    return Object.fromEntries(this.#names.map((name, at) => [name, values[at] ?? '']));
  }
}

/** A counter made of one of the sums. */
export function* samples<T>(series: BoundedSeries<T>, pick: (sums: T) => number): Generator<Sample> {
  for (const { labels, sums } of series.values()) yield { labels, value: pick(sums) };
}

/** A histogram made of one of the sums, without what nothing was observed of. */
export function* distributionSamples<T>(
  series: BoundedSeries<T>,
  pick: (sums: T) => Distribution,
): Generator<DistributionSample> {
  for (const { labels, sums } of series.values()) {
    const distribution = pick(sums);
    if (distribution.count > 0) yield { labels, distribution };
  }
}

/** Names on the wire may hold anything: what cannot be read, or not be told apart on the page, is one. */
export function cleaned(value: string, charsMax: number = VALUE_MAX): string {
  const printable = UNPRINTABLE.test(value) ? value.replaceAll(UNPRINTABLES, '?') : value;
  return printable.length > charsMax ? `${printable.slice(0, charsMax - 1)}…` : printable;
}

/** Control characters and surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u{10000}-\u{10ffff}]/u;
const UNPRINTABLES = new RegExp(UNPRINTABLE.source, 'gu');
