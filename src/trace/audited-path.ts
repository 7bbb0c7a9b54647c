/**
 * What an audited HTTP request asked for, told from its path's template and CADF's action: the words behind version and
 * project, what they do to a collection or a member, and a name where no rule knows them. Actions as keystonemiddleware's
 * `audit/_api.py` gives them: create, update, delete, read, read/list, and `update/<the body's key>` for `POST …/action`.
 */

export interface PathParts {
  /** `v2.1`, or ''. */
  readonly version: string;
  /** `servers`, `{id}`, `action`. */
  readonly words: readonly string[];
}

/** `/identity/v3/users/{id}` is v3 and users, {id}; `/v3/{id}/volumes`, with the project's id, is v3 and volumes. */
export function partsOf(path: string): PathParts {
  const all = path.split('/').filter((word) => word !== '' && word !== 'placement');
  const at = all.findIndex(isVersion);
  const words = all.slice(at + 1);
  return { version: all[at] ?? '', words: words[0] === '{id}' && words.length > 1 ? words.slice(1) : words };
}

/** A rule's pattern in the same form: `v1/ports` is v1 and ports. */
export function patternOf(path: string): PathParts {
  const [first = '', ...others] = path.split('/');
  return isVersion(first) ? { version: first, words: others } : { version: '', words: [first, ...others] };
}

/** The words of a path behind a pattern, or null where it does not match. */
export function restOf(path: PathParts, pattern: PathParts): readonly string[] | null {
  if (pattern.version !== '' && pattern.version !== path.version) return null;
  const isMatch = pattern.words.every((word, i) => word === path.words[i] || (word === '{id}' && isValue(path.words[i])));
  return isMatch ? path.words.slice(pattern.words.length) : null;
}

/** Whether a rule's action is this one, or a part of it: `reboot` is in `update/reboot`. */
export function isAction(action: string, wanted: string): boolean {
  return action === wanted || action.split('/').includes(wanted);
}

/** CADF's `read` and `read/list`. */
export function isRead(action: string): boolean {
  return action === 'read' || action.startsWith('read/');
}

/**
 * What is done to a collection (nothing behind it, or `detail`), to its member, or to a member by `/action`. CADF's `update` is
 * a POST too where the site's audit map does not know the path.
 *
 * @returns '' where the action does not say; null where the rest is something else.
 */
export function verbOf(action: string, rest: readonly string[]): string | null {
  const [first, second] = rest;
  const isCollection = rest.length === 0 || (rest.length === 1 && first === 'detail');
  const isByAction = rest.length === 2 && isValue(first) && second === 'action';
  if (!isCollection && !isByAction && !(rest.length === 1 && isValue(first))) return null;
  const [root = '', key = ''] = action.split('/');
  if (root === 'read') return isCollection ? 'list' : 'show';
  if (key !== '') return snake(key);
  if (root === 'unknown' || isByAction) return '';
  return root === 'update' && isCollection ? 'create' : snake(root);
}

/** A path that no rule knows is called after its last known word. @returns null where the action does not say what was done. */
export function nameOfPath({ words }: PathParts, action: string): string | null {
  const at = words.findLastIndex((word) => !isValue(word) && word !== 'detail' && word !== 'action');
  // Deeper down it is a part without a known word: to delete that is a change of what it belongs to.
  const verb = verbOf(action, words.slice(at + 1)) ?? (isRead(action) ? 'show' : 'update');
  if (verb === '') return null;
  return `${at < 0 ? 'api' : singular(snake(words[at] ?? ''))}.${verb}`;
}

/** `os-getVNCConsole` is get_vnc_console, `createImage` create_image. */
export function snake(word: string): string {
  const split = word.replace(/^os-/, '').replace(/([a-z0-9])([A-Z])/g, '$1_$2');
  return split
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
}

function singular(word: string): string {
  return word
    .replace(/ies$/, 'y')
    .replace(/(ss)es$/, '$1')
    .replace(/([^su])s$/, '$1');
}

function isVersion(word: string): boolean {
  return /^v\d/.test(word);
}

function isValue(word: string | undefined): boolean {
  return word === '{id}' || word === '{name}';
}
