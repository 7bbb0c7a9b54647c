/**
 * Which node is behind which URL. The firehose is a state of each node, and the API switches that of the node which
 * serves the request: so there must be one URL a node, and no two for the same.
 */
import { Misuse } from '../../src/errors.ts';
import type { ManagementApi, Overview } from './api.ts';
import { ApiError } from './api-error.ts';

export interface Member extends Overview {
  readonly api: ManagementApi;
}

/** A URL that did not say who it is. */
export interface Silent {
  readonly api: ManagementApi;
  readonly error: ApiError;
}

export interface Cluster {
  readonly members: readonly Member[];
  readonly silent: readonly Silent[];
}

/** @throws Misuse where two URLs lead to one node, or to two clusters. @throws ApiError */
export async function identify(apis: readonly ManagementApi[]): Promise<Cluster> {
  const cluster = await ask(apis);
  const byNode = new Map<string, Member>();
  for (const member of cluster.members) {
    const twin = byNode.get(member.node);
    if (twin !== undefined) {
      throw new Misuse(
        `${twin.api.at} and ${member.api.at} both lead to ${member.node}: give one URL for each node, no load balancer`,
      );
    }
    byNode.set(member.node, member);
  }
  await assertOneCluster(cluster.members);
  return cluster;
}

/** By its nodes: a cluster's name tells nothing, where nobody set one each node has its own. */
async function assertOneCluster(members: readonly Member[]): Promise<void> {
  const [first] = members;
  if (first === undefined || members.length === 1) return;
  const nodes = await clusterNodes(members);
  const foreign = members.find(({ node }) => !nodes.includes(node));
  if (foreign === undefined) return;
  throw new Misuse(`${foreign.api.at}, ${foreign.node}, is not in the cluster of ${first.api.at}: one cluster at a time`);
}

/** The same without looking at what they answer. */
export async function ask(apis: readonly ManagementApi[]): Promise<Cluster> {
  const members: Member[] = [];
  const silent: Silent[] = [];
  const answers = await Promise.allSettled(apis.map((api) => api.overview()));
  for (const [i, api] of apis.entries()) {
    const answer = answers[i];
    if (answer?.status === 'fulfilled') members.push({ api, ...answer.value });
    else if (answer?.reason instanceof ApiError) silent.push({ api, error: answer.reason });
    else throw answer?.reason;
  }
  return { members, silent };
}

/** A node whose firehose cannot be looked at or switched. */
export interface Gap {
  /** The node; where a URL never said who it is, the URL without credentials. */
  readonly node: string;
  /** One line. */
  readonly reason: string;
}

/**
 * URLs that do not answer, and nodes of the cluster, running or not, that no URL leads to.
 * @throws ApiError
 */
export async function gaps(cluster: Cluster): Promise<Gap[]> {
  const silent = cluster.silent.map(({ api, error }) => ({ node: api.node, at: api.at, reason: error.message }));
  const known = new Set([...cluster.members, ...silent].map(({ node }) => node));
  const unnamed = (await clusterNodes(cluster.members)).filter((node) => !known.has(node)).sort();
  const [nameless, ...others] = silent.filter(({ node }) => node === null);
  const [only] = unnamed;
  // One node and one URL are left: they belong together.
  if (nameless !== undefined && others.length === 0 && only !== undefined && unnamed.length === 1) {
    return silent.map(({ node, reason }) => ({ node: node ?? only, reason }));
  }
  const withoutUrl = unnamed.map((node) => ({ node, reason: `no URL leads to ${node}` }));
  return [...silent.map(({ node, at, reason }) => ({ node: node ?? at, reason })), ...withoutUrl];
}

/**
 * The cluster's nodes, running or not; without the monitoring tag only those that run.
 * @throws ApiError
 */
export async function clusterNodes([first]: readonly Member[]): Promise<string[]> {
  if (first === undefined) return [];
  try {
    return (await first.api.nodes()).map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof ApiError && error.problem === 'missing_tag')) throw error;
    return [...new Set((await first.api.tracing()).flatMap(({ nodes }) => nodes))];
  }
}
