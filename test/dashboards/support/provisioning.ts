/** The data sources that dashboards/provisioning sets up. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { FOLDER } from './dashboards.ts';

export interface DataSource {
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  readonly url?: string;
  readonly jsonData?: Readonly<Record<string, unknown>>;
  readonly secureJsonData?: Readonly<Record<string, string>>;
}

const DATA_SOURCES = join(FOLDER, 'provisioning/datasources');

export const PROVISIONED: readonly DataSource[] = readdirSync(DATA_SOURCES).flatMap(
  (name) => (parse(readFileSync(join(DATA_SOURCES, name), 'utf8')) as { datasources: DataSource[] }).datasources,
);
