/** What is printed of storms: a line each, and the picture of one. */
import { expect, test } from 'vitest';
import type { StoredStorm } from '../../../src/queries/storms.ts';
import { stormPicture } from '../../../src/report/storm-picture.ts';
import { stormTable } from '../../../src/report/storm-table.ts';
import { STORED_STORM } from '../../support/storms.ts';

const STORM: StoredStorm = {
  ...STORED_STORM,
  senders: [
    { service: 'nova-compute', host: 'cmp17', messages: 120, share: 0.012 },
    { service: '', host: '10.0.0.7', messages: 9, share: 0.0009 },
  ],
  trigger: { ...STORED_STORM.trigger, detail: '200 processes of nova-compute were started' },
};
const TRACE = '707e4331827d4eb799331ef7a3949adb';

test('the list: when, what grew, how much, from whom, and what started it', () => {
  const open = {
    ...STORM,
    id: '4f1d00c0ffee0124',
    is_open: true,
    duration_ms: 9_000,
    methods: STORM.methods.slice(1),
    factor: null,
    usual_per_second: 0,
    peak_per_second: 4.25,
    senders: STORM.senders.slice(0, 1),
    senders_count: 1,
    trigger: { kind: 'unknown' as const, detail: '', trace_id: null, count: 0 },
  };
  expect(stormTable([open, STORM])).toBe(
    `START                              LASTED  WHAT GREW                                                                                       USUAL/S  PEAK/S  TIMES  FROM                                 STARTED BY                                  ID
2026-11-22 12:00:00.123 UTC  9.00 s, open  cast report_state at q-reports-plugin                                                                 0     4.3    new  nova-compute@cmp17                   unknown                                     4f1d00c0ffee0124
2026-11-22 12:00:00.123 UTC       90.00 s  call object_class_action_versions (Service.get_by_host_and_binary, …) at conductor, and 1 more     12.0     524    ×44  nova-compute ×200, most cmp17 (1 %)  200 processes of nova-compute were started  4f1d00c0ffee0123
`,
  );
  expect(stormTable([])).toBe('');
});

test('the picture of one: everything that is known of it', () => {
  const trigger = { kind: 'fanout' as const, detail: 'one fanout agent_update', trace_id: TRACE, count: 1 };
  expect(stormPicture({ ...STORM, trigger })).toBe(`storm 4f1d00c0ffee0123 on vhost /
2026-11-22 12:00:00.123 UTC, lasted 90.00 s, known after 4.00 s
started by: fanout: one fanout agent_update
            oslotap show 707e4331827d4eb799331ef7a3949adb
seen by:    rate: a method came many times as often as usual
            queue_wait: messages waited in their queue for long

HOW MUCH                                       USUAL  DURING   TIMES
messages a second, in the worst ten seconds     12.0     524     ×44
copies a message                                 1.0     1.0    ×1.0
calls that failed                                0 %    13 %
mean wait in the queue                       0.20 ms  3.21 s  ×16053
10000 messages, 25.0 MB, of which the broker made 10400 copies, 26.0 MB

WHAT GREW                                       EXCHANGE  MESSAGES  SHARE  USUAL/S  PEAK/S  TIMES  OBJECTS
call object_class_action_versions at conductor  nova          9000   90 %     12.0     492    ×41  Service.get_by_host_and_binary, ComputeNodeList.get_all_by_host
cast report_state at q-reports-plugin           neutron       1000   10 %        0    31.5    new

FROM                MESSAGES  SHARE
nova-compute@cmp17       120    1 %
10.0.0.7                   9   <1 %
… and 198 more

FOR             MESSAGES  SHARE
nova-conductor      9000   90 %
`);
});

test('a storm that lasts, of which little is known', () => {
  const nothing = { usual: null, during: null };
  const storm: StoredStorm = {
    ...STORM,
    is_open: true,
    signals: ['failures'],
    methods: STORM.methods.slice(1),
    senders: STORM.senders.slice(0, 1),
    senders_count: 1,
    trigger: { kind: 'unknown', detail: '', trace_id: null, count: 0 },
    usual_per_second: 0,
    factor: null,
    amplification: nothing,
    failed_share: { usual: null, during: 0.999 },
    queue_wait_ms: nothing,
    receivers: [],
  };
  expect(stormPicture(storm)).toBe(`storm 4f1d00c0ffee0123 on vhost /
2026-11-22 12:00:00.123 UTC, open, for 90.00 s so far, known after 4.00 s
started by: unknown
seen by:    failures: most calls of a method failed

HOW MUCH                                     USUAL  DURING  TIMES
messages a second, in the worst ten seconds      0     524    new
calls that failed                                ?   100 %
10000 messages, 25.0 MB, of which the broker made 10400 copies, 26.0 MB

WHAT GREW                              EXCHANGE  MESSAGES  SHARE  USUAL/S  PEAK/S  TIMES  OBJECTS
cast report_state at q-reports-plugin  neutron       1000   10 %        0    31.5    new

FROM                MESSAGES  SHARE
nova-compute@cmp17       120    1 %
`);
});

test('names stay on their line, and do not reach the terminal as commands', () => {
  const name = `\n\u001b[31m\u009b${'x'.repeat(10_000)}`;
  const place = { service: name, host: name, messages: 1, share: 1 };
  const storm: StoredStorm = {
    ...STORM,
    vhost: name,
    methods: STORM.methods.map((method) => ({ ...method, method: name, objects: [name], exchange: name, topic: name })),
    senders: [place],
    receivers: [place],
    trigger: { kind: 'unknown', detail: name, trace_id: null, count: 0 },
  };
  const printed = stormTable([storm]) + stormPicture(storm);
  expect(printed.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  expect(stormTable([storm]).split('\n')).toHaveLength(3);
  expect(stormPicture(storm).split('\n').length).toBe(stormPicture({ ...STORM, senders: [place] }).split('\n').length);
  expect(
    Math.max(
      ...stormTable([storm])
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThan(900);
});
