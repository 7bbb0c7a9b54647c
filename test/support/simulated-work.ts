/** Who is in a simulated cloud; what nova-compute does there, as the captures have it; and chance, from a seed. */

/** One process: it sends on one connection and consumes on another. */
export interface SimulatedProcess {
  readonly service: string;
  readonly host: string;
  readonly address: string;
  readonly pid: number;
  readonly queues: readonly string[];
  replyQueue: string;
  /** On which it sends; and on which it is given messages. */
  sending: string;
  listening: string;
  connectedMs: number;
  isAlive: boolean;
}

export interface SimulatedHost {
  readonly name: string;
  compute: SimulatedProcess;
  agent: SimulatedProcess;
}

/** What nova-compute asks of the conductor in a round, and as it starts. */
export const ROUND = [
  'ComputeNodeList.get_all_by_host',
  'InstanceList.get_by_host_and_node',
  'MigrationList.get_in_progress_and_error',
  'Service.get_by_compute_host',
  'InstanceList.get_by_host',
  'Instance.get_by_uuid',
  'InstanceInfoCache.refresh',
  'InstanceInfoCache.save',
];
export const START = [
  'CellMappingList.get_all',
  'InstanceList.get_by_host',
  'ComputeNode.get_by_host_and_nodename',
  'MigrationList.get_by_filters',
  'Service.get_by_host_and_binary',
  'ComputeNodeList.get_all_by_host',
  'ComputeNode.get_by_host_and_nodename',
  'PciDeviceList.get_by_compute_node',
  'InstanceList.get_by_host_and_node',
  'MigrationList.get_in_progress_and_error',
  'BlockDeviceMappingList.get_by_instance_uuid',
  'ComputeNode.save',
  'Service.get_by_compute_host',
];
export const BUILD = [
  'InstanceActionEvent.event_start',
  'Instance.save',
  'Instance.save',
  'BlockDeviceMappingList.get_by_instance_uuid',
  'Instance.save',
  'Service.get_by_compute_host',
  'BlockDeviceMapping.save',
  'Instance.save',
  'Instance.save',
  'VirtualInterface.create',
  'InstanceInfoCache.refresh',
  'InstanceInfoCache.save',
  'Instance.save',
  'InstanceActionEvent.event_finish_with_failure',
];
/** Methods on an instance of the object; the others are its class's. */
export const ON_INSTANCES = /\.(save|refresh|create)$/;

/** mulberry32: the same numbers from the same seed, 0 ≤ n < 1. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
