import { readFileSync } from 'node:fs';

/** The package's version. Works from the sources and from the built package: both lie below package.json. */
export function version(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // not here: the other layout
    }
  }
  return 'unknown';
}
