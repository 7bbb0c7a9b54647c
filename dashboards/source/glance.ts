/** Control plane at a glance: is anything wrong, and where to look next. */
import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  StackingConfigBuilder,
  StackingMode,
} from '@grafana/grafana-foundation-sdk/common';
import { type Dashboard, MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import { stormMarks } from './annotations.ts';
import { type AnyPanel, dashboardOf, place, type Section } from './layout.ts';
import { toOperation, UID } from './links.ts';
import { bars, COVERAGE, figures, lines, named, steps, tableOf, thresholds, unitOf } from './panels.ts';
import { PROMETHEUS, range } from './prometheus.ts';
import { clickHouseSource, prometheusSource } from './variables.ts';

export function glance(): Dashboard {
  return dashboardOf({
    uid: UID.glance,
    title: 'oslotap: control plane at a glance',
    description:
      'What users ask for, what that makes on the bus, how long it takes, what fails, and how much of it the tap sees.',
    from: 'now-3h',
    refresh: '1m',
    variables: [clickHouseSource(), prometheusSource()],
    annotations: [stormMarks()],
    sections: [now(), load(), trouble(), tap()],
  });
}

function now(): Section {
  return { title: 'Now', panels: [place(totals(), 24, 4)] };
}

function totals(): AnyPanel {
  return figures(
    {
      title: 'In this time range',
      description:
        'Requests of users that began, messages of all (background work too; a reply is not a message of its own here), replies with an exception ' +
        '(expected ones too), calls without an answer in time, and the share of what passed that the tap saw. Counts are exact, as far as coverage goes.',
      unit: 'short',
    },
    'totals',
  )
    .overrideByName('bytes_published', [unitOf('bytes'), named('bytes published')])
    .overrideByName('failures', [steps('text', [1, 'orange'])])
    .overrideByName('timeouts', [named('time-outs'), steps('text', [1, 'red'])])
    .overrideByName('coverage', [unitOf('percentunit'), ...COVERAGE]);
}

function load(): Section {
  return { title: 'What is asked', panels: [place(requests(), 12, 9), place(messages(), 12, 9), place(operations(), 24, 10)] };
}

function requests(): AnyPanel {
  return lines(
    {
      title: 'Requests by operation',
      description:
        'Requests of users that began, a second: the ten operations with most in the time range, all else in “others”. Background work is not in it. ' +
        'The last point is of a time that is not over.',
      unit: 'reqps',
      label: 'operation',
    },
    'requests-by-operation',
  ).stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
}

function messages(): AnyPanel {
  return lines(
    {
      title: 'Messages by kind',
      description:
        'Messages published a second, background work too. A fanout is one message, however many get it; heartbeats of long calls are replies.',
      unit: 'mps',
    },
    'messages-by-kind',
  );
}

function operations(): AnyPanel {
  return tableOf(
    {
      title: 'Operations',
      description:
        'What users asked for, and what one request of it cost: from its first message to the last thing seen of it; RPCs are calls, casts and fanouts; ' +
        'messages are those, replies and notifications. “failed” counts requests with at least one exception or time-out, expected ones too. ' +
        'An operation leads to its dashboard. The 200 with most requests.',
      unit: 'short',
    },
    'operations',
  )
    .overrideByName('operation', [toOperation()])
    .overrideByName('duration_p50_ms', [unitOf('ms'), named('duration p50')])
    .overrideByName('duration_p95_ms', [unitOf('ms'), named('duration p95')])
    .overrideByName('rpcs_p50', [named('RPCs p50')])
    .overrideByName('rpcs_p95', [named('RPCs p95')])
    .overrideByName('publishes_p50', [named('messages p50')])
    .overrideByName('bytes_published_p50', [unitOf('bytes'), named('bytes p50')]);
}

function trouble(): Section {
  return {
    title: 'What hurts',
    panels: [
      place(latency(), 12, 9),
      place(wait(), 12, 9),
      place(failures(), 12, 9),
      place(culprits(), 12, 9),
      place(senders(), 24, 9),
    ],
  };
}

function latency(): AnyPanel {
  return lines(
    {
      title: 'How long calls take',
      description:
        'From a call’s publish until its caller had the answer, of answered calls, background work too. Within 1 % of a measured duration; of few calls, the next lower one. ' +
        'Calls that timed out have no duration; times of a lagging tap are left out.',
      unit: 'ms',
    },
    'call-latency',
  );
}

function wait(): AnyPanel {
  return lines(
    {
      title: 'How long messages wait in queues',
      description:
        'From the publish of a call or cast until a service was given it. A few milliseconds is an idle consumer; seconds mean that consumers are too slow, ' +
        'too few, or gone. What nobody ever took is not in it: see verdicts. Within 1 %; times of a lagging tap are left out.',
      unit: 'ms',
    },
    'queue-wait',
  )
    .thresholds(thresholds('transparent', [1000, 'orange'], [10_000, 'red']))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
}

function failures(): AnyPanel {
  return bars(
    {
      title: 'Failed calls by verdict',
      description:
        'Why calls failed: unroutable (no queue), not_consumed (nobody took it), no_reply (taken, never answered), reply_lost, late_reply, or failed ' +
        '(an exception came back). Exceptions that callers expect are in it.',
      unit: 'short',
      label: 'verdict',
    },
    'failures-by-verdict',
  );
}

function culprits(): AnyPanel {
  return tableOf(
    {
      title: 'Whom the verdicts point at',
      description:
        'Failed calls by the service, host or queue that is to blame, and by method. The 100 with most. Empty where nothing failed.',
      unit: 'short',
    },
    'culprits',
  );
}

function senders(): AnyPanel {
  return tableOf(
    {
      title: 'Top talkers',
      description:
        'The 20 processes’ hosts that sent most, by messages. Bytes are of bodies, with the replies to their calls; delivered counts each copy of a fanout. ' +
        '“mostly” is the method that they sent most.',
      unit: 'short',
    },
    'senders',
  )
    .overrideByName('bytes_published', [unitOf('bytes'), named('bytes published')])
    .overrideByName('bytes_delivered', [unitOf('bytes'), named('bytes delivered')]);
}

function tap(): Section {
  return { title: 'What the tap sees', panels: [place(coverage(), 12, 8), place(tier(), 12, 8), place(gaps(), 24, 7)] };
}

function coverage(): AnyPanel {
  return lines(
    {
      title: 'Coverage',
      description:
        'The share of what passed that the tap saw; counts elsewhere are too low by as much. What was lost in gaps is estimated from the rate before. ' +
        'No point where nothing passed.',
      unit: 'percentunit',
    },
    'coverage',
  )
    .max(1)
    .thresholds(thresholds('red', [0.95, 'orange'], [0.999, 'transparent']))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
}

function tier(): AnyPanel {
  return new statetimeline.PanelBuilder()
    .title('Tier of the tap')
    .description(
      'How much the tap takes, by its own budget: full is every copy, publish leaves deliveries out (no waits, no recipients), off is nothing, ' +
        'while the broker or the tap suffers. From Prometheus: empty without it.',
    )
    .unit('short')
    .datasource(PROMETHEUS)
    .mappings([
      {
        type: MappingType.ValueToText,
        options: { 0: { text: ' ', color: 'transparent' }, 1: { text: 'in force', color: 'green' } },
      },
    ])
    .withTarget(range('max by (tier) (oslotap_tap_tier)', '{{tier}}'))
    .thresholds(thresholds('transparent', [1, 'green']));
}

function gaps(): AnyPanel {
  return tableOf(
    {
      title: 'Gaps',
      description:
        'Stretches in which the tap did not see everything, and why: disconnected, stopped, not_armed (firehose off), overflow (its queue was full) or tier. ' +
        'What was lost at least is counted; the estimate goes by the rate before. Empty where nothing was missed.',
      unit: 'short',
    },
    'gaps',
  )
    .overrideByName('duration_s', [unitOf('s'), named('lasted')])
    .overrideByName('unseen_share', [unitOf('percentunit'), named('unseen')]);
}
