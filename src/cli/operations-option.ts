/** The setting `operations`: a site's own rules for naming operations, before the built-in ones. */
import { readFileSync } from 'node:fs';
import { Misuse, reasonOf } from '../errors.ts';
import { API_VERSION, API_WORDS } from '../oslo/api-path.ts';
import { listOf, type Rule, readRules } from '../trace/operation-rule.ts';
import { BUILT_IN_OPERATIONS, Operations } from '../trace/operations.ts';

export interface OperationsOptions {
  readonly operations?: string | undefined;
}

/** @throws Misuse naming the rule that is wrong. */
export function readOperations({ operations: file }: OperationsOptions): Operations {
  if (file === undefined || file === '') return BUILT_IN_OPERATIONS;
  const rules = readRules(textOf(file));
  if (typeof rules === 'string') throw new Misuse(`--operations ${file}: ${rules}`);
  for (const [index, rule] of rules.entries()) {
    const strange = strangeWord(rule);
    if (strange === undefined) continue;
    throw new Misuse(`--operations ${file}: rule ${index + 1}: '${strange}' in its path is taken for a name: it is {id} there`);
  }
  return new Operations(rules);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Misuse(
      `--operations ${file}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : reasonOf(error)}`,
    );
  }
}

/** A word of a path that the decoder keeps to itself, because it may be a name: a rule with it would never match. */
function strangeWord(rule: Rule): string | undefined {
  const words = listOf(rule.path).flatMap((path) => path.split('/'));
  return words.find((word) => word !== '{id}' && !API_WORDS.has(word) && !API_VERSION.test(word));
}
