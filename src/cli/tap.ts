/** `oslotap tap status|arm|disarm`: the broker's side. */
import { Argument, Command } from 'commander';
import { readTls } from '../../collectors/amqp/connect.ts';
import { type Broker, parseAmqpUrl } from '../../collectors/amqp/url.ts';
import { ManagementApi } from '../../collectors/management/api.ts';
import { arm, disarm, type Outcome, type Step } from '../../collectors/management/arming.ts';
import { ArmedRecord } from '../../collectors/management/record.ts';
import { Failed, Misuse } from '../errors.ts';
import { table } from '../report/format.ts';
import type { Settings } from '../settings/schema.ts';
import { given, placedAt, readSource } from './live-options.ts';
import { addSettings, placing, settingsFor } from './settings-options.ts';
import { stateDirectory } from './state-directory.ts';
import { readStatus, statusJson, statusText } from './tap-status.ts';

const ACTIONS = ['status', 'arm', 'disarm'] as const;

interface TapOptions {
  readonly force?: true;
  readonly json?: true;
}

const OPTIONS = ['api', 'amqp.vhosts', 'store', 'state', 'tls'];
/** Where a configuration is for a shovel, the firehose is on another broker: the services'. */
const SETTINGS = [...OPTIONS, 'amqp.url', 'tap.kinds', 'source.amqp.url', 'source.api'];

export function tapCommand(): Command {
  const command = new Command('tap')
    .description("the broker's side: is the firehose on, and where? switch it on, or put back what was there")
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS));
  return addSettings(command, OPTIONS, {
    'amqp.vhosts': { description: 'vhosts', otherwise: "that of the broker's URL, else /; disarm: all that are recorded" },
    store: { description: 'the store of oslotap run, if armed.json is beside it', otherwise: 'chdb:./oslotap-data' },
  })
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

type Action = (typeof ACTIONS)[number];

/** Which part of the broker's side is meant. */
interface Target {
  /** To look at or to arm. */
  readonly vhosts: readonly string[];
  /** To disarm; null: all that are recorded. */
  readonly onlyVhosts: readonly string[] | null;
  readonly isForced: boolean;
  readonly isJson: boolean;
}

async function tap(action: Action, options: TapOptions, command: Command): Promise<void> {
  if (options.force === true && action !== 'disarm') throw new Misuse(`--force is for tap disarm, not for tap ${action}`);
  const { settings, reading } = settingsFor(command, SETTINGS);
  const isShovel = settings.tap.kinds?.includes('shovel') === true && reading.given.get('api.urls')?.origin.kind !== 'flag';
  const urls = isShovel ? settings.source.api.urls : settings.api.urls;
  const option = isShovel ? '--source-api' : '--api';
  if (urls.length === 0) {
    const [where, variable] = [isShovel ? 'source.api.urls' : option, isShovel ? 'OSLOTAP_SOURCE_API' : 'OSLOTAP_API'];
    throw new Misuse(`${where} is missing: a management API for each node, http://USER:PASSWORD@HOST:15672, best in ${variable}`);
  }
  const onlyVhosts = settings.amqp.vhosts === undefined ? null : [...new Set(settings.amqp.vhosts)];
  const vhosts = onlyVhosts ?? (action === 'disarm' ? [] : placing(reading, () => [brokerOf(settings, isShovel).vhost]));
  const apis = placing(reading, () => {
    const tls = readTls(given(settings.tls));
    return urls.map((url) => placedAt(option, () => new ManagementApi(url, tls)));
  });
  try {
    const record = new ArmedRecord(placing(reading, () => stateDirectory(settings)));
    await act(action, apis, record, { vhosts, onlyVhosts, isForced: options.force === true, isJson: options.json === true });
  } finally {
    for (const api of apis) api.close();
  }
}

function brokerOf({ amqp, source }: Settings, isShovel: boolean): Broker {
  return isShovel && source.amqp.url !== undefined ? readSource(source.amqp.url) : parseAmqpUrl(amqp.url);
}

async function act(action: Action, apis: readonly ManagementApi[], record: ArmedRecord, target: Target): Promise<void> {
  const { vhosts, onlyVhosts, isForced, isJson } = target;
  if (action === 'status') {
    const status = await readStatus(apis, vhosts, record);
    process.stdout.write(isJson ? `${JSON.stringify(statusJson(status))}\n` : statusText(status));
    const last = status.problems.at(-1);
    for (const problem of status.problems.slice(0, -1)) process.stderr.write(`oslotap: ${problem}\n`);
    if (last !== undefined) throw new Failed(last);
    return;
  }
  const only = onlyVhosts === null ? {} : { vhosts: onlyVhosts };
  const steps = action === 'arm' ? await arm(apis, vhosts, record) : await disarm(apis, record, { ...only, isForced });
  process.stdout.write(isJson ? `${JSON.stringify(steps)}\n` : stepText(steps));
  if (steps.length === 0 && !isJson) process.stderr.write(`oslotap: nothing to put back: ${record.path} names no node\n`);
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
