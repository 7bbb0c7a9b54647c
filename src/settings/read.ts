/**
 * Settings, from all that gives them. A flag goes before the environment, that before the file, and that before the default.
 * Everything is checked, also what another source goes before.
 */
import { Misuse } from '../errors.ts';
import { isLoopback } from '../http/host-header.ts';
import { type Given, placeOf, type SourceRead } from './given.ts';
import type { Leaf } from './leaf.ts';
import { LEAVES, SCHEMA, type Settings, TREE } from './schema.ts';
import { resolveSecrets } from './secrets.ts';
import { type Environment, type Flags, readEnvironment, readFlags } from './text-source.ts';

import { hasPassword, readYamlFile } from './yaml-file.ts';

export interface SettingsSources {
  /** A YAML file; null: none. Its keys and values are all checked, whatever the command uses. */
  readonly file: string | null;
  readonly env: Environment;
  readonly flags: Flags;
  /** What the command uses, by path: nothing else is read of the environment; of the file it is passed over. @default all */
  readonly paths?: readonly string[];
}

export interface Reading {
  /** Null where there are faults. */
  readonly settings: Settings | null;
  /** What was given and holds, by path; what is not in it has its default. */
  readonly given: ReadonlyMap<string, Given>;
  /** A line each, none with a secret. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

const NOTHING: SourceRead = { given: [], faults: [], warnings: [] };

export function readSettings({ file, env, flags, paths }: SettingsSources): Reading {
  const leaves = paths === undefined ? LEAVES : LEAVES.filter(({ path }) => paths.includes(path));
  const sources = [
    file === null ? NOTHING : readYamlFile(file, TREE),
    readEnvironment(env, leaves, LEAVES),
    readFlags(flags, leaves),
  ];
  const all = sources.flatMap((source) => source.given);
  const faults = [...sources.flatMap((source) => source.faults), ...all.flatMap(faultsOf)];
  const warnings = [...sources.flatMap((source) => source.warnings), ...all.flatMap(flagWarning)];
  const given = new Map(all.filter(({ leaf }) => leaves.includes(leaf)).map((each) => [each.leaf.path, each]));
  if (faults.length > 0) return { settings: null, given, faults, warnings };
  const { settings, ...secrets } = resolveSecrets(SCHEMA.parse(nested(given.values())), given);
  const found = [...secrets.faults, ...refusals(settings, given)];
  return { settings: found.length > 0 ? null : settings, given, faults: found, warnings: [...warnings, ...secrets.warnings] };
}

/** @throws Misuse with the first line of what is wrong. */
export function settingsOf({ settings, faults }: Reading): Settings {
  if (settings !== null) return settings;
  const [first = '', ...others] = faults;
  throw new Misuse(others.length === 0 ? first : `${first} (and ${others.length} more: oslotap run --check-config lists them)`);
}

/** A line for people that begins with an option or a key, as one that names where the setting was given. */
export function located(line: string, given: ReadonlyMap<string, Given>): string {
  const [, name, colon, rest = ''] = /^(--[a-z-]+|[a-z][\w.]+)(:?) (.*)$/s.exec(line) ?? [];
  const found = [...given.values()].find(
    ({ leaf, origin }) => leaf.path === name || (leaf.option === name && origin.kind !== 'flag'),
  );
  if (found === undefined) return line;
  return `${placeOf(found.leaf, found.origin)}: ${colon === ':' ? rest : line}`;
}

function faultsOf({ leaf, value, origin }: Given): string[] {
  const parsed = leaf.schema.safeParse(value);
  if (parsed.success) return [];
  const [first] = parsed.error.issues;
  const nth = typeof first?.path[0] === 'number' ? `[${first.path[0]}]` : '';
  return [`${placeOf(leaf, origin)}${nth}: ${first?.message ?? 'it is wrong'}`];
}

function flagWarning({ leaf, value, origin }: Given): string[] {
  if (origin.kind !== 'flag' || leaf.isUrl !== true || !hasPassword(value)) return [];
  return [`${origin.option} shows its password to every user of this machine: put the URL into ${leaf.variable}`];
}

/** Values at their places: `{ tap: { tier: 'full' } }`. */
function nested(given: Iterable<{ readonly leaf: Leaf; readonly value: unknown }>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { leaf, value } of given) {
    const folders = leaf.path.split('.').slice(0, -1);
    let at = root;
    for (const folder of folders) {
      at[folder] ??= {};
      at = at[folder] as Record<string, unknown>;
    }
    at[leaf.key] = value;
  }
  return root;
}

/** What no setting says alone. */
function refusals({ query }: Settings, given: ReadonlyMap<string, Given>): string[] {
  const place = (path: string) => {
    const found = given.get(path);
    return found === undefined ? path : placeOf(found.leaf, found.origin);
  };
  const hasUser = query.user !== undefined;
  const hasUserPassword = query.password !== undefined;
  if (hasUser !== hasUserPassword) {
    return [`${place(hasUser ? 'query.user' : 'query.password')}: query.user and its password belong together: give both`];
  }
  if (query.listen === null || isLoopback(query.listen.host) || hasUser || query.token !== undefined) return [];
  return [`${place('query.listen')}: beyond loopback it needs query.user and query.passwordFile, or query.tokenFile`];
}
