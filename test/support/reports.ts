/** Reports that no capture gives: as large as they get, and with names that somebody chose to do harm. */
import {
  COUNT_NAMES,
  type CountName,
  type OperationReport,
  type Report,
  type Sample,
  type SampleRow,
} from '../../src/report/report-shape.ts';

/** What a process on the bus might call its methods, queues and services. */
export const HOSTILE_NAMES: readonly string[] = [
  '<script>globalThis.hacked = true</script>',
  '"><img src=x onerror="globalThis.hacked = true">',
  "' onmouseover='globalThis.hacked = true",
  '</title></desc></svg></style><script>globalThis.hacked = true</script>',
  '`globalThis.hacked``',
  '| a | cell | of its own |',
  '\n# a heading\r\n```\nend',
  '\u001b[31mred\u001b]0;title\u0007\u009b2J',
  '\u202egnp.exe\u2066 \ud800',
  'click me "]; click s1 "javascript:hacked()"',
  '-->|"x"| %%{init: {"securityLevel": "loose"}}%%',
  '&lt;b&gt; &amp; ]]> --> <!--',
  'x'.repeat(10_000),
  '',
];

/** Operations with two requests in full. */
const SAMPLES_MAX = 25;

export interface ReportShape {
  readonly operations: number;
  readonly rows: number;
  readonly services: number;
  /** Makes every name: by what it is for, and its number. */
  readonly name: (what: string, index: number) => string;
}

export function reportOf({ operations, rows, services, name }: ReportShape): Report {
  const list = (length: number) => Array.from({ length }, (_, index) => index);
  return {
    made_by: { oslotap: '0.1.0', clickhouse: '26.7.2.1' },
    is_anonymised: false,
    window: {
      from: '2026-11-21T19:55:42.597680244Z',
      to: '2026-11-21T19:55:53.106124952Z',
      observed_s: 12,
      messages: 10_000,
      events: 30_000,
      hosts: 5,
    },
    coverage: 0.99,
    orphan_deliveries: 1,
    undecodable: 2,
    lagging: 3,
    gaps: [],
    operations: list(operations).map((index) => operationOf(index, { operations, rows, services, name })),
    background: list(rows).map((index) => ({
      kind: 'call',
      method: name('method', index),
      object: name('object', index + 1),
      service: name('service', index),
      hosts: 3,
      messages: index,
      bytes: 100 * index,
      per_second: index / 12,
      per_second_and_host: index / 36,
    })),
    background_hosts: list(rows).map((index) => ({
      service: name('service', index),
      host: name('host', index),
      methods: 1,
      messages: index,
      bytes: 100 * index,
      per_second: index / 12,
      bytes_per_second: index,
    })),
    queues: list(rows).map((index) => ({
      queue: name('queue', index),
      messages: index,
      bytes: 100 * index,
      contents: [
        {
          kind: 'call',
          method: name('method', index),
          object: null,
          messages: index,
          bytes: 100 * index,
          bytes_p50: 100,
          bytes_p95: 100,
          bytes_max: 100,
          arguments: { [name('argument', index)]: ['string', name('type', index)] },
        },
      ],
    })),
    fanouts: list(rows).map((index) => ({
      exchange: name('exchange', index),
      method: name('method', index),
      service: name('service', index),
      messages: 1,
      deliveries: index,
      amplification: index,
      deliveries_max: index,
      bytes_published: 100,
      bytes_delivered: 100 * index,
    })),
    failures: list(rows).map((index) => ({
      verdict: 'failed',
      status: 'failed',
      operation: name('operation', index),
      method: name('method', index),
      object: null,
      failure: name('exception', index),
      culprit: { service: name('service', index), host: name('host', index), queue: name('queue', index) },
      calls: index,
    })),
  };
}

function operationOf(index: number, { rows, services, name }: ReportShape): OperationReport {
  const spread = { min: 1, p50: 2, p95: 3, max: 4, mean: 2.5 };
  const sample = sampleOf(index, rows, name);
  return {
    operation: name('operation', index),
    requests: 100,
    duration_ms: spread,
    counts: Object.fromEntries(COUNT_NAMES.map((count) => [count, spread])) as OperationReport['counts'],
    methods: [{ kind: 'call', method: name('method', index), object: name('object', index), messages: 10, mean: 0.1 }],
    edges: Array.from({ length: services }, (_, at) => ({
      from: name('service', at),
      to: name('service', (at * 7 + 1) % services),
      kind: at % 3 === 0 ? ('cast' as const) : ('call' as const),
      deliveries: 100 + at,
      mean: 1 + at / 100,
      queue_wait_p95_ms: 0.2,
      duration_p95_ms: at % 3 === 0 ? null : 12,
    })),
    queues: [{ queue: name('queue', index), messages: 100, mean: 1 }],
    typical: index < SAMPLES_MAX ? sample : null,
    slowest: index < SAMPLES_MAX ? { ...sample, trace_id: 'f'.repeat(32) } : null,
  };
}

function sampleOf(index: number, rows: number, name: ReportShape['name']): Sample {
  return {
    trace_id: String(index).padStart(32, '0'),
    request_id: 'req-707e4331-827d-4eb7-9933-1ef7a3949adb',
    start: '2026-11-21T19:55:43.491000000Z',
    duration_ms: 3_769.027,
    counts: Object.fromEntries(COUNT_NAMES.map((count) => [count, 1])) as Record<CountName, number>,
    coverage: 1,
    rows: Array.from({ length: rows }, (_, at) => rowOf(at, name)),
    notifications_left_out: 26,
    rows_left_out: 0,
  };
}

function rowOf(at: number, name: ReportShape['name']): SampleRow {
  return {
    unique_id: String(at).padStart(32, '0'),
    depth: at % 5,
    kind: 'call',
    name: name('object', at),
    times: 1,
    from: { service: name('service', at), host: name('host', at) },
    to: [{ service: name('service', at + 1), host: name('host', at + 1) }],
    at_ms: 37.123 * at,
    wait_ms: 0.071,
    took_ms: 35.112,
    status: at % 9 === 0 ? 'failed' : 'ok',
    verdict: at % 9 === 0 ? 'failed' : null,
  };
}
