/** `oslotap run`: the sidecar's settings, checked, and its store opened; the rest is src/service. */
import { Command } from 'commander';
import { Misuse } from '../errors.ts';
import { createLog } from '../log.ts';
import type { BudgetLimits } from '../service/budget.ts';
import { Outlets } from '../service/outlets.ts';
import { serve } from '../service/service.ts';
import { Stop } from '../service/stop.ts';
import { type Reading, settingsOf } from '../settings/read.ts';
import { SCHEMA, type Settings } from '../settings/schema.ts';
import type { Store } from '../store/store.ts';
import { checkConfig } from './check-config.ts';
import { readLiveSetUp } from './live-options.ts';
import { readOperations } from './operations-option.ts';
import { readOtlp } from './otlp-options.ts';
import { addSettings, placing, readCommand } from './settings-options.ts';
import { holdState, stateDirectory } from './state-directory.ts';
import { openWriter } from './store-option.ts';
import { readStorms } from './storm-options.ts';
import { readTapPlans } from './tap-plans.ts';
import { version } from './version.ts';
import { readStormWebhook } from './webhook-options.ts';

interface RunOptions {
  readonly checkConfig?: boolean;
  readonly json?: boolean;
}

/** All there are. */
const SETTINGS = Object.keys(SCHEMA.shape);

export function runCommand(): Command {
  const command = new Command('run')
    .description('the sidecar: follow a live broker, until Ctrl-C or SIGTERM')
    .option(
      '--check-config',
      'print what would be in force, and where it comes from, or all that is wrong with it; connects to nothing',
    )
    .option('--json', '--check-config: as JSON');
  return addSettings(command, SETTINGS).addHelpText('after', HELP).action(run);
}

const HELP = `
A setting is a flag, else OSLOTAP_… in the environment, else a key in the YAML file of --config, else its default. Flags that have no value
are undone by --no-… (--no-arm). Passwords: in the environment, or in files of their own; docs/configuration.md has all of it.

The firehose must be on: 'oslotap tap arm', or rabbitmqctl trace_on -p VHOST on each node; --arm does it, and puts it back.
What the broker's user needs, and what it costs the broker: README, and collectors/firehose/README.md.
--tap notifications needs no firehose, and sees notifications only; --tap shovel has no consumer on the services' broker but a shovel, and
takes the copies from another one: collectors/notifications/README.md, collectors/shovel/README.md.
--tier requests needs no firehose either: it binds a queue to the services' own exchanges. By hand only, since senders notice: publishes that
nobody took look routed, and exchanges that should vanish with their last queue stay. No replies, no deliveries, no processes, no parents.
--api names the processes and lets the budget see memory and queues; without it processes are told from the traffic.
Behind a lost connection the tap queue holds what comes; oslotap's journal, beside the store, holds what is open.

  oslotap tap arm && oslotap run --store chdb:./cloud      and, in another shell meanwhile:  oslotap requests --store chdb:./cloud
  oslotap run --check-config --config oslotap.yaml`;

const REQUESTS_WARNING =
  'tier requests: while it runs, publishes that no service takes look routed to their senders, and auto-delete exchanges stay';

async function run({ checkConfig: isCheck = false, json: isJson = false }: RunOptions, command: Command): Promise<void> {
  if (isJson && !isCheck) throw new Misuse('--json is for run --check-config');
  const reading = readCommand(command, SETTINGS);
  if (isCheck) return checkConfig(reading, { isJson });
  const settings = settingsOf(reading);
  const parts = placing(reading, () => partsOf(settings));
  const { setUp, taps } = parts;
  const storms = await readStorms(settings);
  const log = createLog(settings.log);
  for (const warning of reading.warnings) log.warn('settings', warning);
  const stop = new Stop(settings.for);
  let outlets: Outlets | null = null;
  let store: Store | null = null;
  let release = () => {};
  try {
    outlets = await Outlets.open({ ...outletsOf(reading, settings), operations: parts.operations, log });
    release = holdState(settings, 'run');
    const opened = await openWriter(settings, 'run');
    store = opened?.store ?? null;
    if (opened?.embedded) await outlets.answerQueries(opened.embedded);
    else if (store !== null && settings.query.listen !== null && reading.given.has('query.listen')) {
      log.warn('settings', 'query.listen: queries are answered over an embedded store only; ask the server');
    }
    if (settings.tap.tier === 'requests') log.warn('tier_requests', REQUESTS_WARNING);
    await serve({ ...parts, store, storms, outlets, stop, log });
  } finally {
    stop.release();
    for (const api of setUp.apis) api.close();
    taps.close();
    await outlets?.close();
    await store?.close();
    release();
  }
}

function outletsOf({ given }: Reading, settings: Settings) {
  const { http, query, metrics, telemetry } = settings;
  const { user, password, token } = query;
  const login = {
    ...(user !== undefined && password !== undefined ? { user, password } : {}),
    ...(token === undefined ? {} : { token }),
  };
  const isQueryGiven = given.has('query.listen');
  return {
    http: http.listen === null ? null : { ...http.listen, isGiven: given.has('http.listen') },
    query:
      query.listen === null ? null : { host: query.listen.host, ...(isQueryGiven ? { port: query.listen.port } : {}), login },
    otlp: readOtlp(settings),
    stormWebhook: readStormWebhook(settings),
    metrics,
    hasTelemetry: telemetry.enabled,
    version: version(),
  };
}

/** What the service is made of, as far as nothing has to be opened. @throws Misuse */
function partsOf(settings: Settings) {
  const { amqp, tap } = settings;
  const directory = stateDirectory(settings);
  const operations = readOperations(settings);
  const setUp = readLiveSetUp(settings, tap.queueExpires * 1_000);
  const taps = readTapPlans(settings, setUp);
  const budget = budgetOf(settings);
  const { arm: mayArm, keepQueue, lagMax: lagMaxMs } = tap;
  return { setUp, taps, directory, operations, budget, prefetch: amqp.prefetch, lagMaxMs, mayArm, keepQueue };
}

function budgetOf({ budget: { memoryMax, queueMax, lagStep, rateMax, calm } }: Settings): BudgetLimits {
  return {
    memoryShareMax: memoryMax / 100,
    queueShareMax: queueMax / 100,
    lagMsMax: lagStep * 1_000,
    rateMax,
    calmMs: calm * 1_000,
  };
}
