/** Operation: what one request of it costs, who asks whom for it, and what changed. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { stormMarks } from './annotations.ts';
import { type AnyPanel, dashboardOf, place, type Section } from './layout.ts';
import { toRequest, UID } from './links.ts';
import { barChart, COVERAGE, figures, lines, named, nodeGraph, steps, tableOf, unitOf } from './panels.ts';
import { clickHouseSource, fromQuery, oneOf, option } from './variables.ts';

export function operation(): Dashboard {
  const chosen = fromQuery(
    {
      name: 'operation',
      label: 'Operation',
      description: 'What users asked for, noun.verb: those of the time range, the most frequent first',
    },
    'operation-names',
  ).current(option('server.create', 'server.create'));
  const shift = oneOf(
    {
      name: 'shift',
      label: 'Compare with',
      description: 'What the tables of the last section stand beside: a time range of the same length, so long before',
    },
    [
      ['1 hour before', '3600'],
      ['24 hours before', '86400'],
      ['7 days before', '604800'],
      ['28 days before', '2419200'],
    ],
  );
  return dashboardOf({
    uid: UID.operation,
    title: 'oslotap: operation',
    description:
      'What one request of an operation makes on the bus: how many RPCs, of which methods, between whom, and how long it takes.',
    from: 'now-6h',
    variables: [clickHouseSource(), chosen, shift],
    annotations: [stormMarks()],
    sections: [costs(), messages(), slowest(), comparison()],
  });
}

function costs(): Section {
  return {
    title: 'What one request of $operation costs',
    panels: [
      place(totals(), 24, 4),
      place(bill(), 12, 11),
      place(distribution(), 12, 11),
      place(counts(), 12, 9),
      place(durations(), 12, 9),
    ],
  };
}

function totals(): AnyPanel {
  return figures(
    {
      title: 'Requests',
      description:
        'Requests that began in the time range. Duration is from the first message to the last thing seen; RPCs are calls, casts and fanouts of one request; ' +
        '“failed” is the share of requests with at least one exception or time-out, expected ones too. Coverage is of their own events: gaps are on the first dashboard.',
      unit: 'short',
    },
    'operation-totals',
  )
    .overrideByName('duration_p50_ms', [unitOf('ms'), named('duration p50')])
    .overrideByName('duration_p95_ms', [unitOf('ms'), named('duration p95')])
    .overrideByName('rpcs_p50', [named('RPCs p50')])
    .overrideByName('rpcs_p95', [named('RPCs p95')])
    .overrideByName('failed_share', [unitOf('percentunit'), named('failed'), steps('text', [0.01, 'orange'], [0.05, 'red'])])
    .overrideByName('coverage', [unitOf('percentunit'), ...COVERAGE]);
}

function bill(): AnyPanel {
  return tableOf(
    {
      title: 'What one request costs',
      description:
        'Each count over the requests, exact: the same figures as oslotap report has for the same requests. Times are milliseconds, bytes are of bodies; ' +
        '“publishes” is all messages, replies too. A request that lasts more than two hours is cut there.',
      unit: 'short',
    },
    'operation-costs',
  );
}

function distribution(): AnyPanel {
  return barChart(
    {
      title: 'RPCs a request',
      description:
        'How many requests made how many calls, casts and fanouts. Two humps are two ways through the same operation, such as one server or five in one request.',
      unit: 'short',
    },
    'operation-distribution',
  );
}

function counts(): AnyPanel {
  return lines(
    {
      title: 'Messages a request, over time',
      description:
        'Medians over the requests that began then, and the 95th percentile of all their messages. A step is a change of the code or of the configuration. ' +
        'No point where no request began.',
      unit: 'short',
    },
    'operation-over-time',
  );
}

function durations(): AnyPanel {
  return lines(
    {
      title: 'Duration, over time',
      description:
        'Of requests by when they began: median, 95th percentile and longest. What still runs counts as far as it has come.',
      unit: 'ms',
    },
    'operation-durations',
  );
}

function messages(): Section {
  return { title: 'Who asks whom for what', panels: [place(graph(), 24, 14), place(methods(), 24, 12)] };
}

function graph(): AnyPanel {
  return nodeGraph(
    {
      title: 'Call graph',
      description:
        'Services, and who was given how many calls, casts and fanouts by whom; on an edge, the 95th percentile of its calls. A node’s ring is red by the share of ' +
        'its deliveries that failed. What a service sends itself is in the node’s details alone; notifications are left out. Times are within 1 %.',
      unit: 'short',
    },
    { nodes: 'operation-nodes', edges: 'operation-edges' },
  );
}

function methods(): AnyPanel {
  return tableOf(
    {
      title: 'Methods',
      description:
        'Messages of these requests by kind and method. “per request” divides by the requests that began in the time range; messages count when they were ' +
        'published, so the edges of the range differ a little. Durations are of answered calls, waits until a delivery, both within 1 % and without lagging times.',
      unit: 'short',
    },
    'operation-methods',
  )
    .overrideByName('per_request', [named('per request')])
    .overrideByName('timeouts', [named('time-outs')])
    .overrideByName('duration_p50_ms', [unitOf('ms'), named('duration p50')])
    .overrideByName('duration_p95_ms', [unitOf('ms'), named('duration p95')])
    .overrideByName('wait_p95_ms', [unitOf('ms'), named('wait p95')])
    .overrideByName('bytes_published', [unitOf('bytes'), named('bytes')]);
}

function slowest(): Section {
  return { title: 'The slowest', panels: [place(requests(), 12, 12), place(path(), 12, 12)] };
}

function requests(): AnyPanel {
  return tableOf(
    {
      title: 'Slowest requests',
      description:
        'The 50 that took longest. A request id leads to its trace. “open”: calls of it whose answer was not seen yet.',
      unit: 'short',
    },
    'operation-slowest',
  )
    .overrideByName('request', [toRequest(), unitOf('string')])
    .overrideByName('started_at', [named('began')])
    .overrideByName('duration_ms', [unitOf('ms'), named('duration')])
    .overrideByName('timeouts', [named('time-outs')])
    .overrideByName('rpcs', [named('RPCs')])
    .overrideByName('bytes_published', [unitOf('bytes'), named('bytes')]);
}

function path(): AnyPanel {
  return tableOf(
    {
      title: 'On what their time went',
      description:
        'The critical paths of those 50, taken together: work at a service, waiting in a queue, an answer on its way, or outside (nothing on the wire). ' +
        'Share is of all their time. A request has its path a minute after its last message.',
      unit: 'short',
    },
    'operation-critical-path',
  )
    .overrideByName('ms', [unitOf('ms'), named('time')])
    .overrideByName('share', [unitOf('percentunit')]);
}

function comparison(): Section {
  return { title: 'Compared', panels: [place(figuresThen(), 12, 12), place(methodsThen(), 12, 12)] };
}

function figuresThen(): AnyPanel {
  return tableOf(
    {
      title: 'Figures: here and $shift s before',
      description:
        '“here” is the time range above, “before” the same length so long ago, as chosen in “Compare with”. Zero requests before means that nothing is to compare with.',
      unit: 'short',
    },
    'operation-compared',
  ).overrideByName('change', [unitOf('percentunit')]);
}

function methodsThen(): AnyPanel {
  return tableOf(
    {
      title: 'Messages a request, by method: here and $shift s before',
      description:
        'What one request makes of each message, and how that differs: the largest difference first. A method on one side only is new, or gone. The 100 that differ most.',
      unit: 'short',
    },
    'operation-methods-compared',
  );
}
