/** Who may ask: which Host a request may name, and the user, password or token that it must bring. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isHostAllowed } from '../http/host-header.ts';
import { type Exception, exception } from './exception.ts';

export interface Login {
  readonly user?: string;
  readonly password?: string;
  /** For `Authorization: Bearer`. */
  readonly token?: string;
}

/** `owner`: the command line of the same user, which knows the token in `oslotap.json`. */
export type Caller = 'owner' | 'client';

/** Before a wrong password is answered. Milliseconds. */
const DELAY_MS = 1_000;
/** Answers that are held back so at once; more are refused straight away. */
const DELAYED_MAX = 8;

interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly token: string | null;
}

export class Access {
  readonly #login: Login;
  readonly #ownToken: string;
  #delayed = 0;

  /** @param login nobody is asked for one where it is empty. */
  constructor(login: Login, ownToken: string) {
    this.#login = login;
    this.#ownToken = ownToken;
  }

  /** Who asks; or the refusal, after a while where a guess was wrong. */
  async check(request: IncomingMessage, url: URL): Promise<Caller | Exception> {
    const given = credentialsOf(request, url);
    if (given?.token !== undefined && given.token !== null && isSame(given.token, this.#ownToken)) return 'owner';
    if (!isAsked(this.#login) || (given !== null && this.#isRight(given))) return 'client';
    if (given === null)
      return exception('REQUIRED_PASSWORD', 'Authentication failed: a user and password, or a token, is required');
    return await this.#wrong();
  }

  #isRight({ user, password, token }: Credentials): boolean {
    const { user: wantedUser = 'default', password: wantedPassword, token: wantedToken } = this.#login;
    if (token !== null) return wantedToken !== undefined && isSame(token, wantedToken);
    // Both are compared whatever the first says.
    const isUser = isSame(user, wantedUser);
    return wantedPassword !== undefined && isSame(password, wantedPassword) && isUser;
  }

  async #wrong(): Promise<Exception> {
    if (this.#delayed >= DELAYED_MAX)
      return exception('AUTHENTICATION_FAILED', 'Authentication failed: too many wrong passwords at once');
    this.#delayed++;
    await sleep(DELAY_MS);
    this.#delayed--;
    return exception('AUTHENTICATION_FAILED', 'Authentication failed: password is incorrect, or there is no user with such name');
  }
}

export function isAsked({ password, token }: Login): boolean {
  return password !== undefined || token !== undefined;
}

/** Hashes are compared: in constant time whatever the lengths. */
function isSame(a: string, b: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

function credentialsOf({ headers }: IncomingMessage, { searchParams }: URL): Credentials | null {
  const [, scheme = '', value = ''] = /^(\w+)\s+(.*)$/.exec(headers.authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return { user: '', password: '', token: value };
  if (scheme.toLowerCase() === 'basic') {
    const [user = '', ...rest] = Buffer.from(value, 'base64').toString('utf8').split(':');
    return { user, password: rest.join(':'), token: null };
  }
  const user = single(headers['x-clickhouse-user']) ?? searchParams.get('user');
  const password = single(headers['x-clickhouse-key']) ?? searchParams.get('password');
  return user === null && password === null ? null : { user: user ?? 'default', password: password ?? '', token: null };
}

function single(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}

/**
 * Whether a request was not meant for this address, or sent by a page that somebody looks at: pages can make a browser ask any address.
 * @param listenHost where the endpoint listens, as it was told.
 */
export function isForeign({ headers }: IncomingMessage, listenHost: string): boolean {
  const isOfPage = headers.origin !== undefined || headers['sec-fetch-site'] === 'cross-site';
  return isOfPage || !isHostAllowed(headers.host, listenHost);
}
