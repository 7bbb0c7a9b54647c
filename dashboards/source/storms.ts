/** Storms: who floods the bus, since when, and what suffers. */
import { StackingConfigBuilder, StackingMode } from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { stormMarks } from './annotations.ts';
import { type AnyPanel, dashboardOf, place, type Section } from './layout.ts';
import { toItsTime, toRequest, UID } from './links.ts';
import { bars, hidden, lines, named, stats, steps, tableOf, texts, timeSeries, unitOf } from './panels.ts';
import { instant, PROMETHEUS, range } from './prometheus.ts';
import { clickHouseSource, oneOf, prometheusSource } from './variables.ts';

/** Of all vhosts: this dashboard has no choice of them. */
const ALL_VHOSTS = { '{vhosts:Array(String)}': "CAST([], 'Array(String)')" };

export function storms(): Dashboard {
  const baseline = oneOf(
    {
      name: 'baseline',
      label: 'Baseline',
      description: 'How much of the time before the range is taken for usual: rates are compared with its mean',
    },
    [
      ['6 hours before', '21600'],
      ['1 hour before', '3600'],
      ['24 hours before', '86400'],
      ['7 days before', '604800'],
    ],
  );
  return dashboardOf({
    uid: UID.storms,
    title: 'oslotap: storms',
    description:
      'Periodic tasks and recovering agents that drown a server, fanouts to thousands of queues: who sends more than usual, and what waits for it.',
    from: 'now-1h',
    refresh: '1m',
    variables: [clickHouseSource(), prometheusSource(), baseline],
    annotations: [stormMarks()],
    sections: [found(), who(), what()],
  });
}

function found(): Section {
  return { title: 'Storms that were found', panels: [place(now(), 4, 9), place(episodes(), 20, 9)] };
}

function now(): AnyPanel {
  return stats({
    title: 'Now',
    description:
      'Storms that last, and whether oslotap would tell of another: not while it still learns what is usual, nor while the tap lags or sees nothing. ' +
      'From oslotap’s /metrics by Prometheus: “–” without it.',
    unit: 'short',
  })
    .datasource(PROMETHEUS)
    .withTarget(instant('sum(oslotap_storms_open)', 'storms'))
    .withTarget(instant('min(oslotap_storm_detector_ready)', 'looks out', 'B'))
    .overrideByName('storms', [steps('green', [1, 'red'])])
    .overrideByName('looks out', [steps('orange', [1, 'green']), texts({ 0: 'not now', 1: 'yes' })]);
}

function episodes(): AnyPanel {
  return tableOf(
    {
      title: 'Storms',
      description:
        'What oslotap found by itself, against what it had learned to be usual: what grew, from whom, and what was seen to start it. Rates are of all that grew, the peak ' +
        'of the worst ten seconds; “times” is empty where there was nothing before. The beginning leads to the storm’s own time, the trace to the request or fanout that ' +
        'started it. Empty where there was no storm, or where nothing was learned yet. Those that lasted in the time range; the 200 newest.',
      unit: 'short',
    },
    'storms',
  )
    .overrideByName('started_at', [named('began'), toItsTime()])
    .overrideByName('ended_at', [named('ended')])
    .overrideByName('duration_s', [unitOf('s'), named('lasted')])
    .overrideByName('usual', [unitOf('mps')])
    .overrideByName('peak', [unitOf('mps')])
    .overrideByName('times', [named('times as many'), steps('text', [3, 'orange'], [10, 'red'])])
    .overrideByName('trigger', [named('started by')])
    .overrideByName('senders_count', [named('senders in all')])
    .overrideByName('trace', [toRequest()])
    .overrideByName('bytes_copied', [unitOf('bytes'), named('bytes copied')])
    .overrideByName('queue_wait_ms', [unitOf('ms'), named('mean wait')])
    .overrideByName('failed_share', [unitOf('percentunit'), named('calls failed')])
    .overrideByName('from_ms', [hidden()])
    .overrideByName('to_ms', [hidden()]);
}

function who(): Section {
  return { title: 'Who storms', panels: [place(senders(), 24, 11), place(rates(), 12, 10), place(hosts(), 12, 10)] };
}

function senders(): AnyPanel {
  return tableOf(
    {
      title: 'More than usual',
      description:
        'Messages a second by sender, host and method, beside their mean in the baseline before the time range: what grew most first. “times” is empty where ' +
        'there was nothing before, and misleads where the tap was off then. The 100 that grew most.',
      unit: 'mps',
    },
    'storm-senders',
  ).overrideByName('times', [unitOf('short'), named('times as many'), steps('text', [3, 'orange'], [10, 'red'])]);
}

function rates(): AnyPanel {
  return lines(
    {
      title: 'Who sends',
      description:
        'Messages a second, by sender, host and method: the ten that sent most in the time range, all else in “others”. Replies are not in it.',
      unit: 'mps',
      label: 'sender',
    },
    'storm-rates',
  ).stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
}

function hosts(): AnyPanel {
  return tableOf(
    {
      title: 'From how many hosts',
      description:
        'Methods by how many hosts send them: one busy host is no storm, all hosts at once are. “busiest minute” is the most that one host sent within a minute. ' +
        'The 50 with most messages.',
      unit: 'short',
    },
    'storm-hosts',
  )
    .overrideByName('host_minute_max', [named('busiest minute')])
    .overrideByName('bytes_delivered', [unitOf('bytes'), named('bytes delivered')]);
}

function what(): Section {
  return {
    title: 'What suffers',
    panels: [place(amplification(), 12, 9), place(waits(), 12, 9), place(timeouts(), 12, 9), place(waiting(), 12, 9)],
  };
}

function amplification(): AnyPanel {
  return lines(
    {
      title: 'Amplification of fanouts',
      description:
        'Deliveries that one fanout makes, by method: as many as there are agents. The ten with most deliveries. No point where nothing was sent. In the tier ' +
        '“publish” deliveries are not seen, and this falls to 0.',
      unit: 'short',
      label: 'method',
    },
    'fanout-amplification',
  );
}

function waits(): AnyPanel {
  return lines(
    {
      title: 'Wait in queues',
      description:
        'How long messages waited for a consumer: 95th percentile of the ten queues with most deliveries, ids and hosts left out of their names. Within 1 %, without lagging times.',
      unit: 'ms',
      label: 'queue',
      fixed: ALL_VHOSTS,
    },
    'queue-waits',
  );
}

function timeouts(): AnyPanel {
  return bars(
    {
      title: 'Calls without an answer',
      description:
        'By when they were published: those that got no answer in time, and those that had none yet (open). A call’s time-out is known only once its time is over, ' +
        'so the newest are open.',
      unit: 'short',
    },
    'timeouts',
  );
}

function waiting(): AnyPanel {
  return timeSeries({
    title: 'Calls that wait now',
    description:
      'Calls in flight, and how long the oldest has waited: a storm shows here before anything times out. From oslotap’s /metrics by Prometheus; empty without it.',
    unit: 'short',
  })
    .datasource(PROMETHEUS)
    .withTarget(range('sum(oslotap_calls_waiting)', 'calls'))
    .withTarget(range('max(oslotap_call_waiting_longest_seconds)', 'oldest', 'B'))
    .overrideByName('oldest', [unitOf('s')]);
}
