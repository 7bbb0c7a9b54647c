/**
 * What neutron's requests are called. Events: neutron/pecan_wsgi/hooks/notifier.py and neutron/db/l3_db.py, sent by the API itself.
 * Methods: what its agents are told (neutron/api/rpc/agentnotifiers), the same for many requests.
 */
import type { Rule } from '../operation-rule.ts';

export const NEUTRON: readonly Rule[] = [
  { path: 'routers/{id}/add_router_interface', operation: 'router.add_interface' },
  { path: 'routers/{id}/remove_router_interface', operation: 'router.remove_interface' },
  { path: 'routers/{id}/add_extraroutes', operation: 'router.add_extra_routes' },
  { path: 'routers/{id}/remove_extraroutes', operation: 'router.remove_extra_routes' },
  { path: 'ports/{id}/bindings/{id}/{id}', action: 'update', operation: 'port_binding.activate' },
  { path: 'ports/{id}/bindings', operation: 'port_binding.{verb}' },
  { path: 'floatingips/{id}/port_forwardings', operation: 'port_forwarding.{verb}' },
  { path: ['floatingips', 'os-floating-ips'], operation: 'floating_ip.{verb}' },
  { path: ['security-groups', 'os-security-groups'], operation: 'security_group.{verb}' },
  { path: 'security-group-rules', operation: 'security_group_rule.{verb}' },
  { path: 'qos/policies', operation: 'qos_policy.{verb}' },
  { path: 'rbac-policies', operation: 'rbac_policy.{verb}' },
  { path: 'subnetpools', operation: 'subnet_pool.{verb}' },
  { path: 'agents', operation: 'network_agent.{verb}' },
  { path: 'networks', operation: 'network.{verb}' },
  { path: 'subnets', operation: 'subnet.{verb}' },
  { path: 'ports', operation: 'port.{verb}' },
  { path: 'routers', operation: 'router.{verb}' },
  { path: 'trunks', operation: 'trunk.{verb}' },

  { event: 'router.interface.create', operation: 'router.add_interface' },
  { event: 'router.interface.delete', operation: 'router.remove_interface' },
  { event: 'floatingip.update_floatingip_status', operation: 'floating_ip.update', role: 'side' },
  { event: 'floatingip.{verb}', operation: 'floating_ip.{verb}' },
  { event: 'subnetpool.{verb}', operation: 'subnet_pool.{verb}' },
  { event: 'binding.{verb}', operation: 'port_binding.{verb}' },
  { event: 'policy.{verb}', operation: 'qos_policy.{verb}' },
  { event: 'network.{verb}', operation: 'network.{verb}' },
  { event: 'subnet.{verb}', operation: 'subnet.{verb}' },
  { event: 'port.{verb}', operation: 'port.{verb}' },
  { event: 'router.{verb}', operation: 'router.{verb}' },
  { event: 'security_group.{verb}', operation: 'security_group.{verb}' },
  { event: 'security_group_rule.{verb}', operation: 'security_group_rule.{verb}' },
  { event: 'port_forwarding.{verb}', operation: 'port_forwarding.{verb}' },
  { event: 'rbac_policy.{verb}', operation: 'rbac_policy.{verb}' },
  { event: 'trunk.{verb}', operation: 'trunk.{verb}' },

  { method: 'network_create_end', operation: 'network.create', role: 'side' },
  { method: ['network_update_end', 'network_update'], operation: 'network.update', role: 'side' },
  { method: ['network_delete_end', 'network_delete'], operation: 'network.delete', role: 'side' },
  // A subnet may bring its network to an agent, and a router's interface or gateway is a port: they say more than what they bring.
  { method: 'subnet_create_end', operation: 'subnet.create', role: 'part' },
  { method: 'subnet_update_end', operation: 'subnet.update', role: 'part' },
  { method: 'subnet_delete_end', operation: 'subnet.delete', role: 'part' },
  { method: 'port_create_end', operation: 'port.create', role: 'side' },
  { method: ['port_update_end', 'port_update'], operation: 'port.update', role: 'side' },
  { method: ['port_delete_end', 'port_delete'], operation: 'port.delete', role: 'side' },
  { method: ['binding_activate', 'binding_deactivate'], operation: 'port_binding.update', role: 'side' },
  { method: 'routers_updated', operation: 'router.update', role: 'part' },
  { method: 'router_deleted', operation: 'router.delete', role: 'part' },
  // A rule was made, or deleted: the message does not say.
  { method: 'security_groups_rule_updated', operation: 'security_group.update', role: 'side' },
];
