/** What a message proposes to call its trace, and which proposal counts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AuditedRequest } from '../../../src/message.ts';
import { type Rule, readRules } from '../../../src/trace/operation-rule.ts';
import { BUILT_IN_OPERATIONS, Operations } from '../../../src/trace/operations.ts';
import type { Initiating } from '../../../src/trace/traced-message.ts';
import { ROOT } from '../../support/cli.ts';
import { OTHER_REQUEST, publish, REQUEST, type Told } from '../../support/events.ts';

interface Sent extends Omit<Told, 'id' | 'audit'> {
  readonly routingKey?: string;
  readonly audit?: Partial<AuditedRequest>;
}

/** In the trace of REQUEST, or of none. */
function propose(sent: Sent, traceRequestId: string | null = REQUEST, operations = BUILT_IN_OPERATIONS) {
  const { routingKey = 'conductor', audit, ...told } = sent;
  const full = {
    isResponse: false,
    requestId: REQUEST,
    globalRequestId: null,
    action: 'read',
    path: '/',
    status: null,
    ...audit,
  };
  const published = publish(0, 'api', { id: 'a', ...told, ...(audit === undefined ? {} : { audit: full }) });
  return operations.of(published.message as Initiating, { exchange: 'nova', routingKey }, traceRequestId);
}

function called(...sent: readonly Sent[]): string {
  const proposals = sent.map((one) => propose(one));
  return proposals.reduce((best, next) => (next.rank > best.rank ? next : best)).name;
}

const audit = (action: string, path: string, requestId: string | null = REQUEST): Sent => ({
  kind: 'notification',
  method: 'audit.http.request',
  requestId: 'req-99999999-9999-4999-8999-999999999999',
  audit: { action, path, requestId },
});
const event = (eventType: string, requestId: string | null = REQUEST): Sent => ({
  kind: 'notification',
  method: eventType,
  requestId,
});
const rpc = (method: string, requestId: string | null = REQUEST): Sent => ({ kind: 'cast', method, requestId });

test.each([
  ['create', '/v2.1/servers', 'server.create'],
  ['read/list', '/v2.1/servers/detail', 'server.list'],
  ['read', '/v2.1/servers/{name}', 'server.show'],
  ['update', '/v2.1/servers/{id}', 'server.update'],
  ['delete', '/v2.1/servers/{id}', 'server.delete'],
  ['update/reboot', '/v2.1/servers/{id}/action', 'server.reboot'],
  ['start/reboot', '/v2.1/servers/{id}/action', 'server.reboot'],
  ['update/os-migrateLive', '/v2.1/servers/{id}/action', 'server.live_migrate'],
  ['update/migrate', '/v2.1/servers/{id}/action', 'server.migrate'],
  ['update/evacuate', '/v2.1/servers/{id}/action', 'server.evacuate'],
  ['update/resize', '/v2.1/servers/{id}/action', 'server.resize'],
  ['update/confirmResize', '/v2.1/servers/{id}/action', 'server.confirm_resize'],
  ['update/createImage', '/v2.1/servers/{id}/action', 'server.create_image'],
  ['update/addSecurityGroup', '/v2.1/servers/{id}/action', 'server.add_security_group'],
  ['update/os-getConsoleOutput', '/v2.1/servers/{id}/action', 'server.get_console_output'],
  ['update/os-getVNCConsole', '/v2.1/servers/{id}/action', 'server.get_vnc_console'],
  ['update/changePassword', '/v2.1/servers/{id}/action', 'server.change_password'],
  ['update/lock', '/v2.1/servers/{id}/action', 'server.lock'],
  ['update/shelveOffload', '/v2.1/servers/{id}/action', 'server.shelve_offload'],
  ['update', '/v2.1/servers/{id}/os-interface', 'interface.attach'],
  ['delete', '/v2.1/servers/{id}/os-interface/{id}', 'interface.detach'],
  ['read/list', '/v2.1/servers/{id}/os-interface', 'interface.list'],
  ['create', '/v2.1/servers/{id}/os-volume_attachments', 'volume.attach'],
  ['delete', '/v2.1/servers/{id}/os-volume_attachments/{id}', 'volume.detach'],
  ['update', '/v2.1/servers/{id}/metadata', 'server_metadata.update'],
  ['update', '/v2.1/os-server-external-events', 'server.external_event'],
  ['create', '/v2.1/os-keypairs', 'keypair.create'],
  ['update/add_host', '/v2.1/os-aggregates/{id}/action', 'aggregate.add_host'],
  ['create', '/v2.0/ports', 'port.create'],
  ['read', '/v2.0/extensions', 'extension.list'],
  ['update', '/v2.0/routers/{id}/add_router_interface', 'router.add_interface'],
  ['create', '/v2.0/floatingips', 'floating_ip.create'],
  ['delete', '/v2.0/security-group-rules/{id}', 'security_group_rule.delete'],
  ['update', '/v2.0/ports/{id}/bindings/{name}/{name}', 'port_binding.activate'],
  ['create', '/v3/{id}/volumes', 'volume.create'],
  ['update/os-extend', '/v3/{id}/volumes/{id}/action', 'volume.extend'],
  ['update/os-volume_upload_image', '/v3/volumes/{id}/action', 'volume.upload_image'],
  ['create', '/{name}/v2/images', 'image.create'],
  ['update', '/v2/images/{id}/file', 'image.upload'],
  ['create', '/v1/{id}/stacks', 'stack.create'],
  ['delete', '/v1/{id}/stacks/{name}/{id}', 'stack.delete'],
  ['create', '/v1/nodes', 'node.create'],
  ['create', '/v1/ports', 'baremetal_port.create'],
  ['create', '/v2/lbaas/loadbalancers', 'load_balancer.create'],
  ['create', '/v1/clusters', 'cluster.create'],
  ['update', '/identity/v3/users/{id}', 'user.update'],
  ['update', '/v3/projects/{id}/users/{id}/roles/{id}', 'role_assignment.create'],
  ['update', '/placement/allocations/{id}', 'allocation.update'],
])('an audit of %s on %s is %s', (action, path, operation) => {
  expect(called(audit(action, path))).toBe(operation);
});

test.each([
  ['read/list', '/v2.0/metering-labels', 'metering_label.list'],
  ['read', '/v2.1/servers/{id}/{name}', 'server.show'],
  ['delete', '/v2.1/servers/{id}/{name}', 'server.update'],
  ['update/fooBar', '/v2.1/os-hosts/{id}/action', 'host.foo_bar'],
  ['read', '/', 'api.list'],
])('a path that no rule knows is called after its last word: %s on %s is %s', (action, path, operation) => {
  expect(called(audit(action, path))).toBe(operation);
});

test.each([
  ['schedule_and_build_instances', 'server.create'],
  ['live_migrate_instance', 'server.live_migrate'],
  ['external_instance_event', 'server.external_event'],
  ['create_stack', 'stack.create'],
  ['do_node_deploy', 'node.deploy'],
  ['create_load_balancer', 'load_balancer.create'],
  ['cluster_create', 'cluster.create'],
  ['frobnicate', 'frobnicate'],
])('the RPC %s is %s', (method, operation) => {
  expect(called(rpc(method))).toBe(operation);
});

test.each([
  ['port.create.start', 'port.create'],
  ['router.interface.create', 'router.add_interface'],
  ['floatingip.update.end', 'floating_ip.update'],
  ['compute.instance.reboot.start', 'server.reboot'],
  ['compute.instance.resize.confirm.end', 'server.confirm_resize'],
  ['image.create', 'image.create'],
  ['orchestration.stack.create.error', 'stack.create'],
  ['identity.user.created', 'user.create'],
  ['identity.OS-TRUST:trust.created', 'trust.create'],
  ['acme.thing.start', 'acme.thing'],
])('the event %s is %s', (eventType, operation) => {
  expect(called(event(eventType))).toBe(operation);
});

test('a topic tells methods of one name apart', () => {
  expect(propose({ ...rpc('delete_snapshot'), routingKey: 'engine' }).name).toBe('stack_snapshot.delete');
  expect(propose({ ...rpc('delete_snapshot'), routingKey: 'cinder-volume.ctl@lvm' }).name).toBe('snapshot.delete');
  expect(propose({ ...rpc('create_port'), routingKey: 'ironic.conductor_manager.ctl' }).name).toBe('baremetal_port.create');
  expect(propose({ ...rpc('create_port'), routingKey: 'q-plugin' }).name).toBe('create_port');
});

test('the audit of the request itself names it before what its API calls and notifies', () => {
  const resize = audit('update/resize', '/v2.1/servers/{id}/action');
  expect(called(rpc('migrate_server'), resize)).toBe('server.resize');
  expect(called(rpc('migrate_server'))).toBe('server.migrate');
  expect(called(event('port.update.start'), audit('update', '/v2.0/routers/{id}/add_router_interface'))).toBe(
    'router.add_interface',
  );
});

test('an action that CADF does not name is named by the RPC', () => {
  const unsaid = audit('create', '/v2.1/servers/{id}/action');
  expect(called(unsaid, rpc('shelve_instance'))).toBe('server.shelve');
  expect(called(unsaid, event('compute.instance.update'))).toBe('server.update');
});

test('what the services ask of each other inside a request does not name it', () => {
  const foreign = audit('create', '/v2.0/ports', OTHER_REQUEST);
  expect(propose(foreign)).toEqual({ name: 'audit.http.request', rank: 0 });
  expect(called(foreign, event('port.create.start', OTHER_REQUEST), rpc('schedule_and_build_instances'))).toBe('server.create');
  expect(called(event('port.delete.start', OTHER_REQUEST), rpc('frobnicate'))).toBe('frobnicate');
});

test('a read that passes the request id on, as of glance, does not name the request', () => {
  expect(called(rpc('schedule_and_build_instances'), audit('read', '/v2/images/{id}'))).toBe('server.create');
});

test('an evacuation is told from a rebuild by the event before it', () => {
  expect(called(event('compute.instance.evacuate'), rpc('rebuild_instance'))).toBe('server.evacuate');
  expect(called(rpc('rebuild_instance'))).toBe('server.rebuild');
});

test('an API speaks before the agents that it tells, and before those who work on it', () => {
  expect(called(rpc('port_create_end'), event('router.interface.create'))).toBe('router.add_interface');
  expect(called(event('volume.create.start'), rpc('retype'))).toBe('volume.retype');
  expect(called(event('compute.instance.update'), event('compute.instance.create.start'))).toBe('server.create');
});

test.each([
  [rpc('report_state', null), 'periodic.report_state'],
  [rpc('stop_instance', null), 'periodic.stop_instance'],
  [event('compute.instance.exists', OTHER_REQUEST), 'periodic.compute.instance.exists'],
  [event('port.update.start', OTHER_REQUEST), 'periodic.port.update'],
  [audit('read/list', '/v2.0/ports'), 'periodic.port.list'],
  [rpc('external_instance_event', OTHER_REQUEST), 'server.external_event'],
  [audit('update', '/v2.1/os-server-external-events'), 'server.external_event'],
  [event('identity.user.created', null), 'user.create'],
  [event('image.upload', null), 'image.upload'],
])('without a user: %o', (sent, name) => {
  expect(propose(sent, null).name).toBe(name);
});

test('in the background what was called comes before what was notified', () => {
  const call = propose(rpc('update_device_up', null), null);
  expect(call.rank).toBeGreaterThan(propose(event('port.update.start', OTHER_REQUEST), null).rank);
  expect(call.rank).toBeGreaterThan(propose(audit('update', '/v2.1/os-server-external-events'), null).rank);
});

test("a site's rules come before the built-in ones, on a message and in a trace", () => {
  const rules: readonly Rule[] = [
    { method: ['reboot_instance', 'Thing.mend'], operation: 'server.bounce' },
    { event: 'dns.*.{noun}.{verb}', operation: '{noun}.{verb}_record' },
    { path: 'servers/{id}/action', action: 'os-resetState', operation: 'server.repair' },
  ];
  const site = new Operations(rules);
  expect(propose(rpc('reboot_instance'), REQUEST, site).name).toBe('server.bounce');
  expect(propose(event('dns.v2.zone.create'), REQUEST, site).name).toBe('zone.create_record');
  expect(propose(audit('update/os-resetState', '/v2.1/servers/{id}/action'), REQUEST, site).name).toBe('server.repair');
  expect(propose(rpc('stop_instance'), REQUEST, site).name).toBe('server.stop');
  const builtIn = propose(audit('update/reboot', '/v2.1/servers/{id}/action'), REQUEST, site);
  expect(propose(rpc('reboot_instance'), REQUEST, site).rank).toBeGreaterThan(builtIn.rank);
  expect(propose(rpc('reboot_instance', OTHER_REQUEST), REQUEST, site).rank).toBeLessThan(builtIn.rank);
});

test('the rules of the documentation are read', () => {
  const [, json = ''] = /```json\n(.*?)```/s.exec(readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')) ?? [];
  expect(readRules(json)).toHaveLength(3);
});

test('whatever is sent, it has a name and a rank in its bounds', () => {
  const word = fc.constantFrom(
    'servers',
    '{id}',
    '{name}',
    'action',
    'v2.1',
    'detail',
    'os-',
    'ports',
    'instance',
    'compute',
    's',
    'start',
  );
  const words = (separator: string) => fc.array(word, { maxLength: 6 }).map((list) => list.join(separator));
  const some = fc.oneof(
    fc.tuple(words('/'), words('/')).map(([action, path]) => audit(action || 'create', `/${path}`)),
    words('.').map((type) => event(type || '.start')),
    words('_').map((method) => rpc(method || 'x')),
  );
  fc.assert(
    fc.property(some, fc.constantFrom(REQUEST, OTHER_REQUEST, null), (sent, traceRequestId) => {
      const { name, rank } = propose(sent, traceRequestId);
      expect(name).toMatch(/./);
      expect(name).not.toContain('unknown');
      expect(rank).toBeGreaterThanOrEqual(0);
      expect(rank).toBeLessThan(32);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['{', 'it is not JSON'],
  ['{}', 'not a JSON array'],
  ['[1]', 'rule 1, 1: it is not an object'],
  ['[{"method": "a", "operation": "a.b"}, {"metod": "a"}]', 'rule 2, {"metod":"a"}: there is no key \'metod\''],
  ['[{"operation": "a.b"}]', "needs one of 'method', 'event' and 'path'"],
  ['[{"method": "a", "event": "b", "operation": "a.b"}]', "needs one of 'method', 'event' and 'path'"],
  ['[{"method": "a"}]', "'operation' is not noun.verb"],
  ['[{"method": "a", "operation": "Server Create"}]', "'operation' is not noun.verb"],
  ['[{"method": "a", "operation": "a.{verb}"}]', "nothing in its 'method' tells the {verb}"],
  ['[{"path": "things", "operation": "{noun}.{verb}"}]', "nothing in its 'path' tells the {noun}"],
  ['[{"event": "*.create", "operation": "a.b"}]', "its 'event' is not of the right form"],
  ['[{"method": [], "operation": "a.b"}]', "its 'method' is empty"],
  ['[{"method": 7, "operation": "a.b"}]', "its 'method' is not of the right form"],
  ['[{"method": "a", "action": "b", "operation": "a.b"}]', "'action' is a word, and belongs to a 'path'"],
  ['[{"path": "a", "topic": "b", "operation": "a.b"}]', "'topic' is a word, and belongs to a 'method'"],
  ['[{"path": "a", "role": "boss", "operation": "a.b"}]', "'role' is one of"],
])('rules that are wrong: %s', (json, reason) => {
  expect(readRules(json)).toContain(reason);
});
