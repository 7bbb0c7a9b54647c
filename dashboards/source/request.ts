/** Request: one of them, message by message. */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type Dashboard,
  DatasourceVariableBuilder,
  PanelBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { CLICKHOUSE, query } from './clickhouse.ts';
import { type AnyPanel, dashboardOf, place, type Section } from './layout.ts';
import { toLogs, toOperation, toRequest, UID } from './links.ts';
import { COVERAGE, hidden, named, nodeGraph, tableOf, unitOf } from './panels.ts';
import { clickHouseSource, fromQuery, textBox } from './variables.ts';

export function request(): Dashboard {
  return dashboardOf({
    uid: UID.request,
    title: 'oslotap: request',
    description:
      'One request id: its trace, who asked whom, what its time went on, its bill, its messages and why calls of it failed.',
    from: 'now-24h',
    variables: [clickHouseSource(), ...ids(), ...logs()],
    sections: [whole(), parts()],
  });
}

function ids(): Builder<VariableModel>[] {
  const text = textBox({
    name: 'request',
    label: 'Request',
    description:
      'A request id, a trace id, or the beginning of one: whenever it was. Also an id that only messages carry, or the uuid of a server or port: these are looked ' +
      'for in the time range. Nothing: the newest requests of the time range, to choose from',
  });
  const trace = fromQuery(
    {
      name: 'trace',
      label: 'Trace',
      description: 'The traces that the id means, the newest first; all panels are of the one that is chosen',
    },
    'request-traces',
  );
  const { ...model } = trace.build();
  // An address names the request: a trace that went along would outlive another request.
  return [text, { build: () => ({ ...model, skipUrlSync: true }) }];
}

function logs(): Builder<VariableModel>[] {
  const source = new DatasourceVariableBuilder('loki')
    .label('Loki')
    .description(
      'Where the services’ log lines are, for the link of the request id. Without one, the link leads to Explore’s own choice',
    )
    .type('loki');
  const selector = textBox(
    {
      name: 'logs_selector',
      label: 'Log streams',
      description:
        'LogQL’s stream selector of the OpenStack services: its lines are searched for the request id. Quote with backticks: a double quote breaks the link',
    },
    '{job=~`.+`}',
  );
  return [source, selector];
}

function whole(): Section {
  return { title: 'The whole', panels: [place(summary(), 24, 4), place(trace(), 24, 20), place(graph(), 24, 14)] };
}

function summary(): AnyPanel {
  return tableOf(
    {
      title: 'The request',
      description:
        'What it was, from its first message to the last thing seen of it. The operation leads to its dashboard, the request id to its log lines. Coverage is the ' +
        'share of its events that was seen, gaps of the tap in its time taken off. Background work has no request id.',
      unit: 'short',
    },
    'request-summary',
  )
    .overrideByName('request', [toLogs(), unitOf('string')])
    .overrideByName('operation', [toOperation()])
    .overrideByName('started_at', [named('began')])
    .overrideByName('duration_ms', [unitOf('ms'), named('duration')])
    .overrideByName('timeouts', [named('time-outs')])
    .overrideByName('bytes_published', [unitOf('bytes'), named('bytes')])
    .overrideByName('coverage', [unitOf('percentunit'), ...COVERAGE])
    .overrideByName('logs_from_ms', [hidden()])
    .overrideByName('logs_to_ms', [hidden()]);
}

function trace(): AnyPanel {
  return new PanelBuilder()
    .type('traces')
    .title('Trace')
    .description(
      'Every span, below what caused it: calls of their caller and of their server, casts, fanouts, HTTP requests that an audit tells of. A span’s attributes say by ' +
        'what it is in the trace (oslotap.evidence) and how surely. The 5,000 first; times of a lagging tap are late, and marked.',
    )
    .unit('ms')
    .datasource(CLICKHOUSE)
    .withTarget(query('request-spans', { queryType: 'traces' }));
}

function graph(): AnyPanel {
  return nodeGraph(
    {
      title: 'Who asked whom',
      description:
        'Services at their hosts, with calls, casts and fanouts between them; on an edge, the longest call. A ring is red by the share that failed. What a process ' +
        'sent to its own service at its own host is in the node’s details alone; notifications are left out.',
      unit: 'short',
    },
    { nodes: 'request-nodes', edges: 'request-edges' },
  );
}

function parts(): Section {
  return {
    title: 'Its parts',
    panels: [
      place(bill(), 8, 9),
      place(path(), 16, 9),
      place(verdicts(), 12, 8),
      place(linked(), 12, 8),
      place(messages(), 24, 14),
    ],
  };
}

function bill(): AnyPanel {
  return tableOf(
    {
      title: 'The bill',
      description:
        'Messages, deliveries and bytes of bodies, as oslotap show prints them. A fanout is one message and as many deliveries as there are receivers.',
      unit: 'short',
    },
    'request-bill',
  ).overrideByName('bytes', [unitOf('bytes')]);
}

function path(): AnyPanel {
  return tableOf(
    {
      title: 'The critical path',
      description:
        'On what the duration went, the heaviest first: work at a place, waiting in a queue, an answer on its way, or outside, nothing on the wire until what is named. ' +
        'Users’ requests alone, a minute after their last message.',
      unit: 'short',
    },
    'request-critical-path',
  )
    .overrideByName('share', [unitOf('percentunit')])
    .overrideByName('ms', [unitOf('ms'), named('time')]);
}

function verdicts(): AnyPanel {
  return tableOf(
    {
      title: 'Verdicts',
      description:
        'Calls that failed: why, who is to blame, and what says so. Exceptions that the caller expects are in it. Empty where nothing failed.',
      unit: 'string',
    },
    'request-verdicts',
  ).overrideByName('published_at', [named('published')]);
}

function linked(): AnyPanel {
  return tableOf(
    {
      title: 'Linked traces',
      description:
        'Work of other traces on the same resources: batches for several requests, background work. A trace leads to its own page.',
      unit: 'short',
    },
    'request-links',
  ).overrideByName('trace', [toRequest(), unitOf('string')]);
}

function messages(): AnyPanel {
  return tableOf(
    {
      title: 'Messages',
      description:
        'One row a message, oldest first, the 2,000 first. Wait is until its first delivery, duration until the answer; neither where the tap lagged. “joined by” is what ' +
        'put it into this trace; a confidence of “likely” is not certain. Replies are part of their calls.',
      unit: 'short',
    },
    'request-messages',
  )
    .overrideByName('published_at', [named('published')])
    .overrideByName('wait_ms', [unitOf('ms'), named('wait')])
    .overrideByName('duration_ms', [unitOf('ms'), named('duration')])
    .overrideByName('bytes', [unitOf('bytes')])
    .overrideByName('joined_by', [named('joined by')])
    .overrideByName('unique_id', [unitOf('string')]);
}
