/** One connection to a broker: its hosts tried in turn, and whatever goes wrong said in one line. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type ChannelModel, connect as connectAmqp } from 'amqplib';
import { Misuse, reasonOf } from '../../src/errors.ts';
import { type Broker, describeHost, type Host } from './url.ts';

/** Files of the TLS set-up, PEM. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The broker cannot be used. `isSetUp`: trying again will not help, somebody has to change something. */
export class BrokerFailure extends Error {
  readonly isSetUp: boolean;

  constructor(message: string, isSetUp: boolean) {
    super(message);
    this.isSetUp = isSetUp;
  }
}

/** Seconds. Two missed ones end a connection. */
const HEARTBEAT_SECONDS = 15;
const CONNECT_TIMEOUT_MS = 10_000;

/** @throws Misuse naming the file that cannot be read. */
export function readTls(files: TlsFiles): TlsMaterial {
  const read = (option: keyof TlsFiles) => {
    const path = files[option];
    if (path === undefined) return {};
    try {
      return { [option]: readFileSync(path, 'utf8') };
    } catch (error) {
      throw new Misuse(`--${option}: ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? reasonOf(error)}`);
    }
  };
  if ((files.cert === undefined) !== (files.key === undefined)) throw new Misuse('--cert and --key belong together');
  return { ...read('ca'), ...read('cert'), ...read('key') };
}

/** Connections stay open in turn: which host is asked first. */
export interface Turn {
  next: number;
}

/**
 * Connects to the first host that lets us in, beginning with the one whose turn it is; then that one has the turn.
 * @param purpose shown by the broker as the connection's name.
 * @throws BrokerFailure where none does: what is wrong with the set-up, if a host said so, else of the last one.
 */
export async function connect(broker: Broker, tls: TlsMaterial, purpose: string, turn: Turn): Promise<ChannelModel> {
  let failure: BrokerFailure | null = null;
  for (const _ of broker.hosts) {
    const host = hostOf(broker, turn);
    try {
      return await connectHost(broker, host, tls, purpose);
    } catch (error) {
      const latest = explain(error as Error, broker, host);
      if (failure === null || latest.isSetUp || !failure.isSetUp) failure = latest;
      turn.next++;
    }
  }
  throw failure ?? new BrokerFailure('there is no host to connect to', true);
}

/** Whose turn it is. */
export function hostOf({ hosts }: Broker, { next }: Turn): Host {
  return hosts[next % hosts.length] as Host;
}

async function connectHost(broker: Broker, { host, port }: Host, tls: TlsMaterial, purpose: string): Promise<ChannelModel> {
  const { user, password, vhost, isTls } = broker;
  const url = {
    protocol: isTls ? 'amqps' : 'amqp',
    hostname: host,
    port,
    username: user,
    password,
    vhost: encodeURIComponent(vhost),
    heartbeat: HEARTBEAT_SECONDS,
  };
  const connection_name = `oslotap ${purpose}:${process.pid}@${hostname()}`;
  const options = { timeout: CONNECT_TIMEOUT_MS, noDelay: true, clientProperties: { connection_name, product: 'oslotap' } };
  return connectAmqp(url, isTls ? { ...options, ...tls } : options);
}

/** What the broker, the network or TLS said, as one line that says what to do. */
function explain(error: Error, { user, vhost, isTls }: Broker, at: Host): BrokerFailure {
  const where = describeHost(at);
  const reason = reasonOf(error);
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const again = (text: string) => new BrokerFailure(text, false);
  const never = (text: string) => new BrokerFailure(text, true);
  if (/ACCESS[-_]REFUSED.*(Login|PLAIN|authentication)/i.test(reason)) {
    return never(`the broker at ${where} refused user '${user}': wrong password, no such user, or not allowed from here`);
  }
  // The library keeps what the broker said to itself; but the password was right, and it is the vhost that is opened next.
  if (/Expected ConnectionOpenOk/.test(reason)) {
    const remedy = `rabbitmqctl set_permissions -p '${vhost}' '${user}' …`;
    return never(`the broker at ${where} has no vhost '${vhost}', or user '${user}' has no permissions there: ${remedy}`);
  }
  if (code === 'ECONNREFUSED') return again(`nobody listens at ${where}: is RabbitMQ running there?`);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return again(`there is no host '${at.host}' (${code})`);
  if (/ETIMEDOUT/.test(`${code} ${reason}`)) return again(`${where} does not answer`);
  if (isTls && isTlsFailure(code)) return never(`TLS with ${where} failed: ${reason} (${tlsHint(code)})`);
  if (/closed abruptly|ECONNRESET|EPIPE/i.test(`${reason} ${code}`)) {
    const hint = isTls ? 'does it want a client certificate (--cert, --key)?' : 'does it want TLS (amqps://)?';
    return again(`${where} closed the connection before it was open: ${hint}`);
  }
  return again(`the broker at ${where} cannot be used: ${reason}`);
}

function isTlsFailure(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO)/.test(code);
}

function tlsHint(code: string): string {
  if (/WRONG_VERSION|EPROTO|PACKET_LENGTH/.test(code)) return 'is this the TLS port, usually 5671?';
  if (/ALTNAME|HOSTNAME/.test(code)) return 'the certificate is for another name: use that name in the URL';
  if (/EXPIRED|NOT_YET/.test(code)) return 'the certificate is out of date';
  if (/ALERT/.test(code)) return 'the broker wants a client certificate: --cert, --key';
  return 'name the certificate authority with --ca';
}
