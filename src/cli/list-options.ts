/** Options of the commands that list what is in the store. */
import { InvalidArgumentError } from 'commander';

/** `--limit N`. */
export function toLimit(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('it must be a whole number; 0 means no limit.');
  return Number(text);
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `--since 24h`: so long ago. Milliseconds. */
export function toAgoMs(text: string): number {
  const [, count, unit = ''] = /^(\d{1,5})([mhdw])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('it must be a time like 30m, 24h, 7d or 4w.');
  return Number(count) * (UNITS[unit] ?? 0);
}
