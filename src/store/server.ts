/** A ClickHouse server as the store: found, and in order, before anything is written to it. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Misuse, reasonOf } from '../errors.ts';
import { type Layout, ONE_SERVER } from './cluster-ddl.ts';
import { HttpStore } from './http.ts';
import { ServerFailure } from './http-failure.ts';
import { LaidOutStore } from './laid-out-store.ts';
import type { ServerTarget, Store } from './store.ts';

export interface OpenServerOptions {
  readonly target: ServerTarget;
  /** The authority that signed its certificate, PEM; null: the system's. */
  readonly caFile: string | null;
  readonly layout: Layout;
  /** A database that is not there is made. */
  readonly mayCreate: boolean;
  /** Told of what was made: `the database oslotap`. */
  readonly onCreated?: (what: string) => void;
}

/** The oldest whose functions and settings are all known: `lightweight_deletes_sync`, `quantilesDD`. */
const VERSION_MIN = { year: 24, month: 8 };
/** Until the first answer. Milliseconds. */
const HELLO_MS = 10_000;
/** Silence that a query or a statement may keep. Milliseconds. */
const TIMEOUT_MS = 300_000;
const GUIDE = 'docs/clickhouse.md';

/** @throws Misuse where it does not answer, refuses the user, or has no such database. */
export async function openServer(options: OpenServerOptions): Promise<Store> {
  const { target, layout } = options;
  const ca = options.caFile === null ? null : readCa(options.caFile);
  await greet(options, ca);
  const store = connect(target, { ca, timeoutMs: TIMEOUT_MS, layout });
  return layout.cluster === null && !layout.isReplicated ? store : new LaidOutStore(store, layout);
}

/** For people: `ClickHouse at db1:8123`. */
export function nameOf({ url }: ServerTarget): string {
  return `ClickHouse at ${new URL(url).host}`;
}

/** What the set-up is to blame for. Anything else is thrown as it is. */
export function asMisuse(error: unknown, target: ServerTarget): unknown {
  if (!(error instanceof ServerFailure)) return error;
  const { user, database } = target;
  if (error.type === null && OF_CERTIFICATE.test(error.message)) {
    return new Misuse(`${error.message}: give the authority that signed its certificate by --clickhouse-ca`);
  }
  if (error.type === null) return new Misuse(`${error.message}: is it there, and is the address right? (--store)`);
  if (REFUSED.has(error.type)) {
    return new Misuse(
      `${nameOf(target)} refuses the user ${user}: give clickhouse.user and clickhouse.passwordFile as they are there`,
    );
  }
  if (error.type === 'UNKNOWN_DATABASE') {
    return new Misuse(
      `${nameOf(target)} has no database ${database}: 'oslotap migrate' makes it, or CREATE DATABASE ${database}`,
    );
  }
  if (error.type === 'ACCESS_DENIED' || error.type === 'READONLY') {
    return new Misuse(
      `${nameOf(target)}: the user ${user} may not do what it has to: ${grantOf(error)}; ${GUIDE} has the rights`,
    );
  }
  return error;
}

/** Node's names of what is wrong with one. */
const OF_CERTIFICATE = /CERT|SIGNATURE|ALTNAME/;
const REFUSED: ReadonlySet<string> = new Set([
  'AUTHENTICATION_FAILED',
  'REQUIRED_PASSWORD',
  'WRONG_PASSWORD',
  'UNKNOWN_USER',
  'IP_ADDRESS_NOT_ALLOWED',
]);

/** ClickHouse names the right: `… it's necessary to have the grant INSERT ON default.t`. */
function grantOf(error: ServerFailure): string {
  return /grant (.+? ON [\w*`]+(?:\.[\w*`]+)*)/.exec(error.message)?.[1] ?? 'it is read-only there';
}

interface Connection {
  readonly ca: Buffer | null;
  readonly timeoutMs: number;
  readonly layout: Layout;
}

function connect(target: ServerTarget, { ca, timeoutMs, layout }: Connection): HttpStore {
  const { url, user, password, database } = target;
  const login = { user, password };
  const spread = { isCluster: layout.cluster !== null, isReplicated: layout.isReplicated };
  return new HttpStore({ url, database, login, name: nameOf(target), timeoutMs, ...spread, ...(ca === null ? {} : { ca }) });
}

async function greet({ target, layout, mayCreate, onCreated }: OpenServerOptions, ca: Buffer | null): Promise<void> {
  const hello = connect(target, { ca, timeoutMs: HELLO_MS, layout: ONE_SERVER });
  try {
    assertVersion(target, await versionOf(hello));
  } catch (error) {
    const isMissing = error instanceof ServerFailure && error.type === 'UNKNOWN_DATABASE';
    if (!isMissing || !mayCreate) throw asMisuse(error, target);
    await createDatabase(target, layout, ca);
    onCreated?.(`the database ${target.database}`);
  } finally {
    await hello.close();
  }
}

async function versionOf(store: HttpStore): Promise<string> {
  const [row] = await store.query<{ version: string }>('SELECT version() AS version');
  return row?.version ?? '';
}

function assertVersion(target: ServerTarget, version: string): void {
  const [year = 0, month = 0] = version.split('.').map(Number);
  const { year: yearMin, month: monthMin } = VERSION_MIN;
  if (year > yearMin || (year === yearMin && month >= monthMin)) return;
  throw new Misuse(`${nameOf(target)} is ${version}: oslotap needs ${yearMin}.${monthMin} or newer`);
}

async function createDatabase(target: ServerTarget, { cluster }: Layout, ca: Buffer | null): Promise<void> {
  // `system` is always there.
  const store = connect({ ...target, database: 'system' }, { ca, timeoutMs: TIMEOUT_MS, layout: ONE_SERVER });
  try {
    const name = target.database.replaceAll('`', '\\`');
    await store.command(`CREATE DATABASE IF NOT EXISTS \`${name}\`${cluster === null ? '' : ` ON CLUSTER \`${cluster}\``}`);
  } catch (error) {
    throw asMisuse(error, target);
  } finally {
    await store.close();
  }
}

function readCa(file: string): Buffer {
  try {
    const pem = readFileSync(file);
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isFile = code?.startsWith('E') === true && !code.startsWith('ERR_');
    throw new Misuse(`--clickhouse-ca: ${isFile ? `it cannot be read: ${reasonOf(code)}` : 'there is no certificate in it'}`);
  }
}
