/**
 * What a request is called: `noun.verb` in the API's own words, told from the message that began it.
 * Sources of the methods: nova/conductor/rpcapi.py, nova/compute/rpcapi.py, neutron's and cinder's rpcapi, and their
 * notification event types.
 */
import type { Initiating } from './traced-message.ts';

export interface Operation {
  readonly name: string;
  /** 2: a rule knows the method; 1: a rule knows the notification; 0: named after the method itself. */
  readonly rank: number;
}

const OPERATION_OF_METHOD = new Map([
  ['schedule_and_build_instances', 'server.create'],
  ['build_instances', 'server.create'],
  ['terminate_instance', 'server.delete'],
  ['soft_delete_instance', 'server.delete'],
  ['start_instance', 'server.start'],
  ['stop_instance', 'server.stop'],
  ['reboot_instance', 'server.reboot'],
  ['rebuild_instance', 'server.rebuild'],
  ['shelve_instance', 'server.shelve'],
  ['shelve_offload_instance', 'server.shelve_offload'],
  ['unshelve_instance', 'server.unshelve'],
  ['pause_instance', 'server.pause'],
  ['unpause_instance', 'server.unpause'],
  ['suspend_instance', 'server.suspend'],
  ['resume_instance', 'server.resume'],
  ['rescue_instance', 'server.rescue'],
  ['unrescue_instance', 'server.unrescue'],
  ['snapshot_instance', 'server.create_image'],
  ['backup_instance', 'server.create_backup'],
  ['resize_instance', 'server.resize'],
  ['migrate_server', 'server.migrate'],
  ['confirm_resize', 'server.confirm_resize'],
  ['revert_resize', 'server.revert_resize'],
  ['live_migrate_instance', 'server.live_migrate'],
  ['get_console_output', 'server.get_console_output'],
  ['get_vnc_console', 'server.get_vnc_console'],
  ['get_diagnostics', 'server.get_diagnostics'],
  ['set_admin_password', 'server.change_password'],
  ['lock_instance', 'server.lock'],
  ['attach_interface', 'interface.attach'],
  ['detach_interface', 'interface.detach'],
  ['attach_volume', 'volume.attach'],
  ['reserve_block_device_name', 'volume.attach'],
  ['detach_volume', 'volume.detach'],
  ['extend_volume', 'volume.extend'],
  ['create_volume', 'volume.create'],
  ['delete_volume', 'volume.delete'],
  ['create_snapshot', 'snapshot.create'],
  ['delete_snapshot', 'snapshot.delete'],
  ['create_backup', 'backup.create'],
  ['delete_backup', 'backup.delete'],
  ['external_instance_event', 'server.external_event'],
  ['port_create_end', 'port.create'],
  ['port_update_end', 'port.update'],
  ['port_delete_end', 'port.delete'],
  ['network_create_end', 'network.create'],
  ['network_update_end', 'network.update'],
  ['network_delete_end', 'network.delete'],
  ['subnet_create_end', 'subnet.create'],
  ['subnet_update_end', 'subnet.update'],
  ['subnet_delete_end', 'subnet.delete'],
  ['security_groups_rule_updated', 'security_group_rule.create'],
]);

const NOUNS = new Set([
  'network',
  'subnet',
  'port',
  'router',
  'floatingip',
  'security_group',
  'security_group_rule',
  'image',
  'keypair',
  'flavor',
  'aggregate',
  'server_group',
  'snapshot',
  'volume',
]);

/** The operation that a trace is called after, from the message that began it. */
export function operationOf(message: Initiating, isRequest: boolean): Operation {
  if (message.kind === 'notification') return operationOfEvent(message.eventType);
  const method = message.object ?? message.method;
  if (!isRequest) return { name: `periodic.${method}`, rank: 0 };
  const known = OPERATION_OF_METHOD.get(message.method);
  return known === undefined ? { name: method, rank: 0 } : { name: known, rank: 2 };
}

/** `port.create.start` is the operation port.create, `router.interface.create` is router.add_interface. */
function operationOfEvent(eventType: string): Operation {
  const name = eventType.replace(/\.(start|end|error|request|response)$/, '');
  const [noun = '', verb = '', more] = name.split('.');
  if (noun === 'router' && verb === 'interface') {
    return { name: more === 'create' ? 'router.add_interface' : 'router.remove_interface', rank: 1 };
  }
  if (!NOUNS.has(noun)) return { name, rank: 0 };
  return { name: `${noun === 'floatingip' ? 'floating_ip' : noun}.${verb}`, rank: 1 };
}
