/** Settings that come as text: the environment and the flags. */
import type { Given, SourceRead } from './given.ts';
import type { Leaf } from './leaf.ts';
import { nearest } from './suggest.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
/** By the setting's path: the text, the texts of a list, or whether a flag without a value is there. */
export type Flags = ReadonlyMap<string, string | readonly string[] | boolean>;

/** Variables that are no settings, but oslotap's. */
const OTHER_VARIABLES = ['OSLOTAP_CONFIG', 'OSLOTAP_DEBUG'];
/** Kubernetes sets these for a Service that is called oslotap. */
const SERVICE_VARIABLE = /^OSLOTAP(_\w+)?_(SERVICE_(HOST|PORT)|PORT)(_|$)/;

/**
 * A variable that is empty is as if it were not there.
 * @param leaves that the command has. @param known all that there are.
 */
export function readEnvironment(env: Environment, leaves: readonly Leaf[], known: readonly Leaf[]): SourceRead {
  const given = leaves.flatMap((leaf): Given[] => {
    const value = env[leaf.variable];
    if (value === undefined || value === '') return [];
    return [{ leaf, value: fromText(leaf, [value]), origin: { kind: 'environment', variable: leaf.variable } }];
  });
  const variables = [...known.map(({ variable }) => variable), ...OTHER_VARIABLES];
  const strange = Object.keys(env).filter(
    (name) => name.startsWith('OSLOTAP_') && !variables.includes(name) && !SERVICE_VARIABLE.test(name),
  );
  return { given, faults: [], warnings: strange.map((name) => strangeWarning(name, variables)) };
}

export function readFlags(flags: Flags, leaves: readonly Leaf[]): SourceRead {
  const given = leaves.flatMap((leaf): Given[] => {
    const value = flags.get(leaf.path);
    if (value === undefined) return [];
    const option = leaf.option ?? leaf.path;
    return [
      { leaf, value: typeof value === 'boolean' ? value : fromText(leaf, [value].flat()), origin: { kind: 'flag', option } },
    ];
  });
  return { given, faults: [], warnings: [] };
}

const YES = ['1', 'true', 'yes', 'on'];
const NO = ['0', 'false', 'no', 'off'];

/** The value as it would stand in a file; text that cannot be one stays text, and the schema says what is wrong with it. */
function fromText({ kind }: Leaf, texts: readonly string[]): unknown {
  const text = texts.at(-1) ?? '';
  if (kind === 'list') return texts.flatMap((each) => each.split(',').map((part) => part.trim())).filter((part) => part !== '');
  if (kind === 'number') return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
  if (kind === 'text') return text;
  if (YES.includes(text.toLowerCase())) return true;
  return NO.includes(text.toLowerCase()) ? false : text;
}

function strangeWarning(name: string, variables: readonly string[]): string {
  const near = nearest(
    name.slice('OSLOTAP_'.length),
    variables.map((variable) => variable.slice('OSLOTAP_'.length)),
  );
  const shown = /^\w{1,60}$/.test(name) ? name : 'OSLOTAP_…';
  return `${shown} in the environment is no setting${near === null ? '' : `; did you mean OSLOTAP_${near}?`}`;
}
