/** Storms in a simulated cloud, and what is to be told of each. */
import { BACKGROUND, type SimulatedCloud } from './simulated-cloud.ts';
import type { SimulatedProcess } from './simulated-work.ts';

export interface StormPlan {
  /** Since the cloud's beginning: when it begins, and how long it lasts. */
  readonly from: number;
  readonly seconds: number;
  /** Messages a second. */
  readonly rate: number;
}

/** What has to be told of it. */
export interface Expected {
  readonly method: string;
  readonly object?: string;
  readonly service: string;
  /** Where one host alone sends it. */
  readonly host?: string;
  /** When there was ten times as much of it as before, and when the last of it was sent. */
  readonly tenfold: number;
  readonly end: number;
}

export type SimulatedStorm = (cloud: SimulatedCloud, plan: StormPlan) => Expected;

const RESYNC_CALLS = 12;
const RETRY_MS = 2_000;
const RECONNECT_S = 2;

/** The network was gone for a moment: all agents connect again, within two seconds, and ask for all that they are to do. */
export const resync: SimulatedStorm = (cloud, { from, seconds, rate }) => {
  const calls = Math.max(RESYNC_CALLS, Math.round((rate * seconds) / cloud.agents.length));
  for (const agent of cloud.agents) {
    const begin = from + RECONNECT_S * cloud.random();
    cloud.at(begin, () => {
      cloud.reconnect(agent);
      report(cloud, agent);
    });
    for (let nth = 0; nth < calls; nth++)
      cloud.at(begin + ((from + seconds - begin) * (nth + cloud.random())) / calls, () => devices(cloud, agent));
  }
  return { method: 'get_devices_details_list', service: 'neutron-linuxbridge-agent', tenfold: from, end: from + seconds };
};

/** Something makes neutron tell all agents of each change, again and again. `rate` counts the fanouts. */
export const fanouts: SimulatedStorm = (cloud, { from, seconds, rate }) => {
  const [server] = cloud.neutrons as [SimulatedProcess];
  const topic = 'q-agent-notifier-security_group-update';
  const method = 'security_groups_member_updated';
  spread(cloud, { from, seconds, rate }, () => cloud.fanout(server, topic, { method }, cloud.agents));
  return { method, service: 'neutron-server', tenfold: from, end: from + seconds };
};

/** Calls to a server that does not answer, each sent again as it times out: `isFresh`, as new work; else as the same request of a user. */
export const retries =
  (isFresh: boolean): SimulatedStorm =>
  (cloud, { from, seconds, rate }) => {
    const loops = Math.ceil((rate * RETRY_MS) / 1_000);
    for (let loop = 0; loop < loops; loop++) {
      const { compute } = cloud.hosts[loop % cloud.hosts.length] as (typeof cloud.hosts)[number];
      const context = { ...BACKGROUND, requestId: cloud.newRequestId(), hasUser: !isFresh };
      for (let at = from + (RETRY_MS / 1_000) * cloud.random(); at < from + seconds; at += RETRY_MS / 1_000)
        cloud.at(at, () =>
          cloud.objectCall(compute, 'Migration.save', {
            context: isFresh ? { ...context, requestId: cloud.newRequestId() } : context,
            outcome: 'silence',
            timeoutMs: RETRY_MS,
          }),
        );
    }
    return { method: 'object_action', object: 'Migration.save', service: 'nova-compute', tenfold: from, end: from + seconds };
  };

/** One nova-compute whose periodic task runs far too often. */
export const noisyHost: SimulatedStorm = (cloud, { from, seconds, rate }) => {
  const { name, compute } = cloud.hosts[cloud.hosts.length >> 1] as (typeof cloud.hosts)[number];
  spread(cloud, { from, seconds, rate }, () => cloud.objectCall(compute, 'InstanceList.get_by_host'));
  const expected = { method: 'object_class_action_versions', object: 'InstanceList.get_by_host', service: 'nova-compute' };
  return { ...expected, host: name, tenfold: from, end: from + seconds };
};

/** More and more of what all computes ask for anyway, evenly, up to `rate`. @param usual rate before it. */
export const ramp =
  (usual: number): SimulatedStorm =>
  (cloud, { from, seconds, rate }) => {
    const more = rate - usual;
    for (let sent = 0; sent < (more * seconds) / 2; sent++) {
      const at = from + Math.sqrt((2 * sent * seconds) / more);
      const { compute } = cloud.hosts[sent % cloud.hosts.length] as (typeof cloud.hosts)[number];
      cloud.at(at, () => cloud.objectCall(compute, 'InstanceList.get_by_host'));
    }
    const tenfold = from + (seconds * 9 * usual) / more;
    const expected = { method: 'object_class_action_versions', object: 'InstanceList.get_by_host', service: 'nova-compute' };
    return { ...expected, tenfold, end: from + seconds };
  };

function spread(cloud: SimulatedCloud, { from, seconds, rate }: StormPlan, act: () => void): void {
  for (let nth = 0; nth < rate * seconds; nth++) cloud.at(from + (nth + cloud.random()) / rate, act);
}

function report(cloud: SimulatedCloud, agent: SimulatedProcess): void {
  cloud.call(agent, { exchange: 'neutron', routingKey: 'q-reports-plugin', method: 'report_state' });
}

function devices(cloud: SimulatedCloud, agent: SimulatedProcess): void {
  cloud.call(agent, { exchange: 'neutron', routingKey: 'q-plugin', method: 'get_devices_details_list' });
}
