/** Fingerprints of clouds that are not there, made up part by part. */

import { type Fingerprint, type HttpCount, type NotificationCount, type Rpc, samplesOf } from '../../src/report/fingerprint.ts';
import { COUNT_NAMES } from '../../src/report/report-shape.ts';

/** @param counts how many of it each request makes. */
export function rpc(method: string, counts: readonly number[], told: Partial<Rpc> = {}): Rpc {
  const messages = counts.reduce((sum, count) => sum + count, 0);
  return {
    kind: 'call',
    exchange: 'nova',
    topic: 'conductor',
    namespace: null,
    method,
    object: null,
    count: samplesOf(counts),
    versions: { '3.0': messages },
    routes: [{ from: 'nova-compute', to: ['nova-conductor'], messages, deliveries: messages }],
    arguments: null,
    latency_ms: null,
    ...told,
  };
}

/** Arguments of so many messages: the types of each, all of them in every message. */
export function args(messages: number, names: Readonly<Record<string, string>>): Rpc['arguments'] {
  const all = Object.entries(names).map(([name, type]) => ({ name, types: { [type]: messages } }));
  return { messages_read: messages, names: all };
}

/** What calls took that are answered after so long, one a request. */
export function latency(byRequest: readonly number[]): Rpc['latency_ms'] {
  const { min, median, mean, max, values } = samplesOf(byRequest);
  return { calls: byRequest.length, min, median, p95: max, mean, max, by_request: values };
}

export interface Made {
  readonly requests: number;
  readonly rpcs?: readonly Rpc[];
  readonly notifications?: readonly NotificationCount[];
  readonly http?: readonly HttpCount[];
  /** Of each request. */
  readonly durations?: readonly number[];
  readonly publishes?: readonly number[];
  readonly told?: Partial<Fingerprint>;
}

export function fingerprint({
  requests,
  rpcs = [],
  notifications = [],
  http = [],
  durations,
  publishes,
  told,
}: Made): Fingerprint {
  const none = samplesOf(new Array<number>(requests).fill(0));
  const counts = Object.fromEntries(COUNT_NAMES.map((name) => [name, none])) as Fingerprint['counts'];
  return {
    fingerprint: 1,
    oslotap: '0.1.0',
    operation: 'server.create',
    source: 'made up',
    from: '2026-11-21T19:00:00.000000000Z',
    to: '2026-11-21T20:00:00.000000000Z',
    requests,
    left_out: 0,
    coverage: { min: 1, mean: 1 },
    duration_ms: samplesOf(durations ?? new Array<number>(requests).fill(1_000)),
    counts: { ...counts, ...(publishes !== undefined && { publishes: samplesOf(publishes) }) },
    rpcs: [...rpcs],
    notifications: [...notifications],
    http: [...http],
    ...told,
  };
}
