/**
 * What is known of a setting beside its type: its flag, its meaning, its unit. Names follow from it:
 *
 *   flag --queue-length <N>  →  OSLOTAP_QUEUE_LENGTH       no flag, tap.queueLength  →  OSLOTAP_TAP_QUEUE_LENGTH
 */
import { z } from 'zod';

export interface LeafMeta {
  /** `--queue-length <N>`; `<URL...>` for lists; none where a value must not stand on a command line. */
  readonly flag?: string;
  /** One line, for --help, the example and the docs. */
  readonly description: string;
  /** Of a number: `bytes`, `seconds`. */
  readonly unit?: string;
  /** What goes for the default in words, where there is none in the schema. */
  readonly otherwise?: string;
  /** For the example file, where neither default nor type says enough. */
  readonly example?: string;
  /** Never printed. */
  readonly isSecret?: true;
  /** Holds a URL (or several), which may hold a password. */
  readonly isUrl?: true;
  /** Of such a URL the path is a secret too, as chat services have it: only where it leads to is printed. */
  readonly hasSecretPath?: true;
}

export interface SectionMeta {
  /** Heading of its options in --help. */
  readonly title: string;
  /** One line, for the example and the docs. */
  readonly about: string;
}

const LEAVES = z.registry<LeafMeta>();
const SECTIONS = z.registry<SectionMeta>();

export function leaf<Schema extends z.ZodType>(schema: Schema, meta: LeafMeta): Schema {
  LEAVES.add(schema, meta);
  return schema;
}

/** A section that is not there has its defaults. */
export function section<Shape extends z.core.$ZodLooseShape>(meta: SectionMeta, shape: Shape) {
  const schema = z.strictObject(shape).prefault({} as never); // the type of a section's input cannot be told of a generic shape
  SECTIONS.add(schema, meta);
  return schema;
}

export interface Leaf extends LeafMeta {
  /** Where it stands in the file: `tap.queueLength`. */
  readonly path: string;
  /** Its last part. */
  readonly key: string;
  readonly schema: z.ZodType;
  readonly kind: 'text' | 'number' | 'flag' | 'list';
  /** As it would stand in a file; undefined: there is none. */
  readonly byDefault: unknown;
  readonly choices: readonly string[];
  /** `OSLOTAP_QUEUE_LENGTH` */
  readonly variable: string;
  /** The flag without its value: `--queue-length`. */
  readonly option: string | null;
  readonly title: string;
}

export interface Section extends SectionMeta {
  readonly path: string;
  readonly key: string;
  readonly children: readonly Node[];
}

export type Node = Leaf | Section;

export function isLeaf(node: Node): node is Leaf {
  return 'schema' in node;
}

/** The tree of a schema, in its order. */
export function treeOf(schema: z.ZodType, path = '', title = 'Options:'): Node[] {
  const bare = bareOf(schema);
  if (!(bare instanceof z.ZodObject)) return [];
  return Object.entries(bare.shape).map(([key, child]) => {
    const below = path === '' ? key : `${path}.${key}`;
    const about = SECTIONS.get(child as z.ZodType);
    if (about === undefined) return leafOf(child as z.ZodType, { path: below, key, title });
    return { ...about, path: below, key, children: treeOf(child as z.ZodType, below, about.title) };
  });
}

export function leavesOf(nodes: readonly Node[]): Leaf[] {
  return nodes.flatMap((node) => (isLeaf(node) ? [node] : leavesOf(node.children)));
}

function leafOf(schema: z.ZodType, place: { readonly path: string; readonly key: string; readonly title: string }): Leaf {
  const meta = LEAVES.get(schema);
  if (meta === undefined) throw new Error(`${place.path} is described nowhere`);
  const bare = bareOf(schema);
  const option = meta.flag === undefined ? null : (meta.flag.split(' ', 1)[0] ?? null);
  return {
    ...meta,
    ...place,
    schema,
    kind: kindOf(bare),
    byDefault: schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined,
    choices: choicesOf(bare),
    variable: `OSLOTAP_${(option?.slice(2) ?? place.path).replace(/[A-Z]/g, '-$&').replace(/[-.]/g, '_').toUpperCase()}`,
    option,
  };
}

function bareOf(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return bareOf(schema.def.innerType as z.ZodType);
  }
  return schema;
}

function kindOf(bare: z.ZodType): Leaf['kind'] {
  if (bare instanceof z.ZodNumber) return 'number';
  if (bare instanceof z.ZodBoolean) return 'flag';
  return bare instanceof z.ZodArray ? 'list' : 'text';
}

function choicesOf(bare: z.ZodType): string[] {
  const one = bare instanceof z.ZodArray ? (bare.def.element as z.ZodType) : bare;
  return one instanceof z.ZodEnum ? one.options.map(String) : [];
}
