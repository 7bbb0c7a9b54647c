/** Broker side: RabbitMQ by its own figures, beside oslotap's health. Prometheus alone. */
import { type Dashboard, QueryVariableBuilder, VariableRefresh } from '@grafana/grafana-foundation-sdk/dashboard';
import type { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { stormTimes } from './annotations.ts';
import { type AnyPanel, dashboardOf, place, type Section } from './layout.ts';
import { UID } from './links.ts';
import { COVERAGE, type PanelOptions, stats, steps, timeSeries, unitOf } from './panels.ts';
import { instant, PROMETHEUS, range } from './prometheus.ts';
import { option, prometheusSource } from './variables.ts';

export function broker(): Dashboard {
  const job = (name: string, label: string, of: string, metric: string) =>
    new QueryVariableBuilder(name)
      .label(label)
      .description(`Prometheus’ job that scrapes ${of}`)
      .datasource(PROMETHEUS)
      .query({ refId: name, query: `label_values(${metric}, job)`, qryType: 1 })
      .definition(`label_values(${metric}, job)`)
      .multi(true)
      .includeAll(true)
      .allValue('.+')
      .current(option('All', '$__all'))
      .refresh(VariableRefresh.OnTimeRangeChanged);
  return dashboardOf({
    uid: UID.broker,
    title: 'oslotap: broker side',
    description:
      'RabbitMQ by rabbitmq_prometheus’ aggregated metrics, and oslotap’s own health beside it. What each queue holds is on the dashboard of queues: metrics by object cost the broker too much.',
    from: 'now-3h',
    refresh: '1m',
    variables: [
      prometheusSource(),
      job('rabbitmq', 'RabbitMQ', 'rabbitmq_prometheus', 'rabbitmq_identity_info'),
      job('oslotap', 'oslotap', 'oslotap’s /metrics', 'oslotap_build_info'),
    ],
    annotations: [stormTimes(OSLOTAP)],
    sections: [health(), load(), limits(), tap(), own()],
  });
}

/** The series of the jobs that are chosen. */
const RABBITMQ = 'job=~"$rabbitmq"';
const OSLOTAP = 'job=~"$oslotap"';

function health(): Section {
  return { title: 'Now', panels: [place(now(), 24, 4)] };
}

function now(): AnyPanel {
  const alarms = ['memory_used_watermark', 'free_disk_space_watermark', 'file_descriptor_limit'];
  return stats({
    title: 'Now',
    description:
      'Nodes that answer Prometheus, alarms in force (memory, disk or file descriptors: publishers are held back), oslotaps that answer, their coverage of the ' +
      'last hour at worst, how far they are behind, gaps that last, and RPC storms that last. “–”: Prometheus has nothing of it.',
    unit: 'short',
  })
    .datasource(PROMETHEUS)
    .withTarget(instant(`count(rabbitmq_identity_info{${RABBITMQ}})`, 'nodes'))
    .withTarget(instant(alarms.map((alarm) => `sum(rabbitmq_alarms_${alarm}{${RABBITMQ}})`).join(' + '), 'alarms', 'B'))
    .withTarget(instant(`count(oslotap_build_info{${OSLOTAP}})`, 'oslotaps', 'C'))
    .withTarget(instant(`min(oslotap_coverage_share{${OSLOTAP}, window="1h"})`, 'coverage', 'D'))
    .withTarget(instant(`max(oslotap_tap_lag_seconds{${OSLOTAP}})`, 'lag', 'E'))
    .withTarget(instant(`sum(oslotap_gaps_open{${OSLOTAP}})`, 'open gaps', 'F'))
    .withTarget(instant(`sum(oslotap_storms_open{${OSLOTAP}})`, 'storms', 'G'))
    .overrideByName('alarms', [steps('green', [1, 'red'])])
    .overrideByName('coverage', [unitOf('percentunit'), ...COVERAGE])
    .overrideByName('lag', [unitOf('s'), steps('green', [10, 'orange'], [60, 'red'])])
    .overrideByName('open gaps', [steps('green', [1, 'orange'])])
    .overrideByName('storms', [steps('green', [1, 'red'])]);
}

function load(): Section {
  return {
    title: 'What the broker does',
    panels: [place(messages(), 12, 9), place(wrong(), 12, 9), place(held(), 12, 9), place(objects(), 12, 9)],
  };
}

function messages(): AnyPanel {
  return panel(
    {
      title: 'Messages',
      description:
        'Messages a second that the broker received, routed, delivered and had acknowledged. What oslotap’s own tap is given is in the deliveries: with the ' +
        'firehose on, each message of the services is copied to it once for its publish and once for each delivery.',
      unit: 'mps',
    },
    ['received', 'routed', 'delivered', 'acknowledged'].map((what) => [globally(what), what]),
  );
}

function wrong(): AnyPanel {
  return panel(
    {
      title: 'Messages that went wrong',
      description:
        'Unroutable: no queue was bound, so it was dropped or given back; a reply to a queue that is gone looks like that. Redelivered: a consumer took it and ' +
        'went away.',
      unit: 'mps',
    },
    [
      [globally('unroutable_dropped'), 'unroutable, dropped'],
      [globally('unroutable_returned'), 'unroutable, returned'],
      [globally('redelivered'), 'redelivered'],
    ],
  );
}

function held(): AnyPanel {
  return panel(
    {
      title: 'In all queues',
      description:
        'Messages that wait for a consumer (ready) and that a consumer has not acknowledged (unacked), of all queues, oslotap’s own too. Ready that only grows: ' +
        'consumers are too slow, or gone.',
      unit: 'short',
    },
    [
      [`sum(rabbitmq_queue_messages_ready{${RABBITMQ}})`, 'ready'],
      [`sum(rabbitmq_queue_messages_unacked{${RABBITMQ}})`, 'unacked'],
    ],
  );
}

function objects(): AnyPanel {
  const there = ['connections', 'channels', 'queues', 'consumers'].map(
    (what): Series => [`sum(rabbitmq_${what}{${RABBITMQ}})`, what],
  );
  return panel(
    {
      title: 'Connections, channels, queues, consumers',
      description:
        'What there is at the broker. Services that lose it come back at once: a fall and a steep rise is a storm of reconnects. Compare with connections opened ' +
        'a second.',
      unit: 'short',
    },
    [...there, [`sum(rate(rabbitmq_connections_opened_total{${RABBITMQ}}[$__rate_interval]))`, 'connections opened a second']],
  );
}

function limits(): Section {
  return {
    title: 'How near its limits it is',
    panels: [place(memory(), 8, 8), place(descriptors(), 8, 8), place(disk(), 8, 8)],
  };
}

function memory(): AnyPanel {
  return panel(
    {
      title: 'Memory, of the high watermark',
      description:
        'At 100 % the node is in alarm, and all publishers of the cluster are held back. oslotap takes less before that, and nothing in an alarm.',
      unit: 'percentunit',
    },
    [[ofLimit('process_resident_memory_bytes', 'resident_memory_limit_bytes'), '{{rabbitmq_node}}']],
  );
}

function descriptors(): AnyPanel {
  return panel(
    {
      title: 'File descriptors, of what is allowed',
      description: 'Each connection takes one, and each durable queue some. At 100 % the node takes no connection.',
      unit: 'percentunit',
    },
    [[ofLimit('process_open_fds', 'process_max_fds'), '{{rabbitmq_node}}']],
  );
}

function disk(): AnyPanel {
  return panel(
    {
      title: 'Free disk, as times the alarm’s limit',
      description: 'Free disk over the limit below which the node is in alarm. At 1 all publishers are held back.',
      unit: 'short',
    },
    [[ofLimit('disk_space_available_bytes', 'disk_space_available_limit_bytes'), '{{rabbitmq_node}}']],
  );
}

function tap(): Section {
  return { title: 'What oslotap takes', panels: [place(tapped(), 8, 8), place(behind(), 8, 8), place(shares(), 8, 8)] };
}

function tapped(): AnyPanel {
  return panel(
    {
      title: 'Events tapped',
      description:
        'Firehose messages a second that each tap was given. Two sidecars on one vhost share: one is active, the other stands by with 0.',
      unit: 'eps',
    },
    [[`sum by (vhost, instance) (${rate('oslotap_tap_received_events_total')})`, '{{instance}} {{vhost}}']],
  );
}

function behind(): AnyPanel {
  return panel(
    {
      title: 'Behind the broker',
      description:
        'How far a tap is behind what passes. Durations of that time are left out of all figures; a full tap queue drops its oldest, which is a gap.',
      unit: 's',
    },
    [[`max by (vhost, instance) (oslotap_tap_lag_seconds{${OSLOTAP}})`, '{{instance}} {{vhost}}']],
  );
}

function shares(): AnyPanel {
  return panel(
    {
      title: 'Shares',
      description:
        'The fullest tap queue of its bound, the broker’s memory of its watermark as oslotap sees it (both need the management API), and coverage of the last minute. ' +
        'The first two high: the tap takes less.',
      unit: 'percentunit',
    },
    [
      [`max(oslotap_tap_queue_share{${OSLOTAP}})`, 'tap queue'],
      [`max(oslotap_broker_memory_share{${OSLOTAP}})`, 'broker’s memory'],
      [`min(oslotap_coverage_share{${OSLOTAP}, window="1m"})`, 'coverage'],
    ],
  );
}

function own(): Section {
  return { title: 'Health of oslotap', panels: [place(writing(), 8, 8), place(failing(), 8, 8), place(usage(), 8, 8)] };
}

function writing(): AnyPanel {
  const p95 = (metric: string) => `histogram_quantile(0.95, sum by (le) (${rate(`oslotap_${metric}_bucket`)}))`;
  return panel(
    {
      title: 'Writing',
      description:
        '95th percentile of how long a commit to the journal takes, which an acknowledgement waits for, and of a batch to the store. No point where nothing was written.',
      unit: 's',
    },
    [
      [p95('journal_commit_seconds'), 'journal'],
      [p95('store_write_seconds'), 'store'],
    ],
  );
}

function failing(): AnyPanel {
  const sum = (metric: string, labels = '') => `sum(${rate(`oslotap_${metric}_total`, labels)})`;
  return panel(
    {
      title: 'What went wrong',
      description:
        'Attempts that failed and are tried again, and what was dropped, a second: events not understood, without their other half, forgotten by the journal, spans not ' +
        'exported. All at 0 is well.',
      unit: 'cps',
    },
    [
      [sum('events_undecodable'), 'undecodable'],
      [sum('events_unmatched'), 'unmatched'],
      [sum('journal_forgotten_events'), 'forgotten by the journal'],
      [sum('store_write_failures'), 'store refused'],
      [sum('journal_commit_failures'), 'journal failed'],
      [sum('otlp_spans', ', outcome!="exported"'), 'spans not exported'],
    ],
  );
}

function usage(): AnyPanel {
  return panel(
    {
      title: 'CPU and memory of oslotap',
      description: 'Of the process: seconds of CPU a second (1 is a whole core), and resident memory, the embedded store’s too.',
      unit: 'short',
    },
    [
      [`sum(${rate('process_cpu_seconds_total')})`, 'CPU'],
      [`sum(process_resident_memory_bytes{${OSLOTAP}})`, 'memory'],
    ],
  ).overrideByName('memory', [unitOf('bytes'), { id: 'custom.axisPlacement', value: 'right' }]);
}

type Series = readonly [expr: string, legend: string];

function panel(options: PanelOptions, series: readonly Series[]): PanelBuilder {
  return series.reduce(
    (built, [expr, legend], i) => built.withTarget(range(expr, legend, 'ABCDEF'.charAt(i))),
    timeSeries(options).datasource(PROMETHEUS),
  );
}

function globally(what: string): string {
  return `sum(rate(rabbitmq_global_messages_${what}_total{${RABBITMQ}}[$__rate_interval]))`;
}

function rate(metric: string, labels = ''): string {
  return `rate(${metric}{${OSLOTAP}${labels}}[$__rate_interval])`;
}

/** By node, and not by address: a node keeps its name. */
function ofLimit(metric: string, limit: string): string {
  const share = `rabbitmq_${metric}{${RABBITMQ}} / on (job, instance) rabbitmq_${limit}{${RABBITMQ}}`;
  return `max by (rabbitmq_node) ((${share}) * on (job, instance) group_left (rabbitmq_node) rabbitmq_identity_info{${RABBITMQ}})`;
}
