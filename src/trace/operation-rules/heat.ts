/** What heat's requests are called. Methods: heat/rpc/client.py. Events: heat/engine/notification/stack.py, of heat-engine's part. */
import type { Rule } from '../operation-rule.ts';

export const HEAT: readonly Rule[] = [
  { path: 'stacks/{id}/{id}/actions', operation: 'stack.update', role: 'side' },
  { path: 'stacks/{id}/{id}/resources', operation: 'stack_resource.{verb}' },
  { path: ['stacks', 'stacks/{id}'], operation: 'stack.{verb}' },

  { method: 'create_stack', operation: 'stack.create' },
  { method: 'update_stack', operation: 'stack.update' },
  { method: 'delete_stack', operation: 'stack.delete' },
  { method: 'list_stacks', operation: 'stack.list' },
  { method: 'show_stack', operation: 'stack.show' },
  { method: 'preview_stack', operation: 'stack.preview' },
  { method: 'preview_update_stack', operation: 'stack.preview_update' },
  { method: 'abandon_stack', operation: 'stack.abandon' },
  { method: 'export_stack', operation: 'stack.export' },
  { method: 'stack_suspend', operation: 'stack.suspend' },
  { method: 'stack_resume', operation: 'stack.resume' },
  { method: 'stack_check', operation: 'stack.check' },
  { method: 'stack_cancel_update', operation: 'stack.cancel_update' },
  { method: 'stack_snapshot', operation: 'stack_snapshot.create' },
  { method: 'delete_snapshot', topic: 'engine', operation: 'stack_snapshot.delete' },
  { method: 'stack_restore', operation: 'stack_snapshot.restore' },
  { method: 'stack_list_snapshots', operation: 'stack_snapshot.list' },
  { method: 'list_stack_resources', operation: 'stack_resource.list' },
  { method: 'describe_stack_resource', operation: 'stack_resource.show' },
  { method: 'resource_signal', operation: 'stack_resource.signal' },
  { method: 'resource_mark_unhealthy', operation: 'stack_resource.mark_unhealthy' },
  { method: 'list_events', operation: 'stack_event.list' },
  { method: 'get_template', operation: 'stack_template.show' },
  { method: 'validate_template', operation: 'stack_template.validate' },
  { method: 'create_software_config', operation: 'software_config.create' },
  { method: 'create_software_deployment', operation: 'software_deployment.create' },

  { event: 'orchestration.stack.{verb}', operation: 'stack.{verb}', role: 'part' },
];
