/** Real oslo.messaging clients and servers that fail in every way, against a broker that a tap listens to: oslo_failures.py. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Missing } from './broker.ts';

export interface FailuresOptions {
  /** One run on a virtual host, or runs with the same `queues`: a queue's kind cannot change. */
  readonly amqp: string;
  /** A recent oslo.messaging from PyPI instead of the installed one; the first time it is downloaded, about 15 s. @default false */
  readonly recent?: boolean;
  /** `quorum` and `stream` need `recent` to be more than quorum queues for topics. @default 'classic' */
  readonly queues?: 'classic' | 'quorum' | 'stream';
}

/** One message, as its sender's and its receivers' code knows it. */
export interface Sent {
  readonly unique_id: string;
  readonly kind: 'call' | 'cast' | 'fanout' | 'notification';
  readonly method: string;
  readonly namespace: string | null;
  readonly outcome: 'sent' | 'ok' | 'failed' | 'timeout';
  readonly request_id: string | null;
  readonly parent_unique_id: string | null;
  /** What went wrong, a function's name in oslo_failures.py; null for what servers send. */
  readonly case: string | null;
  readonly handled: boolean;
  /** Replies that servers published, heartbeats included, and more than one where the reply queue was gone. */
  readonly replies: number;
}

export interface Expected {
  readonly messages: readonly Sent[];
  readonly counts: Record<
    'calls' | 'casts' | 'fanouts' | 'notifications' | 'replies' | 'heartbeats' | 'failures' | 'timeouts',
    number
  >;
  /** Texts that were in arguments, results, payloads and contexts, and may not come out anywhere. */
  readonly secrets: readonly string[];
}

const SCRIPT = fileURLToPath(new URL('oslo_failures.py', import.meta.url));
const MISSING = 2;

/** Plays it all, in 7 to 12 s; `missing` where oslo.messaging cannot be had. Throws when the play itself fails. */
export async function playFailures({ amqp, recent = false, queues = 'classic' }: FailuresOptions): Promise<Expected | Missing> {
  const folder = mkdtempSync(join(tmpdir(), 'oslotap-failures-'));
  try {
    const out = join(folder, 'expected.json');
    const args = [SCRIPT, out, '--amqp', amqp, '--queues', queues, ...(recent ? ['--recent'] : [])];
    const child = spawn('python3', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const words: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => words.push(text));
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code === MISSING) return { missing: words.join('').trim() };
    if (code !== 0) throw new Error(words.join('').trim());
    return JSON.parse(readFileSync(out, 'utf8')) as Expected;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
