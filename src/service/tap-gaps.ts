/**
 * What the taps could not see, noted as gaps. The rate of a gap is what passed before it, and of gaps at the same time each
 * counts its own part: a tap at tier `publish` that is cut off misses its publishes, and the gap of its tier the deliveries.
 */
import type { Tier } from '../../collectors/firehose/firehose.ts';
import type { Supply } from '../../collectors/plan.ts';
import type { Log } from '../log.ts';
import type { Gaps } from './gaps.ts';
import type { VhostTap } from './vhost-tap.ts';

export interface TapGapsParts {
  readonly gaps: Gaps;
  readonly nowNs: () => bigint;
  /** The last sign of life of the run before this one, nanoseconds. */
  readonly aliveNs: bigint | null;
  /** Messages that a tap queue holds at most. */
  readonly lengthMax: number;
  readonly log: Log;
}

export interface Loss {
  readonly reason: string;
  /** The last moment up to which everything was received. */
  readonly sinceNs: bigint;
}

/** Overflows that follow each other within this time are one gap. Nanoseconds. */
const OVERFLOW_PAUSE_NS = 30_000_000_000n;

export class TapGaps {
  readonly #parts: TapGapsParts;

  constructor(parts: TapGapsParts) {
    this.#parts = parts;
  }

  /** Nothing comes any more. */
  freeze({ rate }: VhostTap, sinceNs: bigint): void {
    rate.freeze(performance.now(), Number(this.#parts.nowNs() - sinceNs) / 1e6);
  }

  /** Nobody was here: where the queue is a new one, what passed is lost; where it is full, a part of it. */
  noteAbsence(
    of: VhostTap,
    lost: Loss | null,
    { isNewQueue, backlogCount }: { isNewQueue: boolean; backlogCount: number },
  ): void {
    const { aliveNs, gaps, lengthMax, nowNs } = this.#parts;
    const { vhost, plan } = of;
    const fromNs = lost?.sinceNs ?? (of.connectedNs === null ? aliveNs : null);
    const rate = lost === null ? of.rateBefore : seen(of);
    if (of.cutOffNs === null) of.rate.resume(performance.now());
    if (!plan.isMain || fromNs === null) return;
    if (isNewQueue) {
      const reason = lost === null ? 'stopped' : 'disconnected';
      const detail = lost === null ? 'oslotap did not run, and the tap queue was gone' : lost.reason;
      gaps.add({ reason, vhost, node: '' }, { fromNs, toNs: nowNs() }, { rate, share: 1, atLeast: 0 }, detail);
    } else if (backlogCount >= lengthMax) {
      this.noteOverflow(of, { fromNs, toNs: nowNs() }, 1, rate);
    }
  }

  /** @param rate events a second that passed then. */
  noteOverflow(of: VhostTap, { fromNs, toNs }: { fromNs: bigint; toNs: bigint }, lostMin: number, rate = seen(of)): void {
    const { overflow } = of;
    if (overflow !== null && fromNs - overflow.toNs < OVERFLOW_PAUSE_NS) {
      overflow.toNs = toNs;
      overflow.lostMin += lostMin;
    } else {
      this.#parts.log.warn(
        'tap_queue_overflowed',
        `vhost '${of.vhost}': the tap queue ${of.plan.queue} overflowed: at least ${lostMin} messages are lost`,
        {
          vhost: of.vhost,
          queue: of.plan.queue,
          lost_at_least: lostMin,
        },
      );
      of.overflow = { fromNs, toNs, lostMin, rate };
    }
    this.writeOverflow(of, null);
  }

  /** @param lost how many messages went lost, where that is known exactly. */
  writeOverflow({ vhost, plan, overflow }: VhostTap, lost: number | null): void {
    if (overflow === null || !plan.isMain) return;
    const { fromNs, toNs, rate: passed } = overflow;
    const seconds = Math.max(1e-3, Number(toNs - fromNs) / 1e9);
    const atLeast = Math.max(overflow.lostMin, lost ?? 0);
    const share = lost === null || passed === 0 ? 1 : Math.min(1, lost / (passed * seconds));
    const detail = `the tap queue was full: ${lost === null ? 'at least ' : ''}${atLeast} messages were dropped`;
    this.#parts.gaps.add(
      { reason: 'overflow', vhost, node: '' },
      { fromNs, toNs },
      { rate: lost === null ? passed : lost / seconds, share, atLeast },
      detail,
    );
  }

  noteSupply(of: VhostTap, { trouble, isKept }: Supply): void {
    const { gaps, log } = this.#parts;
    const { vhost, tap, plan } = of;
    const scope = { reason: 'disconnected', vhost, node: '' } as const;
    const nowNs = this.#parts.nowNs();
    if (trouble !== null) {
      if (of.cutOffNs !== null) return;
      // Where markers go the whole way, the last that came tells since when.
      of.cutOffNs = plan.origin === undefined ? nowNs : (tap.receivedNs ?? nowNs);
      log.warn('supply_lost', `vhost '${vhost}': nothing comes over: ${trouble}`, { vhost });
      this.freeze(of, of.cutOffNs);
      gaps.begin(scope, of.cutOffNs, { rate: seen(of), share: 1 }, trouble);
    } else if (of.cutOffNs !== null) {
      log.info(
        'supply_back',
        `vhost '${vhost}': the shovel runs again: ${isKept ? 'the queue behind it kept' : 'it lost'} what passed`,
        { vhost },
      );
      gaps.end(scope, isKept ? of.cutOffNs : nowNs);
      const nothing = { rate: 0, share: 0, atLeast: 0 };
      const detail = 'the shovel did not run; the queue behind it kept what passed';
      if (isKept) gaps.add(scope, { fromNs: of.cutOffNs, toNs: nowNs }, nothing, detail);
      of.cutOffNs = null;
      if (of.connectedNs !== null) of.rate.resume(performance.now());
    }
  }

  /** A tap leaves a tier: what passed there is remembered for the lesser ones. */
  endTier(of: VhostTap, tier: Tier): void {
    const { blind } = of.plan;
    if (blind !== null && tier !== 'off') of.passing = seen(of) * (1 + blind.unseenPerSeen);
    else if (tier === 'full') of.passing = seen(of);
    else if (tier === 'publish' && of.passing === 0) of.passing = 2 * seen(of); // about a delivery for each publish
    of.rate.restart();
    this.#parts.gaps.end(tierScope(of), this.#parts.nowNs());
  }

  /** Nothing happens where that is noted already. */
  beginTier(of: VhostTap, tier: Tier, reason: string): void {
    const { gaps, nowNs } = this.#parts;
    const { plan, passing } = of;
    if (!plan.isMain) return;
    if (tier === 'off') gaps.begin(tierScope(of), nowNs(), { rate: passing, share: 1 }, `nothing is taken: ${reason}`);
    else if (plan.blind !== null) {
      const { share, unseenPerSeen, detail } = plan.blind;
      gaps.begin(tierScope(of), nowNs(), { rate: unseenPerSeen * seen(of), share }, detail);
    } else if (tier === 'publish')
      gaps.begin(tierScope(of), nowNs(), { rate: passing / 2, share: 0.5 }, `deliveries are not taken: ${reason}`);
  }

  /** What the tier does not show follows what it shows, where nothing better is known. Call it every second or so. */
  measure(of: VhostTap, tier: Tier): void {
    const { blind, isMain } = of.plan;
    if (!isMain || tier === 'off') return;
    if (blind !== null) this.#parts.gaps.setRate(tierScope(of), blind.unseenPerSeen * seen(of));
    else if (tier === 'publish' && of.passing === 0) this.#parts.gaps.setRate(tierScope(of), seen(of));
  }
}

function tierScope({ vhost }: VhostTap) {
  return { reason: 'tier', vhost, node: '' } as const;
}

function seen({ rate }: VhostTap): number {
  return rate.perSecond(performance.now());
}
