/** A value that somebody gave, and where: what errors and --check-config name. */
import type { Leaf } from './leaf.ts';

export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'flag'; readonly option: string };

export interface Given {
  readonly leaf: Leaf;
  /** As it would stand in a file, not checked yet. */
  readonly value: unknown;
  readonly origin: Origin;
}

/** What one source gave, and what was wrong with the rest of it: a line each. */
export interface SourceRead {
  readonly given: readonly Given[];
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/** For an error: `oslotap.yaml:12: tap.queueLength`, `OSLOTAP_QUEUE_LENGTH`, `--queue-length`. */
export function placeOf(leaf: Leaf, origin: Origin): string {
  if (origin.kind === 'file') return `${origin.file}:${origin.line}: ${leaf.path}`;
  if (origin.kind === 'environment') return origin.variable;
  return origin.kind === 'flag' ? origin.option : leaf.path;
}

/** For a list: `oslotap.yaml:12`, `environment OSLOTAP_QUEUE_LENGTH`, `flag --queue-length`, `default`. */
export function describeOrigin(origin: Origin): string {
  if (origin.kind === 'file') return `${origin.file}:${origin.line}`;
  if (origin.kind === 'environment') return `environment ${origin.variable}`;
  return origin.kind === 'flag' ? `flag ${origin.option}` : 'default';
}
