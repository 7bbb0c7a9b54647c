/** A real RabbitMQ cluster of two nodes of a test's own, through rabbitmq_cluster.py: it starts in about 13 s. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, test } from 'vitest';
import type { BrokerTls } from './broker.ts';

export interface ClusterNode {
  readonly amqp: string;
  /** Without credentials. */
  readonly api: string;
  readonly user: string;
  readonly password: string;
  readonly node: string;
  /** The first node has it. */
  readonly tls?: BrokerTls;
}

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly output?: string;
}

const SCRIPT = fileURLToPath(new URL('rabbitmq_cluster.py', import.meta.url));
const NOT_INSTALLED = 2;

/** A `describe` whose tests share one cluster; without RabbitMQ they are skipped, loudly. To be awaited. */
export async function describeWithCluster(title: string, body: (cluster: Cluster) => void): Promise<void> {
  const child = spawn('python3', [SCRIPT, '--tls'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) {
    const code = child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)));
    const words = errors.join('').trim() || 'python3 did not run';
    if (code !== NOT_INSTALLED) throw new Error(words);
    console.warn(`SKIPPED: ${title}: ${words}`);
    test.skip(`${title}: ${words}`);
    return;
  }
  const cluster = new Cluster(child, lines, (JSON.parse(first.value) as { nodes: [ClusterNode, ClusterNode] }).nodes);
  describe(title, () => {
    afterAll(() => cluster.stop());
    body(cluster);
  });
}

export class Cluster {
  readonly nodes: readonly [ClusterNode, ClusterNode];
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(child: ChildProcess, lines: AsyncIterator<string>, nodes: readonly [ClusterNode, ClusterNode]) {
    this.#child = child;
    this.#lines = lines;
    this.nodes = nodes;
  }

  /** rabbitmqctl on one of the nodes; @returns what it printed. One command at a time. */
  async ctl(number: 0 | 1, ...args: readonly string[]): Promise<string> {
    return (await this.#command(`${number} ctl ${JSON.stringify(args)}`)).output ?? '';
  }

  /** kill -9. */
  async kill(number: 0 | 1): Promise<void> {
    await this.#command(`${number} kill`);
  }

  async start(number: 0 | 1): Promise<void> {
    await this.#command(`${number} start`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }

  async #command(line: string): Promise<Answer> {
    this.#child.stdin?.write(`${line}\n`);
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error('the cluster was stopped');
    const answer = JSON.parse(value) as Answer;
    if (!answer.ok) throw new Error(answer.error);
    return answer;
  }
}
