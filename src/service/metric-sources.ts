/** Where the metrics of the sidecar itself come from: asked for when somebody scrapes. */
import type { HttpTally } from '../http/server.ts';
import type { Labels, Sample } from '../metrics/definition.ts';
import type { Distributions, Sources } from '../metrics/page.ts';
import type { Attempts } from './attempts.ts';
import { coverageOf } from './coverage.ts';
import type { NotedGaps } from './noted-gaps.ts';
import type { Seen } from './seen.ts';
import type { Observed } from './status.ts';
import type { VhostTap } from './vhost-tap.ts';

const TIERS = ['full', 'publish', 'off'] as const;
const GAP_REASONS = ['disconnected', 'stopped', 'not_armed', 'overflow', 'tier'] as const;

export interface MetricParts {
  /** Null while it starts: then there is nothing of it. */
  readonly observed: () => Observed | null;
  readonly seen: Seen;
  readonly stores: Attempts;
  readonly commits: Attempts;
  readonly http: () => HttpTally;
  readonly version: string;
  /** How long the page took to make, the last time. Seconds. */
  readonly pageSeconds: () => number;
}

export function serviceSources(parts: MetricParts): Sources {
  return { ...tapSources(parts), ...gapSources(parts), ...pipelineSources(parts), ...storeSources(parts), ...ownSources(parts) };
}

export function serviceDistributions({ stores, commits }: MetricParts): Distributions {
  const all = ({ seconds }: Attempts) => (seconds.count === 0 ? [] : [{ labels: {}, distribution: seconds }]);
  return { oslotap_store_write_seconds: () => all(stores), oslotap_journal_commit_seconds: () => all(commits) };
}

function tapSources({ observed }: MetricParts): Sources {
  const each = (value: (tap: VhostTap) => number) => () =>
    (observed()?.tapping.taps ?? []).map((of) => ({ labels: { vhost: of.vhost, queue: of.plan.queue }, value: value(of) }));
  const load = () => observed()?.watch.load;
  return {
    oslotap_tap_connected: each(({ tap }) => Number(tap.isConnected)),
    oslotap_tap_active: each(({ tap }) => Number(tap.isActive)),
    oslotap_tap_lag_seconds: each(({ tap }) => tap.lagMs / 1_000),
    oslotap_tap_received_events_total: each(({ tap }) => tap.receivedCount),
    oslotap_tap_events_per_second: each(({ rate }) => rate.perSecond(performance.now())),
    oslotap_tap_connections_lost_total: each(({ lostCount }) => lostCount),
    oslotap_tap_alarm: each(({ alarm }) => Number(alarm !== null)),
    oslotap_tap_tier: () => {
      const tier = observed()?.tapping.tier;
      return tier === undefined ? [] : TIERS.map((name) => ({ labels: { tier: name }, value: Number(name === tier) }));
    },
    oslotap_tap_tier_steps_total: () =>
      [...(observed()?.tapping.tierSteps ?? [])].map(([step, value]) => {
        const [from = '', to = ''] = step.split(' ');
        return { labels: { from, to }, value };
      }),
    oslotap_tap_queue_share: () => one(load()?.queueShare),
    oslotap_broker_memory_share: () => one(load()?.memoryShare),
  };
}

function gapSources({ observed, seen }: MetricParts): Sources {
  const each = (value: (gaps: NotedGaps, reason: (typeof GAP_REASONS)[number]) => number) => () => {
    const gaps = observed()?.tapping.notedGaps;
    return gaps === undefined ? [] : GAP_REASONS.map((reason) => ({ labels: { reason }, value: value(gaps, reason) }));
  };
  return {
    oslotap_coverage_share: () => {
      const now = observed();
      return now === null ? [] : coverageSamples(now, seen);
    },
    oslotap_gaps_open: each(({ open }, of) => open.filter(({ reason }) => reason === of).length),
    oslotap_gaps_total: each(({ sums }, of) => sums.get(of)?.count ?? 0),
    oslotap_lost_events_at_least_total: each(({ sums }, of) => sums.get(of)?.lostMin ?? 0),
    oslotap_lost_events_estimated_total: each(({ sums }, of) => sums.get(of)?.lostEstimate ?? 0),
  };
}

function coverageSamples({ tapping, sidecar }: Observed, seen: Seen): Sample[] {
  const { events } = sidecar.tally;
  const [nowNs, nowMs] = [tapping.clock.nowNs(), performance.now()];
  const windows = { '1m': seen.minute(events, nowMs), '1h': seen.hour(events, nowMs) };
  return Object.entries(windows).flatMap(([window, of]) => one(coverageOf(tapping.notedGaps, of, nowNs), { window }));
}

function pipelineSources({ observed }: MetricParts): Sources {
  const sidecar = () => observed()?.sidecar;
  const tally = () => sidecar()?.tally;
  const tables = () => Object.entries(sidecar()?.tables ?? {});
  return {
    oslotap_events_total: () => one(tally()?.events),
    oslotap_events_undecodable_total: () => byLabel('reason', tally()?.undecodable),
    oslotap_events_unmatched_total: () => byLabel('reason', tally()?.unmatched),
    oslotap_events_seen_twice_total: () => {
      const now = sidecar();
      return now === undefined ? [] : one(now.repeatedCount + now.tally.duplicates);
    },
    oslotap_events_late_total: () => one(tally()?.late),
    oslotap_messages_closed_total: () => byLabel('reason', tally()?.closed),
    oslotap_messages_open: () => one(sidecar()?.openCount),
    oslotap_calls_waiting: () => one(sidecar()?.waitingCalls.count),
    oslotap_call_waiting_longest_seconds: () => {
      const oldestNs = sidecar()?.waitingCalls.oldestNs ?? null;
      const nowNs = observed()?.tapping.clock.nowNs() ?? 0n;
      return oldestNs === null ? [] : one(Math.max(0, Number(nowNs - oldestNs) / 1e9));
    },
    oslotap_table_entries: () => tables().map(([table, { size }]) => ({ labels: { table }, value: size })),
    oslotap_table_forgotten_total: () => tables().map(([table, { forgotten }]) => ({ labels: { table }, value: forgotten })),
  };
}

function storeSources({ observed, stores, commits }: MetricParts): Sources {
  const journal = () => observed()?.journal;
  const tally = () => observed()?.writer?.tally;
  return {
    oslotap_journal_bytes: () => one(journal()?.bytes),
    oslotap_journal_segments: () => one(journal()?.segments),
    oslotap_journal_forgotten_events_total: () => one(journal()?.forgotten),
    oslotap_journal_damaged_lines_total: () => one(journal()?.damagedLines),
    oslotap_journal_commit_failures_total: () => (journal() == null ? [] : one(commits.failures)),
    oslotap_store_write_failures_total: () => (tally() == null ? [] : one(stores.failures)),
    oslotap_store_failing_seconds: () => (tally() == null ? [] : one(stores.failingSeconds)),
    oslotap_store_rows_total: () => {
      const { messages, spans } = tally() ?? {};
      return [...one(messages, { table: 'oslo_messages' }), ...one(spans, { table: 'otel_traces' })];
    },
    oslotap_store_known_messages_total: () => one(tally()?.known),
  };
}

function ownSources({ http, version, pageSeconds }: MetricParts): Sources {
  return {
    oslotap_http_requests_total: () =>
      [...http().requests].map(([key, value]) => {
        const [path = '', status = ''] = key.split(' ');
        return { labels: { path, status }, value };
      }),
    oslotap_http_refused_total: () => {
      const { connections, malformed } = http();
      return byLabel('reason', { connections, malformed });
    },
    oslotap_metrics_page_seconds: () => one(pageSeconds()),
    oslotap_build_info: () => one(1, { version, node: process.version }),
  };
}

/** What is not known has no series. */
function one(value: number | null | undefined, labels: Labels = {}): Sample[] {
  return value == null ? [] : [{ labels, value }];
}

function byLabel(label: string, counts: Readonly<Partial<Record<string, number>>> = {}): Sample[] {
  return Object.entries(counts).map(([name, value = 0]) => ({ labels: { [label]: name }, value }));
}
