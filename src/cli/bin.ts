#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072 node --max-semi-space-size=4 --max-old-space-size=384
/** The executable. Looks at Node's version before anything is loaded that an old one could not read. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isAtLeast = (wantedMajor: number, wantedMinor: number) =>
  major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);

if (isAtLeast(22, 15)) {
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write(`oslotap: needs Node.js 22.15 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 2;
}
