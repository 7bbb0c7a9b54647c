/**
 * The program beside this file, made with the Go of this machine: in node_modules/.cache of this checkout, with its modules (about
 * two minutes and 400 MB, once).
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ROOT } from '../cli.ts';

export interface GoAnswer {
  readonly names: readonly string[] | null;
  readonly types: readonly string[] | null;
  /** The first 10. */
  readonly rows: readonly (readonly unknown[])[] | null;
  readonly rowCount: number;
  /** The client's words; '' where all went well. */
  readonly failed: string;
}

export interface GoRequest {
  readonly queries: readonly { readonly sql: string; readonly args?: Readonly<Record<string, unknown>> }[];
  /** Of the data source, for all queries. */
  readonly settings?: Readonly<Record<string, string>>;
  /** All at once where there are more than one. @default 1 */
  readonly connections?: number;
}

const SOURCE = join(ROOT, 'test/support/clickhouse-go');
const CACHE = join(ROOT, 'node_modules/.cache/oslotap/clickhouse-go');
const PROGRAM = join(CACHE, 'clickhouse-go');
const ENVIRONMENT = {
  ...process.env,
  PATH: [process.env.PATH, '/usr/local/go/bin'].join(delimiter),
  GOPATH: join(CACHE, 'path'),
  GOCACHE: join(CACHE, 'build'),
  // Its modules are files that may be written: whoever removes node_modules removes them too.
  GOFLAGS: '-mod=readonly -modcacherw -trimpath',
};

/** @returns why it cannot be had on this machine; null where it is ready. Throws where it does not compile. */
export function buildGoClient(): string | null {
  if (process.env.TEST_CLICKHOUSE_GO !== '1' && !existsSync(PROGRAM))
    return 'TEST_CLICKHOUSE_GO=1 has it built once, in two minutes';
  const version = go(['version']);
  if (version.status !== 0)
    return 'no Go: install 1.25 or newer (https://go.dev/dl), or 1.21 or newer, which gets that by itself';
  const fetched = go(['mod', 'download']);
  if (fetched.status !== 0) return `no clickhouse-go (is proxy.golang.org in reach?): ${lastLine(fetched.stderr)}`;
  const built = go(['build', '-o', PROGRAM, '.']);
  if (built.status !== 0) throw new Error(`go build: ${built.stderr}`);
  return null;
}

/** @param url the query endpoint's. */
export async function askThroughGo(url: string, request: GoRequest, login: readonly string[] = []): Promise<readonly GoAnswer[]> {
  const child = spawn(PROGRAM, [new URL(url).host, ...login], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(request));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (stdout === '') throw new Error(`clickhouse-go: ${stderr}`);
  return JSON.parse(stdout);
}

function go(args: readonly string[]) {
  return spawnSync('go', args, { cwd: SOURCE, env: ENVIRONMENT, encoding: 'utf8', timeout: 280_000 });
}

function lastLine(output: string | null): string {
  return (output ?? '').trim().split('\n').at(-1) ?? '';
}
