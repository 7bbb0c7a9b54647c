/**
 * The firehose on and off, on each node of a cluster, such that what was there before can always be put back:
 *
 *   read everything → record what is found, durably → switch on → look whether it is on
 *
 * Nothing is switched where it was on already, and nothing is switched off that oslotap did not switch on.
 */
import { hostname } from 'node:os';
import { Misuse } from '../../src/errors.ts';
import type { ManagementApi, Vhost } from './api.ts';
import { ApiError } from './api-error.ts';
import { type Cluster, clusterNodes, gaps, identify, type Member } from './cluster.ts';
import type { ArmedEntry, ArmedRecord } from './record.ts';

const DEFAULT_VHOSTS: readonly string[] = ['/'];

/** What became of one vhost on one node: the closed list. */
export type Outcome =
  | 'armed' // switched on
  | 'already_on' // was on, left so
  | 'disarmed' // switched off
  | 'already_off' // was off, left so
  | 'left_on' // somebody else had switched it on
  | 'gone' // the vhost or the node is no more
  | 'not_done'; // could not be asked or switched: `reason` says why

export interface Step {
  readonly node: string;
  readonly vhost: string;
  readonly outcome: Outcome;
  /** One line where it was not done, else null. */
  readonly reason: string | null;
}

export interface DisarmOptions {
  /** Only these. @default every vhost in the record; where forced, `/` too */
  readonly vhosts?: readonly string[];
  /** Off on every node, whoever switched it on. */
  readonly isForced?: boolean;
}

/**
 * Switches the firehose of the vhosts on, on every node that a URL leads to. A set-up that cannot work (a user who may
 * not, a vhost that is not there) is told before anything is changed.
 * @throws Misuse @throws ApiError where no node at all can be reached.
 */
export async function arm(apis: readonly ManagementApi[], vhosts: readonly string[], record: ArmedRecord): Promise<Step[]> {
  const cluster = await identify(apis);
  refuseBadSetUp(cluster);
  record.entries(); // a record that cannot be read stops us here
  const found = await Promise.all(cluster.members.map((member) => findAll(member, vhosts)));
  const steps = await notReached(cluster, vhosts);
  const nodes = await clusterNodes(cluster.members);
  for (const [i, member] of cluster.members.entries()) {
    const peers = nodes.filter((node) => node !== member.node);
    for (const vhost of found[i] ?? []) steps.push(await armOne(member, vhost, peers, record));
  }
  return steps;
}

/**
 * Puts back what the record says, and forgets it as it is done. What cannot be put back now stays recorded. Without a
 * record nobody is asked. May be called at any time, and again.
 * @throws Misuse @throws ApiError where no node at all can be asked.
 */
export async function disarm(apis: readonly ManagementApi[], record: ArmedRecord, options: DisarmOptions = {}): Promise<Step[]> {
  const { vhosts, isForced = false } = options;
  const entries = record.entries().filter(({ vhost }) => vhosts?.includes(vhost) ?? true);
  if (entries.length === 0 && !isForced) return [];
  const cluster = await identify(apis);
  if (cluster.members.length === 0) refuseBadSetUp(cluster);
  const steps: Step[] = [];
  for (const entry of entries) steps.push(await putBack(cluster, entry, record, isForced));
  return isForced ? [...steps, ...(await force(cluster, vhosts ?? DEFAULT_VHOSTS, steps))] : steps;
}

/** What no record speaks of. */
async function force(cluster: Cluster, vhosts: readonly string[], done: readonly Step[]): Promise<Step[]> {
  const isLeft = (node: string, vhost: string) => !done.some((step) => step.node === node && step.vhost === vhost);
  const steps = (await notReached(cluster, vhosts)).filter(({ node, vhost }) => isLeft(node, vhost));
  for (const member of cluster.members) {
    for (const vhost of vhosts) if (isLeft(member.node, vhost)) steps.push(await switchOff(member, vhost));
  }
  return steps;
}

/** Of several URLs some may be down; that none answers, or that one is not let in, is a mistake in the set-up. */
function refuseBadSetUp({ members, silent }: Cluster): void {
  const wrong = silent.find(({ error }) => !error.isRetryable) ?? (members.length === 0 ? silent[0] : undefined);
  if (wrong !== undefined) throw new Misuse(wrong.error.message, { cause: wrong.error });
}

async function findAll({ api }: Member, vhosts: readonly string[]): Promise<Vhost[]> {
  const found: Vhost[] = [];
  for (const name of vhosts) {
    const vhost = await api.vhost(name).catch(asMisuse);
    if (vhost === null) throw new Misuse(`${api.at} has no vhost '${name}'`);
    found.push(vhost);
  }
  return found;
}

function asMisuse(error: unknown): never {
  if (error instanceof ApiError && !error.isRetryable) throw new Misuse(error.message, { cause: error });
  throw error;
}

async function notReached(cluster: Cluster, vhosts: readonly string[]): Promise<Step[]> {
  const found = await gaps(cluster);
  return found.flatMap(({ node, reason }) => vhosts.map((vhost): Step => ({ node, vhost, outcome: 'not_done', reason })));
}

async function armOne(member: Member, found: Vhost, peers: readonly string[], record: ArmedRecord): Promise<Step> {
  const { node } = member;
  const step = { node, vhost: found.name };
  if (found.isTracing) {
    // An entry of ours, from before a crash, stays: it knows better what was there first.
    if (record.find(node, found.name) === null) record.put(toEntry(node, found, peers));
    return { ...step, outcome: 'already_on', reason: null };
  }
  record.put(toEntry(node, found, peers));
  try {
    await switchTo(member, found, true);
    return { ...step, outcome: 'armed', reason: null };
  } catch (error) {
    return notDone(step, error);
  }
}

function toEntry(node: string, { name, isTracing }: Vhost, peers: readonly string[]): ArmedEntry {
  const owner = { pid: process.pid, host: hostname(), at: new Date().toISOString() };
  return { node, peers, vhost: name, wasTracing: isTracing, ...owner };
}

async function putBack(cluster: Cluster, entry: ArmedEntry, record: ArmedRecord, isForced: boolean): Promise<Step> {
  const member = cluster.members.find(({ node }) => node === entry.node);
  const step = member === undefined ? await absent(cluster, entry) : await putBackOn(member, entry, isForced);
  if (step.outcome !== 'not_done') record.remove(entry);
  return step;
}

function putBackOn(member: Member, { vhost, node, wasTracing }: ArmedEntry, isForced: boolean): Promise<Step> | Step {
  return wasTracing && !isForced ? { node, vhost, outcome: 'left_on', reason: null } : switchOff(member, vhost);
}

/**
 * A node that left its cluster took its firehose with it; one that is down or has no URL is still to be put back. Its
 * peers tell that this is its cluster.
 */
async function absent(cluster: Cluster, { node, vhost, peers }: ArmedEntry): Promise<Step> {
  try {
    const nodes = await clusterNodes(cluster.members);
    const hasLeft = !nodes.includes(node) && peers.some((peer) => nodes.includes(peer));
    if (hasLeft) return { node, vhost, outcome: 'gone', reason: null };
  } catch (error) {
    return notDone({ node, vhost }, error);
  }
  const reason = cluster.silent.map(({ error }) => error.message).join('; ') || `no URL leads to ${node}`;
  return { node, vhost, outcome: 'not_done', reason };
}

async function switchOff(member: Member, vhost: string): Promise<Step> {
  const step = { node: member.node, vhost };
  try {
    const found = await member.api.vhost(vhost);
    if (found === null) return { ...step, outcome: 'gone', reason: null };
    if (!found.isTracing) return { ...step, outcome: 'already_off', reason: null };
    await switchTo(member, found, false);
    return { ...step, outcome: 'disarmed', reason: null };
  } catch (error) {
    return notDone(step, error);
  }
}

/** Switches, and looks: behind a load balancer another node may have been switched. */
async function switchTo({ api, node }: Member, found: Vhost, isOn: boolean): Promise<void> {
  await api.setTracing(found, isOn);
  const { node: now } = await api.overview();
  const after = await api.vhost(found.name);
  if (now === node && after?.isTracing === isOn) return;
  throw new ApiError('refused', `${api.at} does not switch ${node}: is it a load balancer? give one URL for each node`);
}

function notDone(step: Pick<Step, 'node' | 'vhost'>, error: unknown): Step {
  if (error instanceof ApiError) return { ...step, outcome: 'not_done', reason: error.message };
  throw error;
}
