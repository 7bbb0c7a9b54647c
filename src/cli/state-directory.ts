/** Where the journal and armed.json are: beside the embedded store, else in the working directory. */
import { parseStore } from '../store/store.ts';

/** @param store as the setting has it. @throws Misuse */
export function stateDirectory(store: string): string {
  const target = parseStore(store);
  return target.kind === 'chdb' ? target.directory : '.';
}
