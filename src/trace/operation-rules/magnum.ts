/** What magnum's requests are called. Methods: magnum/conductor/api.py. Events: magnum/conductor/utils.py. */
import type { Rule } from '../operation-rule.ts';

export const MAGNUM: readonly Rule[] = [
  { path: 'clusters', operation: 'cluster.{verb}' },

  ...['create', 'update', 'delete', 'resize', 'upgrade'].map(
    (verb): Rule => ({ method: `cluster_${verb}`, operation: `cluster.${verb}` }),
  ),
  ...['create', 'update', 'delete'].map((verb): Rule => ({ method: `nodegroup_${verb}`, operation: `nodegroup.${verb}` })),
  { method: 'sign_certificate', operation: 'certificate.create' },
  { method: 'get_ca_certificate', operation: 'certificate.show' },
  { method: 'rotate_ca_certificate', operation: 'certificate.rotate' },

  { event: 'magnum.cluster.{verb}', operation: 'cluster.{verb}', role: 'part' },
];
