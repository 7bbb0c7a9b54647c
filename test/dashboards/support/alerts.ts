/** The alert rules of deploy/, as Prometheus has them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { DEPLOY } from '../../support/deploy-tools.ts';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[];
}

const FOLDER = join(DEPLOY, 'compose/prometheus/rules');

export const ALERTS: readonly Alert[] = readdirSync(FOLDER)
  .sort()
  .flatMap((name) => (parse(readFileSync(join(FOLDER, name), 'utf8')) as RuleFile).groups)
  .flatMap(({ rules }) => rules);

/** RpcStorm: rpc-storm. */
export function kebab(alert: string): string {
  return alert.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}

/** Metrics in an expression, each with its matchers, as they stand there: `up{job="oslotap"}`. */
export function selectorsOf(expr: string): string[] {
  const found = [...expr.matchAll(/\b(?:(?:oslotap|rabbitmq)_\w+|up\b)(?:\{[^}]*\})?|\{__name__[^}]*\}/g)].map(
    ([selector]) => selector,
  );
  return [...new Set(found)];
}
