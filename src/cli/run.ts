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
import { Processes } from '../trace/processes.ts';
import { addLiveOptions, type LiveOptions, type LiveSetUp, number, parseDuration, readLiveSetUp } from './live-options.ts';
import { LiveStatus } from './live-status.ts';
import { openWriter, type StoreOptions, storeOption } from './store-option.ts';
import { addTapOptions, readTapPlans, type TapPlanOptions, type TapPlans } from './tap-plans.ts';
import { Tapping, type TappingOptions } from './tapping.ts';
import { Watch } from './watch.ts';

interface RunOptions extends LiveOptions, StoreOptions, TappingOptions, TapPlanOptions {
  readonly arm?: true;
  readonly queueExpires: number;
  readonly keepQueue?: true;
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
    .addOption(
      new Option('--arm', 'switch the firehose on where it is off, by --api, and off again at the end').env('OSLOTAP_ARM'),
    )
    .addOption(number('--queue-expires <S>', 'the tap queue vanishes when nobody has consumed it for so long', 600, 1))
    .addOption(new Option('--keep-queue', 'leave the tap queue at the end, to go on from it (it is bounded, and expires)'))
    .addOption(number('--lag-max <MS>', 'behind by more than this, times are marked as lagging', 5_000, 1))
    .addOption(number('--rate-max <N>', 'budget: step down above so many events a second; 0: no limit', 0, 0))
    .addOption(
      number('--memory-max <PERCENT>', "budget: step down above this part of the broker's memory limit (needs --api)", 90, 1),
    )
    .addOption(number('--queue-max <PERCENT>', 'budget: step down when the tap queue is so full (needs --api)', 80, 1))
    .addOption(number('--lag-step <S>', 'budget: step down when the tap lags by so much', 60, 1))
    .addOption(number('--calm <S>', 'budget: step up again after so long without trouble', 60, 1))
    .addOption(new Option('--for <DURATION>', 'end by itself: 60s, 10m, 2h').argParser(parseDuration))
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

/** How long the end may take, once the last messages are journalled. Milliseconds. */
const CLOSE_MS = 10_000;

async function run(options: RunOptions, command: Command): Promise<void> {
  const setUp = readLiveSetUp(options, options.queueExpires * 1_000, command);
  const taps = readTapPlans(options, setUp, command);
  if (options.arm === true) refuseArming(taps, options.tap?.includes('shovel') === true);
  const stop = stopSignal(options.for);
  const store = await openWriter(options, 'run');
  try {
    await tapInto(store, options, { setUp, taps, stop });
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
}

async function tapInto(store: Store | null, options: RunOptions, { setUp, taps, stop }: RunParts): Promise<void> {
  const { plans, tier, apis } = taps;
  const directory = directoryOf(options);
  const vhosts = [...new Set(plans.map(({ vhost }) => vhost))];
  const journal = store === null ? null : await Journal.open(join(directory, 'journal'));
  const processes = new Processes(await snapshotOf(apis, vhosts));
  const inbox = new Inbox(INBOX_BYTES_MAX);
  const giveUp = new AbortController();
  const persist = <T>(operation: () => Promise<T>) => retry(operation, { ...PATIENCE, signal: giveUp.signal, log });
  const writer = store === null ? null : await ClickHouseWriter.open(store);
  const sink: Sink = { write: (batch) => persist(async () => writer?.write(batch)), close: async () => {} };
  const unacknowledgedMax = 4 * Math.max(options.prefetch, 1_000) * plans.length;
  const sidecar = new Sidecar({ chunks: inbox.chunks(), sink, journal, processes, persist, unacknowledgedMax });
  const aliveNs = journal?.lastNs ?? null;
  const rateBefore = store === null || aliveNs === null ? 0 : await rateAt(store, aliveNs);
  const tapping = new Tapping({ options, plans, tier, setUp, inbox, sidecar, aliveNs, rateBefore, log });
  const record = options.arm === true ? new ArmedRecord(directory) : null;
  const watch = new Watch({ tapping, setUp, apis, processes, budget: budgetOf(options), record, log });

  await writer?.endGaps();
  await sidecar.recover();
  if (sidecar.recoveredCount > 0) {
    log(
      `took up ${thousands(sidecar.recoveredCount)} events from the journal; ${thousands(sidecar.openCount)} messages are open`,
    );
  }
  if (options.tier === 'requests') log(REQUESTS_WARNING);
  await tapping.start().catch(asMisuse);
  await watch.start();
  const status = new LiveStatus(tapping, sidecar);
  stop.onStop(() => {
    log('stopping: taking in what is on its way');
    setTimeout(() => giveUp.abort(), CLOSE_MS).unref();
    void tapping.cancel().finally(() => inbox.end());
  });
  try {
    await sidecar.run();
  } finally {
    status.end();
    watch.stop();
    await tapping.stop(options.keepQueue !== true);
    if (record !== null) await putBack(apis, record, vhosts);
    await sidecar
      .close(AbortSignal.timeout(CLOSE_MS))
      .catch((error) => log(`${reasonOf(error)}: what is not written is in the journal`));
  }
  log(status.summary());
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

/** Events a second in the minute before a time, from what is stored: an estimate of what passes while nobody looks. */
async function rateAt(store: Store, atNs: bigint): Promise<number> {
  const [row] = await store.query<{ events: number }>(
    `SELECT sum(1 + m.replies + length(m.delivered_at) + m.reply_deliveries) AS events FROM oslo_messages AS m FINAL
     WHERE m.published_at BETWEEN fromUnixTimestamp64Nano({at:Int64}, 'UTC') - INTERVAL 60 SECOND AND fromUnixTimestamp64Nano({at:Int64}, 'UTC')`,
    { at: String(atNs) },
  );
  return (row?.events ?? 0) / 60;
}

/** Bodies that wait in memory, where the broker sends without acknowledgements. */
const INBOX_BYTES_MAX = 64 * 1024 * 1024;
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

interface Stop {
  /** Called once. At once, where it was told already. */
  onStop(listener: () => void): void;
  release(): void;
}

/** The first signal ends it in order, the second at once: what was received is in the journal. */
function stopSignal(forMs: number | undefined): Stop {
  let isStopped = false;
  let tell = () => {};
  const stop = () => {
    if (isStopped) process.exit(1);
    isStopped = true;
    tell();
  };
  const timer = forMs === undefined ? null : setTimeout(() => isStopped || stop(), forMs);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return {
    onStop: (listener) => {
      tell = listener;
      if (isStopped) listener();
    },
    release: () => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      if (timer !== null) clearTimeout(timer);
    },
  };
}

function thousands(count: number): string {
  return count.toLocaleString('en-US');
}
