/** `oslotap run`: the sidecar. Broker → taps → journal and correlation → store, until it is told to stop. */
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { BrokerFailure } from '../../collectors/amqp/connect.ts';
import { Inbox } from '../../collectors/amqp/inbox.ts';
import type { ManagementApi } from '../../collectors/management/api.ts';
import { ApiError } from '../../collectors/management/api-error.ts';
import { disarm } from '../../collectors/management/arming.ts';
import { ArmedRecord } from '../../collectors/management/record.ts';
import { readBrokerSnapshot } from '../../collectors/management/snapshot.ts';
import type { BudgetLimits } from '../budget.ts';
import { Misuse, reasonOf } from '../errors.ts';
import { Journal } from '../journal/journal.ts';
import type { Sink } from '../pipeline.ts';
import { retry } from '../retry.ts';
import { Sidecar } from '../sidecar.ts';
import { ClickHouseWriter } from '../sinks/clickhouse/writer.ts';
import { parseStore, type Store } from '../store/store.ts';
import type { Operations } from '../trace/operations.ts';
import { Processes } from '../trace/processes.ts';
import {
  addLiveOptions,
  flag,
  INBOX_BYTES_MAX,
  isSet,
  type LiveOptions,
  type LiveSetUp,
  number,
  parseDuration,
  readLiveSetUp,
} from './live-options.ts';
import { LiveStatus } from './live-status.ts';
import { type OperationsOptions, operationsOption, readOperations } from './operations-option.ts';
import { Stop } from './stop.ts';
import { openWriter, type StoreOptions, storeOption } from './store-option.ts';
import { LiveSummaries } from './summaries.ts';
import { addTapOptions, readTapPlans, type TapPlanOptions, type TapPlans } from './tap-plans.ts';
import { Tapping, type TappingOptions } from './tapping.ts';
import { thousands } from './thousands.ts';
import { Watch } from './watch.ts';

interface RunOptions extends LiveOptions, StoreOptions, OperationsOptions, TappingOptions, TapPlanOptions {
  readonly arm: boolean;
  readonly queueExpires: number;
  readonly keepQueue: boolean;
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

/** How long the end may take, once it has begun: what cannot be written by then stays in the journal. Milliseconds. */
const CLOSE_MS = 10_000;

async function run(given: RunOptions, command: Command): Promise<void> {
  const options = { ...given, arm: isSet(command, 'arm'), keepQueue: isSet(command, 'keepQueue') };
  const setUp = readLiveSetUp(options, options.queueExpires * 1_000, command);
  const taps = readTapPlans(options, setUp, command);
  if (options.arm) refuseArming(taps, options.tap?.includes('shovel') === true);
  const operations = readOperations(options);
  const stop = new Stop(options.for);
  let store: Store | null = null;
  try {
    store = await openWriter(options, 'run');
    await tapInto(store, options, { setUp, taps, stop, operations });
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

interface RunParts {
  readonly setUp: LiveSetUp;
  readonly taps: TapPlans;
  readonly stop: Stop;
  readonly operations: Operations;
}

async function tapInto(store: Store | null, options: RunOptions, { setUp, taps, stop, operations }: RunParts): Promise<void> {
  const { plans, tier, apis } = taps;
  const directory = directoryOf(options);
  const vhosts = [...new Set(plans.map(({ vhost }) => vhost))];
  const journal = store === null ? null : await Journal.open(join(directory, 'journal'));
  const processes = new Processes(await snapshotOf(apis, vhosts));
  const inbox = new Inbox(INBOX_BYTES_MAX);
  const giveUp = new AbortController();
  const persist = <T>(operation: () => Promise<T>) => retry(operation, { ...PATIENCE, signal: giveUp.signal, log });
  const writer = store === null ? null : await ClickHouseWriter.open(store, operations);
  const summaries = store === null ? null : new LiveSummaries(store, log);
  const sink: Sink = {
    write: async (batch) => {
      await persist(async () => writer?.write(batch));
      await summaries?.step(); // here, since the store takes one insert at a time
    },
    close: async () => {},
  };
  const unacknowledgedMax = 4 * Math.max(options.prefetch, 1_000) * plans.length;
  const sidecar = new Sidecar({ chunks: inbox.chunks(), sink, journal, processes, persist, unacknowledgedMax });
  const aliveNs = journal?.lastNs ?? null;
  const ratesBefore = store === null || aliveNs === null ? new Map<string, number>() : await ratesAt(store, aliveNs);
  const tapping = new Tapping({ options, plans, tier, setUp, inbox, sidecar, aliveNs, ratesBefore, log });
  const record = options.arm ? new ArmedRecord(directory) : null;
  const watch = new Watch({ tapping, setUp, apis, sidecar, processes, budget: budgetOf(options), record, log });
  const status = new LiveStatus(tapping, sidecar);

  let state: 'set up' | 'tapping' | 'taken in' = 'set up';
  try {
    await writer?.endGaps();
    await sidecar.recover();
    if (sidecar.recoveredCount > 0) {
      log(
        `took up ${thousands(sidecar.recoveredCount)} events from the journal; ${thousands(sidecar.openCount)} messages are open`,
      );
    }
    if (options.tier === 'requests') log(REQUESTS_WARNING);
    await watch.arm();
    await tapping.start().catch(asMisuse);
    state = 'tapping';
    await watch.start();
    status.begin();
    const drain = drainOnStop(stop, tapping, inbox, giveUp);
    await sidecar.run();
    if (drain.isDone) state = 'taken in';
  } finally {
    status.end();
    after(CLOSE_MS, () => giveUp.abort());
    const isInTime = AbortSignal.timeout(CLOSE_MS);
    if (state === 'tapping') log('what is on its way is not journalled: the tap queue stays, for the next start, or it expires');
    await Promise.all([
      watch.stop().then(() => record && putBack(apis, record, vhosts)),
      tapping.stop(state === 'taken in' && !options.keepQueue).finally(() => sidecar.close(isInTime).catch(logUnwritten)),
    ]);
  }
  log(status.summary());
}

/** `isDone` says whether all that was on its way came in before the time was up. */
function drainOnStop(stop: Stop, tapping: Tapping, inbox: Inbox, giveUp: AbortController): { isDone: boolean } {
  const drain = { isDone: false };
  stop.onStop(() => {
    log('stopping: taking in what is on its way');
    after(CLOSE_MS, () => {
      giveUp.abort();
      inbox.end();
    });
    const note = () => {
      drain.isDone = true;
    };
    void tapping
      .cancel()
      .then(note)
      .finally(() => inbox.end());
  });
  return drain;
}

function after(waitMs: number, act: () => void): void {
  setTimeout(act, waitMs).unref();
}

function logUnwritten(error: unknown): void {
  log(`${reasonOf(error)}: what is not written is in the journal`);
}

async function putBack(apis: readonly ManagementApi[], record: ArmedRecord, vhosts: readonly string[]): Promise<void> {
  try {
    for (const { node, vhost, outcome, reason } of await disarm(apis, record, { vhosts })) {
      if (outcome === 'disarmed') log(`switched the firehose off again on ${node}, vhost '${vhost}'`);
      if (outcome === 'not_done') log(`the firehose stays on on ${node}, vhost '${vhost}': ${reason}; run oslotap tap disarm`);
    }
  } catch (error) {
    log(`the firehose stays on: ${reasonOf(error)}; run oslotap tap disarm`);
  }
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

/** Events a second in the minute before a time, by vhost, from what is stored: an estimate of what passes while nobody looks. */
async function ratesAt(store: Store, atNs: bigint): Promise<Map<string, number>> {
  const rows = await store.query<{ vhost: string; events: number }>(
    `SELECT m.vhost AS vhost, sum(1 + m.replies + length(m.delivered_at) + m.reply_deliveries) AS events FROM oslo_messages AS m FINAL
     WHERE m.published_at BETWEEN fromUnixTimestamp64Nano({at:Int64}, 'UTC') - INTERVAL 60 SECOND AND fromUnixTimestamp64Nano({at:Int64}, 'UTC')
     GROUP BY m.vhost`,
    { at: String(atNs) },
  );
  return new Map(rows.map(({ vhost, events }) => [vhost, events / 60]));
}

const PATIENCE = { firstMs: 500, maxMs: 15_000 };

function directoryOf({ store }: RunOptions): string {
  const target = parseStore(store);
  return target.kind === 'chdb' ? target.directory : '.';
}

/** Where the API may not be asked, the traffic has to tell. */
async function snapshotOf(apis: readonly ManagementApi[], vhosts: readonly string[]) {
  for (const api of apis) {
    try {
      return await readBrokerSnapshot(api, vhosts);
    } catch (error) {
      log(`processes are told from the traffic: ${reasonOf(error)}`);
    }
  }
  return null;
}

function asMisuse(error: unknown): never {
  if (error instanceof BrokerFailure || error instanceof ApiError) throw new Misuse(error.message);
  throw error;
}

function log(text: string): void {
  process.stderr.write(`oslotap: ${text}\n`);
}
