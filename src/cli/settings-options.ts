/** Settings as options of a command, and read again: the flags that were given, the environment, the file. */
import { type Command, Option } from 'commander';
import { Misuse } from '../errors.ts';
import type { Leaf } from '../settings/leaf.ts';
import { maskLine } from '../settings/mask.ts';
import { located, type Reading, readSettings, settingsOf } from '../settings/read.ts';
import { LEAVES, type Settings } from '../settings/schema.ts';
import type { Flags } from '../settings/text-source.ts';

/** Help of a setting that means something else to a command. */
type Descriptions = Readonly<Record<string, { readonly description?: string; readonly otherwise?: string }>>;

/** Adds `--config`, and an option for each of the settings, by path or section. */
export function addSettings(command: Command, paths: readonly string[], other: Descriptions = {}): Command {
  command.addOption(
    new Option(
      '--config <FILE>',
      'settings, YAML: docs/configuration.md. Flags go before the environment, that before the file',
    ).env('OSLOTAP_CONFIG'),
  );
  for (const leaf of leavesAt(paths)) {
    if (leaf.flag === undefined) continue;
    command.addOption(optionOf({ ...leaf, ...other[leaf.path] }, leaf.flag));
    if (leaf.kind === 'flag') command.addOption(new Option(leaf.flag.replace('--', '--no-')).hideHelp());
  }
  return command;
}

/** @param paths what the command uses, by path or section: the environment is read for these. */
export function readCommand(command: Command, paths: readonly string[]): Reading {
  const leaves = leavesAt(paths);
  const config: unknown = command.getOptionValue('config');
  const file = typeof config === 'string' && config !== '' ? config : null;
  if (config === '' && command.getOptionValueSource('config') === 'cli') throw new Misuse('--config: it names no file');
  return readSettings({ file, env: process.env, flags: flagsOf(command, leaves), paths: leaves.map(({ path }) => path) });
}

/** The settings, with what to warn of said on stderr. @throws Misuse */
export function settingsFor(command: Command, paths: readonly string[]): { settings: Settings; reading: Reading } {
  const reading = readCommand(command, paths);
  const settings = settingsOf(reading);
  for (const warning of reading.warnings) process.stderr.write(`oslotap: ${warning}\n`);
  return { settings, reading };
}

/** What is made of settings: where it is refused, the line names where the setting stands. @throws Misuse */
export function placing<T>({ given }: Pick<Reading, 'given'>, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof Misuse ? new Misuse(maskLine(located(error.message, given), given.values())) : error;
  }
}

function leavesAt(paths: readonly string[]): Leaf[] {
  return LEAVES.filter(({ path }) => paths.some((each) => path === each || path.startsWith(`${each}.`)));
}

/** Variables and defaults are for the help only: src/settings reads them, commander must not. */
function optionOf({ description, variable, otherwise, byDefault, title, kind }: Leaf, flag: string): Option {
  const option = new Option(flag, description).env(variable).helpGroup(title);
  if (kind === 'list') option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
  if (otherwise !== undefined) return option.default('', otherwise);
  return byDefault === undefined || byDefault === false || Array.isArray(byDefault) ? option : option.default(byDefault);
}

function flagsOf(command: Command, leaves: readonly Leaf[]): Flags {
  const byOption = new Map(leaves.map((leaf) => [leaf.option, leaf.path]));
  const flags = new Map<string, string | readonly string[] | boolean>();
  for (const option of command.options) {
    const path = byOption.get(option.long ?? '');
    const name = option.attributeName();
    if (path === undefined || command.getOptionValueSource(name) !== 'cli') continue;
    flags.set(path, command.getOptionValue(name));
  }
  return flags;
}
