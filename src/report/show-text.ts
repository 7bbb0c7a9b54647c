/** One request for people, as text, and as JSON: the shape of `oslotap show --json`. */
import type { TraceLink } from '../queries/links.ts';
import type { Segment } from '../queries/paths.ts';
import { type MessageDetail, type TraceSummary, toMessage } from '../queries/traces.ts';
import { billOf, renderBill } from './bill.ts';
import { renderLinks } from './links.ts';
import { renderPath, toPathSteps } from './path.ts';
import { renderTree } from './tree.ts';

export interface ShownTrace {
  readonly summary: TraceSummary;
  readonly messages: readonly MessageDetail[];
  readonly path: readonly Segment[];
  readonly links: readonly TraceLink[];
}

export function renderShown({ summary, messages, path, links }: ShownTrace): string {
  const parts = [
    renderTree(summary, messages, path),
    renderPath(path),
    renderLinks(links),
    renderBill(billOf(messages), summary),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

export function shownJson({ summary, messages, path, links }: ShownTrace) {
  return { ...summary, critical_path: toPathSteps(path), links, messages: messages.map(toMessage) };
}
