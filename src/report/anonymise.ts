/**
 * A report that can be published: hosts, addresses and ids are replaced by pseudonyms, the same one for the same name
 * wherever it stands, so that it still reads as one story. A pseudonym is a keyed hash: whoever has no key cannot try names out.
 * Projects and users are in no report; resources neither.
 */
import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Report } from './report-shape.ts';

export interface AnonymiseOptions {
  /** The same key gives the same pseudonyms. 16 bytes or more. */
  readonly key: Uint8Array;
  /** Every host that the store knows by name: they may stand inside other names. */
  readonly hosts: readonly string[];
}

export function anonymise(report: Report, options: AnonymiseOptions): Report {
  const pseudonyms = new Pseudonyms(options);
  return { ...(walk(report, '', pseudonyms) as Report), is_anonymised: true };
}

/** Text that only our own closed lists fill, and times. */
const PLAIN = new Set(['kind', 'verdict', 'status', 'reason', 'start', 'end', 'clickhouse', 'oslotap']);

function walk(value: unknown, key: string, pseudonyms: Pseudonyms): unknown {
  if (typeof value === 'string') return replaced(value, key, pseudonyms);
  if (Array.isArray(value)) return value.map((item) => walk(item, key, pseudonyms));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, name, pseudonyms)]));
}

function replaced(text: string, key: string, pseudonyms: Pseudonyms): string {
  if (PLAIN.has(key)) return text;
  if (key === 'host') return pseudonyms.host(text);
  if (key === 'node') return pseudonyms.node(text);
  if (key === 'vhost') return pseudonyms.vhost(text);
  // Free text of a gap: it may name any machine, one that sends nothing too.
  if (key === 'detail') return '';
  return pseudonyms.text(text);
}

/** OpenStack's own words: as a part of another name they name no machine, even where a machine is called so. */
const COMMON = new Set(
  'nova neutron cinder glance keystone heat ironic octavia magnum manila designate barbican trove swift placement ceilometer aodh openstack rabbit rabbitmq compute conductor scheduler engine network volume backup image identity api server agent reply fanout notifications info error host id'.split(
    ' ',
  ),
);
const UUID = /(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])/gi;
const MAC = /(?<![\w:])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![\w:])/gi;
const IPV4 = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)/g;
/** What may be one. */
const IPV6 = /(?<![\w:.])[0-9a-f:.]*[0-9a-f:](?![\w:])/gi;
/** What a host's name may be a part of. */
const TOKEN = /[\p{L}\p{N}_][\p{L}\p{N}_.-]*/gu;
/** A token of more parts is none that a host stands in; what is looked up grows with the square of it. */
const PARTS_MAX = 32;

class Pseudonyms {
  readonly #key: Uint8Array;
  readonly #hosts: ReadonlySet<string>;
  readonly #known = new Map<string, string>();

  constructor({ key, hosts }: AnonymiseOptions) {
    this.#key = key;
    this.#hosts = new Set(hosts.flatMap(namesOf).filter((name) => !COMMON.has(name)));
  }

  host(name: string): string {
    return name === '' ? '' : this.#named('host', name.toLowerCase());
  }

  /** `rabbit@ctl1` */
  node(name: string): string {
    const at = name.lastIndexOf('@');
    return at < 0 ? this.host(name) : `rabbit@${this.host(name.slice(at + 1))}`;
  }

  vhost(name: string): string {
    return name === '' || name === '/' || COMMON.has(name.replace(/^\//, '')) ? name : this.#named('vhost', name);
  }

  /** Any other text: what looks like an id or an address, and the hosts that are known. */
  text(text: string): string {
    return text
      .replace(UUID, (id) => this.#id(id))
      .replace(MAC, (mac) => this.#named('address', mac.toLowerCase()))
      .replace(IPV4, (address) => this.#named('address', address))
      .replace(IPV6, (address) => (isIPv6(address) ? this.#named('address', address.toLowerCase()) : address))
      .replace(TOKEN, (token) => this.#inToken(token));
  }

  /** An id stays one, of the same form: a trace's id is still that of its request. */
  #id(id: string): string {
    const hex = this.#hash('id', id.replaceAll('-', '').toLowerCase()).toString('hex').slice(0, 32);
    return id.includes('-') ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : hex;
  }

  /** The longest known names in `compute.cmp2.example.org`, from its left. */
  #inToken(token: string): string {
    const parts = token.split(/([.-])/);
    if (parts.length > PARTS_MAX) return token;
    let shown = '';
    for (let from = 0; from < parts.length; ) {
      const to = this.#endOfHost(parts, from);
      shown += to === from ? (parts[from] ?? '') : this.host(parts.slice(from, to).join(''));
      from = Math.max(to, from + 1);
    }
    return shown;
  }

  #endOfHost(parts: readonly string[], from: number): number {
    for (let to = parts.length; to > from; to--) {
      if (this.#hosts.has(parts.slice(from, to).join('').toLowerCase())) return to;
    }
    return from;
  }

  #named(what: string, name: string): string {
    const key = `${what} ${name}`;
    const known = this.#known.get(key) ?? `${what}-${this.#hash(what, name).toString('hex').slice(0, 10)}`;
    this.#known.set(key, known);
    return known;
  }

  #hash(what: string, name: string): Buffer {
    return createHmac('sha256', this.#key).update(`${what}\0${name}`).digest();
  }
}

/** A host by its whole name, its first label, and the domains that it is in. */
function namesOf(host: string): string[] {
  const name = host.toLowerCase();
  const labels = name.split('.');
  if (labels.length === 1 || /^[\d.:]+$/.test(name)) return [name];
  const domains = labels.slice(1, -1).map((_, at) => labels.slice(at + 1).join('.'));
  return [name, labels[0] ?? name, ...domains];
}
