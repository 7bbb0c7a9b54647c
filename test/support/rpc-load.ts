/**
 * Loads a broker with RPCs that look like an OpenStack's, and knows what it did: the truth that a tap is compared with.
 *
 *   node test/support/rpc-load.ts --amqp URL [--rate 2000] [--seconds 60 | --count N] [--truth FILE] …
 *
 * Recorded calls, casts, fanouts and notifications go over the real exchanges to simulated servers, which answer with the
 * recorded replies. At the end one JSON line says what was published and delivered, which is what the firehose must have shown;
 * SIGINT and SIGTERM end the sending early. FILE gets a line a message, replies left out: {"unique_id","kind","method","outcome"}.
 * One load at a time on a virtual host, and not beside services: queues are named as OpenStack names them. Exit code 1: not everything was delivered, or a connection was lost.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Client, Cloud, type Counts } from './rpc-load-cloud.ts';
import { readStencils, type Stencil, type Stencils } from './rpc-load-messages.ts';

export interface LoadOptions {
  readonly amqp: string;
  /** Calls a second, casts, fanouts and notifications come on top; 0: as many as the broker takes. @default 2000 */
  readonly rate?: number;
  /** @default 10, where `count` does not end it. */
  readonly seconds?: number;
  /** Calls. */
  readonly count?: number;
  /** Processes that call. @default 4 */
  readonly clients?: number;
  /** Processes that answer. @default 2 */
  readonly servers?: number;
  /** From a call's delivery to its reply's publish, milliseconds. @default 0 */
  readonly replyDelayMs?: number;
  /** Part of the calls that is delivered and never answered, 0 to 1. @default 0 */
  readonly timeoutShare?: number;
  /** How long callers wait, milliseconds: the calls' `expiration`. @default as recorded, mostly 60,000 */
  readonly timeoutMs?: number;
  /** Messages of the other kinds for each call. @default casts 0.1, fanouts 0.02, notifications 0.15 */
  readonly casts?: number;
  readonly fanouts?: number;
  readonly notifications?: number;
  /** Calls without a reply at which a load without a rate waits. @default 200 */
  readonly openMax?: number;
  /** Between two looks at the clock, milliseconds. 5 costs a third less CPU than 1 and sends in small bursts. @default 1 */
  readonly tickMs?: number;
  /** Where to write the messages. */
  readonly truth?: string;
  /** Ends the sending; what was sent is still waited for. */
  readonly signal?: AbortSignal;
  /** How long to wait for deliveries after the last message, milliseconds, `replyDelayMs` not counted. @default 30,000 */
  readonly drainMs?: number;
}

export interface LoadResult {
  /** Of sending. */
  readonly seconds: number;
  readonly calls_per_second: number;
  /** Messages that the broker was given. */
  readonly publishes: Readonly<Counts>;
  /** Messages that the broker gave to consumers. */
  readonly deliveries: Readonly<Counts>;
  /** Publishes and deliveries together: what the firehose shows. */
  readonly events: number;
  /** Calls that were never answered, on purpose. */
  readonly unanswered: number;
  /** Deliveries that did not come; 0, or something is wrong. */
  readonly missing: number;
  /** From a call's publish to its reply's delivery at the client. */
  readonly latency_ms: Record<'mean' | 'p50' | 'p95' | 'p99' | 'max', number>;
  /** CPU of this process for each call, everything included. */
  readonly cpu_us_per_call: number;
}

/** Calls between two looks at the sockets. */
const BURST_MAX = 200;

/** Runs a load to its end. Throws when a connection is lost. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { amqp, clients = 4, servers = 2, replyDelayMs = 0, timeoutMs = null, drainMs = 30_000 } = options;
  const stencils = await readStencils();
  const cloud = new Cloud({ amqp, clients, servers, replyDelayMs, timeoutMs });
  const truth = new Truth(options.truth);
  try {
    await Promise.race([cloud.start(stencils), cloud.failed]);
    const cpu = process.cpuUsage();
    const beganMs = performance.now();
    await Promise.race([send(cloud, stencils, truth, options), cloud.failed]);
    const seconds = (performance.now() - beganMs) / 1000;
    await Promise.race([drain(cloud, replyDelayMs + drainMs), cloud.failed]);
    const { user, system } = process.cpuUsage(cpu);
    return resultOf(cloud, seconds, user + system);
  } finally {
    truth.close();
    await cloud.stop().catch(() => {}); // a broker that is gone has nothing left to be removed
  }
}

/** Sends at the given pace until time, count or signal ends it. */
async function send(cloud: Cloud, stencils: Stencils, truth: Truth, options: LoadOptions): Promise<void> {
  const {
    rate = 2000,
    count = Infinity,
    openMax = 200,
    timeoutShare = 0,
    replyDelayMs = 0,
    timeoutMs = 60_000,
    tickMs = 1,
    signal,
  } = options;
  const { seconds = options.count === undefined ? 10 : Infinity } = options;
  const others = [
    new Share(stencils.casts, options.casts ?? 0.1),
    new Share(stencils.fanouts, options.fanouts ?? 0.02),
    new Share(stencils.notifications, options.notifications ?? 0.15),
  ];
  const silence = new Share([true], timeoutShare);
  const outcomes = {
    answered: replyDelayMs > timeoutMs ? 'timeout' : 'ok',
    failed: replyDelayMs > timeoutMs ? 'timeout' : 'failed',
  };
  const beganMs = performance.now();
  let calls = 0;
  while (calls < count && signal?.aborted !== true) {
    const elapsedMs = performance.now() - beganMs;
    if (elapsedMs >= seconds * 1000) break;
    const due = rate > 0 ? Math.floor((elapsedMs * rate) / 1000) - calls : openMax - cloud.openCalls;
    for (let left = Math.min(due, count - calls, BURST_MAX); left > 0; left--) {
      const client = cloud.client;
      const stencil = stencils.calls[calls % stencils.calls.length];
      if (client === undefined || stencil === undefined) break;
      const isAnswered = silence.next() === undefined;
      const uniqueId = cloud.call(client, stencil, isAnswered);
      truth.add(uniqueId, stencil, isAnswered ? outcomes[stencil.isFailure ? 'failed' : 'answered'] : 'timeout');
      for (const other of others) sendOther(cloud, client, other.next(), truth);
      calls++;
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
}

function sendOther(cloud: Cloud, client: Client, stencil: Stencil | undefined, truth: Truth): void {
  if (stencil !== undefined) truth.add(cloud.send(client, stencil), stencil, 'sent');
}

/** One after the other of `choices`, as often as `share` says of the times it is asked. */
class Share<T> {
  readonly #choices: readonly T[];
  readonly #share: number;
  #debt = 0;
  #given = 0;

  constructor(choices: readonly T[], share: number) {
    this.#choices = choices;
    this.#share = share;
  }

  next(): T | undefined {
    this.#debt += this.#share;
    if (this.#debt < 1) return undefined;
    this.#debt--;
    return this.#choices[this.#given++ % this.#choices.length];
  }
}

/** Until everything that was sent has arrived, or time is over. */
async function drain(cloud: Cloud, withinMs: number): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (cloud.owed > 0 && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 5));
}

function resultOf({ publishes, deliveries, owed, unanswered, latenciesMs }: Cloud, seconds: number, cpuUs: number): LoadResult {
  const sorted = Float64Array.from(latenciesMs).sort();
  const at = (part: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
  const mean = sorted.reduce((sum, ms) => sum + ms, 0) / Math.max(1, sorted.length);
  return {
    seconds: round(seconds),
    calls_per_second: Math.round(publishes.call / seconds),
    publishes,
    deliveries,
    events: sumOf(publishes) + sumOf(deliveries),
    unanswered,
    missing: owed,
    latency_ms: { mean: round(mean), p50: at(0.5), p95: at(0.95), p99: at(0.99), max: round(sorted.at(-1) ?? 0) },
    cpu_us_per_call: Math.round(cpuUs / Math.max(1, publishes.call)),
  };
}

function sumOf(counts: Readonly<Counts>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** What was sent, for whoever wants to compare message by message. */
class Truth {
  readonly #file: number | null;
  #lines: string[] = [];

  constructor(path: string | undefined) {
    this.#file = path === undefined ? null : openSync(path, 'w');
  }

  add(uniqueId: string, { kind, method }: Stencil, outcome: string): void {
    if (this.#file === null) return;
    this.#lines.push(`{"unique_id":"${uniqueId}","kind":"${kind}","method":${JSON.stringify(method)},"outcome":"${outcome}"}\n`);
    if (this.#lines.length >= 1000) this.#flush(this.#file);
  }

  close(): void {
    if (this.#file === null) return;
    this.#flush(this.#file);
    closeSync(this.#file);
  }

  #flush(file: number): void {
    writeSync(file, this.#lines.join(''));
    this.#lines = [];
  }
}

async function main(): Promise<void> {
  const names = ['rate', 'seconds', 'count', 'clients', 'servers', 'casts', 'fanouts', 'notifications'] as const;
  const longNames = {
    'reply-delay-ms': 'replyDelayMs',
    'timeout-share': 'timeoutShare',
    'timeout-ms': 'timeoutMs',
    'open-max': 'openMax',
    'tick-ms': 'tickMs',
  };
  const numbers: Record<string, string> = { ...Object.fromEntries(names.map((name) => [name, name])), ...longNames };
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { amqp: text, truth: text, ...Object.fromEntries(Object.keys(numbers).map((name) => [name, text])) },
  });
  const given = values as Record<string, string | undefined>;
  if (given.amqp === undefined) throw new Error('--amqp URL is missing');
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopping.abort());
  const options = Object.entries(numbers).flatMap(([name, option]) =>
    given[name] === undefined ? [] : [[option, Number(given[name])]],
  );
  for (const [option, value] of options) if (!(Number(value) >= 0)) throw new Error(`${option} has to be a number`);
  const { amqp, truth } = given;
  const result = await runLoad({
    amqp,
    ...(truth === undefined ? {} : { truth }),
    ...Object.fromEntries(options),
    signal: stopping.signal,
  });
  console.log(JSON.stringify(result));
  if (result.missing > 0) process.exitCode = 1;
}

if (import.meta.main) {
  main().catch((error: Error) => {
    console.error(`rpc-load: ${error.message}`);
    process.exitCode = 1;
  });
}
