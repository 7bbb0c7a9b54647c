/** A sidecar of a test's own, as its users run it: started, waited for, ended in order. */
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import type { Message } from '../../src/queries/traces.ts';
import { oslotap, startOslotap } from './cli.ts';

export interface Sidecar {
  /** What it has said so far. */
  said(): string;
  /** Resolves once it has said this. Throws when it ends before, or takes too long. */
  until(pattern: RegExp, withinMs?: number): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** `oslotap run` with these arguments; killed when the test is over, should it still be there. */
export function startSidecar(args: readonly string[]): Sidecar {
  const child = startOslotap(['run', ...args]);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    said: () => said,
    until: (pattern, withinMs = 30_000) =>
      waitFor(
        () => {
          if (pattern.test(said)) return true;
          if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said}`);
          return false;
        },
        `${pattern} in: ${said}`,
        withinMs,
      ),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Polls. @throws when it does not become true in time. */
export async function waitFor(isTrue: () => boolean | Promise<boolean>, what: string, withinMs = 30_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function messagesIn(store: string): Message[] {
  return linesOf<Message>(oslotap(['messages', '--json', '--store', store]).stdout);
}

export interface Sent {
  readonly unique_id: string;
  readonly kind: string;
  readonly method: string;
  readonly outcome: string;
}

/** The load's truth file. */
export function sentIn(file: string): Sent[] {
  return linesOf<Sent>(readFileSync(file, 'utf8'));
}

function linesOf<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
