/**
 * A real RabbitMQ of a test's own, through rabbitmq_node.py: it starts in about 7 s, and is gone with the process that asked
 * for it. One broker a test file:
 *
 *   await describeWithBroker('the tap', { tls: true }, (broker) => {
 *     test('…', async () => { await broker.ctl('trace_on'); … });
 *   });
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, test } from 'vitest';

export interface BrokerOptions {
  /** Plugins to enable. @default ['rabbitmq_management'] */
  readonly plugins?: readonly string[];
  /** TLS listeners too, beside the plain ones. @default false */
  readonly tls?: boolean;
  /** Lines for rabbitmq.conf: `vm_memory_high_watermark.absolute = 400MB`. */
  readonly config?: readonly string[];
  /** Arguments for Erlang: `+sbwt none`. */
  readonly erlArgs?: string;
  /** The firehose on from the beginning. A restart turns it off. @default false */
  readonly trace?: boolean;
}

/** What only a broker with TLS has: URLs, and the paths of PEM files. */
export interface BrokerTls {
  readonly amqp: string;
  /** Takes only clients with a certificate of `ca`. */
  readonly amqpWithCert: string;
  readonly api: string;
  readonly ca: string;
  /** A client's certificate and key. */
  readonly cert: string;
  readonly key: string;
}

interface Described {
  readonly amqp: string;
  readonly api: string;
  readonly user: string;
  readonly password: string;
  readonly node: string;
  readonly pid: number;
  readonly tls?: BrokerTls;
  readonly prometheus?: string;
}

export interface Missing {
  /** What to install, in one line. */
  readonly missing: string;
}

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly output?: string;
  readonly pid?: number;
}

const SCRIPT = fileURLToPath(new URL('rabbitmq_node.py', import.meta.url));
const NOT_INSTALLED = 2;

/** Starts a broker; `missing` where RabbitMQ is not installed. Throws when it is, and does not start. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker | Missing> {
  const child = spawn('python3', [SCRIPT, '--until-stdin-closes', ...argumentsOf(options)], { stdio: ['pipe', 'pipe', 'pipe'] });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  child.once('error', () => errors.push('python3 is missing'));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done !== true) return new Broker(child, lines, JSON.parse(first.value) as Described);
  const code = await ended;
  const words = errors.join('').trim();
  if (code === NOT_INSTALLED || child.pid === undefined) return { missing: words };
  throw new Error(words);
}

/** A `describe` whose tests share one broker; without RabbitMQ they are skipped, loudly. To be awaited. */
export async function describeWithBroker(title: string, options: BrokerOptions, body: (broker: Broker) => void): Promise<void> {
  const broker = await startBroker(options);
  if ('missing' in broker) {
    console.warn(`SKIPPED: ${title}: ${broker.missing}`);
    test.skip(`${title}: ${broker.missing}`);
    return;
  }
  describe(title, () => {
    afterAll(() => broker.stop());
    body(broker);
  });
}

export class Broker {
  readonly amqp: string;
  readonly api: string;
  readonly user: string;
  readonly password: string;
  readonly node: string;
  /** Null unless it was asked for. */
  readonly tls: BrokerTls | null;
  /** URL of its metrics; null without rabbitmq_prometheus. */
  readonly prometheus: string | null;
  /** Of the broker itself; a new one after a restart. */
  pid: number;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(child: ChildProcess, lines: AsyncIterator<string>, described: Described) {
    this.#child = child;
    this.#lines = lines;
    this.amqp = described.amqp;
    this.api = described.api;
    this.user = described.user;
    this.password = described.password;
    this.node = described.node;
    this.pid = described.pid;
    this.tls = described.tls ?? null;
    this.prometheus = described.prometheus ?? null;
  }

  /** rabbitmqctl; @returns what it printed. About half a second. */
  async ctl(...args: readonly string[]): Promise<string> {
    return (await this.#command(`ctl ${JSON.stringify(args)}`)).output ?? '';
  }

  /** Stops the broker in order and starts it again, with the same data, ports and name. About 13 s. */
  async restart(): Promise<void> {
    this.pid = (await this.#command('restart')).pid ?? 0;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#command('kill');
  }

  /** Starts it after `kill`. About 7 s. */
  async start(): Promise<void> {
    this.pid = (await this.#command('start')).pid ?? 0;
  }

  /** One request to the management API, `manage('GET', '/api/overview')`; throws unless it is answered with 2xx. */
  async manage(method: string, path: string, body?: unknown): Promise<unknown> {
    const authorization = `Basic ${Buffer.from(`${this.user}:${this.password}`).toString('base64')}`;
    const response = await fetch(this.api + path, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  /** Ends it, and resolves when nothing of it is left. May be called twice. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM'); // also out of a command that is under way
    await ended;
  }

  /** One at a time: answers come in the order of commands. */
  #command(line: string): Promise<Answer> {
    const answered = this.#turn.then(async () => {
      this.#child.stdin?.write(`${line}\n`);
      const { done, value } = await this.#lines.next();
      if (done === true) throw new Error('the broker was stopped');
      const answer = JSON.parse(value) as Answer;
      if (!answer.ok) throw new Error(answer.error);
      return answer;
    });
    this.#turn = answered.catch(() => {});
    return answered;
  }
}

function argumentsOf({ plugins, tls = false, config = [], erlArgs, trace = false }: BrokerOptions): string[] {
  return [
    ...(plugins === undefined ? [] : ['--plugins', plugins.join(',')]),
    ...(tls ? ['--tls'] : []),
    ...(trace ? ['--trace'] : []),
    ...config.flatMap((line) => ['--config', line]),
    ...(erlArgs === undefined ? [] : [`--erl-args=${erlArgs}`]),
  ];
}
