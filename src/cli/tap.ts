/** `oslotap tap status|arm|disarm`: the broker's side. */
import { readFileSync } from 'node:fs';
import { Argument, Command, Option } from 'commander';
import { ManagementApi } from '../../collectors/management/api.ts';
import { arm, DEFAULT_VHOSTS, disarm, type Outcome, type Step } from '../../collectors/management/arming.ts';
import type { TlsFiles } from '../../collectors/management/http.ts';
import { ArmedRecord } from '../../collectors/management/record.ts';
import { Failed, Misuse } from '../errors.ts';
import { table } from '../report/format.ts';
import { readStatus, statusJson, statusText } from './tap-status.ts';

const ACTIONS = ['status', 'arm', 'disarm'] as const;

interface TapOptions {
  readonly api?: readonly string[];
  readonly vhost?: readonly string[];
  readonly state: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly force?: true;
  readonly json?: true;
}

export function tapCommand(): Command {
  return new Command('tap')
    .description("the broker's side: is the firehose on, and where? switch it on, or put back what was there")
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
    .addOption(
      new Option('--api <URL...>', 'management APIs, one for each node: http[s]://USER:PASSWORD@HOST:15672')
        .env('OSLOTAP_API')
        .argParser(toList),
    )
    .addOption(new Option('--vhost <VHOST...>', 'vhosts (default: "/")').env('OSLOTAP_VHOST').argParser(toList))
    .addOption(
      new Option('--state <DIR>', 'where armed.json is: what arm found, for disarm')
        .env('OSLOTAP_STATE')
        .default('./oslotap-data'),
    )
    .option('--ca <FILE>', 'https: the CA that signed the certificates of the management APIs')
    .option('--cert <FILE>', 'https: a certificate of our own, where they ask for one')
    .option('--key <FILE>', 'https: its key')
    .option('--force', 'disarm: off on every node, whoever switched it on')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
    .action(tap);
}

const HELP = `
status   each node: does it run, are memory and disk fine, is the firehose on in each vhost, who switched it on; and the tap's queues
arm      switches the firehose on where it is off. What was found is recorded in DIR/armed.json before anything is changed
disarm   puts back what the record says that arm switched on, and nothing else; harmless at any time, and again

The firehose is a state of each node, lost when the node restarts: so there must be a URL for each node, and no load balancer.
Several URLs or vhosts: separated by blanks, or in OSLOTAP_API and OSLOTAP_VHOST by commas. Other users of the machine can see
a password on a command line: put the URLs into OSLOTAP_API.

What the API's user needs: status the tag monitoring, and permissions on the vhosts for the tap's queues
(rabbitmqctl set_permissions -p VHOST USER '' '' '.*'); arm and disarm the tag administrator. Let it be another user than the tap's.

Without the API, on each node:
  rabbitmqctl trace_on -p VHOST       and, to put it back: rabbitmqctl trace_off -p VHOST

A broker never switches its firehose off by itself: run disarm when the tap ends (systemd: ExecStopPost).

Exit codes: 0 done, 1 some node could not be asked or switched, 2 wrong usage or set-up (nothing was changed).`;

/** `--vhost a b`, `--vhost a,b`, or once for each. */
function toList(text: string, before: readonly string[] = []): string[] {
  return [...new Set([...before, ...text.split(',').map((part) => part.trim())])].filter((part) => part !== '');
}

type Action = (typeof ACTIONS)[number];

async function tap(action: Action, options: TapOptions, command: Command): Promise<void> {
  if (options.force === true && action !== 'disarm') throw new Misuse(`--force is for tap disarm, not for tap ${action}`);
  if (options.api === undefined || options.api.length === 0) {
    throw new Misuse('--api is missing: a management API for each node, http://USER:PASSWORD@HOST:15672, best in OSLOTAP_API');
  }
  if (command.getOptionValueSource('api') === 'cli' && options.api.some(hasPassword)) warnOfPassword();
  const tls = readTls(options);
  const apis = options.api.map((url) => new ManagementApi(url, tls));
  try {
    await act(action, apis, new ArmedRecord(options.state), options);
  } finally {
    for (const api of apis) api.close();
  }
}

function hasPassword(url: string): boolean {
  return URL.canParse(url) && new URL(url).password !== '';
}

function warnOfPassword(): void {
  process.stderr.write('oslotap: --api shows its password to every user of this machine: put the URLs into OSLOTAP_API\n');
}

function readTls({ ca, cert, key }: TapOptions): TlsFiles {
  if ((cert === undefined) !== (key === undefined)) throw new Misuse('--cert and --key belong together: give both');
  return {
    ...(ca === undefined ? {} : { ca: readPem('--ca', ca) }),
    ...(cert === undefined ? {} : { cert: readPem('--cert', cert) }),
    ...(key === undefined ? {} : { key: readPem('--key', key) }),
  };
}

function readPem(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Misuse(`${option} ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

async function act(action: Action, apis: readonly ManagementApi[], record: ArmedRecord, options: TapOptions): Promise<void> {
  const { vhost, force: isForced = false, json = false } = options;
  if (action === 'status') {
    const status = await readStatus(apis, vhost ?? DEFAULT_VHOSTS, record);
    process.stdout.write(json ? `${JSON.stringify(statusJson(status))}\n` : statusText(status));
    const last = status.problems.at(-1);
    for (const problem of status.problems.slice(0, -1)) process.stderr.write(`oslotap: ${problem}\n`);
    if (last !== undefined) throw new Failed(last);
    return;
  }
  const only = vhost === undefined ? {} : { vhosts: vhost };
  const steps =
    action === 'arm' ? await arm(apis, vhost ?? DEFAULT_VHOSTS, record) : await disarm(apis, record, { ...only, isForced });
  process.stdout.write(json ? `${JSON.stringify(steps)}\n` : stepText(steps));
  if (steps.length === 0 && !json) process.stderr.write(`oslotap: nothing to put back: ${record.path} names no node\n`);
  const failed = steps.filter(({ outcome }) => outcome === 'not_done');
  const [first] = failed;
  if (first === undefined) return;
  const others = failed.length === 1 ? '' : ` (and ${failed.length - 1} more)`;
  const left = action === 'arm' ? 'not armed' : `not put back, it stays in ${record.path}`;
  throw new Failed(`${first.node}, vhost '${first.vhost}': ${left}: ${first.reason}${others}`);
}

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  armed: 'armed',
  already_on: 'was on already',
  disarmed: 'disarmed',
  already_off: 'was off already',
  left_on: 'left on: it was on before',
  gone: 'gone: nothing to put back',
  not_done: 'NOT DONE',
};

function stepText(steps: readonly Step[]): string {
  if (steps.length === 0) return '';
  const rows = steps.map(({ node, vhost, outcome, reason }) => [
    node,
    vhost,
    `${OUTCOMES[outcome]}${reason === null ? '' : `: ${reason}`}`,
  ]);
  return table([['NODE', 'VHOST', 'FIREHOSE'], ...rows], new Set());
}
