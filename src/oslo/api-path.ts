/** Paths of OpenStack's APIs: which of their words are the API's own, and so may leave the decoder. */
import type { Resource, ResourceType } from '../message.ts';

/** Collections, actions and the names of query parameters. Everything else in a path is a name or a value of the user's. */
export const API_WORDS: ReadonlySet<string> = new Set(
  `action actions activate add_extraroutes add_gateway_router add_router_interface address-groups address-scopes agents
  aggregate aggregates all_tenants allocations amphorae attachments auth auto-allocated-topology availability_zones
  backups bays bindings callback certificates changes-since chassis clean clusters clustertemplates configs
  consistencygroups consoles containers credentials deactivate default-security-group-rules detail device_id
  device_owner diagnostics domains drivers events extensions failover fields file firewall_groups flavors floatingips
  group_snapshots groups healthcheck healthmonitors host hosts id images import inspection ip_address ips is_public
  l2-gateways l7policies lbaas limit limits listeners loadbalancers log logs mac_address maintenance management marker
  members messages metadata metering-labels migrations name network-ip-availabilities network_id networks nodegroups
  nodes ns os-aggregates os-assisted-volume-snapshots os-availability-zone os-console-auth-tokens os-evacuate
  os-extra_specs os-flavor-access os-floating-ips os-hypervisors os-instance-actions os-instance_usage_audit_log
  os-interface os-keypairs os-migrations os-quota-class-sets os-quota-sets os-security-groups os-server-diagnostics
  os-server-external-events os-server-groups os-server-password os-services os-simple-tenant-usage os-volume-transfer
  os-volume_attachments os-volumes_boot placement policies pools port_forwardings port_id portgroups ports power
  project_id projects provision qos qos-specs quotas raid rbac-policies reactivate recordsets regions remote-consoles
  remove_extraroutes remove_router_interface resource_providers resources restore roles router_id routers rules
  security-group-rules security-groups server_id servers services shared shares snapshots sort_dir sort_key stacks
  stage states status subnet_id subnetpools subnets tags tenant_id tokens topology traits trunks trusts types usages
  users v versions vifs volume-transfers volume_id volume_types volumes vpn with_count zones`.split(/\s+/),
);
export const API_VERSION = /^v\d{1,2}(\.\d{1,3})?$/;

const ID = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}|\d+)$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The collection in a path, or the parameter of a query, that an id stands behind: of what it is. */
const TYPE_OF_WORD = new Map<string, ResourceType>([
  ['servers', 'instance'],
  ['device_id', 'instance'],
  ['server_id', 'instance'],
  ['ports', 'port'],
  ['os-interface', 'port'],
  ['port_id', 'port'],
  ['networks', 'network'],
  ['network_id', 'network'],
  ['subnets', 'subnet'],
  ['subnet_id', 'subnet'],
  ['routers', 'router'],
  ['router_id', 'router'],
  ['floatingips', 'floating_ip'],
  ['security-groups', 'security_group'],
  ['volumes', 'volume'],
  ['volume_id', 'volume'],
  ['os-volume_attachments', 'volume'],
  ['snapshots', 'snapshot'],
  ['backups', 'backup'],
  ['images', 'image'],
  ['nodes', 'node'],
  ['loadbalancers', 'load_balancer'],
  ['stacks', 'stack'],
  ['clusters', 'cluster'],
]);

export interface ApiPath {
  /** `/v2.1/servers/096ddabc-…?name=web` is `/v2.1/servers/{id}`; what is no word of an API is `{name}`. */
  readonly template: string;
  /** What the path, and its query, is about: each uuid once, by the word before it. */
  readonly resources: readonly Resource[];
}

/** A request and its answer name the same path. */
let last = { requestPath: '', path: { template: '', resources: [] } as ApiPath };

export function readPath(requestPath: string): ApiPath {
  if (requestPath !== last.requestPath) last = { requestPath, path: read(requestPath) };
  return last.path;
}

function read(requestPath: string): ApiPath {
  const mark = requestPath.indexOf('?');
  const words = (mark < 0 ? requestPath : requestPath.slice(0, mark)).split('/');
  const found = new Map<string, ResourceType>();
  let collection = '';
  let before = '';
  for (const word of words) {
    if (isUuid(word) && !found.has(word)) found.set(word, TYPE_OF_WORD.get(before) ?? 'unknown');
    if (API_WORDS.has(word)) collection = word;
    before = word;
  }
  if (mark >= 0) addQuery(requestPath.slice(mark + 1), collection, found);
  return { template: words.map(templateOf).join('/'), resources: [...found].map(([id, type]) => ({ type, id })) };
}

function templateOf(word: string): string {
  if (word === '' || API_WORDS.has(word) || API_VERSION.test(word)) return word;
  return ID.test(word) ? '{id}' : '{name}';
}

function addQuery(query: string, collection: string, found: Map<string, ResourceType>): void {
  for (const pair of query.split('&')) {
    const [name = '', value = ''] = pair.split('=', 2);
    const word = name === 'id' ? collection : name;
    if (isUuid(value) && !found.has(value)) found.set(value, TYPE_OF_WORD.get(word) ?? 'unknown');
  }
}

function isUuid(word: string): boolean {
  return word.length === 36 && UUID.test(word);
}
