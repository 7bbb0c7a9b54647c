import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Definition } from '../../../src/metrics/definition.ts';
import { DEFINITIONS } from '../../../src/metrics/definitions.ts';
import { metricsPage } from '../../../src/metrics/describe.ts';
import { ROOT } from '../../support/cli.ts';

test('docs/metrics.md says what there is: node scripts/generate-docs.ts writes it anew', () => {
  expect(readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8')).toBe(metricsPage());
});

test.each(Object.entries<Definition>(DEFINITIONS))('%s is named for what it is', (name, { type, unit, buckets }) => {
  expect(name).toMatch(/^(oslotap|oslo_messaging_rpc)(_[a-z0-9]+)+$/);
  expect(name.endsWith('_total')).toBe(type === 'counter');
  if (unit === 'seconds') expect(name).toMatch(/_seconds$/);
  if (unit === 'bytes') expect(name).toMatch(/_bytes(_total)?$/);
  expect(buckets ?? []).toEqual([...(buckets ?? [])].sort((a, b) => a - b));
  expect(buckets !== undefined).toBe(type === 'histogram');
});
