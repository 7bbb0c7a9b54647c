/** Requests that no user makes: one service asks another. Where no id says for whom, nobody else's they are. */

/** The RPC methods that such a request begins with, and the paths of its HTTP request. */
const MADE_BY_SERVICES = new Set([
  // neutron tells nova of its ports, cinder of its volumes: nova/api/openstack/compute/server_external_events.py
  'external_instance_event',
  '/v2.1/os-server-external-events',
  '/v2/{id}/os-server-external-events',
  // cinder has nova take a snapshot: nova/api/openstack/compute/assisted_volume_snapshots.py
  'volume_snapshot_create',
  'volume_snapshot_delete',
  '/v2.1/os-assisted-volume-snapshots',
  '/v2.1/os-assisted-volume-snapshots/{id}',
]);

/** @param methodOrPath an RPC method, or the template of an HTTP request's path. */
export function isMadeByServices(methodOrPath: string): boolean {
  // Behind one web server each API has a place of its own: /compute/v2.1/…
  return MADE_BY_SERVICES.has(methodOrPath.replace(/^(\/[^/]+)+(?=\/v2)/, ''));
}
