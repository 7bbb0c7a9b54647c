/** What every command that listens to a broker makes of its settings. */
import { readTls } from '../../collectors/amqp/connect.ts';
import { type Broker, parseAmqpUrl } from '../../collectors/amqp/url.ts';
import { ManagementApi } from '../../collectors/management/api.ts';
import { Misuse } from '../errors.ts';
import type { LiveSetUp } from '../service/set-up.ts';
import type { Settings } from '../settings/schema.ts';

/** @param expiresMs of the tap queue. @throws Misuse */
export function readLiveSetUp({ amqp, api, tls: files, tap }: Settings, expiresMs: number): LiveSetUp {
  const broker = parseAmqpUrl(amqp.url);
  const vhosts = amqp.vhosts ?? [broker.vhost];
  if (vhosts.length === 0) throw new Misuse('--vhost: it names none');
  if (new Set(vhosts).size < vhosts.length) throw new Misuse('--vhost: a vhost is named twice');
  const tls = readTls(given(files));
  return {
    brokers: vhosts.map((vhost) => ({ ...broker, vhost })),
    tls,
    apis: api.urls.map((url) => placedAt('--api', () => new ManagementApi(url, tls))),
    bounds: { lengthMax: tap.queueLength, bytesMax: tap.queueBytes, expiresMs },
  };
}

/** The services' broker, where a shovel brings the copies. @throws Misuse */
export function readSource(url: string): Broker {
  try {
    return parseAmqpUrl(url);
  } catch (error) {
    throw error instanceof Misuse ? new Misuse(error.message.replace('--amqp', '--source-amqp')) : error;
  }
}

/** Of what is refused, the line begins with the option. */
export function placedAt<T>(option: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof Misuse ? new Misuse(`${option}: ${error.message}`) : error;
  }
}

/** Without what is undefined. */
export function given<T extends object>(files: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const found = Object.entries(files).filter(([, value]) => value !== undefined);
  return Object.fromEntries(found) as { [Name in keyof T]?: Exclude<T[Name], undefined> };
}
