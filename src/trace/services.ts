/**
 * Names of services, for what has no name on the wire: which service serves a topic, and how a notification's
 * `publisher_id` calls the service that sent it. Sources: nova/rpc and nova/compute/rpcapi.py (RPC_TOPIC),
 * neutron_lib/rpc and neutron/common/topics.py, cinder/common/constants.py, heat, ironic, octavia's defaults.
 */
const SERVICE_OF_TOPIC = new Map([
  ['compute', 'nova-compute'],
  ['conductor', 'nova-conductor'],
  ['scheduler', 'nova-scheduler'],
  ['q-plugin', 'neutron-server'],
  ['q-reports-plugin', 'neutron-server'],
  ['q-l3-plugin', 'neutron-server'],
  ['q-server-resource-versions', 'neutron-server'],
  ['q-metering-plugin', 'neutron-server'],
  ['dhcp_agent', 'neutron-dhcp-agent'],
  ['l3_agent', 'neutron-l3-agent'],
  ['metering_agent', 'neutron-metering-agent'],
  ['cinder-scheduler', 'cinder-scheduler'],
  ['cinder-volume', 'cinder-volume'],
  ['cinder-backup', 'cinder-backup'],
  ['engine', 'heat-engine'],
  ['octavia_provisioning_v2', 'octavia-worker'],
  ['magnum-conductor', 'magnum-conductor'],
  ['ironic.conductor_manager', 'ironic-conductor'],
]);

const SERVICE_OF_PUBLISHER = new Map([
  ['api', 'nova-api'],
  ['compute', 'nova-compute'],
  ['conductor', 'nova-conductor'],
  ['scheduler', 'nova-scheduler'],
  ['network', 'neutron-server'],
  ['volume', 'cinder-volume'],
  ['backup', 'cinder-backup'],
  ['image', 'glance-api'],
  ['identity', 'keystone'],
  ['orchestration', 'heat-engine'],
]);

/** Who sends a request that just one service sends: nova/conductor/rpcapi.py, neutron/agent/rpc.py and its plugin APIs … */
const SERVICE_OF_SENT = new Map([
  ['object_action', 'nova-compute'],
  ['object_class_action_versions', 'nova-compute'],
  ['object_backport_versions', 'nova-compute'],
  ['select_destinations', 'nova-conductor'],
  ['build_and_run_instance', 'nova-conductor'],
  ['schedule_and_build_instances', 'nova-api'],
  ['reserve_block_device_name', 'nova-api'],
  ['external_instance_event', 'nova-api'],
  ['get_devices_details_list', 'neutron-l2-agent'],
  ['get_devices_details_list_and_failed_devices', 'neutron-l2-agent'],
  ['update_device_up', 'neutron-l2-agent'],
  ['update_device_list', 'neutron-l2-agent'],
  ['get_active_networks_info', 'neutron-dhcp-agent'],
  ['get_network_info', 'neutron-dhcp-agent'],
  ['dhcp_ready_on_ports', 'neutron-dhcp-agent'],
  ['create_dhcp_port', 'neutron-dhcp-agent'],
  ['sync_routers', 'neutron-l3-agent'],
  ['get_router_ids', 'neutron-l3-agent'],
  ['update_all_ha_network_port_statuses', 'neutron-l3-agent'],
  ['attachment_update', 'cinder-api'],
  ['attachment_delete', 'cinder-api'],
  ['update_service_capabilities', 'cinder-volume'],
  ['notify_service_capabilities', 'cinder-volume'],
]);

/** Programs whose name says nothing: the web server that a service runs in. */
const WRAPPERS = new Set(['uwsgi', 'apache2', 'httpd', 'gunicorn', 'mod_wsgi', 'python3', 'python', '']);

export interface Place {
  readonly service: string;
  readonly host: string;
}

/** Which service consumes a queue of this topic; `''` where no rule knows. */
export function serviceOfTopic(topic: string): string {
  const known = SERVICE_OF_TOPIC.get(topic);
  if (known !== undefined) return known;
  return topic.startsWith('q-agent-notifier') || topic.startsWith('neutron-vo-') ? 'neutron-l2-agent' : '';
}

/** Which service sends a method; `''` where several do, or no rule knows. */
export function serviceOfSender(method: string): string {
  return SERVICE_OF_SENT.get(method) ?? '';
}

/** `compute.cmp1`, `nova-compute:cmp1`, `neutron-server`: who sent a notification. */
export function placeOfPublisher(publisherId: string): Place {
  const split = /^([^.:]+)[.:](.+)$/.exec(publisherId);
  const name = split?.[1] ?? publisherId;
  return { service: SERVICE_OF_PUBLISHER.get(name) ?? name, host: split?.[2] ?? '' };
}

/** `reply_<host>:<process>:<n>` of oslo.messaging's queue manager (use_queue_manager); null for `reply_<uuid>`. */
export function placeOfReplyQueue(queue: string): Place | null {
  const split = /^reply_(.+):([^:]+):\d+$/.exec(queue);
  return split === null ? null : { host: split[1] as string, service: split[2] as string };
}

/** `nova-compute:6653:<uuid>`, py-amqp's connection name as oslo.messaging sets it; service `''` for a web server's. */
export function parseConnectionName(name: string): { service: string; pid: string } | null {
  const [program, pid] = name.split(':');
  if (program === undefined || pid === undefined || !/^\d+$/.test(pid)) return null;
  return { service: WRAPPERS.has(program) ? '' : program, pid };
}
