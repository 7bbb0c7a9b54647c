/** `node scripts/generate-docs.ts`: writes the pages that are made from the source. A test holds them to it. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { metricsPage } from '../src/metrics/describe.ts';
import { configurationPage, exampleYaml } from './docs/configuration.ts';

/** Path from the root, and what makes its text. */
export const DOCUMENTS: readonly (readonly [path: string, make: () => string])[] = [
  ['docs/configuration.md', configurationPage],
  ['docs/oslotap.example.yaml', exampleYaml],
  ['docs/metrics.md', metricsPage],
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, make] of DOCUMENTS) writeFileSync(new URL(`../${path}`, import.meta.url), make());
}
