/** A real OTLP receiver of a test's own: otlp_receiver.py, which says what it can be told to do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { OtlpProtocol } from '../../src/sinks/otlp/options.ts';
import { python, ROOT } from './cli.ts';
import type { OtlpRequest } from './otlp-spans.ts';

export interface Received {
  readonly requests: readonly OtlpRequest[];
  /** What broke a rule of OTLP. */
  readonly problems: readonly string[];
  readonly attempts: number;
  /** Of the last request. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

interface Started {
  readonly http: number;
  readonly grpc: number;
  readonly ca: string | null;
}

export class OtlpReceiver {
  /** The file of the authority that signed its certificate; null without TLS. */
  readonly ca: string | null;
  readonly #http: string;
  readonly #grpc: string;

  constructor({ http, grpc, ca }: Started) {
    const scheme = ca === null ? 'http' : 'https';
    this.ca = ca;
    this.#http = `${scheme}://localhost:${http}`;
    this.#grpc = `${scheme}://localhost:${grpc}`;
  }

  endpoint(protocol: OtlpProtocol): string {
    return protocol === 'grpc' ? this.#grpc : this.#http;
  }

  async behave(mode: Readonly<Record<string, unknown>>): Promise<void> {
    await fetch(`${this.#http}/control`, { method: 'POST', body: JSON.stringify(mode) });
  }

  async received(): Promise<Received> {
    return (await (await fetch(`${this.#http}/received`)).json()) as Received;
  }
}

/** The python that has OTLP's messages, or why there is none here. */
export function otlpPython(): { readonly python: string } | { readonly missing: string } {
  const { code, stdout, stderr } = python('pinned_venv.py', ['otlp'], 200_000);
  return code === 0 ? { python: join(stdout.trim(), 'python') } : { missing: `SKIPPED: ${stderr.trim()}` };
}

/** Starts one, which ends with the test. @param folder a new one: it speaks TLS, and cannot be asked or told anything. */
export async function startReceiver(program: string, folder?: string): Promise<OtlpReceiver> {
  const script = join(ROOT, 'test/support/otlp_receiver.py');
  const child = spawn(program, folder === undefined ? [script] : [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.stdin.end();
    const late = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await once(child, 'exit');
    clearTimeout(late);
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return new OtlpReceiver(JSON.parse(line) as Started);
}
