/** What was learned, as a file: `{"version":1,"seconds":…,"hosts":…,"untilSecond":…,"series":{"[\"/\",\"nova\",…]":{…}}}`. */
import { z } from 'zod';
import type { Baseline } from './baseline.ts';

/** A file that another version wrote is of no use. */
const VERSION = 1;

const amount = z.number().min(0);
const SERIES = z.object({
  seconds: amount,
  mean: amount,
  messages: amount,
  senders: amount,
  hosts: amount,
  peaks: z.array(amount).max(16),
  senderPeak: amount,
  tracePeak: amount,
  waitMs: amount.nullable(),
  failedShare: amount.nullable(),
});
const FILE = z.object({
  version: z.literal(VERSION),
  seconds: amount,
  hosts: amount,
  untilSecond: amount,
  series: z.record(
    z
      .string()
      .max(4_000)
      .refine((key) => Array.isArray(jsonOf(key))),
    SERIES,
  ),
});

export function baselineToJson({ seconds, hosts, untilSecond, series }: Baseline): string {
  return JSON.stringify({ version: VERSION, seconds, hosts, untilSecond, series: Object.fromEntries(series) });
}

/** @returns null where the text is none. */
export function baselineFromJson(text: string): Baseline | null {
  const parsed = FILE.safeParse(jsonOf(text));
  if (!parsed.success) return null;
  const { seconds, hosts, untilSecond, series } = parsed.data;
  return { seconds, hosts, untilSecond, series: new Map(Object.entries(series)) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
