/** The types of settings. Each says in one line what it is; no message repeats a value, which may be a secret in the wrong place. */
import { z } from 'zod';

export const text = z
  .string({ error: 'it is text: put it in quotes where it looks like something else' })
  .regex(/^[^\p{Cc}]+$/u, { error: 'it is text on one line, and not empty' })
  .max(4_096, { error: 'it is at most 4096 characters' });

/** @param most where the broker or the machine has a bound. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER) {
  const error = `it is a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** Also with a fraction. */
export function numberFrom(least: number, most: number) {
  const error = `it is a number from ${least} to ${most}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
}

/** A part of the whole, 0 to 1. */
export const share = numberFrom(0, 1);

export const yesNo = z.boolean({ error: 'it is true or false' });

export function oneOf<const Names extends readonly [string, string, ...string[]]>(...names: Names) {
  return z.enum(names, { error: `it is ${enumerate(names)}` });
}

export function listOf<Item extends z.ZodType>(item: Item) {
  return z.array(item, { error: 'it is a list: [a, b]' }).max(1_000, { error: 'it has at most 1000 entries' });
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
/** What a timer can wait: 24 days. Milliseconds. */
const DURATION_MS_MAX = 2 ** 31 - 1;

/** `60s`, `10m`, `2h` → milliseconds. */
export const duration = z.string({ error: 'it is 60s, 10m or 2h' }).transform((value, context) => {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)([smh])$/.exec(value) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (ms <= DURATION_MS_MAX) return ms;
  context.addIssue({ code: 'custom', message: Number.isNaN(ms) ? 'it is 60s, 10m or 2h' : 'it is at most 596h' });
  return z.NEVER;
});

/** The same within bounds, which are written like it: `1s`, `1h`. */
export function durationFrom(least: string, most: string) {
  const [leastMs, mostMs] = [duration.parse(least), duration.parse(most)];
  return duration.refine((ms) => ms >= leastMs && ms <= mostMs, { error: `it is from ${least} to ${most}` });
}

const LONG_UNITS: Readonly<Record<string, number>> = { h: 3_600, d: 86_400, w: 604_800 };
/** A hundred years. Seconds. */
const RETENTION_S_MAX = 100 * 365 * 86_400;

/** `12h`, `30d`, `52w` → seconds; `none` → null, for ever. */
export const retention = z.string({ error: 'it is 12h, 30d, 52w or none' }).transform((value, context): number | null => {
  if (value === 'none') return null;
  const [, count, unit = ''] = /^(\d+)([hdw])$/.exec(value) ?? [];
  const seconds = Number(count) * (LONG_UNITS[unit] ?? Number.NaN);
  if (seconds > 0 && seconds <= RETENTION_S_MAX) return seconds;
  context.addIssue({ code: 'custom', message: seconds > 0 ? 'it is at most 5200w' : 'it is 12h, 30d, 52w or none' });
  return z.NEVER;
});

/** Where a server of ours listens; null: it does not. */
export type Listen = { readonly host: string; readonly port: number } | null;

/** `127.0.0.1:9718`, `[::1]:9718`, `localhost:0` (any free port), or `off`. */
export const listen = z.string({ error: 'it is HOST:PORT, or off' }).transform((value, context): Listen => {
  if (value === 'off') return null;
  const [, v6, name, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(value) ?? [];
  const host = v6 ?? name;
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  context.addIssue({ code: 'custom', message: 'it is HOST:PORT, or off' });
  return z.NEVER;
});

/** `http://host:port/path`, `https://…`; a user or a password has a better place than a URL. */
export const webUrl = text.refine(
  (value) => {
    const url = URL.parse(value);
    return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  },
  { error: 'it is an http or https URL, without a user or a password' },
);

/** `NAME: VALUE` → both. Which names and values a header may have is for whoever sends it to say. */
export const header = z.string({ error: 'it is "NAME: VALUE"' }).transform((line, context): [name: string, value: string] => {
  const [, name, value] = /^([\w-]{1,256}):[ \t]*([^\p{Cc}]{1,4096})$/u.exec(line) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  context.addIssue({ code: 'custom', message: 'it is "NAME: VALUE"' });
  return z.NEVER;
});

/** `a, b or c` */
export function enumerate(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
