/**
 * Exceptions that are answers: their callers ask in order to find out, catch them and go on.
 *
 * Only what a service's own code catches without giving up its work stands here, each with the place that catches it, and
 * only for the calls that it is caught on: the same class from another call is a failure. What an API merely turns into a
 * 4xx for its user (`messaging.expected_exceptions` lists many of those) is not here. cinder's services read their database
 * themselves, and catch nothing of each other's.
 */

interface ExpectedFailure {
  /** Class of the exception, `module.Class`. */
  readonly failure: string;
  /** Method, or object and method, as in `Call.object` and `Call.method`. */
  readonly calls: readonly string[];
  /** Where it is caught. */
  readonly caughtIn: string;
}

const EXPECTED: readonly ExpectedFailure[] = [
  {
    failure: 'nova.exception.InstanceGroupNotFound',
    calls: ['InstanceGroup.get_by_instance_uuid', 'InstanceGroup.get_by_hint'],
    caughtIn: 'nova/compute/manager.py, _validate_instance_group_policy: an instance without a group; nova/scheduler/utils.py',
  },
  {
    failure: 'nova.exception.InstanceNotFound',
    calls: ['Instance.get_by_uuid', 'Instance.save', 'Instance.refresh'],
    caughtIn: 'nova/compute/manager.py, _heal_instance_info_cache, _sync_power_states, snapshot_instance: deleted meanwhile',
  },
  {
    failure: 'nova.exception.InstanceInfoCacheNotFound',
    calls: ['InstanceInfoCache.refresh', 'InstanceInfoCache.save'],
    caughtIn: 'nova/compute/utils.py, refresh_info_cache_for_instance; manager.py, _heal_instance_info_cache: deleted meanwhile',
  },
  {
    failure: 'nova.exception.UnexpectedDeletingTaskStateError',
    calls: ['Instance.save'],
    caughtIn: 'nova/compute/manager.py, snapshot_instance, _do_build_and_run_instance: the user deletes it meanwhile',
  },
  {
    failure: 'nova.exception.UnexpectedTaskStateError',
    calls: ['Instance.save'],
    caughtIn: 'nova/compute/manager.py, power_update, _do_build_and_run_instance: another action came first',
  },
  {
    failure: 'nova.exception.NumaTopologyNotFound',
    calls: ['InstanceNUMATopology.get_by_instance_uuid'],
    caughtIn: 'nova/objects/instance.py, _load_numa_topology: an instance without one',
  },
  {
    failure: 'nova.exception.MigrationContextNotFound',
    calls: ['MigrationContext.get_by_instance_uuid'],
    caughtIn: 'nova/objects/instance.py, _load_migration_context: an instance without one',
  },
  {
    failure: 'nova.exception.MigrationNotFoundByStatus',
    calls: ['Migration.get_by_instance_and_status'],
    caughtIn: 'nova/compute/manager.py, handle_lifecycle_event: no migration of that status',
  },
  {
    failure: 'nova.exception.MigrationNotFound',
    calls: ['Migration.save'],
    caughtIn: 'nova/compute/manager.py, _cleanup_incomplete_migrations: removed meanwhile',
  },
  {
    failure: 'nova.exception.VolumeBDMNotFound',
    calls: ['BlockDeviceMapping.get_by_volume_and_instance'],
    caughtIn: 'nova/compute/manager.py, extend_volume, remove_volume_connection: detached meanwhile',
  },
  {
    failure: 'nova.exception.ComputeHostNotFound',
    calls: [
      'ComputeNode.get_by_uuid',
      'ComputeNode.get_by_host_and_nodename',
      'ComputeNode.get_first_node_by_host_for_old_compat',
      'ComputeNodeList.get_all_by_host',
    ],
    caughtIn:
      'nova/compute/resource_tracker.py, _get_compute_node: a new hypervisor; manager.py, _get_compute_nodes_in_db, rebuild_instance',
  },
  {
    failure: 'nova.exception.InstanceActionNotFound',
    calls: ['InstanceActionEvent.event_finish_with_failure'],
    caughtIn: 'nova/compute/utils.py, EventReporter with graceful_exit: the instance that it was about is gone',
  },
  {
    failure: 'nova.exception.MigrationPreCheckError',
    calls: ['check_can_live_migrate_destination'],
    caughtIn: 'nova/conductor/tasks/live_migrate.py, _find_destination: the next host is tried',
  },
  {
    failure: 'neutron_lib.exceptions.IpAddressGenerationFailure',
    calls: ['create_dhcp_port', 'update_dhcp_port'],
    caughtIn: 'neutron/agent/dhcp/agent.py, _call_driver: tried again when a subnet gains addresses',
  },
  {
    failure: 'neutron_lib.exceptions.NetworkNotFound',
    calls: ['update_dhcp_port'],
    caughtIn: 'neutron/agent/dhcp/agent.py, _call_driver: deleted, or moved to another agent, meanwhile',
  },
  {
    failure: 'heat.common.exception.EntityNotFound',
    calls: ['delete_stack', 'abandon_stack'],
    caughtIn: 'heat/engine/resources/stack_resource.py, delete_nested: deleted already',
  },
];

const CALLS_OF = Map.groupBy(EXPECTED, ({ failure }) => failure);

/**
 * Whether OpenStack's own code takes this exception of this call for an answer.
 * @param call what the call does: `Instance.save`, or a method.
 */
export function isExpectedFailure(failure: string, call: string): boolean {
  return CALLS_OF.get(failure)?.some(({ calls }) => calls.includes(call)) ?? false;
}
