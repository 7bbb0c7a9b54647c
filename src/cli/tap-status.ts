/** What `oslotap tap status` tells: asked of the brokers, and written for people or machines. */
import type { BrokerNode, ManagementApi, Queue } from '../../collectors/management/api.ts';
import { ApiError } from '../../collectors/management/api-error.ts';
import { checkArmed, type TracingState } from '../../collectors/management/check.ts';
import { gaps, identify, type Member } from '../../collectors/management/cluster.ts';
import type { ArmedEntry, ArmedRecord } from '../../collectors/management/record.ts';
import { Misuse } from '../errors.ts';
import { OWN_QUEUE_PREFIX } from '../message.ts';
import { clock, duration, size, table } from '../report/format.ts';

export interface NodeStatus {
  readonly node: string;
  /** null where it cannot be asked. */
  readonly version: string | null;
  /** null where the user may not see it. */
  readonly health: BrokerNode | null;
  readonly vhosts: readonly (Omit<TracingState, 'node'> & { readonly armed: ArmedEntry | null })[];
}

export interface Status {
  readonly cluster: string;
  readonly nodes: readonly NodeStatus[];
  readonly queues: readonly (Queue & { readonly vhost: string })[];
  /** What could not be asked: a line each. */
  readonly problems: readonly string[];
}

/** @throws Misuse where no node can be asked at all. */
export async function readStatus(
  apis: readonly ManagementApi[],
  vhosts: readonly string[],
  record: ArmedRecord,
): Promise<Status> {
  const cluster = await identify(apis);
  const [first] = cluster.members;
  if (first === undefined) throw new Misuse(cluster.silent[0]?.error.message ?? 'no management API was given');
  const silent = await gaps(cluster);
  const problems = silent.map(({ reason }) => reason);
  const health = await tolerate(first.api.nodes(), problems);
  const states = await checkArmed(
    cluster.members.map(({ api }) => api),
    vhosts,
  );
  for (const { node, vhost, reason } of states) {
    if (reason === 'no_vhost') problems.push(`${node} has no vhost '${vhost}', or its user may not see it`);
    else if (reason !== null && reason !== 'no_url') problems.push(`${node}, vhost '${vhost}': cannot be asked (${reason})`);
  }
  const queues = await readQueues(first, vhosts, states, problems);
  const entries = record.entries();
  const toStatus = (node: string, version: string | null): NodeStatus => ({
    node,
    version,
    health: health?.find(({ name }) => name === node) ?? null,
    vhosts: vhosts.map((vhost) => {
      const isIt = (other: { readonly node: string; readonly vhost: string }) => other.node === node && other.vhost === vhost;
      const { state = 'unknown', reason = null } = states.find(isIt) ?? {};
      return { vhost, state, reason, armed: entries.find(isIt) ?? null };
    }),
  });
  const nodes = [
    ...cluster.members.map(({ node, rabbitmqVersion }) => toStatus(node, rabbitmqVersion)),
    ...silent.map(({ node }) => toStatus(node, null)),
  ];
  return { cluster: first.clusterName, nodes, queues, problems };
}

async function readQueues({ api }: Member, vhosts: readonly string[], states: readonly TracingState[], problems: string[]) {
  const found: (Queue & { vhost: string })[] = [];
  for (const vhost of vhosts) {
    if (states.some((state) => state.vhost === vhost && state.reason === 'no_vhost')) continue;
    const queues = await tolerate(api.queuesNamed(vhost, OWN_QUEUE_PREFIX), problems);
    for (const queue of queues ?? []) found.push({ ...queue, vhost });
  }
  return found;
}

async function tolerate<T>(asked: Promise<T>, problems: string[]): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    problems.push(error.message);
    return null;
  }
}

export function statusJson({ cluster, nodes, queues, problems }: Status): unknown {
  return {
    cluster,
    nodes: nodes.map(({ node, version, health, vhosts }) => ({
      node,
      version,
      running: health?.isRunning ?? null,
      mem_used: health?.memUsedBytes ?? null,
      mem_limit: health?.memLimitBytes ?? null,
      mem_alarm: health?.memAlarm ?? null,
      disk_free_alarm: health?.diskFreeAlarm ?? null,
      uptime_ms: health?.uptimeMs ?? null,
      vhosts: vhosts.map(({ vhost, state, reason, armed }) => ({
        vhost,
        tracing: state,
        reason,
        armed: armed && { was_tracing: armed.wasTracing, pid: armed.pid, host: armed.host, at: armed.at },
      })),
    })),
    tap_queues: queues.map(({ vhost, name, messages, bytes, consumers }) => ({ vhost, name, messages, bytes, consumers })),
    problems,
  };
}

export function statusText({ nodes, queues }: Status): string {
  const rows = nodes.flatMap(({ node, version, health, vhosts }) =>
    vhosts.map(({ vhost, state, armed }) => [node, version ?? '?', ...healthCells(health), vhost, state, armedBy(state, armed)]),
  );
  const head = ['NODE', 'VERSION', 'RUNNING', 'UP', 'MEMORY', 'DISK', 'VHOST', 'FIREHOSE', 'SWITCHED ON BY'];
  const text = table([head, ...rows], new Set());
  if (queues.length === 0) return text;
  const queueRows = queues.map(({ vhost, name, messages, bytes, consumers }) => {
    return [name, vhost, messages.toLocaleString('en-US'), size(bytes), String(consumers)];
  });
  return `${text}\n${table([['TAP QUEUE', 'VHOST', 'MESSAGES', 'BYTES', 'CONSUMERS'], ...queueRows], new Set([2, 3, 4]))}`;
}

function healthCells(health: BrokerNode | null): string[] {
  if (health === null) return ['?', '?', '?', '?'];
  const { isRunning, uptimeMs, memUsedBytes, memLimitBytes, memAlarm, diskFreeAlarm } = health;
  if (!isRunning) return ['no', '', '', ''];
  const memory =
    memUsedBytes === null || memLimitBytes === null ? '?' : `${megabytes(memUsedBytes)} of ${megabytes(memLimitBytes)} MB`;
  const disk = diskFreeAlarm === null ? '?' : diskFreeAlarm ? 'ALARM' : 'fine';
  return ['yes', uptimeMs === null ? '?' : duration(uptimeMs), memAlarm === true ? `${memory} ALARM` : memory, disk];
}

function megabytes(bytes: number): string {
  return Math.round(bytes / 1_000_000).toLocaleString('en-US');
}

function armedBy(state: TracingState['state'], armed: ArmedEntry | null): string {
  if (armed === null) return state === 'on' ? 'somebody else' : '';
  if (armed.wasTracing) return 'somebody else';
  const by = `oslotap, pid ${armed.pid} on ${armed.host}, ${clock(armed.at)}`;
  return state === 'off' ? `${by}; lost since` : by;
}
