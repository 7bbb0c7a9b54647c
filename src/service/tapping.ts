/**
 * The taps of a running sidecar: one or more a vhost, and what happens to them. Every change is one line in the log; every stretch
 * that was not seen whole is a gap in the store (tap-gaps.ts).
 */
import { Clock } from '../../collectors/amqp/clock.ts';
import type { Inbox } from '../../collectors/amqp/inbox.ts';
import { QueueTap, type TapListener } from '../../collectors/amqp/queue-tap.ts';
import type { Tier } from '../../collectors/firehose/firehose.ts';
import type { Supply } from '../../collectors/plan.ts';
import { Failed, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { Gaps } from './gaps.ts';
import { NotedGaps } from './noted-gaps.ts';
import { Rate } from './rate.ts';
import { DRAIN_MS, type LiveSetUp, type VhostPlan } from './set-up.ts';
import type { Sidecar } from './sidecar.ts';
import { type Loss, TapGaps } from './tap-gaps.ts';
import type { VhostTap } from './vhost-tap.ts';

export interface TappingParts {
  readonly prefetch: number;
  readonly lagMaxMs: number;
  readonly plans: readonly VhostPlan[];
  /** To begin with. */
  readonly tier: Tier;
  readonly setUp: LiveSetUp;
  readonly inbox: Inbox;
  readonly sidecar: Sidecar;
  /** The last sign of life of the run before this one, nanoseconds; and how many events a second it saw then, by vhost. */
  readonly aliveNs: bigint | null;
  readonly ratesBefore: ReadonlyMap<string, number>;
  readonly log: Log;
}

export interface TierStep {
  readonly reason: string;
  readonly atNs: bigint;
}

/** Before the next attempt to connect; each of these is told. Milliseconds. */
const LONG_WAIT_MS = 5_000;

export class Tapping {
  readonly taps: readonly VhostTap[];
  readonly gaps: Gaps;
  /** The same as they were written. */
  readonly notedGaps = new NotedGaps();
  readonly tapGaps: TapGaps;
  readonly clock = new Clock();
  tier: Tier;
  /** How the tier came to be what it is: the last step, the one of the start included. */
  tierStep: TierStep;
  /** Steps of the budget, by `from to`. */
  readonly tierSteps = new Map<string, number>();
  readonly #parts: TappingParts;
  /** Called when a tap is connected: what was known of its node may be wrong now. */
  onConnected: () => void = () => {};

  constructor(parts: TappingParts) {
    this.#parts = parts;
    this.tier = parts.tier;
    this.tierStep = { reason: 'as told', atNs: this.clock.nowNs() };
    this.gaps = new Gaps((gap) => {
      this.notedGaps.note(gap);
      parts.sidecar.addGap(gap);
    });
    const { aliveNs, log } = parts;
    const { lengthMax } = parts.setUp.bounds;
    this.tapGaps = new TapGaps({ gaps: this.gaps, nowNs: () => this.clock.nowNs(), aliveNs, lengthMax, log });
    this.taps = parts.plans.map((plan) => this.#make(plan));
  }

  /** The last sign of life of the run before this one, nanoseconds; null where there is none. */
  get aliveNs(): bigint | null {
    return this.#parts.aliveNs;
  }

  /** Those for which it matters whether the firehose is on. */
  get firehoses(): readonly VhostTap[] {
    return this.taps.filter(({ plan }) => plan.isFirehose);
  }

  /** Stop it also where it throws. @throws BrokerFailure where one of them cannot be set up. @throws Misuse */
  async start(): Promise<void> {
    for (const { plan } of this.taps) {
      await plan.begin?.();
      await plan.look?.();
    }
    for (const { plan, tap } of this.taps) {
      await tap.bind(plan.bindings(this.tier));
      await tap.start();
    }
  }

  /** Takes in what was published until now, and no more; what was received can still be acknowledged. */
  async cancel(): Promise<void> {
    await Promise.all(this.taps.map((vhostTap) => this.#drain(vhostTap)));
  }

  /** @param removeQueues unless there is still something in one that should have been taken in. */
  async stop(removeQueues: boolean): Promise<void> {
    this.gaps.endAll(this.clock.nowNs());
    await Promise.all(this.taps.map(({ tap, plan, isLeft }) => this.#end(tap, plan, removeQueues && !isLeft)));
  }

  async #drain(vhostTap: VhostTap): Promise<void> {
    const { tap, plan } = vhostTap;
    if (tap.isConnected && tap.isActive && !(await tap.drain(DRAIN_MS))) {
      vhostTap.isLeft = true;
      this.#parts.log.warn(
        'tap_queue_left',
        `${plan.queue} is left as it is, with what could not be taken in: the next start goes on from it, or it expires`,
      );
    }
    await tap.cancel();
  }

  async #end(tap: QueueTap, plan: VhostPlan, removeQueues: boolean): Promise<void> {
    await tap.stop(removeQueues);
    if (removeQueues)
      await plan.end?.().catch((error) => this.#parts.log.warn('tap_left_behind', `not all is taken away: ${reasonOf(error)}`));
  }

  /** Binds all taps for a tier, and notes from when to when less was seen. */
  async go(tier: Tier, reason: string): Promise<void> {
    const before = this.tier;
    this.#parts.log.warn('tier_changed', `tier ${before} → ${tier}: ${reason}`, { from: before, to: tier, reason });
    this.tier = tier;
    this.tierStep = { reason, atNs: this.clock.nowNs() };
    this.tierSteps.set(`${before} ${tier}`, (this.tierSteps.get(`${before} ${tier}`) ?? 0) + 1);
    for (const vhostTap of this.taps) {
      if (!vhostTap.tap.isStandby) await this.#step(vhostTap);
      this.tapGaps.endTier(vhostTap, before);
      this.tapGaps.beginTier(vhostTap, tier, reason);
    }
  }

  async #step({ vhost, plan, tap }: VhostTap): Promise<void> {
    const unbound = (error: unknown) => this.#parts.log.warn('tap_not_bound', `vhost '${vhost}': ${reasonOf(error)}`, { vhost });
    await tap.bind(plan.bindings(this.tier)).catch(unbound);
    await plan.step?.(this.tier).catch(unbound);
  }

  /**
   * Exchanges come and go with their services: binds to those that are there now.
   * @throws Failed that names the vhosts where that could not be done; the others are bound.
   */
  async look(): Promise<void> {
    const failures: string[] = [];
    for (const { vhost, plan, tap } of this.taps) {
      if (plan.look === undefined || !tap.isConnected || tap.isStandby) continue;
      try {
        await plan.look();
        await tap.bind(plan.bindings(this.tier));
      } catch (error) {
        failures.push(`vhost '${vhost}': ${reasonOf(error)}`);
      }
    }
    if (failures.length > 0) throw new Failed(failures.join('; '));
  }

  /** Does what brings the messages to the taps' queues still work? */
  async checkSupply(): Promise<void> {
    for (const vhostTap of this.taps) {
      if (vhostTap.plan.check === undefined) continue;
      const supply = await vhostTap.plan.check().catch((error): Supply => ({ trouble: reasonOf(error), isKept: true }));
      this.tapGaps.noteSupply(vhostTap, supply);
      // A shovel that comes back publishes again what was not confirmed, and nothing in the copies says so.
      if (supply.trouble !== null) this.#parts.sidecar.connectionLost(false);
    }
  }

  /** Counts what came since the last time. Call it every second or so. */
  async measure(): Promise<void> {
    const nowMs = performance.now();
    for (const vhostTap of this.taps) {
      const { tap, rate } = vhostTap;
      tap.noteLag();
      this.tapGaps.measure(vhostTap, this.tier);
      rate.add(tap.receivedCount - (this.#counted.get(tap) ?? 0), nowMs);
      this.#counted.set(tap, tap.receivedCount);
    }
    for (const vhostTap of this.taps) await this.#takeOver(vhostTap);
  }

  /** The sidecar that was active is gone: what it bound last need not be what this one wants. */
  async #takeOver(vhostTap: VhostTap): Promise<void> {
    const { tap } = vhostTap;
    const { vhost, plan } = vhostTap;
    const facts = { vhost, queue: plan.queue };
    if (tap.isStandby && !vhostTap.isStandby) {
      vhostTap.isStandby = true;
      this.#parts.log.info(
        'tap_stands_by',
        `another sidecar consumes ${plan.queue} of vhost '${vhost}': this one stands by`,
        facts,
      );
    }
    if (!vhostTap.isStandby || !tap.isActive) return;
    vhostTap.isStandby = false;
    this.#parts.log.info('tap_took_over', `took over ${plan.queue} of vhost '${vhost}'`, facts);
    await this.#step(vhostTap);
  }

  readonly #counted = new Map<QueueTap, number>();

  /** Events a second, all vhosts, over the last minute. */
  get rate(): number {
    return this.taps.reduce((sum, { rate }) => sum + rate.perSecond(performance.now()), 0);
  }

  get lagMs(): number {
    return Math.max(0, ...this.taps.map(({ tap }) => tap.lagMs));
  }

  #make(plan: VhostPlan): VhostTap {
    const { prefetch, lagMaxMs, setUp, inbox, aliveNs, ratesBefore } = this.#parts;
    const { broker, vhost, queue, possibleBindings, prepare, origin, toReceived } = plan;
    const tap: QueueTap = new QueueTap({
      broker,
      tls: setUp.tls,
      queue,
      bounds: setUp.bounds,
      possibleBindings,
      bindings: plan.bindings(this.tier),
      ...(prepare === undefined ? {} : { prepare }),
      origin,
      toReceived,
      prefetch,
      lagMaxMs,
      aliveNs,
      inbox,
      clock: this.clock,
      listener: this.#listener(() => vhostTap),
    });
    const rateBefore = ratesBefore.get(vhost) ?? 0;
    const rates = { rate: new Rate(), rateBefore, passing: this.tier === 'off' ? rateBefore : 0 };
    const unknown = { isLeft: false, isStandby: false, connectedNs: null, cutOffNs: null, alarm: null, overflow: null };
    const connection = { isNewQueue: true, host: null, backlogCount: 0, lostCount: 0 };
    const vhostTap: VhostTap = { vhost, plan, tap, ...rates, ...unknown, ...connection };
    return vhostTap;
  }

  #listener(of: () => VhostTap): TapListener {
    const { log, sidecar } = this.#parts;
    const at = () => (this.taps.length > 1 ? `vhost '${of().vhost}', ${of().plan.queue}: ` : '');
    const where = () => ({ vhost: of().vhost, queue: of().plan.queue });
    let lost: Loss | null = null;
    let isRetryTold = false;
    return {
      connected: ({ host, isNewQueue, backlogCount }) => {
        const kept = isNewQueue ? 'a new tap queue' : `the tap queue is there, ${backlogCount} messages wait in it`;
        log.info('tap_connected', `${at()}connected to ${host}: ${kept}`, {
          ...where(),
          host,
          is_new_queue: isNewQueue,
          backlog: backlogCount,
        });
        of().isNewQueue = isNewQueue;
        this.tapGaps.noteAbsence(of(), lost, { isNewQueue, backlogCount });
        of().host = host;
        of().backlogCount = backlogCount;
        of().connectedNs = this.clock.nowNs();
        this.tapGaps.beginTier(of(), this.tier, 'as told');
        lost = null;
        isRetryTold = false;
        this.onConnected();
      },
      lost: (reason, sinceNs) => {
        sidecar.connectionLost();
        sidecar.tellOfBroker(`the connection to the broker was lost: ${reason}`);
        lost ??= { reason, sinceNs };
        of().lostCount++;
        of().connectedNs = null;
        this.tapGaps.freeze(of(), sinceNs);
        log.warn('tap_lost', `${at()}connection lost: ${reason}; trying again`, where());
      },
      retrying: (reason, inMs) => {
        if (!isRetryTold || inMs > LONG_WAIT_MS)
          log.warn('tap_retrying', `${at()}${reason}; trying again, next in ${Math.round(inMs)} ms`, where());
        isRetryTold = true;
      },
      overflowed: (fromNs, toNs, lostMin) => this.tapGaps.noteOverflow(of(), { fromNs, toNs }, lostMin),
      blocked: (reason) => {
        of().alarm = reason;
        if (reason !== null) sidecar.tellOfBroker(`the broker was in alarm: ${reason}`);
        if (reason === null) log.info('broker_alarm_over', `${at()}the broker's alarm is over`, where());
        else log.warn('broker_alarm', `${at()}the broker is in alarm: ${reason}`, { ...where(), reason });
      },
    };
  }
}
