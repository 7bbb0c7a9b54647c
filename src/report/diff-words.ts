/** A difference in words: the same as text and as Markdown. */
import { type CountKind, isEmpty, type OperationDiff, type RpcName } from './diff.ts';
import type { Evidence, Figure } from './diff-counts.ts';
import type { ArgumentChange, Route } from './diff-shapes.ts';
import { duration, percent } from './format.ts';
import { printable } from './report-text.ts';

/** `call Instance.save at conductor` */
export function rpcWords({ kind, method, object, topic, namespace }: Omit<RpcName, 'from' | 'to'>): string {
  const what = object ?? (namespace === null ? method : `${namespace}.${method}`);
  return `${kind} ${printable(what)} at ${printable(topic)}`;
}

/** `nova-compute → nova-conductor` */
export function pathWords({ from, to }: Pick<RpcName, 'from' | 'to'>): string {
  return `${listWords(from, '?')} → ${listWords(to, 'nobody')}`;
}

export function routesWords(routes: readonly Route[]): string {
  return routes.map(({ from, to }) => pathWords({ from: [from], to })).join(', ');
}

/** `6`, or `6.2 (5–8)` where requests differ. */
export function figureWords({ min, mean, max }: Figure): string {
  return min === max ? amount(mean) : `${amount(mean)} (${amount(min)}–${amount(max)})`;
}

/** `+1`, `−4`, `+0.5` */
export function changeWords(a: Figure, b: Figure): string {
  const more = b.mean - a.mean;
  return `${more < 0 ? '−' : '+'}${amount(Math.abs(more))}`;
}

export function evidenceWords(evidence: Evidence): string {
  return evidence.by === 'ranges' ? '' : `p ${probability(evidence.p_adjusted)}`;
}

/** Of a rank test. */
export function probability(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

export const CHANGE_WORDS: Readonly<Record<CountKind, string>> = {
  gained: 'gained',
  lost: 'lost',
  multiplied: 'more',
  reduced: 'fewer',
};

/** `instance renamed to server (object<Instance>)` */
export function argumentWords(change: ArgumentChange): string {
  const types = typesWords(change.types);
  if (change.change === 'renamed') return `${printable(change.name)} renamed to ${printable(change.to)} (${types})`;
  if (change.change === 'type') return `${printable(change.name)}: ${types} → ${typesWords(change.to_types)}`;
  return `${printable(change.name)} ${change.change} (${types})`;
}

function typesWords(types: readonly string[]): string {
  return types.map((type) => printable(type)).join(' or ');
}

export function versionWords(versions: readonly string[]): string {
  return versions.map((version) => (version === '' ? 'none' : printable(version))).join(', ');
}

/** How many requests stand behind the figures, how long they took, and what to make of it. */
export function requestsWords(diff: OperationDiff): string[] {
  const { a, b } = diff;
  const lines = [
    `${requests(a.requests)} in A, ${requests(b.requests)} in B; took ${duration(a.median_ms)} → ${duration(b.median_ms)} (median)`,
  ];
  if (a.requests === 1 && b.requests === 1 && !isEmpty(diff))
    lines.push('One request each: what varies from request to request cannot be told from a change.');
  for (const [name, { coverage, left_out }] of [
    ['A', a],
    ['B', b],
  ] as const) {
    if (coverage.min < 1)
      lines.push(`Coverage of ${name}: ${percent(coverage.mean)}: what seems to be lost there may not have been seen.`);
    if (left_out > 0) lines.push(`${requests(left_out)} of ${name} still ran, and ${left_out === 1 ? 'is' : 'are'} left out.`);
  }
  return lines;
}

/** What was compared and gave nothing. */
export function comparedWords({ compared }: OperationDiff): string[] {
  const { latencies_tested, latencies_too_few, rpcs_varying, arguments_compared } = compared;
  const lines: string[] = [];
  if (rpcs_varying > 0) lines.push(`${rpcs_varying} RPCs differ in number, but not more than the requests of one side do.`);
  const few = latencies_too_few === 0 ? '' : `, ${latencies_too_few} seen in fewer than 8 requests of a side`;
  const shapes = arguments_compared === 0 ? '' : ` Arguments compared of ${arguments_compared} RPCs.`;
  lines.push(`Latencies: ${latencies_tested} tested${few}.${shapes}`);
  return lines;
}

export function listWords(names: readonly string[], none: string): string {
  return names.length === 0 ? none : names.map((name) => (name === '' ? '?' : printable(name))).join(', ');
}

function requests(count: number): string {
  return `${amount(count)} ${count === 1 ? 'request' : 'requests'}`;
}

function amount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}
