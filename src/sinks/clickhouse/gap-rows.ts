/** Gaps as rows of `oslo_gaps`: the row that was written last replaces the others of its id. */
import type { Gap } from '../../gap.ts';
import { ns } from './message-rows.ts';

export const GAP_COLUMNS = [
  'started_at',
  'id',
  'reason',
  'vhost',
  'node',
  'ended_at',
  'is_open',
  'share',
  'lost_min',
  'lost_estimate',
  'detail',
  'revision',
] as const;

/** A row as the text of a JSON array, in the order of GAP_COLUMNS. */
export function gapRow({ id, reason, vhost, node, fromNs, toNs, isOpen, share, lostMin, lostEstimate, detail }: Gap): string {
  // Longer replaces shorter, and ended replaces open.
  const revision = String(2n * (toNs - fromNs) + (isOpen ? 0n : 1n));
  return JSON.stringify([ns(fromNs), id, reason, vhost, node, ns(toNs), isOpen, share, lostMin, lostEstimate, detail, revision]);
}
