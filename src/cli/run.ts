/** `oslotap run`: the sidecar's options, checked, and its store opened; the rest is src/service. */
import { Command, Option } from 'commander';
import { Misuse } from '../errors.ts';
import { createLog } from '../log.ts';
import type { BudgetLimits } from '../service/budget.ts';
import { serve } from '../service/service.ts';
import type { TapPlans } from '../service/set-up.ts';
import { Stop } from '../service/stop.ts';
import { parseStore, type Store } from '../store/store.ts';
import { addLiveOptions, flag, isSet, type LiveOptions, number, parseDuration, readLiveSetUp } from './live-options.ts';
import { type OperationsOptions, operationsOption, readOperations } from './operations-option.ts';
import { openWriter, type StoreOptions, storeOption } from './store-option.ts';
import { addTapOptions, readTapPlans, type TapPlanOptions } from './tap-plans.ts';

interface RunOptions extends LiveOptions, StoreOptions, OperationsOptions, TapPlanOptions {
  readonly arm: boolean;
  readonly queueExpires: number;
  readonly keepQueue: boolean;
  readonly lagMax: number;
  readonly rateMax: number;
  readonly memoryMax: number;
  readonly queueMax: number;
  readonly lagStep: number;
  readonly calm: number;
  readonly for?: number;
}

export function runCommand(): Command {
  const command = new Command('run').description('the sidecar: follow a live broker, until Ctrl-C or SIGTERM');
  return addTapOptions(addLiveOptions(command).addOption(storeOption()))
    .addOption(operationsOption())
    .addOption(flag('--arm', 'switch the firehose on where it is off, by --api, and off again at the end'))
    .addOption(number('--queue-expires <S>', 'the tap queue vanishes when nobody has consumed it for so long', 600, 1))
    .addOption(flag('--keep-queue', 'leave the tap queue at the end, to go on from it (it is bounded, and expires)'))
    .addOption(number('--lag-max <MS>', 'behind by more than this, times are marked as lagging', 5_000, 1))
    .addOption(number('--rate-max <N>', 'budget: step down above so many events a second; 0: no limit', 0, 0))
    .addOption(
      number('--memory-max <PERCENT>', "budget: step down above this part of the broker's memory limit (needs --api)", 90, 1),
    )
    .addOption(number('--queue-max <PERCENT>', 'budget: step down when the tap queue is so full (needs --api)', 80, 1))
    .addOption(number('--lag-step <S>', 'budget: step down when the tap lags by so much', 60, 1))
    .addOption(number('--calm <S>', 'budget: step up again after so long without trouble', 60, 1))
    .addOption(new Option('--for <DURATION>', 'end by itself: 60s, 10m, 2h').env('OSLOTAP_FOR').argParser(parseDuration))
    .addHelpText('after', HELP)
    .action(run);
}

const HELP = `
The firehose must be on: 'oslotap tap arm', or rabbitmqctl trace_on -p VHOST on each node; --arm does it, and puts it back.
What the broker's user needs, and what it costs the broker: README, and collectors/firehose/README.md.
--tap notifications needs no firehose, and sees notifications only; --tap shovel has no consumer on the services' broker but a shovel, and
takes the copies from another one: collectors/notifications/README.md, collectors/shovel/README.md.
--tier requests needs no firehose either: it binds a queue to the services' own exchanges. By hand only, since senders notice: publishes that
nobody took look routed, and exchanges that should vanish with their last queue stay. No replies, no deliveries, no processes, no parents.
--api names the processes and lets the budget see memory and queues; without it processes are told from the traffic.
Behind a lost connection the tap queue holds what comes; oslotap's journal, beside the store, holds what is open.

  oslotap tap arm && oslotap run --store chdb:./cloud      and, in another shell after Ctrl-C:  oslotap requests --store chdb:./cloud`;

const REQUESTS_WARNING =
  'tier requests: while it runs, publishes that no service takes look routed to their senders, and auto-delete exchanges stay';

async function run(given: RunOptions, command: Command): Promise<void> {
  const mayArm = isSet(command, 'arm');
  const keepQueue = isSet(command, 'keepQueue');
  const setUp = readLiveSetUp(given, given.queueExpires * 1_000, command);
  const taps = readTapPlans(given, setUp, command);
  if (mayArm) refuseArming(taps, given.tap?.includes('shovel') === true);
  const operations = readOperations(given);
  const log = createLog();
  const stop = new Stop(given.for);
  let store: Store | null = null;
  try {
    store = await openWriter(given, 'run');
    if (given.tier === 'requests') log.warn('tier_requests', REQUESTS_WARNING);
    const { prefetch, lagMax: lagMaxMs } = given;
    const directory = directoryOf(given);
    const budget = budgetOf(given);
    await serve({ setUp, taps, store, directory, operations, budget, prefetch, lagMaxMs, mayArm, keepQueue, stop, log });
  } finally {
    stop.release();
    for (const api of setUp.apis) api.close();
    taps.close();
    await store?.close();
  }
}

function refuseArming({ plans, apis }: TapPlans, isShovel: boolean): void {
  if (!plans.some(({ isFirehose }) => isFirehose)) throw new Misuse('--arm is for the firehose: this tap does without');
  if (apis.length > 0) return;
  throw new Misuse(`--arm needs ${isShovel ? '--source-api' : '--api'}: the management API of each node`);
}

function budgetOf({ memoryMax, queueMax, lagStep, rateMax, calm }: RunOptions): BudgetLimits {
  return {
    memoryShareMax: memoryMax / 100,
    queueShareMax: queueMax / 100,
    lagMsMax: lagStep * 1_000,
    rateMax,
    calmMs: calm * 1_000,
  };
}

function directoryOf({ store }: RunOptions): string {
  const target = parseStore(store);
  return target.kind === 'chdb' ? target.directory : '.';
}
