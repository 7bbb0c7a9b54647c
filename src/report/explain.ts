/** Why each message is in its trace: what decided, in a sentence; for people, and as values for machines. */
import { styleText } from 'node:util';
import type { TraceLink } from '../queries/links.ts';
import { httpName } from '../queries/paths.ts';
import type { MessageDetail, TraceSummary } from '../queries/traces.ts';
import { clock, place, table } from './format.ts';
import { renderLinks } from './links.ts';

/** One message, and why it is in its trace. */
export type Explained = Pick<
  MessageDetail,
  | 'unique_id'
  | 'parent_unique_id'
  | 'kind'
  | 'method'
  | 'object'
  | 'from'
  | 'request_id'
  | 'global_request_id'
  | 'published_at'
  | 'join'
  | 'confidence'
  | 'evidence'
  | 'evidence_resource'
  | 'candidates'
> & { readonly why: string };

export interface EvidenceCount {
  readonly join: MessageDetail['join'];
  readonly evidence: MessageDetail['evidence'];
  readonly certain: number;
  readonly likely: number;
}

export interface Explanation {
  readonly trace_id: string;
  readonly request_id: string | null;
  readonly operation: string;
  readonly start: string;
  /** The most frequent first. */
  readonly evidence: readonly EvidenceCount[];
  /** Oldest first. */
  readonly messages: readonly Explained[];
  readonly links: readonly TraceLink[];
}

export function explain(
  { trace_id, request_id, operation, start }: TraceSummary,
  messages: readonly MessageDetail[],
  links: readonly TraceLink[],
): Explanation {
  const byId = new Map(messages.map((message) => [message.unique_id, message]));
  const explained = messages.map((message): Explained => {
    const { unique_id, parent_unique_id, kind, method, object, from, published_at, join, confidence } = message;
    const { evidence, evidence_resource, candidates, global_request_id } = message;
    const parent = byId.get(parent_unique_id ?? '') ?? null;
    const why = whyOf(message, parent, request_id);
    const ids = { unique_id, parent_unique_id, request_id: message.request_id, global_request_id };
    const decided = { join, confidence, evidence, evidence_resource, candidates, why };
    return { ...ids, kind, method, object, from, published_at, ...decided };
  });
  return { trace_id, request_id, operation, start, evidence: countEvidence(messages), messages: explained, links };
}

export function renderExplanation(explanation: Explanation, messages: readonly MessageDetail[]): string {
  const { operation, request_id, trace_id, start, evidence, links } = explanation;
  const head = [
    `${styleText('bold', operation, STDOUT)}  ${request_id ?? `trace ${trace_id} (no user's request)`}`,
    `${clock(start)}, ${count(messages.length, 'message')} and their replies`,
  ];
  const rows = evidence.map((each) => [
    String(each.certain + each.likely),
    String(each.certain),
    String(each.likely),
    each.join,
    each.evidence,
  ]);
  const counts = table([['MESSAGES', 'CERTAIN', 'LIKELY', 'JOIN', 'EVIDENCE'], ...rows], new Set([0, 1, 2]));
  const parts = [`${head.join('\n')}\n`, counts, renderReasons(explanation.messages, messages), renderLinks(links)];
  return parts.filter((part) => part !== '').join('\n');
}

const STDOUT = { stream: process.stdout };

function countEvidence(messages: readonly MessageDetail[]): EvidenceCount[] {
  const counts = new Map<
    string,
    { join: MessageDetail['join']; evidence: MessageDetail['evidence']; certain: number; likely: number }
  >();
  for (const { join, evidence, confidence } of messages) {
    const key = `${join} ${evidence}`;
    const each = counts.get(key) ?? { join, evidence, certain: 0, likely: 0 };
    each[confidence]++;
    counts.set(key, each);
  }
  return [...counts.values()].sort((a, b) => b.certain + b.likely - a.certain - a.likely);
}

/** What decided, in a sentence. */
function whyOf(message: MessageDetail, parent: MessageDetail | null, traceRequestId: string | null): string {
  const sender = place(message.from) || 'its sender';
  const handled = parent === null ? 'a message' : nameOf(parent);
  const works = `of the ${message.candidates} messages that ${sender} was handling`;
  const sameId = `${works} with its request id`;
  const about = message.evidence_resource ?? 'the same resource';
  switch (message.evidence) {
    case 'shared_id':
      return `${sender} was handling ${handled}, the only one there with its request id`;
    case 'shared_id_and_resource':
      return `${sameId}, ${handled} is the one about ${about}`;
    case 'shared_id_and_habit':
      return `${sameId}, ${handled} is the one whose like sends it next`;
    case 'shared_id_and_latest':
      return `${sameId}, ${handled} was the last to go on`;
    case 'only_work':
      return `${sender} was handling ${handled}, and nothing else that can have sent it`;
    case 'resource':
      return `${works}, ${handled} is the one about ${about}`;
    case 'habit':
      return `${works}, ${handled} is the one whose like sends it`;
    case 'latest':
      return `${works}, ${handled} was the last to go on`;
    case 'own_id':
      return whyById(message, traceRequestId);
    case 'passed_id':
      return 'it is part of an HTTP request to which its caller passed the id of this one on';
    case 'worked_on':
      return `about ${about}, which only this request was at work on`;
    case 'serving':
      return message.candidates > 1
        ? `${sender} served an HTTP request of it: the likeliest of ${message.candidates} works`
        : `${sender} served an HTTP request of it, and did nothing else that can have sent it`;
    case 'round':
      return 'it follows others with the same id, which is of background work';
    default:
      return 'nothing ties it to what came before: the trace begins with it';
  }
}

function whyById({ http_path, request_id, global_request_id }: MessageDetail, traceRequestId: string | null): string {
  if (http_path !== '') return 'its audit names the id of the request, or one to which that was passed on';
  if (request_id === traceRequestId) return "it carries the request's own id";
  if (global_request_id === traceRequestId) return "it carries the request's id as its global one";
  return 'it carries the id of an HTTP request that is part of this one';
}

interface Reason {
  readonly why: string;
  readonly tie: string;
  readonly candidates: number[];
  readonly labels: string[];
}

/** Messages of one reason stand together, in the order in which the reasons come up. */
function renderReasons(explained: readonly Explained[], messages: readonly MessageDetail[]): string {
  const reasons = new Map<string, Reason>();
  for (const [index, { why, join, confidence, candidates }] of explained.entries()) {
    const tie = `${join}, ${confidence}`;
    const text = `${confidence === 'likely' ? '~ ' : ''}${why.replace(`of the ${candidates} `, 'of the {n} ')}`;
    const reason = reasons.get(`${text} ${tie}`) ?? { why: text, tie, candidates: [], labels: [] };
    reason.candidates.push(candidates);
    reason.labels.push(labelOf(messages[index] as MessageDetail));
    reasons.set(`${text} ${tie}`, reason);
  }
  return [...reasons.values()].map(renderReason).join('');
}

function renderReason({ why, tie, candidates, labels }: Reason): string {
  const [fewest, most] = [Math.min(...candidates), Math.max(...candidates)];
  const text = why.replace('{n}', fewest === most ? String(most) : `${fewest} to ${most}`);
  return `${text}  (${tie})\n${wrapped(counted(labels))}`;
}

/** An HTTP request and its answer are one. */
function counted(labels: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts]
    .filter(([label]) => !label.endsWith(ANSWERED) || !counts.has(label.slice(0, -ANSWERED.length)))
    .map(([label, times]) => (times === 1 ? label : `${label} ×${times}`));
}

const ANSWERED = ' answered';
const INDENT = '    ';
const WIDTH = 116;

function wrapped(words: readonly string[]): string {
  const lines: string[] = [];
  for (const [index, word] of words.entries()) {
    const text = index === words.length - 1 ? word : `${word}, `;
    const last = lines.at(-1);
    if (last !== undefined && last.length + text.length <= WIDTH) lines[lines.length - 1] = last + text;
    else lines.push(INDENT + text);
  }
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function labelOf(message: MessageDetail): string {
  if (message.http_path !== '') {
    const name = httpName(message.http_action, message.http_path);
    return message.http_status === 0 ? `http ${name}` : `http ${name}${ANSWERED}`;
  }
  return `${message.kind} ${nameOf(message)}`;
}

function nameOf({ object, method }: MessageDetail): string {
  return object ?? method;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
