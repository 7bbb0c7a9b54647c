/** What /status says of a running sidecar, as JSON. Figures and names; no message's contents, no URL, no password. */
import { readdir } from 'node:fs/promises';
import type { Gap } from '../gap.ts';
import type { Journal } from '../journal/journal.ts';
import type { Facts } from '../log.ts';
import type { ClickHouseWriter } from '../sinks/clickhouse/writer.ts';
import type { Attempts } from './attempts.ts';
import { coverageOf } from './coverage.ts';
import type { LoopDelay } from './loop-delay.ts';
import type { Seen } from './seen.ts';
import type { Sidecar } from './sidecar.ts';
import type { Status, StatusGap, StatusTap } from './status-shape.ts';
import type { StatusStorms } from './storm-shape.ts';
import type { Tapping } from './tapping.ts';
import type { VhostTap } from './vhost-tap.ts';
import type { Watch } from './watch.ts';

/** The parts of a running sidecar that there is something to tell of. */
export interface Observed {
  readonly tapping: Tapping;
  readonly watch: Watch;
  readonly sidecar: Sidecar;
  /** Null: nothing is kept. */
  readonly journal: Journal | null;
  readonly writer: ClickHouseWriter | null;
}

/** What another part tells of itself. */
export type Section = Facts | StatusStorms;

export type Phase = 'starting' | 'tapping' | 'stopping';

export interface StatusParts {
  readonly version: string;
  readonly phase: Phase;
  readonly startedAt: Date;
  /** Why it is not ready; null where it is. */
  readonly notReady: string | null;
  readonly notHealthy: string | null;
  /** Null while it starts. */
  readonly observed: Observed | null;
  readonly seen: Seen;
  readonly stores: Attempts;
  readonly commits: Attempts;
  readonly loopDelay: LoopDelay;
  /** What other parts tell of themselves, by name. */
  readonly sections: Readonly<Record<string, () => Section>>;
}

/** Ended gaps that are told, the last first. */
const ENDED_GAPS_MAX = 20;

export async function statusOf(parts: StatusParts): Promise<Status> {
  const { version, phase, startedAt, notReady, notHealthy, observed } = parts;
  const sections = Object.fromEntries(Object.entries(parts.sections).map(([name, tell]) => [name, tell()]));
  return {
    version,
    phase,
    started_at: startedAt.toISOString(),
    uptime_seconds: Math.round((Date.now() - startedAt.getTime()) / 1_000),
    is_ready: notReady === null,
    not_ready_reason: notReady,
    is_healthy: notHealthy === null,
    not_healthy_reason: notHealthy,
    ...(observed === null ? {} : { ...tapPart(observed), ...messagePart(observed), ...storePart(observed, parts) }),
    ...(observed === null ? {} : { coverage: coveragePart(observed, parts.seen) }),
    ...sections,
    process: await processPart(parts.loopDelay),
  };
}

function tapPart({ tapping, watch }: Observed) {
  const { tier, tierStep, taps, rate, lagMs } = tapping;
  const load = watch.load;
  return {
    tier: { level: tier, since: iso(tierStep.atNs), reason: tierStep.reason },
    taps: taps.map(tapOf),
    rate_per_second: round(rate),
    lag_seconds: round(lagMs / 1_000),
    broker: { alarm: load?.alarm ?? null, memory_share: load?.memoryShare ?? null, tap_queue_share: load?.queueShare ?? null },
  };
}

function tapOf({ vhost, plan, tap, host, connectedNs, rate, alarm, backlogCount, lostCount }: VhostTap): StatusTap {
  return {
    vhost,
    queue: plan.queue,
    host,
    state: !tap.isConnected ? 'disconnected' : tap.isActive ? 'active' : tap.isStandby ? 'standby' : 'connected',
    connected_since: connectedNs === null ? null : iso(connectedNs),
    connections_lost: lostCount,
    lag_seconds: round(tap.lagMs / 1_000),
    rate_per_second: round(rate.perSecond(performance.now())),
    received: tap.receivedCount,
    backlog_when_connected: backlogCount,
    alarm,
  };
}

function coveragePart({ tapping, sidecar }: Observed, seen: Seen) {
  const { events } = sidecar.tally;
  const [nowNs, nowMs] = [tapping.clock.nowNs(), performance.now()];
  const { open, ended, sums } = tapping.notedGaps;
  return {
    last_minute: coverageOf(tapping.notedGaps, seen.minute(events, nowMs), nowNs),
    last_hour: coverageOf(tapping.notedGaps, seen.hour(events, nowMs), nowNs),
    open_gaps: open.map((gap) => gapOf(gap)),
    ended_gaps: ended.slice(0, ENDED_GAPS_MAX).map((gap) => gapOf(gap)),
    lost: Object.fromEntries(
      [...sums].map(([reason, { count, lostMin, lostEstimate }]) => [
        reason,
        { gaps: count, events_at_least: lostMin, events_estimated: lostEstimate },
      ]),
    ),
  };
}

function gapOf({ reason, vhost, node, fromNs, toNs, isOpen, share, lostMin, lostEstimate, detail }: Gap): StatusGap {
  const times = { since: iso(fromNs), until: isOpen ? null : iso(toNs) };
  return { reason, vhost, node, ...times, share, lost_at_least: lostMin, lost_estimated: lostEstimate, detail };
}

function messagePart({ sidecar, tapping }: Observed) {
  const { events, undecodable, unmatched, duplicates, late, closed } = sidecar.tally;
  const { count, oldestNs } = sidecar.waitingCalls;
  const tables = Object.entries(sidecar.tables);
  return {
    events: {
      total: events,
      recovered: sidecar.recoveredCount,
      seen_twice: sidecar.repeatedCount + duplicates,
      late,
      undecodable,
      unmatched,
    },
    messages: {
      open: sidecar.openCount,
      closed,
      calls_waiting: count,
      longest_waiting_seconds: oldestNs === null ? null : round(Math.max(0, Number(tapping.clock.nowNs() - oldestNs) / 1e9)),
    },
    tables: Object.fromEntries(tables.map(([name, { size, forgotten }]) => [name, { entries: size, forgotten }])),
  };
}

function storePart({ sidecar, journal, writer }: Observed, { stores, commits }: StatusParts) {
  return {
    is_waiting: sidecar.isWaiting,
    journal:
      journal === null
        ? null
        : {
            bytes: journal.bytes,
            segments: journal.segments,
            carried_bytes: journal.carriedBytes,
            forgotten_events: journal.forgotten,
            damaged_lines: journal.damagedLines,
            fold_trouble: journal.foldTrouble,
            failures: commits.failures,
            failing_seconds: round(commits.failingSeconds),
          },
    store:
      writer === null
        ? null
        : {
            messages_written: writer.tally.messages,
            spans_written: writer.tally.spans,
            messages_known: writer.tally.known,
            last_write_seconds_ago: stores.doneMs === null ? null : round((performance.now() - stores.doneMs) / 1_000),
            failures: stores.failures,
            failing_seconds: round(stores.failingSeconds),
          },
  };
}

async function processPart(loopDelay: LoopDelay) {
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const handles = await readdir('/proc/self/fd').catch(() => null); // only Linux has it
  return {
    rss_bytes: rss,
    heap_used_bytes: heapUsed,
    heap_total_bytes: heapTotal,
    file_handles: handles?.length ?? null,
    event_loop_delay_seconds: loopDelay.lastMinute,
  };
}

function iso(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString();
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
