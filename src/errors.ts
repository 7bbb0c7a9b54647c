/** The errors that end a command. Everything else that can go wrong is a value and is counted. */

/** Exit codes of the command line. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** The command could not do its job: one line for the user, exit code 1. */
export class Failed extends Error {
  readonly exitCode: number = EXIT.failed;
}

/** The command was called or set up wrongly: one line that says what to change, exit code 2. */
export class Misuse extends Error {
  readonly exitCode: number = EXIT.usage;
}

/** The first line of whatever was thrown, for a message to the user. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? '';
}
