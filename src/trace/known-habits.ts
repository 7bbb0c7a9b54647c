/**
 * What the sources say of messages whose ids do not tell for what they are sent: their senders use a context that they cached,
 * or the context of the agent's own life. habits.ts learns the rest.
 */

/** What is sent, and by the handlers of which methods. */
export const SENT_BY: readonly (readonly [sent: string, by: readonly string[]])[] = [
  // nova/compute/resource_tracker.py: every claim, and every end of one, saves the node under the tracker's own context
  [
    'ComputeNode.save',
    words(`build_and_run_instance terminate_instance rebuild_instance prep_resize resize_instance finish_resize confirm_resize
      revert_resize finish_revert_resize live_migration pre_live_migration check_can_live_migrate_destination
      post_live_migration_at_destination shelve_instance shelve_offload_instance unshelve_instance
      ComputeNodeList.get_all_by_host`),
  ],
  // the same, in its periodic round: update_available_resource
  ['Service.get_by_compute_host', ['ComputeNodeList.get_all_by_host']],
  // neutron/plugins/ml2/rpc.py: notify_l2pop_port_wiring
  ['add_fdb_entries', ['update_device_up', 'update_device_list']],
  ['remove_fdb_entries', ['update_device_down', 'update_device_list']],
  // neutron/agent/dhcp/agent.py, its resource queue and its plugin API
  [
    'get_network_info',
    words(
      'network_create_end network_update_end subnet_create_end subnet_update_end subnet_delete_end port_create_end port_update_end',
    ),
  ],
  [
    'get_ports',
    words(
      'port_create_end port_update_end port_delete_end subnet_create_end subnet_update_end subnet_delete_end network_create_end network_update_end',
    ),
  ],
  ['create_dhcp_port', words('network_create_end network_update_end subnet_create_end subnet_update_end')],
  ['update_dhcp_port', words('network_create_end network_update_end subnet_create_end subnet_update_end subnet_delete_end')],
  ['release_dhcp_port', words('subnet_delete_end network_delete_end network_update_end subnet_update_end')],
  // neutron/agent/l3/agent.py, its router queue
  ['get_routers', words('routers_updated router_added_to_agent router_removed_from_agent')],
  ['sync_routers', words('routers_updated router_added_to_agent router_removed_from_agent')],
  ['update_floatingip_statuses', words('routers_updated router_added_to_agent')],
];

/** What only loops send, one message for all that has come in: neutron's agents, nova/servicegroup/drivers/db.py. */
export const OF_LOOPS: ReadonlySet<string> = new Set(
  words(`Service.save report_state get_devices_details_list get_devices_details_list_and_failed_devices update_device_up
    update_device_down update_device_list dhcp_ready_on_ports get_active_networks_info get_router_ids`),
);

/** Handlers that put what comes into a queue and work it off in its order: neutron/agent/common/resource_processing_queue.py. */
const QUEUED = /^(port|network|subnet)_(create|update|delete)_end$|^(routers_updated|router_deleted)$/;

export function isQueued(method: string): boolean {
  return QUEUED.test(method);
}

/** Whoever only asks and reports is answered, and nothing is sent for it. */
export function isAnsweredOnly(method: string): boolean {
  return method === 'report_state' || /^get_|\.get_by_|\.get_all/.test(method);
}

function words(text: string): string[] {
  return text.split(/\s+/);
}
