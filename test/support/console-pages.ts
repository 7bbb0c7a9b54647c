/** Pages whose `console` blocks are what a shell says: a line with `$ ` is a command, what follows is what it prints. */
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, scratch } from './cli.ts';

const BLOCK = /^```console\n([\s\S]*?)^```$/gm;

/** The page with what its commands print today, in a new directory that has `test/fixtures` as a checkout has. */
export function regenerated(page: string): string {
  const commands = [...page.matchAll(BLOCK)].flatMap(([, block = '']) => commandsOf(block));
  const outputs = run(commands);
  let next = 0;
  return page.replace(BLOCK, (_, block: string) => {
    const lines = commandsOf(block).map((command) => `$ ${command}\n${outputs[next++] ?? ''}`);
    return `\`\`\`console\n${lines.join('')}\`\`\``;
  });
}

function commandsOf(block: string): string[] {
  return block.split('\n').flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : []));
}

/** What each command prints to standard output; all run in one shell, one after the other. */
function run(commands: readonly string[]): string[] {
  const folder = scratch();
  symlinkSync(join(ROOT, 'test'), join(folder, 'test'));
  const mark = '\u241e';
  const script = [
    `oslotap() { '${process.execPath}' '${join(ROOT, 'src/cli/bin.ts')}' "$@"; }`,
    ...commands.flatMap((command) => [command, `printf '${mark}'`]),
  ].join('\n');
  const { stdout, error } = spawnSync('bash', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 170_000,
    maxBuffer: 1 << 26,
  });
  if (error !== undefined) throw error;
  return stdout.split(mark).slice(0, -1);
}
