/** A running sidecar: broker → taps → journal and correlation → store, until it is told to stop. */
import { once } from 'node:events';
import { join } from 'node:path';
import { BrokerFailure } from '../../collectors/amqp/connect.ts';
import { Inbox } from '../../collectors/amqp/inbox.ts';
import type { ManagementApi } from '../../collectors/management/api.ts';
import { ApiError } from '../../collectors/management/api-error.ts';
import { disarm } from '../../collectors/management/arming.ts';
import { ArmedRecord } from '../../collectors/management/record.ts';
import { Misuse, reasonOf } from '../errors.ts';
import { Journal } from '../journal/journal.ts';
import type { Log } from '../log.ts';
import type { Batch, Sink } from '../pipeline.ts';
import { batchingFor, ClickHouseWriter } from '../sinks/clickhouse/writer.ts';
import type { Store } from '../store/store.ts';
import { traced } from '../telemetry/traced.ts';
import { thousands } from '../thousands.ts';
import type { Operations } from '../trace/operations.ts';
import { Processes } from '../trace/processes.ts';
import type { ClosedMessage } from '../trace/traced-message.ts';
import { ratesAt, snapshotOf } from './before.ts';
import type { BudgetLimits } from './budget.ts';
import { HeapReducer } from './heap.ts';
import { LiveStatus } from './live-status.ts';
import { LiveMinutes } from './minutes.ts';
import type { Outlets } from './outlets.ts';
import { retry } from './retry.ts';
import { INBOX_BYTES_MAX, type LiveSetUp, type TapPlans } from './set-up.ts';
import { Sidecar } from './sidecar.ts';
import { tellSilence } from './silence.ts';
import type { Stop } from './stop.ts';
import { LiveStorms, type StormParts } from './storms.ts';
import { LiveSummaries } from './summaries.ts';
import { Tapping } from './tapping.ts';
import { Watch } from './watch.ts';

export interface ServiceParts {
  readonly setUp: LiveSetUp;
  readonly taps: TapPlans;
  /** Null: nothing is kept. */
  readonly store: Store | null;
  /** Where the journal and armed.json are. */
  readonly directory: string;
  readonly operations: Operations;
  readonly budget: BudgetLimits;
  /** Messages on their way at once, a tap; 0: no acknowledgements. */
  readonly prefetch: number;
  /** Behind by more than this, times are marked as lagging. Milliseconds. */
  readonly lagMaxMs: number;
  /** It may switch the firehose on where it is off; at the end it is switched off again there. */
  readonly mayArm: boolean;
  /** The tap queues stay at the end, bounded, until they expire. */
  readonly keepQueue: boolean;
  /** How storms are told; null: they are not. */
  readonly storms: StormParts | null;
  /** Open by then; whoever opened them closes them. */
  readonly outlets: Outlets;
  readonly stop: Stop;
  readonly log: Log;
}

/** How long the end may take, once it has begun: what cannot be written by then stays in the journal. Milliseconds. */
const CLOSE_MS = 10_000;
const PATIENCE = { firstMs: 500, maxMs: 15_000 };

/** @throws Misuse where a tap cannot be set up. */
export async function serve(parts: ServiceParts): Promise<void> {
  const { setUp, taps, store, directory, operations, prefetch, outlets, log } = parts;
  const { lookout } = outlets;
  const { plans, tier, apis } = taps;
  const vhosts = [...new Set(plans.map(({ vhost }) => vhost))];
  const journal = store === null ? null : await Journal.open(join(directory, 'journal'));
  const processes = new Processes(await snapshotOf(apis, vhosts, log));
  const storms =
    parts.storms === null
      ? null
      : await LiveStorms.open(parts.storms, { directory: store === null ? null : directory, processes, log });
  /** What the journal tells of is no news. */
  let isLive = false;
  const inbox = new Inbox(INBOX_BYTES_MAX);
  const giveUp = new AbortController();
  const persist: Persist = (operation) => retry(operation, { ...PATIENCE, signal: giveUp.signal, log });
  const writer = store === null ? null : await ClickHouseWriter.open(store, { operations });
  const minutes = writer === null ? null : new LiveMinutes(writer.rollUps, log);
  const sink = sinkOf(parts, writer, minutes, persist);
  const unacknowledgedMax = 4 * Math.max(prefetch, 1_000) * plans.length;
  const sidecar = new Sidecar({
    chunks: inbox.chunks(),
    sink,
    journal,
    processes,
    storms: storms?.detector ?? null,
    onStorm: (storm) => isLive && outlets.storms.take([storm]),
    persist: (commit) => traced('oslotap.commit', {}, () => persist(() => lookout.commits.time(commit))),
    unacknowledgedMax,
    ...(store !== null && batchingFor(store)),
  });
  const aliveNs = journal?.lastNs ?? null;
  const ratesBefore = store === null || aliveNs === null ? new Map<string, number>() : await ratesAt(store, aliveNs);
  const { lagMaxMs } = parts;
  const tapping = new Tapping({ prefetch, lagMaxMs, plans, tier, setUp, inbox, sidecar, aliveNs, ratesBefore, log });
  const record = parts.mayArm ? new ArmedRecord(directory) : null;
  const watch = new Watch({ tapping, setUp, apis, sidecar, processes, budget: parts.budget, record, log });
  const status = new LiveStatus(tapping, sidecar, log);
  lookout.observe({ tapping, watch, sidecar, journal, writer });
  if (storms !== null) outlets.showStorms(storms);

  const heap = new HeapReducer();
  let state: 'set up' | 'tapping' | 'taken in' = 'set up';
  try {
    await writer?.endGaps();
    await writer?.endStorms();
    await sidecar.recover();
    isLive = true;
    tellRecovered(sidecar, log);
    await watch.arm();
    await tapping.start().catch(asMisuse);
    state = 'tapping';
    lookout.phase = 'tapping';
    outlets.tell();
    await watch.start();
    status.begin();
    const drain = drainOnStop(parts, tapping, inbox, giveUp);
    await sidecar.run();
    if (drain.isDone) state = 'taken in';
  } finally {
    heap.close();
    status.end();
    lookout.phase = 'stopping';
    after(CLOSE_MS, () => giveUp.abort());
    const isInTime = AbortSignal.timeout(CLOSE_MS);
    if (state === 'tapping') {
      log.warn('not_taken_in', 'what is on its way is not journalled: the tap queue stays, for the next start, or it expires');
    }
    const tellUnwritten = (error: unknown) =>
      log.warn('not_written', `${reasonOf(error)}: what is not written is in the journal`);
    const writeAll = async () => {
      await sidecar.close(isInTime).catch(tellUnwritten);
      if (minutes === null || isInTime.aborted) return;
      const summed = minutes.step({ isLast: true });
      // A server that is away is not waited for: what is due is noted there. The engine in this process is.
      await (store?.isExclusive === true ? summed : Promise.race([summed, abortOf(isInTime)]));
    };
    await Promise.all([
      watch.stop().then(() => record && putBack(apis, record, vhosts, log)),
      tapping
        .stop(state === 'taken in' && !parts.keepQueue)
        .finally(writeAll)
        .finally(() => storms?.close()),
    ]);
  }
  status.tellEnd();
}

type Persist = <T>(operation: () => Promise<T>) => Promise<T>;

/** Into the store, and what is written on to the outlets; without a store straight to them. */
function sinkOf(
  { store, outlets, log }: ServiceParts,
  writer: ClickHouseWriter | null,
  minutes: LiveMinutes | null,
  persist: Persist,
): Sink {
  const { lookout, otlp } = outlets;
  const close = async () => {};
  if (store === null || writer === null) {
    const write = async (batch: Batch) => {
      lookout.take(batch.messages);
      otlp?.take(batch);
    };
    return { write, close };
  }
  handOn(writer, outlets);
  const summaries = new LiveSummaries(store, log, (roots) => otlp?.takeSpans(roots));
  const insert = (batch: Batch) =>
    tellSilence(
      lookout.stores.time(() => writer.write(batch)),
      log,
    );
  const write = async (batch: Batch) => {
    await traced('oslotap.write', sizeOf(batch), () => persist(() => insert(batch)));
    if (minutes !== null) await tellSilence(minutes.step(), log); // here, since the store takes one insert at a time
    await tellSilence(summaries.step(), log);
  };
  return { write, close };
}

/** A call is counted with its outcome, when it has ended; others as soon as they are shown. Spans go out once they change no more. */
function handOn(writer: ClickHouseWriter, { lookout, otlp }: Outlets): void {
  const isCall = ({ traced }: ClosedMessage) => traced.message.kind === 'call';
  writer.onFirst = (messages) => lookout.take(messages.filter((closed) => !isCall(closed)));
  writer.onEnded = (messages) => {
    lookout.take(messages.filter(isCall));
    otlp?.take({ messages });
  };
}

function sizeOf({ messages, unmatched }: Batch) {
  return { 'oslotap.messages': messages.length, 'oslotap.unmatched': unmatched.length };
}

function tellRecovered({ recoveredCount }: Sidecar, log: Log): void {
  if (recoveredCount === 0) return;
  log.info('recovered', `took up ${thousands(recoveredCount)} events from the journal`, { events: recoveredCount });
}

/** `isDone` says whether all that was on its way came in before the time was up. */
function drainOnStop(
  { stop, outlets, log }: ServiceParts,
  tapping: Tapping,
  inbox: Inbox,
  giveUp: AbortController,
): { isDone: boolean } {
  const drain = { isDone: false };
  stop.onStop(() => {
    outlets.lookout.phase = 'stopping';
    log.info('stopping', 'stopping: taking in what is on its way');
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

async function abortOf(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

function after(waitMs: number, act: () => void): void {
  setTimeout(act, waitMs).unref();
}

async function putBack(apis: readonly ManagementApi[], record: ArmedRecord, vhosts: readonly string[], log: Log): Promise<void> {
  try {
    for (const { node, vhost, outcome, reason } of await disarm(apis, record, { vhosts })) {
      const where = `on ${node}, vhost '${vhost}'`;
      if (outcome === 'disarmed') log.info('firehose_disarmed', `switched the firehose off again ${where}`, { node, vhost });
      if (outcome === 'not_done') {
        log.error('firehose_stays', `the firehose stays on ${where}: ${reason}; run oslotap tap disarm`, { node, vhost });
      }
    }
  } catch (error) {
    log.error('firehose_stays', `the firehose stays on: ${reasonOf(error)}; run oslotap tap disarm`);
  }
}

function asMisuse(error: unknown): never {
  if (error instanceof BrokerFailure || error instanceof ApiError) throw new Misuse(error.message);
  throw error;
}
