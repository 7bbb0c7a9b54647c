/**
 * A YAML configuration: which keys it has, what they say, and in which line. A line for each thing that is wrong with it,
 * none of which repeats a value: it may be a password.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLMap,
  type Node as YamlNode,
} from 'yaml';
import type { Given, SourceRead } from './given.ts';
import { isLeaf, type Leaf, leavesOf, type Node } from './leaf.ts';
import { readSmallFile } from './small-file.ts';
import { nearest, plain } from './suggest.ts';

/** The annotated example, with all that there is, has a twentieth of it. */
const BYTES_MAX = 256 * 1024;
/** What aliases may make of a value; none of ours needs any. */
const ALIASES_MAX = 100;
/** What is wrong is told so many times; the rest is most likely the same. */
const FAULTS_MAX = 100;

export function readYamlFile(file: string, tree: readonly Node[]): SourceRead {
  const read = readSmallFile(file, BYTES_MAX);
  if (typeof read === 'string') return { given: [], faults: [`${file}: ${read}`], warnings: [] };
  const reader = new Reader(file, tree);
  reader.read(read.text);
  const hasSecret = reader.given.some(({ leaf, value }) => leaf.isSecret === true || (leaf.isUrl === true && hasPassword(value)));
  const warning = `${file} holds a password, and every user of this machine can read it: chmod o-r, or put it into a file of its own`;
  return { given: reader.given, faults: reader.faults, warnings: read.isPublic && hasSecret ? [warning] : [] };
}

/** @param value a URL or a list of them. */
export function hasPassword(value: unknown): boolean {
  return [value].flat().some((url) => typeof url === 'string' && /:\/\/[^@]*:[^@]+@/.test(url));
}

class Reader {
  readonly given: Given[] = [];
  readonly faults: string[] = [];
  readonly #file: string;
  readonly #tree: readonly Node[];
  readonly #leaves: readonly Leaf[];
  readonly #lines = new LineCounter();
  /** Where the key stands that was read last. */
  #latest = 0;

  constructor(file: string, tree: readonly Node[]) {
    this.#file = file;
    this.#tree = tree;
    this.#leaves = leavesOf(tree);
  }

  read(text: string): void {
    try {
      const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, logLevel: 'error' });
      for (const { code, pos } of [...document.errors, ...document.warnings]) this.#fault(pos[0], wordsOf(code));
      if (this.faults.length > 0 || document.contents === null) return;
      const { contents } = document;
      if (isMap(contents)) this.#readMap(contents, this.#tree, '', document);
      else if (!isEmpty(contents))
        this.#fault(contents.range?.[0] ?? 0, 'it is a map of sections: "amqp:" and, below it, "url: …"');
    } catch (error) {
      const isReference = error instanceof ReferenceError;
      this.#fault(this.#latest, isReference ? 'its aliases (*) lead nowhere, or to too much' : 'it is nested too deep');
    }
  }

  #readMap(map: YAMLMap, nodes: readonly Node[], path: string, document: Document): void {
    for (const pair of map.items) {
      const { key } = pair;
      const at = positionOf(key);
      this.#latest = at;
      const name = isScalar(key) ? key.value : undefined;
      if (typeof name !== 'string') {
        this.#fault(at, `${path === '' ? '' : `${path}: `}a key is a name`);
        continue;
      }
      const node = nodes.find((each) => each.key === name);
      if (node === undefined) this.#fault(at, this.#unknown(name, nodes, path));
      else if (isLeaf(node)) this.#readLeaf(node, pair, at, document);
      else this.#readSection(node, pair, at, document);
    }
  }

  #readSection(node: Exclude<Node, Leaf>, { value }: Pair, at: number, document: Document): void {
    const found = targetOf(value, document);
    if (isMap(found)) this.#readMap(found, node.children, node.path, document);
    else if (!isEmpty(found)) this.#fault(at, `${node.path}: it is a section: its keys stand below it, indented`);
  }

  #readLeaf(leaf: Leaf, { value }: Pair, at: number, document: Document): void {
    const plainValue = (value as YamlNode | null)?.toJS(document, { maxAliasCount: ALIASES_MAX });
    if (plainValue === null || plainValue === undefined) {
      this.#fault(at, `${leaf.path}: it has no value: give one, or leave the key out`);
      return;
    }
    this.given.push({ leaf, value: plainValue, origin: { kind: 'file', file: this.#file, line: this.#lineOf(at) } });
  }

  #unknown(name: string, siblings: readonly Node[], path: string): string {
    const isShown = /^[\w.-]{1,60}$/.test(name);
    const shown = `${path === '' ? '' : `${path}.`}${isShown ? name : '…'}: unknown key`;
    if (name === '<<') return 'unknown key <<: sections cannot be merged here';
    const full = this.#leaves.find((leaf) => leaf.path === name);
    if (full !== undefined) return `${shown}; it is nested: "${full.path.replaceAll('.', ': { ')}:"`;
    const near = nearest(
      name,
      siblings.map(({ key }) => key),
    );
    const elsewhere = this.#leaves.find((leaf) => plain(leaf.key) === plain(name) || plain(leaf.option ?? '') === plain(name));
    const meant =
      elsewhere !== undefined && plain(near ?? '') !== plain(name) && elsewhere.path !== `${path}.${near}`
        ? elsewhere.path
        : near;
    return meant === null
      ? `${shown}; known here: ${siblings.map(({ key }) => key).join(', ')}`
      : `${shown}; did you mean ${meant}?`;
  }

  #fault(offset: number, words: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(`${this.#file}:${this.#lineOf(offset)}: ${words}`);
  }

  #lineOf(offset: number): number {
    return Math.max(1, this.#lines.linePos(offset).line);
  }
}

function positionOf(key: unknown): number {
  return (key as YamlNode | null)?.range?.[0] ?? 0;
}

/** Nothing there, or nothing but comments. */
function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function targetOf(value: unknown, document: Document): YamlNode | null {
  const node = value as YamlNode | null;
  if (!isAlias(node)) return node;
  const target = node.resolve(document);
  if (target === undefined) throw new ReferenceError('unresolved');
  return target;
}

/** The library's own words may quote the file. */
const WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key stands twice',
  TAB_AS_INDENT: 'a tab: YAML is indented by spaces',
  MULTIPLE_DOCS: 'a second document begins: a configuration is one',
  BAD_ALIAS: 'an alias (*) that is none',
  TAG_RESOLVE_FAILED: 'a tag (!) that means nothing here',
  BAD_INDENT: 'it is indented wrongly, or a bracket before it is not closed',
  MISSING_CHAR: 'something is missing: a quote, a bracket, a colon or a blank after one',
  BAD_SCALAR_START: 'a value must not begin with this character: put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a key where none can be: is there a colon too many, or a quote missing?',
  MULTILINE_IMPLICIT_KEY: 'a key over several lines: is a colon missing?',
};

function wordsOf(code: string): string {
  return WORDS[code] ?? `it is not YAML (${code.toLowerCase().replaceAll('_', ' ')})`;
}
