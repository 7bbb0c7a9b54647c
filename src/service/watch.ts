/**
 * The watch over the taps: is the firehose on, on each node, is the broker well, did the tap queue overflow; and what is
 * done about it. What it states: a node whose firehose went off is noticed within CHECK_MS, and one time-out of the API.
 */
import type { BrokerNode, ManagementApi } from '../../collectors/management/api.ts';
import { arm, disarm } from '../../collectors/management/arming.ts';
import { checkArmed, type TracingState } from '../../collectors/management/check.ts';
import type { ArmedRecord } from '../../collectors/management/record.ts';
import { readBrokerSnapshot } from '../../collectors/management/snapshot.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { traced } from '../telemetry/traced.ts';
import type { Processes } from '../trace/processes.ts';
import { Budget, type BudgetLimits, type Load } from './budget.ts';
import type { LiveSetUp } from './set-up.ts';
import type { Sidecar } from './sidecar.ts';
import type { Tapping } from './tapping.ts';
import type { VhostTap } from './vhost-tap.ts';

export interface WatchParts {
  readonly tapping: Tapping;
  readonly setUp: LiveSetUp;
  /** Of the broker that the services use, one for each node. */
  readonly apis: readonly ManagementApi[];
  readonly sidecar: Sidecar;
  readonly processes: Processes;
  readonly budget: BudgetLimits;
  /** Where it may arm: what it found goes there. */
  readonly record: ArmedRecord | null;
  readonly log: Log;
}

/** How often the nodes are asked, and a marker's copy is looked for. */
export const CHECK_MS = 10_000;
const SAMPLE_MS = 5_000;
const MEASURE_MS = 1_000;
const SNAPSHOT_MS = 60_000;
/** Exchanges are looked for. Without an API each that is not there costs a line in the broker's log. */
const LOOK_MS = 60_000;
const LOOK_WITHOUT_API_MS = 600_000;
/** Without the API: a marker a second goes out, and so long no copy of one has come back. Nanoseconds. */
const UNTRACED_NS = 5_000_000_000n;
/** So many samples in alarm with nothing bound, and the firehose goes off where oslotap switched it on: a minute. */
const LAST_STEP_SAMPLES = 12;
/** An overflow is counted for so long: the broker's statistics come late. Nanoseconds. */
const COUNTED_NS = 30_000_000_000n;
/** Lines that are remembered, so as not to be told again. */
const TOLD_MAX = 100;

export class Watch {
  readonly #parts: WatchParts;
  readonly #budget: Budget;
  readonly #timers: NodeJS.Timeout[] = [];
  /** When each node's firehose was last seen on, by vhost and node. */
  readonly #onNs = new Map<string, bigint>();
  /** What was lost by overflow before. */
  readonly #lostBefore = new Map<VhostTap, number>();
  readonly #told = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  /** Firehoses that were off before the taps started. */
  readonly #offBefore = new Map<string, TracingState>();
  #isStopped = false;
  #isChecking = false;
  /** Samples in alarm since nothing is taken. */
  #alarmedAtOff = 0;
  /** What the budget was told last; null before the first. */
  load: Load | null = null;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#budget = new Budget(parts.tapping.tier, parts.budget);
  }

  /** Switches the firehose on where it may, so that it is on when the taps start. */
  async arm(): Promise<void> {
    const { apis, record } = this.#parts;
    if (record !== null && apis.length > 0) await this.#checkByApi();
  }

  async start(): Promise<void> {
    const { tapping, apis } = this.#parts;
    this.#noteOffBefore();
    tapping.onConnected = () => void this.#do(() => this.#check());
    this.#every(MEASURE_MS, () => tapping.measure());
    this.#every(SAMPLE_MS, () => this.#sample());
    this.#every(CHECK_MS, () => traced('oslotap.look', {}, () => this.#check()));
    this.#every(SNAPSHOT_MS, () => this.#learn());
    this.#every(apis.length > 0 ? LOOK_MS : LOOK_WITHOUT_API_MS, () => tapping.look());
    await this.#check();
  }

  /** Resolves once what is under way is done: nothing is switched on after that. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#underWay);
  }

  #every(periodMs: number, work: () => Promise<void>): void {
    let isBusy = false;
    const timer = setInterval(async () => {
      if (isBusy) return;
      isBusy = true;
      await this.#do(work);
      isBusy = false;
    }, periodMs);
    this.#timers.push(timer);
  }

  async #do(work: () => Promise<void>): Promise<void> {
    if (this.#isStopped) return;
    const done = work().catch((error) => this.#tellOnce(reasonOf(error)));
    this.#underWay.add(done);
    await done;
    this.#underWay.delete(done);
  }

  /** Is the firehose on? By the API where there is one, else by what it shows of our own markers. */
  async #check(): Promise<void> {
    const { tapping, apis } = this.#parts;
    if (this.#isChecking) return;
    this.#isChecking = true;
    try {
      if (apis.length === 0) for (const tap of tapping.firehoses) this.#checkByTraffic(tap);
      else if (tapping.firehoses.length > 0) await this.#checkByApi();
      await tapping.checkSupply();
      tapping.gaps.refresh(tapping.clock.nowNs());
    } finally {
      this.#isChecking = false;
    }
  }

  async #checkByApi(): Promise<void> {
    const { apis, tapping, record, log } = this.#parts;
    const vhosts = tapping.firehoses.map(({ vhost }) => vhost);
    let states = await checkArmed(apis, vhosts);
    const off = states.filter(({ state }) => state === 'off');
    if (off.length > 0 && record !== null && tapping.tier !== 'off' && !this.#isStopped) {
      this.#note(states);
      const steps = await arm(apis, vhosts, record).catch((error) =>
        log.warn('arming_failed', `arming failed: ${reasonOf(error)}`),
      );
      for (const step of steps ?? []) {
        const { node, vhost } = step;
        if (step.outcome !== 'armed') continue;
        log.info('firehose_armed', `the firehose was off on ${node}, vhost '${vhost}': switched it on`, { node, vhost });
      }
      states = await checkArmed(apis, vhosts);
    }
    this.#note(states);
  }

  #note(states: readonly TracingState[]): void {
    const { tapping, log } = this.#parts;
    const nowNs = tapping.clock.nowNs();
    for (const { node, vhost, state, reason } of states) {
      const key = `${vhost} ${node}`;
      const scope = { reason: 'not_armed', vhost, node } as const;
      const tap = tapping.firehoses.find((other) => other.vhost === vhost) as VhostTap;
      if (state === 'on') {
        this.#onNs.set(key, nowNs);
        if (tapping.gaps.isOpen(scope)) {
          log.info('firehose_on', `the firehose is on again on ${node}, vhost '${vhost}'`, { node, vhost });
        }
        tapping.gaps.end(scope, nowNs);
      } else if (state === 'off') {
        if (tap.connectedNs === null) {
          this.#offBefore.set(key, { node, vhost, state, reason });
          continue; // nothing is seen at all: that gap counts, unless the queue turns out to be there still
        }
        if (!tapping.gaps.isOpen(scope))
          log.warn(
            'firehose_off',
            `the firehose is OFF on ${node}, vhost '${vhost}': oslotap tap arm, or rabbitmqctl trace_on there`,
            { node, vhost },
          );
        const rate = tap.rate.perSecond(performance.now()) / Math.max(1, nodeCount(states));
        const detail = `the firehose was off on ${node}`;
        tapping.gaps.begin(scope, this.#offSince(key, tap, nowNs), { rate, share: 1 / Math.max(1, nodeCount(states)) }, detail);
      } else {
        this.#tellOnce(`whether the firehose is on on ${node}, vhost '${vhost}', cannot be told: ${reason}`);
      }
    }
  }

  /** Found off when it began, and switched on since: where the queue of the run before is there still, what passed is not in it. */
  #noteOffBefore(): void {
    const { tapping } = this.#parts;
    const { aliveNs } = tapping;
    const nowNs = tapping.clock.nowNs();
    for (const [key, { node, vhost }] of this.#offBefore) {
      const tap = tapping.firehoses.find((other) => other.vhost === vhost);
      const onNs = this.#onNs.get(key);
      if (tap === undefined || tap.isNewQueue || aliveNs === null || onNs === undefined) continue;
      const share = 1 / Math.max(1, new Set([...this.#onNs.keys()].filter((other) => other.startsWith(`${vhost} `))).size);
      const lost = { rate: tap.rateBefore * share, share, atLeast: 0 };
      const detail = `the firehose was off on ${node} when oslotap started`;
      tapping.gaps.add(
        { reason: 'not_armed', vhost, node },
        { fromNs: aliveNs, toNs: onNs < nowNs ? onNs : nowNs },
        lost,
        detail,
      );
    }
    this.#offBefore.clear();
  }

  /** When it was last known to be on, or the tap came; the run before this one knew it last where its queue is there still. */
  #offSince(key: string, { connectedNs, isNewQueue }: VhostTap, nowNs: bigint): bigint {
    const { aliveNs } = this.#parts.tapping;
    const onNs = this.#onNs.get(key) ?? 0n;
    if (onNs === 0n && !isNewQueue && aliveNs !== null) return aliveNs;
    const sinceNs = connectedNs !== null && connectedNs > onNs ? connectedNs : onNs;
    return sinceNs === 0n ? nowNs : sinceNs;
  }

  #checkByTraffic({ vhost, plan, tap, rate, connectedNs, cutOffNs }: VhostTap): void {
    const { tapping, log } = this.#parts;
    if (!plan.areMarkersTraced || cutOffNs !== null) return;
    if (connectedNs === null || !tap.isActive || tapping.tier === 'off' || tap.lagMs > CHECK_MS) return;
    const nowNs = tapping.clock.nowNs();
    const scope = { reason: 'not_armed', vhost, node: '' } as const;
    const sinceNs = tap.tracedNs !== null && tap.tracedNs > connectedNs ? tap.tracedNs : connectedNs;
    if (nowNs - sinceNs < UNTRACED_NS) {
      if (tap.tracedNs === null || tap.tracedNs < connectedNs) return;
      if (tapping.gaps.isOpen(scope)) log.info('firehose_on', `vhost '${vhost}': the firehose is on again`, { vhost });
      tapping.gaps.end(scope, tap.tracedNs);
      return;
    }
    if (!tapping.gaps.isOpen(scope)) {
      log.warn(
        'firehose_off',
        `vhost '${vhost}': the firehose is OFF on the node we are connected to: rabbitmqctl trace_on -p '${vhost}' on each node`,
        { vhost },
      );
    }
    tapping.gaps.begin(scope, sinceNs, { rate: rate.perSecond(performance.now()), share: 1 }, 'the firehose was off');
  }

  async #sample(): Promise<void> {
    const { tapping } = this.#parts;
    if (tapping.taps.every(({ tap }) => tap.isStandby)) return;
    const load = await this.#load();
    this.load = load;
    const step = this.#budget.sample(load, performance.now());
    if (step !== null) await tapping.go(step.level, step.reason);
    if (tapping.tier !== 'off' || load.alarm === null) this.#alarmedAtOff = 0;
    else if (++this.#alarmedAtOff === LAST_STEP_SAMPLES) await this.#lastStep();
  }

  /** Nothing is bound and the broker is still in alarm: the firehose itself costs it, too. The check switches it on again later. */
  async #lastStep(): Promise<void> {
    const { apis, tapping, record, log } = this.#parts;
    if (record === null) return;
    const vhosts = tapping.firehoses.map(({ vhost }) => vhost);
    for (const { node, outcome } of await disarm(apis, record, { vhosts })) {
      if (outcome !== 'disarmed') continue;
      log.warn('firehose_disarmed', `the broker is still in alarm: the firehose is switched off on ${node} until all is calm`, {
        node,
      });
    }
  }

  async #load(): Promise<Load> {
    const { tapping, sidecar, setUp, apis } = this.#parts;
    const blocked = tapping.taps.find(({ alarm }) => alarm !== null)?.alarm ?? null;
    const known = { lagMs: tapping.lagMs, isSinkWaiting: sidecar.isWaiting, rate: tapping.rate };
    // A shovel has two brokers.
    const brokers = [...new Set([setUp.apis[0], apis[0]])].filter((api) => api !== undefined);
    if (brokers.length === 0) return { ...known, alarm: blocked, memoryShare: null, queueShare: null };
    const nodes = (await Promise.all(brokers.map((api) => this.#nodes(api)))).flat();
    const depths = await Promise.all(tapping.taps.map((tap) => this.#depth(tap)));
    const alarmed = nodes.find(({ memAlarm, diskFreeAlarm }) => memAlarm || diskFreeAlarm);
    const alarm = alarmed === undefined ? blocked : `${alarmed.memAlarm ? 'memory' : 'disk'} of ${alarmed.name}`;
    const shares = nodes.map(({ memUsedBytes, memLimitBytes }) => (memUsedBytes ?? 0) / (memLimitBytes || Infinity));
    return {
      ...known,
      alarm,
      memoryShare: shares.length === 0 ? null : Math.max(...shares),
      queueShare: Math.max(0, ...depths),
    };
  }

  #nodes(api: ManagementApi): Promise<BrokerNode[]> {
    return api.nodes().catch((error) => {
      this.#tellOnce(`the budget cannot see the nodes: ${reasonOf(error)}`);
      return [];
    });
  }

  /** How full a tap's queue is, 0–1; and what it lost by overflow, exactly. */
  async #depth(of: VhostTap): Promise<number> {
    const { setUp, tapping, apis } = this.#parts;
    const { broker, origin } = of.plan;
    const waiting = origin && (await apis[0]?.queue(of.vhost, origin.queue).catch(() => null));
    const waitingShare = (waiting?.messages ?? 0) / setUp.bounds.lengthMax;
    const queue = await setUp.apis[0]?.queue(broker.vhost, of.plan.queue).catch(() => null);
    if (queue == null) return waitingShare;
    const { arrivedCount, ackedCount, messages } = queue;
    if (arrivedCount !== null && origin === undefined) {
      const lost = Math.max(0, arrivedCount - ackedCount - messages);
      const { overflow } = of;
      if (overflow === null) this.#lostBefore.set(of, lost);
      else {
        tapping.tapGaps.writeOverflow(of, lost - (this.#lostBefore.get(of) ?? 0));
        if (tapping.clock.nowNs() - overflow.toNs > COUNTED_NS) of.overflow = null;
      }
    }
    return Math.max(waitingShare, messages / setUp.bounds.lengthMax);
  }

  /** Connections come and go: their names are asked for now and then. */
  async #learn(): Promise<void> {
    const { apis, processes, tapping } = this.#parts;
    const [api] = apis;
    if (api === undefined) return;
    processes.learn(
      await readBrokerSnapshot(
        api,
        tapping.taps.map(({ vhost }) => vhost),
      ),
    );
  }

  #tellOnce(text: string): undefined {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    for (const oldest of this.#told) {
      if (this.#told.size <= TOLD_MAX) break;
      this.#told.delete(oldest);
    }
    this.#parts.log.warn('watch_trouble', text);
  }
}

function nodeCount(states: readonly TracingState[]): number {
  return new Set(states.map(({ node }) => node)).size;
}
