/** `FROM..TO` on the command line: a time in which requests began. */

import { Misuse } from '../errors.ts';
import { ALL_OF_TIME, type TimeRange } from '../queries/trace-times.ts';

export const RANGE_FORM = 'FROM..TO, each a time (2026-11-21T19:00, UTC; or with its offset), so long ago (48h, 7d), or left out';

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/;
const AGO = /^(\d{1,5})([mhdw])$/;
const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Whether a text is meant as one: `..` stands in paths, too. */
export function isRange(text: string): boolean {
  const [from, to, ...more] = text.split('..');
  return from !== undefined && to !== undefined && more.length === 0 && [from, to].every(isEnd);
}

/** @param nowMs what `48h` is counted back from. @throws Misuse where it is no range, or an empty one. */
export function parseRange(text: string, nowMs: number): TimeRange {
  if (!isRange(text)) throw new Misuse(`'${text}' is no range of time: it is ${RANGE_FORM}`);
  const [from = '', to = ''] = text.split('..');
  const range = {
    from: from === '' ? ALL_OF_TIME.from : String(toNs(from, nowMs)),
    to: to === '' ? ALL_OF_TIME.to : String(toNs(to, nowMs) - 1n),
  };
  if (BigInt(range.from) > BigInt(range.to)) throw new Misuse(`'${text}' ends before it begins`);
  return range;
}

function isEnd(text: string): boolean {
  return text === '' || AGO.test(text) || (TIME.test(text) && !Number.isNaN(Date.parse(withZone(text))));
}

function toNs(text: string, nowMs: number): bigint {
  const [, count, unit = ''] = AGO.exec(text) ?? [];
  if (count !== undefined) return BigInt(Math.round(nowMs) - Number(count) * (UNITS_MS[unit] ?? 0)) * 1_000_000n;
  const [, fraction = ''] = /\.(\d+)/.exec(text) ?? [];
  const seconds = BigInt(Date.parse(withZone(text.replace(/\.\d+/, ''))));
  return seconds * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** A time without an offset is UTC. A date alone is its midnight. */
function withZone(text: string): string {
  return text.includes('T') && !/(Z|[+-]\d{2}:\d{2})$/.test(text) ? `${text}Z` : text;
}
