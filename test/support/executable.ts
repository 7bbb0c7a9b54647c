/** How the executable has itself started: the environment and node's flags in its first line, for whoever starts the sources. */
import { readFileSync } from 'node:fs';

const [firstLine = ''] = readFileSync(new URL('../../src/cli/bin.ts', import.meta.url), 'utf8').split('\n', 1);
const [, environment, flags] = /^#!\/usr\/bin\/env -S (.*)\bnode (.*)$/.exec(firstLine) ?? [];
if (environment === undefined || flags === undefined) throw new Error(`src/cli/bin.ts does not start node: ${firstLine}`);

export const NODE_FLAGS: readonly string[] = flags.split(' ');
export const NODE_ENVIRONMENT: Readonly<Record<string, string>> = Object.fromEntries(
  [...environment.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
);
