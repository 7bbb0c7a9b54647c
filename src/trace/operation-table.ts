/**
 * The built-in rules, service by service: of those that match a message the first counts. Where both an API's path and an
 * RPC name the same request, they give it the same name. The form: operation-rule.ts.
 *
 * Paths are those of the API references, actions those of keystonemiddleware's `audit/_api.py`: `update/<the body's key>` for
 * `POST …/action`. A collection's rule covers create, list, show, update, delete, and every action by its own name.
 */
import type { Rule } from './operation-rule.ts';
import { CINDER } from './operation-rules/cinder.ts';
import { GLANCE } from './operation-rules/glance.ts';
import { HEAT } from './operation-rules/heat.ts';
import { IRONIC } from './operation-rules/ironic.ts';
import { KEYSTONE } from './operation-rules/keystone.ts';
import { MAGNUM } from './operation-rules/magnum.ts';
import { NEUTRON } from './operation-rules/neutron.ts';
import { NOVA } from './operation-rules/nova.ts';
import { OCTAVIA } from './operation-rules/octavia.ts';

// Ironic has ports as neutron has, heat snapshots as cinder has: theirs say more exactly which.
export const OPERATION_TABLE: readonly Rule[] = [NOVA, IRONIC, NEUTRON, HEAT, CINDER, GLANCE, OCTAVIA, MAGNUM, KEYSTONE].flat();
