/** Names from the wire as ids of a document: in `$ref` and as keys, they must be plain, and unlike each other. */
import { createHash } from 'node:crypto';

const UNPLAIN = /[^A-Za-z0-9_.-]+/g;
const CHARS_MAX = 120;
/** As keys these mean something else to many programs. */
const OF_OBJECTS: ReadonlySet<string> = new Set(['', '__proto__', 'constructor', 'prototype']);

/**
 * An id for each key, in their order. Where a name is not plain, or two keys would look the same, eight digits of the key's hash stand behind
 * it.
 * @param taken ids that are somebody else's.
 */
export function idsOf(keys: readonly (readonly string[])[], taken: readonly string[]): string[] {
  const named = keys.map((parts) => ({ text: parts.filter((part) => part !== '').join('-'), key: JSON.stringify(parts) }));
  const byText = Map.groupBy(named, ({ text }) => text);
  return named.map(({ text, key }) => {
    const plain = text.slice(0, CHARS_MAX).replace(UNPLAIN, '_');
    const isAlone = new Set(byText.get(text)?.map((other) => other.key)).size === 1;
    if (plain === text && isAlone && !taken.includes(text) && !OF_OBJECTS.has(text)) return text;
    return `${plain}-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
  });
}
