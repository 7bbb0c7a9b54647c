/**
 * The taps of a running sidecar: one or more a vhost, what happens to them, and what they could not see. Every change is one line
 * in the log; every stretch that was not seen whole is a gap in the store.
 */
import { Clock } from '../../collectors/amqp/clock.ts';
import type { Inbox } from '../../collectors/amqp/inbox.ts';
import { QueueTap, type TapListener } from '../../collectors/amqp/queue-tap.ts';
import type { Tier } from '../../collectors/firehose/firehose.ts';
import type { Supply, TapPlan } from '../../collectors/plan.ts';
import { reasonOf } from '../errors.ts';
import { Gaps } from '../gaps.ts';
import { Rate } from '../rate.ts';
import type { Sidecar } from '../sidecar.ts';
import type { LiveSetUp } from './live-options.ts';

export interface TappingOptions {
  readonly prefetch: number;
  readonly lagMax: number;
}

export interface TappingParts {
  readonly options: TappingOptions;
  /** Those of one vhost stand together; the first of them is the one that counts. */
  readonly plans: readonly TapPlan[];
  /** To begin with. */
  readonly tier: Tier;
  readonly setUp: LiveSetUp;
  readonly inbox: Inbox;
  readonly sidecar: Sidecar;
  /** The last sign of life of the run before this one, nanoseconds; and how many events a second it saw then. */
  readonly aliveNs: bigint | null;
  readonly rateBefore: number;
  readonly log: (text: string) => void;
}

/** A tap of one vhost, with what is known of it. */
export interface VhostTap {
  readonly vhost: string;
  readonly plan: TapPlan;
  /** False for one beside the first: what it misses is not lost. */
  readonly isMain: boolean;
  readonly tap: QueueTap;
  readonly rate: Rate;
  /** Since when it is connected, nanoseconds; null while it is not. */
  connectedNs: bigint | null;
  /** Since when nothing comes over to its queue, nanoseconds; null while all is well. */
  cutOffNs: bigint | null;
  /** True where there was no time to take in all that was in its queue. */
  isLeft: boolean;
  /** What the broker says of an alarm. */
  alarm: string | null;
  /** Overflows that were noticed, and not yet counted exactly. */
  overflow: { readonly fromNs: bigint; toNs: bigint; lostMin: number } | null;
}

/** How long the end waits for what was published before it. Milliseconds. */
const DRAIN_MS = 5_000;
/** Overflows that follow each other within this time are one gap. Nanoseconds. */
const OVERFLOW_PAUSE_NS = 30_000_000_000n;

export class Tapping {
  readonly taps: readonly VhostTap[];
  readonly gaps: Gaps;
  readonly clock = new Clock();
  tier: Tier;
  readonly #parts: TappingParts;
  /** Called when a tap is connected: what was known of its node may be wrong now. */
  onConnected: () => void = () => {};

  constructor(parts: TappingParts) {
    this.#parts = parts;
    this.tier = parts.tier;
    this.gaps = new Gaps((gap) => parts.sidecar.addGap(gap));
    this.taps = parts.plans.map((plan, nth) => this.#make(plan, parts.plans[nth - 1]?.vhost !== plan.vhost));
  }

  /** Those for which it matters whether the firehose is on. */
  get firehoses(): readonly VhostTap[] {
    return this.taps.filter(({ plan }) => plan.isFirehose);
  }

  /** @throws BrokerFailure where one of them cannot be set up. @throws Misuse */
  async start(): Promise<void> {
    for (const { plan } of this.taps) {
      await plan.begin?.();
      await plan.look?.();
    }
    try {
      for (const { plan, tap } of this.taps) {
        await tap.bind(plan.bindings(this.tier));
        await tap.start();
      }
    } catch (error) {
      await this.stop(false); // an open connection would keep the process alive
      throw error;
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
      this.#parts.log(
        `${plan.queue} is left as it is, with what could not be taken in: the next start goes on from it, or it expires`,
      );
    }
    await tap.cancel();
  }

  async #end(tap: QueueTap, plan: TapPlan, removeQueues: boolean): Promise<void> {
    await tap.stop(removeQueues);
    if (removeQueues) await plan.end?.().catch((error) => this.#parts.log(`not all is taken away: ${reasonOf(error)}`));
  }

  /** Binds all taps for a tier, and notes from when to when less was seen. */
  async go(tier: Tier, reason: string): Promise<void> {
    this.#parts.log(`tier ${this.tier} → ${tier}: ${reason}`);
    this.tier = tier;
    for (const vhostTap of this.taps) {
      const { vhost, plan, tap } = vhostTap;
      const unbound = (error: unknown) => this.#parts.log(`vhost '${vhost}': ${reasonOf(error)}`);
      await tap.bind(plan.bindings(tier)).catch(unbound);
      await plan.step?.(tier).catch(unbound);
      this.#noteTier(vhostTap, reason);
    }
  }

  /** Exchanges come and go with their services: binds to those that are there now. */
  async look(): Promise<void> {
    for (const { plan, tap } of this.taps) {
      if (plan.look === undefined || !tap.isConnected) continue;
      await plan.look();
      await tap.bind(plan.bindings(this.tier));
    }
  }

  /** Does what brings the messages to the taps' queues still work? */
  async checkSupply(): Promise<void> {
    for (const vhostTap of this.taps) {
      if (vhostTap.plan.check === undefined) continue;
      const supply = await vhostTap.plan.check().catch((error): Supply => ({ trouble: reasonOf(error), isKept: true }));
      this.#noteSupply(vhostTap, supply);
    }
  }

  /** Counts what came since the last time. Call it every second or so. */
  measure(): void {
    const nowMs = performance.now();
    for (const { tap, rate, plan, vhost, isMain } of this.taps) {
      tap.noteLag();
      if (isMain && plan.blind !== null && this.tier !== 'off') {
        this.gaps.setRate({ reason: 'tier', vhost, node: '' }, plan.blind.unseenPerSeen * rate.perSecond(nowMs));
      }
      rate.add(tap.receivedCount - (this.#counted.get(tap) ?? 0), nowMs);
      this.#counted.set(tap, tap.receivedCount);
    }
  }

  readonly #counted = new Map<QueueTap, number>();

  /** Events a second, all vhosts, over the last minute. */
  get rate(): number {
    return this.taps.reduce((sum, { rate }) => sum + rate.perSecond(performance.now()), 0);
  }

  get lagMs(): number {
    return Math.max(0, ...this.taps.map(({ tap }) => tap.lagMs));
  }

  #make(plan: TapPlan, isMain: boolean): VhostTap {
    const { options, setUp, inbox, aliveNs } = this.#parts;
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
      prefetch: options.prefetch,
      lagMaxMs: options.lagMax,
      aliveNs,
      inbox,
      clock: this.clock,
      listener: this.#listener(() => vhostTap),
    });
    const unknown = { isLeft: false, connectedNs: null, cutOffNs: null, alarm: null, overflow: null };
    const vhostTap: VhostTap = { vhost, plan, isMain, tap, rate: new Rate(), ...unknown };
    return vhostTap;
  }

  #listener(of: () => VhostTap): TapListener {
    const { log, sidecar } = this.#parts;
    const at = () => (this.taps.length > 1 ? `vhost '${of().vhost}', ${of().plan.queue}: ` : '');
    let lost: { readonly reason: string; readonly sinceNs: bigint } | null = null;
    let isRetryTold = false;
    return {
      connected: ({ host, isNewQueue, backlogCount }) => {
        const kept = isNewQueue ? 'a new tap queue' : `the tap queue is there, ${backlogCount} messages wait in it`;
        log(`${at()}connected to ${host}: ${kept}`);
        this.#noteAbsence(of(), lost, isNewQueue, backlogCount);
        of().connectedNs = this.clock.nowNs();
        this.#noteTier(of(), 'as told');
        lost = null;
        isRetryTold = false;
        this.onConnected();
      },
      lost: (reason, sinceNs) => {
        sidecar.connectionLost();
        lost ??= { reason, sinceNs };
        of().connectedNs = null;
        log(`${at()}connection lost: ${reason}; trying again`);
      },
      retrying: (reason, inMs) => {
        if (!isRetryTold) log(`${at()}${reason}; trying again, next in ${Math.round(inMs)} ms`);
        isRetryTold = true;
      },
      overflowed: (fromNs, toNs, lostMin) => this.#noteOverflow(of(), fromNs, toNs, lostMin),
      blocked: (reason) => {
        of().alarm = reason;
        log(reason === null ? `${at()}the broker's alarm is over` : `${at()}the broker is in alarm: ${reason}`);
      },
    };
  }

  /** Nobody was here: where the queue is a new one, what passed is lost; where it is full, a part of it. */
  #noteAbsence(of: VhostTap, lost: { reason: string; sinceNs: bigint } | null, isNewQueue: boolean, backlogCount: number): void {
    if (!of.isMain) return;
    const { aliveNs, rateBefore, setUp } = this.#parts;
    const fromNs = lost?.sinceNs ?? (of.connectedNs === null ? aliveNs : null);
    if (fromNs === null) return;
    const toNs = this.clock.nowNs();
    const rate = lost === null ? rateBefore : of.rate.perSecond(performance.now());
    if (isNewQueue) {
      const reason = lost === null ? 'stopped' : 'disconnected';
      const detail = lost === null ? 'oslotap did not run, and the tap queue was gone' : lost.reason;
      this.gaps.add({ reason, vhost: of.vhost, node: '' }, { fromNs, toNs }, { rate, share: 1, atLeast: 0 }, detail);
    } else if (backlogCount >= setUp.bounds.lengthMax) {
      this.#noteOverflow(of, fromNs, toNs, 1);
    }
  }

  #noteOverflow(of: VhostTap, fromNs: bigint, toNs: bigint, lostMin: number): void {
    const { overflow } = of;
    if (overflow !== null && fromNs - overflow.toNs < OVERFLOW_PAUSE_NS) {
      overflow.toNs = toNs;
      overflow.lostMin += lostMin;
    } else {
      this.#parts.log(`vhost '${of.vhost}': the tap queue ${of.plan.queue} overflowed: at least ${lostMin} messages are lost`);
      of.overflow = { fromNs, toNs, lostMin };
    }
    this.writeOverflow(of, null);
  }

  /** @param lost how many messages went lost, where that is known exactly. */
  writeOverflow({ vhost, isMain, overflow, rate }: VhostTap, lost: number | null): void {
    if (overflow === null || !isMain) return;
    const { fromNs, toNs } = overflow;
    const passed = rate.perSecond(performance.now());
    const seconds = Math.max(1e-3, Number(toNs - fromNs) / 1e9);
    const atLeast = Math.max(overflow.lostMin, lost ?? 0);
    const share = lost === null || passed === 0 ? 1 : Math.min(1, lost / (passed * seconds));
    const detail = `the tap queue was full: ${lost === null ? 'at least ' : ''}${atLeast} messages were dropped`;
    this.gaps.add(
      { reason: 'overflow', vhost, node: '' },
      { fromNs, toNs },
      { rate: lost === null ? passed : lost / seconds, share, atLeast },
      detail,
    );
  }

  #noteSupply(of: VhostTap, { trouble, isKept }: Supply): void {
    const { vhost, tap, plan, rate } = of;
    const scope = { reason: 'disconnected', vhost, node: '' } as const;
    const nowNs = this.clock.nowNs();
    if (trouble !== null) {
      if (of.cutOffNs !== null) return;
      // Where markers go the whole way, the last that came tells since when.
      of.cutOffNs = plan.origin === undefined ? nowNs : (tap.receivedNs ?? nowNs);
      this.#parts.log(`vhost '${vhost}': nothing comes over: ${trouble}`);
      this.gaps.begin(scope, of.cutOffNs, { rate: rate.perSecond(performance.now()), share: 1 }, trouble);
    } else if (of.cutOffNs !== null) {
      this.#parts.log(`vhost '${vhost}': the shovel runs again: ${isKept ? 'the queue behind it kept' : 'it lost'} what passed`);
      this.gaps.end(scope, isKept ? of.cutOffNs : nowNs);
      const nothing = { rate: 0, share: 0, atLeast: 0 };
      const detail = 'the shovel did not run; the queue behind it kept what passed';
      if (isKept) this.gaps.add(scope, { fromNs: of.cutOffNs, toNs: nowNs }, nothing, detail);
      of.cutOffNs = null;
    }
  }

  #noteTier({ vhost, plan, isMain, rate }: VhostTap, reason: string): void {
    if (!isMain) return;
    const scope = { reason: 'tier', vhost, node: '' } as const;
    const nowNs = this.clock.nowNs();
    this.gaps.end(scope, nowNs);
    const now = rate.perSecond(performance.now());
    if (this.tier !== 'off' && plan.blind !== null) {
      const { share, unseenPerSeen, detail } = plan.blind;
      this.gaps.begin(scope, nowNs, { rate: unseenPerSeen * now, share }, detail);
    } else if (this.tier === 'publish')
      this.gaps.begin(scope, nowNs, { rate: now / 2, share: 0.5 }, `deliveries are not taken: ${reason}`);
    if (this.tier === 'off') this.gaps.begin(scope, nowNs, { rate: now, share: 1 }, `nothing is taken: ${reason}`);
  }
}
