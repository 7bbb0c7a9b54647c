/**
 * What octavia's requests are called. Methods: octavia/controller/queue/v2/endpoints.py. Events:
 * octavia/controller/worker/v2/tasks/notification_tasks.py.
 */
import type { Rule } from '../operation-rule.ts';

export const OCTAVIA: readonly Rule[] = [
  { path: 'lbaas/loadbalancers', operation: 'load_balancer.{verb}' },
  { path: 'lbaas/listeners', operation: 'listener.{verb}' },
  { path: 'lbaas/pools/{id}/members', operation: 'member.{verb}' },
  { path: 'lbaas/pools', operation: 'pool.{verb}' },

  ...['load_balancer', 'listener', 'pool', 'health_monitor', 'member', 'l7policy', 'l7rule'].flatMap((noun): Rule[] =>
    ['create', 'update', 'delete'].map((verb) => ({ method: `${verb}_${noun}`, operation: `${noun}.${verb}` })),
  ),
  { method: 'batch_update_members', operation: 'member.batch_update' },
  { method: 'failover_load_balancer', operation: 'load_balancer.failover' },
  { method: 'failover_amphora', operation: 'amphora.failover' },
  { method: 'delete_amphora', operation: 'amphora.delete' },
  { method: 'update_amphora_agent_config', operation: 'amphora.configure' },

  { event: 'octavia.loadbalancer.{verb}', operation: 'load_balancer.{verb}', role: 'part' },
];
