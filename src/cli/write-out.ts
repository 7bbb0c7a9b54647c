/** Where a command's result goes: standard output, or the file that `-o` names. */
import { writeFileSync } from 'node:fs';
import { Misuse, reasonOf } from '../errors.ts';

/** @param path undefined: standard output. @throws Misuse where the file cannot be written. */
export function writeOut(text: string, path: string | undefined): void {
  if (path === undefined) {
    process.stdout.write(text);
    return;
  }
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new Misuse(`-o ${path}: ${reasonOf(error)}`);
  }
}
