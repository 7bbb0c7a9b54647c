/** What keystone's requests are called. Events: keystone/notifications.py. Keystone has no RPC. */
import type { Rule } from '../operation-rule.ts';

const ROLE_PATHS = ['projects', 'domains'].flatMap((scope) =>
  ['users', 'groups'].map((actor) => `${scope}/{id}/${actor}/{id}/roles/{id}`),
);

export const KEYSTONE: readonly Rule[] = [
  { path: ROLE_PATHS, action: 'update', operation: 'role_assignment.create' },
  { path: ROLE_PATHS, action: 'delete', operation: 'role_assignment.delete' },
  ...['user', 'project', 'role', 'domain', 'group', 'credential', 'region', 'service'].map(
    (noun): Rule => ({ path: `${noun}s`, operation: `${noun}.{verb}` }),
  ),

  { event: 'identity.authenticate', operation: 'token.create' },
  { event: 'identity.OS-TRUST:trust.created', operation: 'trust.create' },
  { event: 'identity.OS-TRUST:trust.deleted', operation: 'trust.delete' },
  { event: 'identity.{noun}.created', operation: '{noun}.create' },
  { event: ['identity.{noun}.updated', 'identity.{noun}.disabled'], operation: '{noun}.update' },
  { event: 'identity.{noun}.deleted', operation: '{noun}.delete' },
];
