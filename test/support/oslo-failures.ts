/**
 * Real oslo.messaging clients and servers that fail in every way, against a broker that a tap listens to: oslo_failures.py;
 * and what a sidecar beside them should have said.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Message } from '../../src/queries/traces.ts';
import type { VerdictName } from '../../src/trace/verdicts.ts';
import type { Broker, Missing } from './broker.ts';
import { scratch } from './cli.ts';
import { Sidecar, until } from './sidecar.ts';

export interface FailuresOptions {
  /** One run on a virtual host, or runs with the same `queues`: a queue's kind cannot change. */
  readonly amqp: string;
  /** A recent oslo.messaging from PyPI instead of the installed one; the first time it is downloaded, about 15 s. @default false */
  readonly recent?: boolean;
  /** `quorum` and `stream` need `recent` to be more than quorum queues for topics. @default 'classic' */
  readonly queues?: 'classic' | 'quorum' | 'stream';
  /** Awaited when all services are connected, before anything is sent. */
  readonly onReady?: () => Promise<void>;
}

/** What the play made a call fail by, and where. */
export interface Failing {
  readonly verdict: VerdictName;
  /** `''` where nothing on the wire tells. */
  readonly service: string;
  readonly host: string;
  readonly queue: string;
  /** A word that has to be in the evidence. */
  readonly evidence: string | null;
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
  readonly verdict: Failing | null;
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

/** Plays it all, in 8 to 14 s; `missing` where oslo.messaging cannot be had. Throws when the play itself fails. */
export async function playFailures(options: FailuresOptions): Promise<Expected | Missing> {
  const { amqp, recent = false, queues = 'classic', onReady = async () => {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'oslotap-failures-'));
  try {
    const out = join(folder, 'expected.json');
    const args = [SCRIPT, out, '--amqp', amqp, '--on-request', '--queues', queues, ...(recent ? ['--recent'] : [])];
    const child = spawn('python3', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const words: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => words.push(text));
    const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    const readied = new Promise<boolean>((resolve) => {
      child.stdout.once('data', () => resolve(true)).once('end', () => resolve(false));
    });
    if (await readied) {
      try {
        await onReady();
      } finally {
        child.stdin.end('\n');
      }
    }
    const code = await ended;
    if (code === MISSING) return { missing: words.join('').trim() };
    if (code !== 0) throw new Error(words.join('').trim());
    return JSON.parse(readFileSync(out, 'utf8')) as Expected;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface PlayOptions extends Pick<FailuresOptions, 'recent' | 'queues'> {
  /** A virtual host of its own: a queue's kind cannot change. */
  readonly vhost: string;
  /** Further arguments of `oslotap run`. */
  readonly args?: readonly string[];
}

export interface Played {
  readonly sidecar: Sidecar;
  readonly expected: Expected;
  readonly directory: string;
}

/** Plays it beside a sidecar. That comes to a cloud that is there: the broker tells it who is connected. */
export async function playBeside(broker: Broker, { vhost, args = [], ...variant }: PlayOptions): Promise<Played | Missing> {
  await broker.ctl('add_vhost', vhost);
  await broker.ctl('set_permissions', '-p', vhost, broker.user, '.*', '.*', '.*');
  await broker.ctl('trace_on', '-p', vhost);
  const amqp = `${broker.amqp}${vhost}`;
  const directory = join(scratch(), 'data');
  const api = broker.api.replace('://', `://${broker.user}:${broker.password}@`);
  let sidecar: Sidecar | undefined;
  const onReady = async () => {
    await until(
      () => areNamed(broker, vhost),
      () => 'the management API never named all connections',
    );
    sidecar = await Sidecar.start(['--store', `chdb:${directory}`, ...args], { OSLOTAP_AMQP: amqp, OSLOTAP_API: api });
  };
  const expected = await playFailures({ amqp, ...variant, onReady });
  if ('missing' in expected) return expected;
  return { sidecar: sidecar as Sidecar, expected, directory };
}

/** The management API's figures are up to 5 s behind, those of consumers not by the same seconds as those of connections. */
async function areNamed(broker: Broker, vhost: string): Promise<boolean> {
  const connected = (await broker.ctl('list_connections', 'vhost')).split('\n').filter((line) => line.trim() === vhost);
  const consuming = (await broker.ctl('-q', 'list_consumers', '-p', vhost, 'queue_name', '--no-table-headers'))
    .split('\n')
    .filter(Boolean);
  type Rows = readonly { readonly client_properties?: { readonly product?: string } }[];
  const rows = (await broker.manage('GET', `/api/vhosts/${vhost}/connections`)) as Rows;
  type Consumers = readonly { readonly channel_details?: { readonly connection_name?: string } }[];
  const consumers = (await broker.manage('GET', `/api/consumers/${vhost}`)) as Consumers;
  return (
    connected.length > 0 &&
    rows.filter((row) => row.client_properties?.product).length === connected.length &&
    consumers.filter((row) => row.channel_details?.connection_name).length >= consuming.length
  );
}

/**
 * Messages of which oslotap says something else than the play, beside what it says; none, if all is well. Of a call that it
 * takes for answered in time (on a busy machine the tap lags) it need say nothing.
 */
export function wrongVerdicts({ messages: sent }: Expected, messages: readonly Message[]) {
  const byId = new Map(messages.map((message) => [message.unique_id, message]));
  return sent
    .map(({ unique_id, method, outcome, verdict }) => {
      const told = byId.get(unique_id);
      return { method, outcome, status: told?.status, wanted: verdict, told: toldOf(told) };
    })
    .filter(({ outcome, status, wanted, told }) => !isSame(wanted, told) && (told !== null || status === outcome));
}

type Told = Pick<Message, 'verdict' | 'culprit' | 'verdict_evidence'>;

function toldOf(message: Message | undefined): Told | null {
  if (message === undefined || message.verdict === null) return null;
  const { verdict, culprit, verdict_evidence } = message;
  return { verdict, culprit, verdict_evidence };
}

function isSame(wanted: Failing | null, told: Told | null): boolean {
  if (wanted === null || told === null) return wanted === told;
  const { verdict, culprit, verdict_evidence } = told;
  const isThere = culprit?.service === wanted.service && culprit.host === wanted.host && culprit.queue === wanted.queue;
  return verdict === wanted.verdict && isThere && (verdict_evidence ?? '').includes(wanted.evidence ?? '');
}

/** How often the play provokes each verdict. */
export function verdictCounts({ messages }: Expected): Record<VerdictName, number> {
  const counts = { unroutable: 0, not_consumed: 0, no_reply: 0, reply_lost: 0, late_reply: 0, failed: 0 };
  for (const { verdict } of messages) if (verdict !== null) counts[verdict.verdict]++;
  return counts;
}
