/**
 * `node scripts/generate-dashboards.ts`: writes dashboards/*.json from dashboards/source and src/queries/dashboards, and Grafana's
 * alert rules from Prometheus'.
 * With `--check` it writes nothing, and exits 1 where a file is not what would be written.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { grafanaAlertRules } from '../dashboards/source/alert-rules.ts';
import { DASHBOARDS } from '../dashboards/source/index.ts';

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stale = process.argv.includes('--check') ? staleFiles() : writeFiles();
  for (const path of stale) process.stderr.write(`${path} is not what the source makes: node scripts/generate-dashboards.ts\n`);
  process.exitCode = stale.length === 0 ? 0 : 1;
}

/** Paths from the root whose text differs from what the source makes, or that are not there. */
export function staleFiles(): string[] {
  return made().flatMap(([path, text]) => (textOf(path) === text ? [] : [path]));
}

function writeFiles(): [] {
  for (const [path, text] of made()) writeFileSync(urlOf(path), text);
  return [];
}

function made(): [path: string, text: string][] {
  const dashboards = Object.entries(DASHBOARDS).map(([name, make]): [string, string] => [
    `dashboards/${name}.json`,
    `${JSON.stringify(make(), null, 2)}\n`,
  ]);
  return [...dashboards, ['dashboards/provisioning/alerting/oslotap.yaml', grafanaAlertRules()]];
}

function textOf(path: string): string | null {
  try {
    return readFileSync(urlOf(path), 'utf8');
  } catch {
    return null;
  }
}

function urlOf(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}
