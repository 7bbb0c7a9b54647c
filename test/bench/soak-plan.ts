/**
 * What happens when in a soak, drawn from a seed. Three parts, each with its kinds of acts, round after round, in a random order:
 *
 *   0 %      lives      the sidecar is killed and restarted again and again, the broker restarts
 *   20 %     long life  one process: everything else happens to it; its memory is what counts
 *   90 %     end        killed once more; then quiet
 */
import type { GapReason } from '../../src/gap.ts';
import { Random } from './live-fuzz-messages.ts';

/** What an act does to the coverage. Where it makes no gap, nothing may be missing. */
export interface Made {
  /** Always. */
  readonly gap?: GapReason;
  /** Perhaps, by how things fall. */
  readonly mayBe?: GapReason;
}

/** What is done: soak-acts.ts. */
export const KINDS = {
  'kill -9, start again': {},
  // --arm switches the firehose off at the end: the queue is kept, and gets nothing meanwhile.
  'SIGTERM with --keep-queue, start again': { mayBe: 'not_armed' },
  'SIGTERM, start again': { gap: 'stopped' },
  'the broker restarts': { gap: 'disconnected', mayBe: 'not_armed' },
  'the broker closes the connection': {},
  'the tap queue is deleted': { gap: 'disconnected' },
  'the firehose goes off': { gap: 'not_armed' },
  'the broker is in alarm': { gap: 'tier' },
  "the store's disk is full": {},
  'a burst': {},
  'undecodable messages': {},
  'calls that stay open': {},
} as const satisfies Readonly<Record<string, Made>>;

export type Kind = keyof typeof KINDS;

export interface Planned {
  readonly kind: Kind;
  /** Since the beginning. */
  readonly atSeconds: number;
}

const LIVES = { from: 0.03, to: 0.2 };
const LONG_LIFE = { from: 0.2, to: 0.9 };
const QUIET_FROM = 0.92;
/** Less would hold no life that is long, and not each act once. */
export const SECONDS_MIN = 300;
/** Between two acts at least about so long, where time allows more than one of each. */
const ACT_SECONDS = 40;
/** Of calls that stay open, at most. */
const OPEN_SECONDS_MAX = 600;

/** Each ends a life; the last one begins the long life. */
const LIVES_KINDS: readonly Kind[] = [
  'kill -9, start again',
  'SIGTERM, start again',
  'SIGTERM with --keep-queue, start again',
  'the broker restarts',
];
/** The first of them begins each round: the stories of a burst stay open for ten minutes, so there are as many of them at any time. */
const LONG_LIFE_KINDS: readonly Kind[] = [
  'a burst',
  'the broker closes the connection',
  'the tap queue is deleted',
  'the firehose goes off',
  'the broker is in alarm',
  "the store's disk is full",
  'undecodable messages',
];

export interface Plan {
  readonly acts: readonly Planned[];
  /** When calls that stay open are answered, since the beginning: after the last act. */
  readonly answerSeconds: number;
}

/** @param seconds from SECONDS_MIN. */
export function planOf(seconds: number, seed: number): Plan {
  const random = new Random(seed);
  const at = ({ from, to }: { from: number; to: number }, kinds: readonly Kind[]) => {
    const slot = ((to - from) * seconds) / kinds.length;
    // In the first half of its slot: the other half is for the recovery.
    return kinds.map((kind, nth): Planned => ({ kind, atSeconds: from * seconds + (nth + random.next() / 2) * slot }));
  };
  const repeated = ({ from, to }: { from: number; to: number }, kinds: readonly Kind[]) => {
    const rounds = Math.max(1, Math.floor(((to - from) * seconds) / (ACT_SECONDS * kinds.length)));
    return Array.from({ length: rounds }, () => [...kinds.slice(0, 1), ...shuffled(kinds.slice(1), random)]).flat();
  };
  const answerSeconds = ((QUIET_FROM + 1) / 2) * seconds;
  const lives = at(LIVES, [...repeated(LIVES, LIVES_KINDS), 'kill -9, start again']);
  // What is answered after a restart of the broker never comes back: calls that stay open follow the last one.
  const [restart, ...others] = at(LONG_LIFE, ['the broker restarts', ...repeated(LONG_LIFE, LONG_LIFE_KINDS)]);
  const afterRestart = others[0]?.atSeconds ?? 0;
  const open: Planned = {
    kind: 'calls that stay open',
    atSeconds: Math.max(afterRestart, answerSeconds - OPEN_SECONDS_MAX),
  };
  const end: Planned = { kind: 'kill -9, start again', atSeconds: LONG_LIFE.to * seconds };
  const acts = [...lives, ...(restart === undefined ? [] : [restart]), ...others, open, end];
  return { acts: acts.toSorted((a, b) => a.atSeconds - b.atSeconds), answerSeconds };
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => [random.next(), item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item);
}
