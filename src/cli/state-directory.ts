/** Where the journal and armed.json are: beside an embedded store, or where the setting `state` says. */
import { Misuse } from '../errors.ts';
import type { Settings } from '../settings/schema.ts';
import { makeDirectory } from '../store/chdb.ts';
import { lock, unlock } from '../store/lock.ts';
import { parseStore } from '../store/store.ts';

type StateSettings = Pick<Settings, 'store' | 'state'>;

/** Beside no data: where the embedded store would be. */
const WITHOUT_DATA = './oslotap-data';

/** @throws Misuse */
export function stateDirectory({ store, state }: StateSettings): string {
  const target = parseStore(store);
  if (state !== undefined) return state;
  if (target.kind === 'chdb') return target.directory;
  return target.kind === 'server' ? WITHOUT_DATA : '.';
}

/**
 * One process at a time has a journal. Whoever opens the embedded store beside it holds it by that.
 * @returns lets it go. @throws Misuse where another process has it.
 */
export function holdState(settings: StateSettings, command: string): () => void {
  const target = parseStore(settings.store);
  const directory = stateDirectory(settings);
  const isHeldByStore = target.kind === 'chdb' && target.directory === directory;
  if (isHeldByStore || target.kind === 'none') return () => {};
  const holder = holderOf(directory, command);
  if (holder === null) return () => unlock(directory);
  throw new Misuse(
    `the directory ${directory} is held by process ${holder.pid} (oslotap ${holder.command}): each sidecar has its own, give it by --state`,
  );
}

function holderOf(directory: string, command: string) {
  try {
    makeDirectory(directory);
    return lock(directory, command, true);
  } catch (error) {
    throw new Misuse(`the directory ${directory} of the journal cannot be written: ${(error as NodeJS.ErrnoException).code}`);
  }
}
