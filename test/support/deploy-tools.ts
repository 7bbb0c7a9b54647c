/** What checks deploy/: programs of Debian and of PyPI. Where one cannot be had its tests are skipped, loudly. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { python, type Ran, ROOT } from './cli.ts';

export const DEPLOY = join(ROOT, 'deploy');

const venv = python('pinned_venv.py', ['deploy'], 200_000);
const PATH = [...(venv.code === 0 ? [venv.stdout.trim()] : []), process.env.PATH, '/usr/sbin'].join(delimiter);

/** Runs a program, with those of the virtual environment first. */
export function run(program: string, args: readonly string[], options: { cwd?: string; input?: string } = {}): Ran {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, PATH },
    timeout: 60_000,
    ...options,
  });
  return { code: status, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/** A test that needs these programs. */
export function testWith(programs: readonly string[], title: string, body: () => void | Promise<void>): void {
  const missing = programs.filter((program) => run('sh', ['-c', `command -v ${program}`]).code !== 0);
  if (missing.length === 0) {
    test(title, { timeout: 120_000 }, body);
    return;
  }
  const why = `${missing.join(', ')} missing${venv.code === 0 ? '' : ` (${venv.stderr.trim()})`}`;
  console.warn(`SKIPPED: ${title}: ${why}`);
  test.skip(`${title}: ${why}`);
}

/** Paths of files below deploy/, relative to it. */
export function deployFiles(pattern: RegExp): string[] {
  return readdirSync(DEPLOY, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(DEPLOY, join(entry.parentPath, entry.name)))
    .filter((path) => pattern.test(path) && !path.includes('compose/secrets/'))
    .sort();
}

export function deployText(path: string): string {
  return readFileSync(join(DEPLOY, path), 'utf8');
}

export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
  // biome-ignore lint/suspicious/noExplicitAny: what is in it depends on its kind, and a schema checks it
  readonly spec?: any;
}

/** The documents of a YAML file; throws where it cannot be read as YAML. */
export function yamlOf(text: string): KubernetesObject[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS();
  });
}
