/** Secrets out of what is printed. */
import type { Given } from './given.ts';
import type { Leaf } from './leaf.ts';

const HIDDEN = '***';

/** A setting's value as it may be printed. @param value as given. */
export function masked({ isSecret, isUrl, hasSecretPath }: Leaf, value: unknown): unknown {
  if (hasSecretPath === true) return originOf(value);
  if (isSecret === true) return Array.isArray(value) ? value.map(maskHeader) : HIDDEN;
  const mask = (one: unknown) => (isUrl === true || isUrlLike(one) ? maskUrl(one) : one);
  return Array.isArray(value) ? value.map(mask) : mask(value);
}

/** Also where no URL belongs. */
function isUrlLike(value: unknown): boolean {
  return typeof value === 'string' && value.includes('://');
}

/** `https://host:port/***` */
function originOf(value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  return url === null || !/^https?:$/.test(url.protocol) ? HIDDEN : `${url.origin}/${HIDDEN}`;
}

/** `NAME: VALUE` */
function maskHeader(line: unknown): string {
  return `${String(line).split(':', 1)[0]}: ${HIDDEN}`;
}

/** A line for people, which may repeat what was given. */
export function maskLine(line: string, given: Iterable<Pick<Given, 'leaf' | 'value'>>): string {
  let shown = line;
  for (const { leaf, value } of given) {
    for (const one of [value].flat()) {
      if (typeof one === 'string' && isUrlLike(one)) shown = shown.replaceAll(one, () => String(masked(leaf, one)));
    }
  }
  return shown;
}

/** `amqp://user:***@host,user:***@host/vhost`; what a query says is hidden too: some hand over tokens there. */
function maskUrl(value: unknown): unknown {
  const [, scheme, rest = ''] = typeof value === 'string' ? (/^([\w+.-]+:\/\/)(.*)$/.exec(value) ?? []) : [];
  if (scheme === undefined) return /^(?!chdb:).*@/s.test(String(value)) ? HIDDEN : value; // a URL whose beginning was forgotten
  const isCluster = /^(amqps?|rabbit):/.test(scheme);
  const [address = '', ...query] = rest.split('?');
  const end = address.indexOf('/', address.lastIndexOf('@') + 1);
  const hosts = end < 0 ? address : address.slice(0, end);
  const path = end < 0 ? '' : address.slice(end);
  const shown = (isCluster ? hosts.split(',') : [hosts]).map(maskHost);
  if (shown.includes(HIDDEN)) return `${scheme}${HIDDEN}`; // no such URL: any part of it may be the password
  return `${scheme}${shown.join(',')}${path}${query.length === 0 ? '' : `?${HIDDEN}`}`;
}

function maskHost(text: string): string {
  const at = text.lastIndexOf('@');
  const host = text.slice(at + 1);
  if (at < 0) return /^(\[[0-9a-fA-F:.]+\]|[^:@]*)(:\d*)?$/.test(host) ? host : HIDDEN;
  const [user = '', ...password] = text.slice(0, at).split(':');
  return `${user}${password.length === 0 ? '' : `:${HIDDEN}`}@${host}`;
}
