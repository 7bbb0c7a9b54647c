/** Options of every command that listens to a broker. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readTls } from '../../collectors/amqp/connect.ts';
import { parseAmqpUrl } from '../../collectors/amqp/url.ts';
import { ManagementApi } from '../../collectors/management/api.ts';
import { Misuse } from '../errors.ts';
import type { LiveSetUp } from '../service/set-up.ts';

export interface LiveOptions {
  readonly amqp: string;
  readonly vhost?: readonly string[];
  readonly api?: readonly string[];
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly queueLength: number;
  readonly queueBytes: number;
  readonly prefetch: number;
}

export function addLiveOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--amqp <URL>', 'the broker: amqp[s]://USER:PASSWORD@HOST:PORT[,HOST:PORT…]/VHOST')
        .env('OSLOTAP_AMQP')
        .default('amqp://guest:guest@localhost:5672/', 'guest at localhost'),
    )
    .addOption(new Option('--vhost <VHOST...>', "vhosts, instead of the URL's own").env('OSLOTAP_VHOST').argParser(toList))
    .addOption(
      new Option('--api <URL...>', 'management APIs, one for each node: http[s]://USER:PASSWORD@HOST:15672')
        .env('OSLOTAP_API')
        .argParser(toList),
    )
    .addOption(new Option('--ca <FILE>', 'TLS: the authority that signed the certificates, PEM').env('OSLOTAP_CA'))
    .addOption(new Option('--cert <FILE>', 'TLS: a certificate of our own, where the broker asks for one').env('OSLOTAP_CERT'))
    .addOption(new Option('--key <FILE>', 'TLS: its key').env('OSLOTAP_KEY'))
    .addOption(number('--queue-length <N>', 'the tap queue holds so many messages, then drops the oldest', 200_000, 1))
    .addOption(number('--queue-bytes <N>', 'and so many bytes of bodies', 512 * 1024 * 1024, 1))
    .addOption(number('--prefetch <N>', PREFETCH, 1_000, 0));
}

const PREFETCH =
  'messages on their way at once; 0: no acknowledgements: cheaper for the broker, a kill loses what was on its way';

/** An option that is a whole number, also in the environment. */
export function number(flags: string, description: string, byDefault: number, least: number): Option {
  const parse = (text: string) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`it is a whole number from ${least}.`);
    return value;
  };
  return new Option(flags, description).env(variableOf(flags)).default(byDefault).argParser(parse);
}

/** An option that is there or not, also in the environment: read it by `isSet`. */
export function flag(flags: string, description: string): Option {
  return new Option(flags, description).env(variableOf(flags));
}

const YES = ['1', 'true', 'yes'];
const NO = ['', '0', 'false', 'no'];

/** Commander takes a variable for a yes, whatever it says. @param name as in the options. @throws Misuse */
export function isSet(command: Command, name: string): boolean {
  if (command.getOptionValueSource(name) !== 'env') return command.getOptionValue(name) === true;
  const variable = command.options.find((option) => option.attributeName() === name)?.envVar ?? '';
  const value = (process.env[variable] ?? '').toLowerCase();
  if (YES.includes(value)) return true;
  if (NO.includes(value)) return false;
  throw new Misuse(`${variable}: it is 1 or 0`);
}

function variableOf(flags: string): string {
  const name = /--([a-z-]+)/.exec(flags)?.[1] ?? '';
  return `OSLOTAP_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** `--api a b`, `--api a,b`, or once for each. */
export function toList(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',').map((part) => part.trim())].filter((part) => part !== '');
}

/** @throws Misuse */
export function readLiveSetUp(options: LiveOptions, expiresMs: number, command: Command): LiveSetUp {
  for (const name of ['amqp', 'api'] as const) {
    if (command.getOptionValueSource(name) === 'cli') warnOfPassword(name, options[name] ?? '');
  }
  const broker = parseAmqpUrl(options.amqp);
  const vhosts = options.vhost ?? [broker.vhost];
  if (new Set(vhosts).size < vhosts.length) throw new Misuse('--vhost: a vhost is named twice');
  const tls = readTls(options);
  return {
    brokers: vhosts.map((vhost) => ({ ...broker, vhost })),
    tls,
    apis: (options.api ?? []).map((url) => new ManagementApi(url, tls)),
    bounds: { lengthMax: options.queueLength, bytesMax: options.queueBytes, expiresMs },
  };
}

/** @param name of the option, given on the command line. */
export function warnOfPassword(name: string, value: string | readonly string[]): void {
  const hasPassword = [value].flat().some((url) => /:\/\/[^/@]*:[^/@]+@/.test(url));
  if (!hasPassword) return;
  const variable = `OSLOTAP_${name.toUpperCase().replaceAll('-', '_')}`;
  process.stderr.write(`oslotap: --${name} shows its password to every user of this machine: put the URL into ${variable}\n`);
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `60s`, `10m`, `2h` → milliseconds. */
export function parseDuration(text: string): number {
  const split = /^(\d+(?:\.\d+)?)([smh])$/.exec(text);
  if (split === null) throw new InvalidArgumentError('it is 60s, 10m or 2h.');
  return Number(split[1]) * (UNITS[split[2] as string] as number);
}
