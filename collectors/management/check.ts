/** Is the firehose still on? A node that was restarted has lost it, one that was added never had it. */
import type { ManagementApi, VhostTracing } from './api.ts';
import { ApiError, type ApiProblem } from './api-error.ts';
import { ask, type Member } from './cluster.ts';

/** Why it cannot be told: the closed list. */
export type UnknownReason =
  | ApiProblem
  | 'no_url' // no URL leads to this node
  | 'same_node' // the URL leads to a node that another URL leads to already
  | 'no_vhost'; // there is none, or the user may not see it

export interface TracingState {
  /** The node; where a URL never said who it is, the URL without credentials. */
  readonly node: string;
  readonly vhost: string;
  readonly state: 'on' | 'off' | 'unknown';
  /** null unless unknown. */
  readonly reason: UnknownReason | null;
}

/**
 * The state of every vhost on every node: what a sidecar asks every few seconds. Two small requests a node, all nodes
 * at once; it takes at most two time-outs, and never throws for what the brokers do. Needs the management tag.
 */
export async function checkArmed(apis: readonly ManagementApi[], vhosts: readonly string[]): Promise<TracingState[]> {
  const { members, silent } = await ask(apis);
  const states = silent.map(({ api, error }) => unknown(api.node ?? api.at, vhosts, error.problem));
  const seen = new Set<string>();
  const running = new Set<string>();
  const answers = await Promise.all(members.map(tracingOf));
  for (const [i, { api, node }] of members.entries()) {
    const answer = answers[i];
    if (seen.has(node)) states.push(unknown(api.at, vhosts, 'same_node'));
    else if (Array.isArray(answer)) states.push(vhosts.map((vhost) => stateOf(node, vhost, answer)));
    else states.push(unknown(node, vhosts, answer ?? 'refused'));
    seen.add(node);
    if (Array.isArray(answer)) for (const { nodes } of answer) for (const name of nodes) running.add(name);
  }
  for (const { api } of silent) if (api.node !== null) seen.add(api.node);
  for (const node of running) if (!seen.has(node)) states.push(unknown(node, vhosts, 'no_url'));
  return states.flat();
}

async function tracingOf({ api }: Member): Promise<VhostTracing[] | ApiProblem> {
  try {
    return await api.tracing();
  } catch (error) {
    if (error instanceof ApiError) return error.problem;
    throw error;
  }
}

function stateOf(node: string, vhost: string, answer: readonly VhostTracing[]): TracingState {
  const found = answer.find(({ name }) => name === vhost);
  if (found === undefined) return { node, vhost, state: 'unknown', reason: 'no_vhost' };
  return { node, vhost, state: found.isTracing ? 'on' : 'off', reason: null };
}

function unknown(node: string, vhosts: readonly string[], reason: UnknownReason): TracingState[] {
  return vhosts.map((vhost) => ({ node, vhost, state: 'unknown', reason }));
}
