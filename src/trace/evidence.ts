/** How a message came to its place: by what it was joined to its trace, how surely, and what decided. */

/** By what a message was joined to its trace: the contract's list. */
export type Join = 'handled' | 'request_id' | 'resource' | 'rest' | 'none';
export type Confidence = 'certain' | 'likely';

/** What decided: the closed list. */
export type EvidenceKind =
  /** Its sender was handling one message that carries the same id. */
  | 'shared_id'
  /** Several such: the one about the same resource. */
  | 'shared_id_and_resource'
  /** Several such: the one whose next message this is, by what its like sent before. */
  | 'shared_id_and_habit'
  /** Several such: the one that was the last to be woken, by its delivery or by an answer. */
  | 'shared_id_and_latest'
  /** No id in common: the only one that its sender was working on. */
  | 'only_work'
  /** No id in common, several: the one about the same resource. */
  | 'resource'
  /** No id in common, several: the one whose like has sent its like before. */
  | 'habit'
  /** No id in common, several: the one that was the last to be woken. */
  | 'latest'
  /** It carries the id of the request itself. */
  | 'own_id'
  /** It is part of an HTTP request to which its caller passed the id on. */
  | 'passed_id'
  /** It is part of a request about a resource that the trace was working on. */
  | 'worked_on'
  /** Its sender had no other work that it can have been sent for than an HTTP request that it served. */
  | 'serving'
  /** It follows others of the same background id. */
  | 'round'
  /** Nothing tied it. */
  | 'nothing';

export interface Evidence {
  readonly kind: EvidenceKind;
  /** The resource that decided, where one did. */
  readonly resource: string | null;
  /** How many works its sender might have sent it for. */
  readonly candidates: number;
}

export const NO_EVIDENCE: Evidence = { kind: 'nothing', resource: null, candidates: 0 };
export const OWN_ID: Evidence = { kind: 'own_id', resource: null, candidates: 0 };
export const OF_ROUND: Evidence = { kind: 'round', resource: null, candidates: 0 };
export const SHARED_ID: Evidence = { kind: 'shared_id', resource: null, candidates: 1 };

export function evidenceOf(kind: EvidenceKind, candidates = 0, resource: string | null = null): Evidence {
  return { kind, resource, candidates };
}
