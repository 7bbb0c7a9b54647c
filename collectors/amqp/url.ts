/**
 * Where a broker is: an AMQP URL, with all hosts of a cluster as oslo.messaging's `transport_url` has them.
 *
 *   amqp[s]://user:password@host1:5672,host2:5672/vhost        rabbit:// is amqp://; the vhost is percent-encoded, default /
 *
 * Source: https://www.rabbitmq.com/docs/uri-spec, oslo_messaging/transport.py (TransportURL).
 */
import { Misuse } from '../../src/errors.ts';

export interface Host {
  readonly host: string;
  readonly port: number;
}

export interface Broker {
  /** Tried in turn. */
  readonly hosts: readonly Host[];
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
  readonly isTls: boolean;
}

const DEFAULT_PORT = { plain: 5672, tls: 5671 } as const;
const DEFAULT_USER = 'guest';

/** @throws Misuse where the text is no such URL; the line never shows a password. */
export function parseAmqpUrl(text: string): Broker {
  const split = /^(amqps?|rabbit):\/\/([^/]*)(?:\/([^/?]*))?$/.exec(text);
  if (split === null) throw new Misuse('--amqp: not a broker: use amqp://user:password@host:5672/vhost, or amqps:// for TLS');
  const [, scheme, authority = '', path] = split;
  const isTls = scheme === 'amqps';
  let user = DEFAULT_USER;
  let password = DEFAULT_USER;
  const hosts: Host[] = [];
  for (const part of authority.split(',')) {
    const at = part.lastIndexOf('@');
    if (at >= 0) {
      const credentials = part.slice(0, at);
      const colon = credentials.indexOf(':');
      user = decode(colon < 0 ? credentials : credentials.slice(0, colon));
      password = decode(colon < 0 ? '' : credentials.slice(colon + 1));
    }
    hosts.push(parseHost(part.slice(at + 1), isTls));
  }
  return { hosts, user, password, vhost: path === undefined || path === '' ? '/' : decode(path), isTls };
}

/** For people: hosts and vhost, no credentials. */
export function describeBroker({ hosts, vhost, isTls }: Broker): string {
  return `${isTls ? 'amqps' : 'amqp'}://${hosts.map(describeHost).join(',')}/${vhost === '/' ? '' : encodeURIComponent(vhost)}`;
}

export function describeHost({ host, port }: Host): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function parseHost(text: string, isTls: boolean): Host {
  const split = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]@]+))(?::(\d+))?$/.exec(text);
  const host = split?.[1] ?? split?.[2];
  const port = Number(split?.[3] ?? (isTls ? DEFAULT_PORT.tls : DEFAULT_PORT.plain));
  if (host === undefined || port < 1 || port > 65_535) throw new Misuse('--amqp: there is no host[:port] in the URL');
  return { host, port };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Misuse('--amqp: a % in user, password or vhost must be written as %25');
  }
}
