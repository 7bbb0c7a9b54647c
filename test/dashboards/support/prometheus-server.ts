/** Debian's Prometheus with the configuration and the rules of deploy/, but for who is scraped and how often. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { DEPLOY } from '../../support/deploy-tools.ts';
import { until } from '../../support/sidecar.ts';

const SOURCE = join(DEPLOY, 'compose/prometheus');
const EVERY = '1s';

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** [seconds, value]: of an instant, and of a range. */
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

export interface Result {
  readonly resultType: 'matrix' | 'vector' | 'scalar' | 'string';
  readonly result: readonly Series[];
}

export interface Rule {
  readonly name: string;
  readonly query: string;
  readonly health: string;
  readonly state: string;
  readonly lastError?: string;
}

export class Prometheus {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(url: string, child: ChildProcess, directory: string) {
    this.url = url;
    this.#child = child;
    this.#directory = directory;
  }

  /** @param targets host:port by job; a job that is not in deploy's configuration is an error. */
  static async start(targets: Readonly<Record<string, string>>): Promise<Prometheus> {
    const directory = mkdtempSync(join(tmpdir(), 'oslotap-prometheus-'));
    mkdirSync(join(directory, 'data'));
    writeFileSync(join(directory, 'prometheus.yml'), configuration(targets));
    const port = await freePort();
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(directory, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let log = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    child.once('error', () => {});
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`, child, directory);
    const isReady = async () => (await fetch(`${prometheus.url}/-/ready`).catch(() => null))?.ok === true;
    await until(
      async () => child.exitCode !== null || (await isReady()),
      () => log,
    );
    if (child.exitCode !== null) throw new Error(`prometheus ended: ${log}`);
    return prometheus;
  }

  /** An answer's `data`; throws what Prometheus says where that is an error. */
  async get<Data>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<Data> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { status: string; error?: string; data: Data };
    if (answer.status !== 'success') throw new Error(`${answer.error}: ${JSON.stringify(parameters)}`);
    return answer.data;
  }

  /** The last 30 s, a point each second, as Grafana asks for a panel. */
  async range(query: string): Promise<Result> {
    const end = Date.now() / 1_000;
    return await this.get<Result>('query_range', { query, start: String(end - 30), end: String(end), step: '1' });
  }

  async now(query: string): Promise<Result> {
    return await this.get<Result>('query', { query });
  }

  async rules(): Promise<Rule[]> {
    const { groups } = await this.get<{ groups: { rules: Rule[] }[] }>('rules');
    return groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null && this.#child.kill('SIGKILL')) await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

interface Configuration {
  global: Record<string, string>;
  rule_files: string[];
  alerting?: unknown;
  scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
}

function configuration(targets: Readonly<Record<string, string>>): string {
  const config = parse(readFileSync(join(SOURCE, 'prometheus.yml'), 'utf8')) as Configuration;
  const jobs = config.scrape_configs.map(({ job_name }) => job_name);
  const unknown = Object.keys(targets).filter((job) => !jobs.includes(job));
  if (unknown.length > 0) throw new Error(`deploy's Prometheus has no job ${unknown.join(', ')}`);
  const scraped = config.scrape_configs.filter(({ job_name }) => job_name in targets);
  return stringify({
    global: { scrape_interval: EVERY, evaluation_interval: EVERY },
    rule_files: config.rule_files.map((pattern) => join(SOURCE, pattern)),
    scrape_configs: scraped.map((job) => ({ ...job, static_configs: [{ targets: [targets[job.job_name]] }] })),
  });
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
