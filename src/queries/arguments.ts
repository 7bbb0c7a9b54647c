/** What `oslo_messages.arguments` says: names of a method's arguments, and their types. */

/** By name, `{ host: 'string', instance: 'object<Instance>' }`; null where they were not read, and where there can be none. */
export function argumentTypesOf(text: string): Readonly<Record<string, string>> | null {
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    return null; // others may write to a server's table
  }
}
