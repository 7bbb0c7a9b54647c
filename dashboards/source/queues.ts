/** Queues and fanouts: what is in the queues, how long it waits, and who takes it. */
import { StackingConfigBuilder, StackingMode } from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { stormMarks } from './annotations.ts';
import { type AnyPanel, dashboardOf, place, type Section } from './layout.ts';
import { UID } from './links.ts';
import { bars, lines, named, steps, tableOf, unitOf } from './panels.ts';
import { clickHouseSource, fromQuery, option } from './variables.ts';

export function queues(): Dashboard {
  const vhost = fromQuery(
    {
      name: 'vhost',
      label: 'Vhost',
      description: 'Vhosts with messages in the time range. Fanouts and reply queues are of all of them',
    },
    'vhosts',
  )
    .multi(true)
    .includeAll(true)
    .current(option('All', '$__all'));
  return dashboardOf({
    uid: UID.queues,
    title: 'oslotap: queues and fanouts',
    description:
      'What is in the queues: rates, bytes, how long it waits, who takes it, how fanouts multiply, and whose reply queues work.',
    from: 'now-3h',
    refresh: '1m',
    variables: [clickHouseSource(), vhost],
    annotations: [stormMarks()],
    sections: [passing(), through(), fanouts(), replies()],
  });
}

function passing(): Section {
  return {
    title: 'What passes',
    panels: [place(rates(), 12, 9), place(bytes(), 12, 9), place(waits(), 12, 9), place(left(), 12, 9)],
  };
}

function rates(): AnyPanel {
  return lines(
    {
      title: 'Into queues',
      description:
        'Messages a second put into queues: the ten with most, all else in “others”. Each copy of a fanout counts. Ids and hosts are left out of queues’ names: ' +
        'compute.{host} is all of them. Replies are below.',
      unit: 'mps',
      label: 'queue',
    },
    'queue-rates',
  ).stacking(stacked());
}

function bytes(): AnyPanel {
  return lines(
    {
      title: 'Bytes into queues',
      description:
        'Bytes of bodies a second put into queues: the ten with most, all else in “others”. Headers and the broker’s own are not in it.',
      unit: 'binBps',
      label: 'queue',
    },
    'queue-bytes',
  ).stacking(stacked());
}

function waits(): AnyPanel {
  return lines(
    {
      title: 'Wait',
      description:
        'How long messages waited for a consumer: 95th percentile of the ten queues with most deliveries. Within 1 %, without lagging times. What nobody took has no wait: next panel.',
      unit: 'ms',
      label: 'queue',
    },
    'queue-waits',
  );
}

function left(): AnyPanel {
  return bars(
    {
      title: 'Put in, not seen taken out',
      description:
        'By when they were published. A queue that only grows has no consumer; notifications that nobody reads are the usual case. The newest may be on their way, ' +
        'and in the tier “publish” no delivery is seen at all.',
      unit: 'short',
      label: 'queue',
    },
    'queue-left',
  );
}

function through(): Section {
  return { title: 'Queue by queue', panels: [place(allThrough(), 24, 13)] };
}

function allThrough(): AnyPanel {
  return tableOf(
    {
      title: 'Queues',
      description:
        'By queue and kind: copies put in, taken out, left, and given again. “queues” is how many real queues the name stands for, “consumers” how many processes took ' +
        'from them, both estimates above a few thousand. Waits within 1 %. The 500 with most.',
      unit: 'short',
    },
    'queues',
  )
    .overrideByName('left', [named('not taken')])
    .overrideByName('redelivered', [named('given again'), steps('text', [1, 'orange'])])
    .overrideByName('bytes_routed', [unitOf('bytes'), named('bytes')])
    .overrideByName('bytes_mean', [unitOf('bytes'), named('bytes a message')])
    .overrideByName('wait_p50_ms', [unitOf('ms'), named('wait p50')])
    .overrideByName('wait_p95_ms', [unitOf('ms'), named('wait p95')])
    .overrideByName('wait_p99_ms', [unitOf('ms'), named('wait p99')]);
}

function fanouts(): Section {
  return { title: 'Fanouts', panels: [place(amplification(), 8, 10), place(allFanouts(), 16, 10)] };
}

function amplification(): AnyPanel {
  return lines(
    {
      title: 'Amplification',
      description:
        'Deliveries that one fanout makes, by method; the ten with most deliveries. It grows with the number of agents. No point where nothing was sent.',
      unit: 'short',
      label: 'method',
    },
    'fanout-amplification',
  );
}

function allFanouts(): AnyPanel {
  return tableOf(
    {
      title: 'Fanouts',
      description:
        'One publish, many deliveries: how many on average and at most, and the bytes that go in and come out. Counts are exact; of all vhosts. The 200 with most deliveries.',
      unit: 'short',
    },
    'fanouts',
  )
    .overrideByName('deliveries_max', [named('deliveries at most')])
    .overrideByName('bytes_published', [unitOf('bytes'), named('bytes in')])
    .overrideByName('bytes_delivered', [unitOf('bytes'), named('bytes out')]);
}

function replies(): Section {
  return { title: 'Replies', panels: [place(owners(), 24, 12)] };
}

function owners(): AnyPanel {
  return tableOf(
    {
      title: 'Reply queues and their owners',
      description:
        'The queue that a process waits for answers at, and whether they come. Replies without deliveries are answers that nobody takes: the process went deaf, and its ' +
        'calls time out until it is started again. Calls of all vhosts, by when they were published. The 200 with most time-outs, then with most undelivered, then with most calls.',
      unit: 'short',
    },
    'reply-queues',
  )
    .overrideByName('reply_queue', [named('reply queue'), unitOf('string')])
    .overrideByName('timeouts', [named('time-outs'), steps('text', [1, 'red'])])
    .overrideByName('undelivered', [steps('text', [1, 'red'])])
    .overrideByName('bytes_delivered', [unitOf('bytes'), named('bytes delivered')]);
}

function stacked(): StackingConfigBuilder {
  return new StackingConfigBuilder().mode(StackingMode.Normal).group('A');
}
