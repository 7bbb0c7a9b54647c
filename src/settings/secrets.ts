/** Passwords from files, and credentials put into the URLs that have none. */
import { type Given, placeOf } from './given.ts';
import type { Settings } from './schema.ts';
import { readSmallFile } from './small-file.ts';
import { header } from './values.ts';

export interface Resolved {
  readonly settings: Settings;
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

interface Credentials {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
}

const SECRET_BYTES_MAX = 4_096;

/** @param given by the setting's path: what a line names, where something is wrong. */
export function resolveSecrets(settings: Settings, given: ReadonlyMap<string, Given>): Resolved {
  const resolver = new Resolver(given);
  const { amqp, api, source, store, clickhouse, query, storms, otlp } = settings;
  const { webhook } = storms;
  const resolved: Settings = {
    ...settings,
    amqp: { ...amqp, url: resolver.fill('amqp', amqp.url, amqp) },
    api: { ...api, urls: resolver.fillAll('api', api.urls, api) },
    source: {
      amqp: { ...source.amqp, url: source.amqp.url && resolver.fill('source.amqp', source.amqp.url, source.amqp) },
      api: { ...source.api, urls: resolver.fillAll('source.api', source.api.urls, source.api) },
    },
    // Credentials of a server; the embedded store has none.
    store: store.startsWith('http') ? resolver.fill('clickhouse', store, clickhouse) : store,
    query: {
      ...query,
      password: resolver.secretOf('query', 'password', query.password, query.passwordFile),
      token: resolver.secretOf('query', 'token', query.token, query.tokenFile),
    },
    storms: {
      ...storms,
      webhook: { ...webhook, token: resolver.secretOf('storms.webhook', 'token', webhook.token, webhook.tokenFile) },
    },
    otlp: { ...otlp, headers: resolver.headersOf(otlp.headers, otlp.headersFile) },
  };
  return { settings: resolved, faults: resolver.faults, warnings: resolver.warnings };
}

function hasAny({ user, password, passwordFile }: Credentials): boolean {
  return user !== undefined || password !== undefined || passwordFile !== undefined;
}

/** No line names a file that is wrong: it may be the password itself, under the wrong key. */
class Resolver {
  readonly faults: string[] = [];
  readonly warnings: string[] = [];
  readonly #given: ReadonlyMap<string, Given>;

  constructor(given: ReadonlyMap<string, Given>) {
    this.#given = given;
  }

  /** A secret that is given, or stands in the file that is. */
  secretOf(section: string, key: string, secret: string | undefined, file: string | undefined): string | undefined {
    if (file === undefined) return secret;
    const text = this.#textOf(`${section}.${key}`, secret !== undefined, file);
    if (text === null || /^[^\p{Cc}]+$/u.test(text)) return text ?? undefined;
    this.faults.push(`${this.#place(`${section}.${key}File`)}: it holds more than one line of text`);
    return undefined;
  }

  headersOf(headers: Settings['otlp']['headers'], file: string | undefined): Settings['otlp']['headers'] {
    if (file === undefined) return headers;
    const lines = this.#textOf('otlp.headers', this.#given.has('otlp.headers'), file)?.split(/\r?\n/) ?? [];
    return lines.flatMap((line, index) => {
      const parsed = header.safeParse(line);
      if (parsed.success) return [parsed.data];
      this.faults.push(`${this.#place('otlp.headersFile')}: in its line ${index + 1} it is "NAME: VALUE"`);
      return [];
    });
  }

  /** @returns what the file holds, without the newline at its end; null where it is not to be had. */
  #textOf(path: string, isGivenToo: boolean, file: string): string | null {
    const place = this.#place(`${path}File`);
    if (isGivenToo) {
      this.faults.push(`${place}: ${this.#name(path)} is given too: give one of them`);
      return null;
    }
    const read = readSmallFile(file, SECRET_BYTES_MAX);
    const trouble = typeof read === 'string' ? read : /^\r?\n?$/.test(read.text) ? 'it is empty' : null;
    if (trouble !== null || typeof read === 'string') {
      this.faults.push(`${place}: ${trouble}`);
      return null;
    }
    if (read.isPublic) this.warnings.push(`${file} holds a secret, and every user of this machine can read it: chmod o-r`);
    return read.text.replace(/\r?\n$/, '');
  }

  fill(section: string, url: string, credentials: Credentials): string {
    return this.fillAll(section, [url], credentials)[0] ?? url;
  }

  fillAll(section: string, urls: readonly string[], credentials: Credentials): string[] {
    const { user, passwordFile } = credentials;
    const before = this.faults.length;
    const password = this.secretOf(section, 'password', credentials.password, passwordFile);
    if (this.faults.length > before || !hasAny(credentials)) return [...urls];
    const given = { user, password };
    return urls.map((url) => {
      const filled = withCredentials(url, given);
      if (filled.url !== null) return filled.url;
      const key = filled.wrong === 'user' ? 'user' : passwordFile === undefined ? 'password' : 'passwordFile';
      const fault = `${this.#place(`${section}.${key}`)}: ${filled.words}`;
      if (!this.faults.includes(fault)) this.faults.push(fault);
      return url;
    });
  }

  #place(path: string): string {
    const given = this.#given.get(path);
    return given === undefined ? path : placeOf(given.leaf, given.origin);
  }

  #name(path: string): string {
    const given = this.#given.get(path);
    return given?.origin.kind === 'environment' ? given.origin.variable : path;
  }
}

type Filled = { readonly url: string } | { readonly url: null; readonly wrong: 'user' | 'password'; readonly words: string };

/** `amqp://host` and user, password → `amqp://user:password@host`, percent-encoded. */
function withCredentials(url: string, { user, password }: { user: string | undefined; password: string | undefined }): Filled {
  const split = /^([\w+.-]+:\/\/)(?:([^/]*)@)?([^@]*)$/.exec(url);
  if (split === null) return { url }; // no such URL: whoever reads it says so
  const [, scheme = '', userInfo, rest = ''] = split;
  const colon = userInfo?.indexOf(':') ?? -1;
  const ownUser = colon < 0 ? userInfo : userInfo?.slice(0, colon);
  if (ownUser !== undefined && user !== undefined) {
    return { url: null, wrong: 'user', words: 'the URL names a user too: give one of them' };
  }
  if (colon >= 0 && password !== undefined) {
    return { url: null, wrong: 'password', words: 'the URL holds a password too: give one of them' };
  }
  const name = ownUser ?? (user === undefined ? undefined : encodeURIComponent(user));
  if (name === undefined) return { url: null, wrong: 'password', words: 'whose? The URL names no user, and there is no user' };
  const secret = colon >= 0 ? userInfo?.slice(colon) : password === undefined ? '' : `:${encode(password)}`;
  return { url: `${scheme}${name}${secret}@${rest}` };
}

/** A lone surrogate cannot be encoded; UTF-8 files and the environment have none. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
