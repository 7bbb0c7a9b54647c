/** What is in force, and where it comes from: what `--check-config` prints. A configuration itself, without secrets. */
import { stringify } from 'yaml';
import { describeOrigin, type Given } from './given.ts';
import { isLeaf, type Leaf, type Node } from './leaf.ts';
import { masked } from './mask.ts';
import { LEAVES, TREE } from './schema.ts';

type GivenByPath = ReadonlyMap<string, Given>;

/** YAML, each value with its origin. What is neither given nor has a default is left out. */
export function effectiveYaml(given: GivenByPath): string {
  const lines = (nodes: readonly Node[], indent: string): string[] =>
    nodes.flatMap((node) => {
      if (isLeaf(node)) {
        const value = effectiveValue(node, given);
        return value === undefined ? [] : [`${indent}${node.key}: ${yamlOf(value)} # ${originOf(node, given)}`];
      }
      const below = lines(node.children, `${indent}  `);
      return below.length === 0 ? [] : [`${indent}${node.key}:`, ...below];
    });
  return `${lines(TREE, '').join('\n')}\n`;
}

/** The same by path: `{ "tap.tier": { "value": "full", "origin": "default" } }`. */
export function effectiveJson(given: GivenByPath): Record<string, { readonly value: unknown; readonly origin: string }> {
  const rows = LEAVES.flatMap((leaf) => {
    const value = effectiveValue(leaf, given);
    return value === undefined ? [] : [[leaf.path, { value, origin: originOf(leaf, given) }] as const];
  });
  return Object.fromEntries(rows);
}

function effectiveValue(leaf: Leaf, given: GivenByPath): unknown {
  const value = given.get(leaf.path)?.value ?? leaf.byDefault;
  return value === undefined ? undefined : masked(leaf, value);
}

function originOf(leaf: Leaf, given: GivenByPath): string {
  return describeOrigin(given.get(leaf.path)?.origin ?? { kind: 'default' });
}

/** On one line, as it may stand in a file. */
export function yamlOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(itemOf).join(', ')}]`;
  const plain = stringify(value, { lineWidth: 0 }).trimEnd();
  return typeof value === 'string' && plain !== value ? JSON.stringify(value) : plain;
}

function itemOf(value: unknown): string {
  return typeof value === 'string' && /[,[\]{}]/.test(value) ? JSON.stringify(value) : yamlOf(value);
}
