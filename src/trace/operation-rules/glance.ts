/** What glance's requests are called. Events: glance/notifier.py. Glance has no RPC. */
import type { Rule } from '../operation-rule.ts';

export const GLANCE: readonly Rule[] = [
  { path: 'images/{id}/file', action: 'read', operation: 'image.download' },
  { path: 'images/{id}/file', operation: 'image.upload' },
  { path: 'images/{id}/members', operation: 'image_member.{verb}' },
  { path: 'images', operation: 'image.{verb}' },

  { event: ['image.prepare', 'image.upload', 'image.activate'], operation: 'image.upload' },
  { event: 'image.send', operation: 'image.download' },
  { event: 'image.member.{verb}', operation: 'image_member.{verb}' },
  { event: 'image.{verb}', operation: 'image.{verb}' },
  { event: 'metadef_namespace.{verb}', operation: 'metadef_namespace.{verb}' },
];
