/**
 * `npm run score [-- CAPTURE.ndjson.gz…] [--no-snapshot] [--wrong]`: what oslotap finds, against the truth beside each capture
 * (X.parents.ndjson.gz, X.truth.json): the parents of its messages, the bills of its user's requests with and without audit
 * notifications, their operations, and the verdicts on calls that failed. Without arguments: the captures of test/fixtures.
 */
import { table } from '../../src/report/format.ts';
import type { ClosedMessage } from '../../src/trace/traced-message.ts';
import { rootOf } from '../../src/trace/traces.ts';
import { verdictOf } from '../../src/trace/verdicts.ts';
import { nameOf } from '../../src/trace/work.ts';
import { CAPTURES, capturePath, run, snapshotOf, tappedOf } from './captures.ts';
import { nameRequests } from './score-operations.ts';
import { type Truth, truthOf } from './truth.ts';

export interface Score {
  right: number;
  wrong: number;
  missed: number;
}

export interface Scores {
  readonly parents: Score;
  /** Over every request of the user's that is not a GET. */
  readonly bills: Score;
  readonly billsWithAudit: Score;
  /** Requests of the user's that left a trace; right are those that are called what they were. */
  readonly operations: Score;
  /** Of the calls that failed: `late_reply nova-compute@cmp3`. Whether they are right only who was there can tell. */
  readonly verdicts: readonly string[];
  /** What is not right, a line each. */
  readonly complaints: readonly string[];
}

export async function scoreOf(path: string, hasSnapshot: boolean): Promise<Scores> {
  const truth = truthOf(path);
  const { messages } = await run(await tappedOf(path), hasSnapshot ? snapshotOf(path) : null);
  const known = new Map(
    messages.filter(({ traced }) => truth.messages.has(traced.uniqueId)).map((one) => [one.traced.uniqueId, one]),
  );
  const complaints: string[] = [];
  const complain = (text: string) => void complaints.push(text);
  const parents = scoreParents(known, truth, complain);
  const bills = scoreBills(known, truth, false, complain);
  const billsWithAudit = scoreBills(known, truth, true, () => {});
  const operations = await scoreOperations(path, complain);
  return { parents, bills, billsWithAudit, operations, verdicts: messages.flatMap(verdictWords), complaints };
}

function verdictWords(closed: ClosedMessage): string[] {
  const verdict = verdictOf(closed);
  return verdict === null ? [] : [`${verdict.verdict} ${verdict.culprit.service}@${verdict.culprit.host}`];
}

async function scoreOperations(path: string, complain: (text: string) => void): Promise<Score> {
  const named = (await nameRequests(path)).filter(({ found }) => found !== null);
  const wrong = named.filter(({ wanted, found }) => wanted !== found);
  for (const { request, wanted, found } of wrong)
    complain(`operation of ${request.method} ${request.path}: ${found}, and was ${wanted}`);
  return { right: named.length - wrong.length, wrong: wrong.length, missed: wrong.length };
}

type Messages = ReadonlyMap<string, ClosedMessage>;

/** A parent is right when it is the message whose handler sent the child, by the truth; missed when another or none was found. */
function scoreParents(messages: Messages, truth: Truth, complain: (text: string) => void): Score {
  const score = { right: 0, wrong: 0, missed: 0 };
  for (const [id, { traced }] of messages) {
    const wanted = truth.messages.get(id)?.parent ?? null;
    const found = traced.cause?.uniqueId ?? null;
    if (found !== null && found === wanted) score.right++;
    if (found !== null && found !== wanted) score.wrong++;
    if (wanted !== null && found !== wanted) score.missed++;
    if (found !== wanted) {
      const [is, was] = [labelOf(messages, found), labelOf(messages, wanted)];
      complain(`parent of ${labelOf(messages, id)}: ${is}, and was ${was} (${traced.evidence.kind})`);
    }
  }
  return score;
}

/** A request's bill is right when its messages are those whose cause leads to it. */
function scoreBills(messages: Messages, truth: Truth, withAudit: boolean, complain: (text: string) => void): Score {
  const score = { right: 0, wrong: 0, missed: 0 };
  const counted = [...messages].filter(([, { traced }]) => withAudit || !isAudit(traced));
  for (const { requestId, method, path } of truth.requests) {
    if (method === 'GET') continue;
    for (const [id, { traced }] of counted) {
      const root = truth.messages.get(id)?.root;
      const isWanted = root === requestId;
      const isFound = rootOf(traced.trace).requestId === requestId;
      if (isWanted && isFound) score.right++;
      if (isFound && !isWanted && root !== 'either') score.wrong++;
      if (isWanted && !isFound) score.missed++;
      if (isFound !== isWanted && root !== 'either') {
        complain(
          `bill of ${method} ${path}: ${isFound ? 'not in it is' : 'without'} ${labelOf(messages, id)} (${traced.evidence.kind})`,
        );
      }
    }
  }
  return score;
}

function isAudit({ message }: ClosedMessage['traced']): boolean {
  return message.kind === 'notification' && message.eventType.startsWith('audit.');
}

function labelOf(messages: Messages, id: string | null): string {
  const message = id === null ? undefined : messages.get(id);
  if (message === undefined) return id === null ? 'none' : id.slice(0, 8);
  const { traced, from } = message;
  return `${id?.slice(0, 8)} ${traced.message.kind} ${nameOf(traced.message)} of ${from.service}@${from.host}`;
}

export function precision({ right, wrong }: Score): number {
  return right + wrong === 0 ? 1 : right / (right + wrong);
}

export function recall({ right, missed }: Score): number {
  return right + missed === 0 ? 1 : right / (right + missed);
}

/** The harmonic mean of precision and recall. */
export function f1({ right, wrong, missed }: Score): number {
  return right + wrong + missed === 0 ? 1 : (2 * right) / (2 * right + wrong + missed);
}

export function together(scores: readonly Score[]): Score {
  const sum = (name: keyof Score) => scores.reduce((total, score) => total + score[name], 0);
  return { right: sum('right'), wrong: sum('wrong'), missed: sum('missed') };
}

function toRow(name: string, { parents, bills, billsWithAudit, operations, verdicts }: Omit<Scores, 'complaints'>): string[] {
  const figures = (score: Score) => [precision(score), recall(score), f1(score)].map((figure) => figure.toFixed(3));
  return [
    name,
    String(parents.right + parents.missed),
    ...figures(parents),
    ...figures(bills),
    ...figures(billsWithAudit),
    namedOf(operations),
    verdicts.join(', '),
  ];
}

function namedOf({ right, wrong }: Score): string {
  return `${right} of ${right + wrong}`;
}

const HEADS = ['P', 'R', 'F1'];

async function main(args: readonly string[]): Promise<void> {
  const hasSnapshot = !args.includes('--no-snapshot');
  const named = args.filter((arg) => !arg.startsWith('--'));
  const paths = named.length > 0 ? named : CAPTURES.map(capturePath);
  const scores = new Map<string, Scores>();
  for (const path of paths) scores.set(path.replace(/^.*\//, ''), await scoreOf(path, hasSnapshot));
  const all = [...scores.values()];
  const sum = (name: 'parents' | 'bills' | 'billsWithAudit' | 'operations') => together(all.map((score) => score[name]));
  const sums = {
    parents: sum('parents'),
    bills: sum('bills'),
    billsWithAudit: sum('billsWithAudit'),
    operations: sum('operations'),
    verdicts: [],
  };
  const total = toRow('together', sums);
  const heads = [
    'CAPTURE',
    'PARENTS',
    ...HEADS,
    ...HEADS.map((head) => `BILL ${head}`),
    ...HEADS.map((head) => `AUDIT ${head}`),
    'OPERATIONS',
  ];
  const rows = [...scores].map(([name, score]) => toRow(name, score));
  process.stdout.write(
    table(
      [heads, ...rows, total],
      new Set(
        heads
          .keys()
          .drop(1)
          .take(heads.length - 2),
      ),
    ),
  );
  if (args.includes('--wrong')) {
    for (const [name, { complaints }] of scores) process.stdout.write(complaints.map((text) => `${name}: ${text}\n`).join(''));
  }
}

if (import.meta.main) await main(process.argv.slice(2));
